"""A look as a lookup table, for maps that are no curves and matrices."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfisp.looks.cube import Cube


@dataclass(frozen=True)
class TableLook:
    """Maps sRGB-encoded colours of the reference rendering to those wanted, as `Look` does.

    Attributes:
        table: The map.
        facts: What is known about the fit, as JSON values.
    """

    table: Cube
    facts: dict[str, Any] = field(default_factory=dict, compare=False)

    def apply(self, image: np.ndarray) -> np.ndarray:
        """The picture, float `[..., 3]` 0..1, in this look: float32, 0..1."""
        return np.clip(self.table.apply(image), 0, 1)

    def cube(self, title: str = "") -> Cube:
        """The table with a title."""
        return dataclasses.replace(self.table, title=title)
