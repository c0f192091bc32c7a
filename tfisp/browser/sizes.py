"""How large the files of a page are, and the pictures that it measures devices with."""

from typing import NamedTuple

# The picture of the Mobile AI challenges, by which networks for phones are compared
# (https://github.com/MediaTek-NeuroPilot/mai21-learned-smartphone-isp).
FRAME = (1088, 1920)

# 12 megapixels, as most phones' RAW files have.
TWELVE_MEGAPIXELS = (3024, 4032)


class Sizes(NamedTuple):
    """Sizes in pixels.

    Attributes:
        tiles: Sides of the tiles, from small to large: small ones for crops and thumbnails, 512 for
            a processor's cache, 1024 for a GPU.
        frame: Height and width of the picture that the network is timed on in one piece.
        pictures: Heights and widths of those that are timed from counts to picture, in tiles.
    """

    tiles: tuple[int, ...] = (128, 256, 512, 1024)
    frame: tuple[int, int] = FRAME
    pictures: tuple[tuple[int, int], ...] = (FRAME, TWELVE_MEGAPIXELS)


# What a page for phones and computers of today has.
DEVICE_SIZES = Sizes()
