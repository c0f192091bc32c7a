"""Which frames besides Bayer's are taken, and what they are: the part that needs no picture.

`tfisp.rawfiles.remosaic` turns them into Bayer frames. X-Trans, RYYB and monochrome are always
refused.
"""

from typing import NamedTuple

import numpy as np

from tfisp.sensor import PATTERNS

QUAD_BAYER = ("bin", "remosaic")


class Conversions(NamedTuple):
    """Which frames besides Bayer's are taken, and how.

    Attributes:
        linear_dng: Whether a LinearDNG is remosaicked.
        quad_bayer: One of `QUAD_BAYER`; None refuses quad-Bayer frames.
    """

    linear_dng: bool = False
    quad_bayer: str | None = None

    def for_key(self) -> dict[str, str]:
        """What tells decoded frames apart in a cache; nothing where Bayer frames alone are read."""
        asked = {"linear_dng": str(self.linear_dng), "quad_bayer": str(self.quad_bayer)}
        return {} if self == BAYER_ONLY else asked


BAYER_ONLY = Conversions()


class Quad(NamedTuple):
    """A quad-Bayer array: the Bayer pattern of its blocks.

    Attributes:
        pattern: Of the first four whole blocks, one of `tfisp.sensor.PATTERNS`.
        before: (rows, columns), 0 or 1, of the frame in front of them, which belong to blocks that
            the frame cuts.
    """

    pattern: str
    before: tuple[int, int]


def quad_of(tile: str, repeat: tuple[int, int]) -> Quad | None:
    """The quad-Bayer array that a CFA tile of `repeat` (rows, columns) is; None if it is none."""
    if repeat != (4, 4) or len(tile) != 16:
        return None
    colours = np.array(list(tile)).reshape(4, 4)
    for rows, columns in np.ndindex(2, 2):
        blocks = np.roll(colours, (-rows, -columns), (0, 1)).reshape(2, 2, 2, 2)
        pattern = "".join(blocks[:, 0, :, 0].ravel())
        if pattern in PATTERNS and (blocks == blocks[:, :1, :, :1]).all():
            return Quad(pattern, (rows, columns))
    return None
