"""What a chart shows."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Curve:
    """A named curve.

    Attributes:
        label: Of the legend.
        x: Places, rising unless it is dots.
        y: Values, finite.
        colour: A variable of the style sheet.
        dashed: Drawn so: what another curve is held against.
        dots: Radius of a dot at each place, in place of a line; 0 for a line.
    """

    label: str
    x: np.ndarray
    y: np.ndarray
    colour: str
    dashed: bool = False
    dots: float = 0.0


@dataclass(frozen=True)
class Chart:
    """Curves over the same axes.

    Attributes:
        title: In a few words.
        about: What they mean, in a sentence.
        curves: At least one.
        ratios: Whether it is ratios of values that count, if they are far apart.
        logarithmic: Whether it is ratios on both axes, however near they are; all are above 0.
        x_ratios: Whether it is ratios of places that count; all are above 0.
        last: Whether the legend tells each curve's last value.
    """

    title: str
    about: str
    curves: tuple[Curve, ...]
    ratios: bool = False
    logarithmic: bool = False
    x_ratios: bool = False
    last: bool = True
