"""PUNET: PyNET with one kernel size and without normalisation, the baseline of a challenge.

The network that the Mobile AI 2021 challenge on learned ISPs gave to its participants, after its
published code, https://github.com/MediaTek-NeuroPilot/mai21-learned-smartphone-isp (`model.py`):
blocks, order of the features that are put side by side, padding, first weights, and the input,
x / (4 * 255) with the black level in it. The shape, and what the words below mean, is in `pyramid`.
5,725,199 parameters.

The receptive field is finite, so frames are rendered in tiles. Its radius is 188 packed samples for
the convolutions on the longest way, through level 5, and up to 31 more for where a sample lies in
the tiles of 16 x 16 that the halvings and enlargements make.
"""

from tfisp.contract import Contract
from tfisp.models.pyramid import Pyramid
from tfisp.sensor import all_sites


class PUNET(Pyramid):
    """PUNET, packed RAW -> RGB within -0.08..1.08: 5,725,199 parameters."""

    halo = 219
    channels = 16
    encoder = "3 3 3 3"
    lines = {  # noqa: RUF012, never written to
        5: "3 +3 +3 3",
        4: "up 3",
        3: "up 3",
        2: "3 up 3",
        1: "3 up skip 3",
    }
    published = Contract(black_level=all_sites(0), white_level=4 * 255)
