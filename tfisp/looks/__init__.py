"""The look of photographs: a global map of colours, fitted in closed form, kept as a `.cube` file.

Nothing here needs TensorFlow.
"""

from tfisp.looks.cube import Cube, read_cube, write_cube
from tfisp.looks.fit import fit
from tfisp.looks.look import Look

__all__ = ["Cube", "Look", "fit", "read_cube", "write_cube"]
