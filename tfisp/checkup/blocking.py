"""How visible the blocks of JPEG are, whatever a file is stored as now.

JPEG quantises squares of 8 x 8 pixels each by itself, so that steps stand at their borders. After
Z. Wang, A. C. Bovik, B. L. Evans, "Blind measurement of blocking artifacts in images", ICIP 2000:
differences across borders against those elsewhere. Phases are searched for, for pictures that were
cropped.
"""

import numpy as np

# Side of a block of JPEG, and the least number of blocks along a side to tell anything.
_BLOCK, _FEWEST = 8, 6

# The part of a large picture that is looked at.
_SIDE = 1024

# Keeps an even picture from showing blocks: a tenth of a step of 8 bits.
_FLOOR = 4e-4


def blockiness(plane: np.ndarray) -> float | None:
    """By how much steps at every eighth border stand out of the mean difference of neighbours.

    Args:
        plane: float32 `[H, W]`, luma, 0..1.

    Returns:
        0 for none, about 0.3, 0.5, 0.7 and 1.2 for JPEG of quality 50, 30, 20 and 10; None of a
        picture smaller than 48 pixels.
    """
    if min(plane.shape) < _BLOCK * _FEWEST:
        return None
    top, left = (max(length - _SIDE, 0) // 2 for length in plane.shape)
    part = plane[top : top + _SIDE, left : left + _SIDE]
    return float(np.mean([_steps(part), _steps(part.T)]))


def _steps(plane: np.ndarray) -> float:
    """Of the borders between columns."""
    differences = np.abs(np.diff(plane, axis=1))
    steps = differences[:, 1:-1] - (differences[:, :-2] + differences[:, 2:]) / 2
    phases = np.array([steps[:, phase::_BLOCK].mean() for phase in range(_BLOCK)])
    return float((phases.max() - np.median(phases)) / (differences.mean() + _FLOOR))
