"""A look as a map of colours: a monotone curve per channel, then a matrix."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfisp.looks.cube import SIZE, Cube

KNOTS = 256


@dataclass(frozen=True)
class Look:
    """Maps sRGB-encoded colours of the reference rendering to those of the target photographs.

    `clip(matrix @ [f_R(r), f_G(g), f_B(b)] + offset, 0, 1)`; the curves f are monotone and linear
    between `KNOTS` equidistant knots on 0..1.

    Attributes:
        curves: float32 `[3, KNOTS]`, the values of f at the knots.
        matrix: float32 `[3, 3]`, acts on column vectors.
        offset: float32 `[3]`.
        facts: What is known about the fit, as JSON values (`tfisp.looks.fit`).
    """

    curves: np.ndarray
    matrix: np.ndarray
    offset: np.ndarray
    facts: dict[str, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def identity(cls) -> "Look":
        """The look that changes nothing."""
        straight = np.linspace(0, 1, KNOTS, dtype=np.float32)
        return cls(np.stack([straight] * 3), np.eye(3, dtype=np.float32), np.zeros(3, np.float32))

    def apply(self, image: np.ndarray) -> np.ndarray:
        """The picture in this look.

        Args:
            image: Float `[..., 3]`, sRGB-encoded, 0..1 (clipped to that), or uint8 or uint16 of
                full scale.

        Returns:
            float32 of the same shape, sRGB-encoded, 0..1.
        """
        image = np.asarray(image)
        if image.dtype.kind == "u":
            image = image.astype(np.float32) / np.float32(np.iinfo(image.dtype).max)
        knots = np.linspace(0, 1, KNOTS)
        curved = np.empty(image.shape, np.float32)
        for channel, curve in enumerate(self.curves):
            curved[..., channel] = np.interp(image[..., channel], knots, curve)
        mapped = curved.reshape(-1, 3) @ self.matrix.T
        mapped += self.offset
        return np.clip(mapped, 0, 1, out=mapped).reshape(image.shape)

    def cube(self, size: int = SIZE, title: str = "") -> Cube:
        """The look as a lookup table of `size` entries along each axis."""
        axis = np.linspace(0, 1, size, dtype=np.float32)
        grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
        return Cube(self.apply(grid), title=title)
