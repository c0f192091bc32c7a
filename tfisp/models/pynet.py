"""PyNET: five sizes of the picture, each trained on top of the one below.

From "Replacing Mobile Camera ISP with a Single Deep Learning Model" (CVPR workshops 2020, arXiv
2002.05509), after its published code, https://github.com/aiff22/PyNET (`model.py`): blocks, order
of the features that are put side by side, padding, first weights, constant of the normalisation
(1e-3), and the input, x / (4 * 255) with the black level in it. The shape, and what the words below
mean, is in `pyramid`. Level 1 is not normalised, as in that code; its PyTorch port normalises there
too (https://github.com/aiff22/PyNET-PyTorch).

47,509,339 parameters. The published 47,548,170 are those, 12,032 biases in front of normalisations,
which take them off again, and the 26,799 of five convolutions that show what levels 1 to 5 know.
The published training starts at level 5 and gives each level steps of its own; then only that
level's convolution learns, so here a network has the one of the level where it stops (`level`), and
none if it gives the picture.

Normalisation depends on the whole picture, so a frame is rendered in one piece.
"""

from tfisp.contract import Contract
from tfisp.models.pyramid import Pyramid
from tfisp.sensor import all_sites


class PyNET(Pyramid):
    """PyNET, packed RAW -> RGB within -0.08..1.08: 47,509,339 parameters."""

    channels = 32
    encoder = "3 3n 3n 3n"
    lines = {  # noqa: RUF012, never written to
        5: "3n +3n +3n 3n",
        4: "up 3n +3n +3n 3n up 3n",
        3: "up +5n +5n +5n 5n skip up 3n",
        2: "up 5n skip +7n +7n +7n 7n skip 5n up 3n",
        1: "up 5 skip 7 9 +9 +9 +9 7 skip 5 up skip 3",
    }
    published = Contract(black_level=all_sites(0), white_level=4 * 255)
