"""The look of photographs: a global map of colours, fitted in closed form, kept as a `.cube` file.

`detail` adds what such a map cannot hold: local contrast and sharpness. Nothing here needs
TensorFlow.
"""

from tfisp.looks.cube import Cube, read_cube, write_cube
from tfisp.looks.detail import Detail
from tfisp.looks.fit import fit
from tfisp.looks.look import Look
from tfisp.looks.table import TableLook

__all__ = ["Cube", "Detail", "Look", "TableLook", "fit", "read_cube", "write_cube"]
