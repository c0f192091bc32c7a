"""A look as a map of colours: a monotone curve per channel between two matrices."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from tfisp.looks.cube import SIZE, Cube

KNOTS = 256


@dataclass(frozen=True)
class Look:
    """Maps sRGB-encoded colours of the reference rendering to those of the target photographs.

    `[r, g, b] = before @ [R, G, B, 1]`, then `clip(matrix @ [f_R(r), f_G(g), f_B(b)] + offset, 0,
    1)`; the curves f are monotone, linear between `KNOTS` equidistant knots on 0..1 and level
    beyond.

    Attributes:
        curves: float32 `[3, KNOTS]`, the values of f at the knots.
        matrix: float32 `[3, 3]`, acts on column vectors.
        offset: float32 `[3]`.
        before: float32 `[3, 4]`, an affine map ahead of the curves, for references whose own
            colours are unknown.
        facts: What is known about the fit, as JSON values (`tfisp.looks.fit`).
    """

    curves: np.ndarray
    matrix: np.ndarray
    offset: np.ndarray
    before: np.ndarray = field(default_factory=lambda: np.eye(3, 4, dtype=np.float32))
    facts: dict[str, Any] = field(default_factory=dict, compare=False)

    @cached_property
    def _slopes(self) -> np.ndarray:
        """What the curves rise by from each knot to the next; from the last one nothing."""
        return np.diff(self.curves, append=self.curves[:, -1:]).ravel()

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
        scale = np.iinfo(image.dtype).max if image.dtype.kind == "u" else None
        image = image.astype(np.float32, copy=False)
        if scale:
            image = image / np.float32(scale)
        colours = image.reshape(-1, 3) @ self.before[:, :3].T
        colours += self.before[:, 3]
        place = np.clip(colours, 0, 1) * np.float32(KNOTS - 1)
        below = np.minimum(place.astype(np.int32), KNOTS - 2)
        place -= below
        below += np.arange(3, dtype=np.int32) * KNOTS  # into the curves one after the other
        curved = self.curves.ravel()[below] + place * self._slopes[below]
        mapped = curved @ self.matrix.T
        mapped += self.offset
        return np.clip(mapped, 0, 1, out=mapped).reshape(image.shape)

    def cube(self, size: int = SIZE, title: str = "") -> Cube:
        """The look as a lookup table of `size` entries along each axis."""
        axis = np.linspace(0, 1, size, dtype=np.float32)
        grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
        return Cube(self.apply(grid), title=title)
