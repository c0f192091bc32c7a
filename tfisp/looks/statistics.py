"""What the fit of a look needs to know about photographs: samples and weighted statistics."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tfisp.color import decode_srgb, encode_srgb
from tfisp.errors import InputError

# Colours taken of each photograph, so that a large one counts no more than a small one.
SAMPLES = 1024

# A sample is the mean of a square of pixels in linear light, so wide that the shorter side of a
# photograph holds this many: noise, which references have and photographs have not, would pass for
# contrast and saturation.
_SQUARES = 40

# The steps of Roberts' R2 sequence, which fills a square evenly: powers of the inverse of the
# plastic number, the real root of x^3 = x + 1 (M. Roberts, "The unreasonable effectiveness of
# quasirandom sequences", 2018).
_PLASTIC = 1.324717957244746
_STEPS = (1 / _PLASTIC, 1 / _PLASTIC**2)

# Values this near to 0 or 1 stand for anything beyond: they are clipped.
CLIPPED = 0.002

# A photograph further from the median of all than so many times the median distance counts less.
_ODD = 3.0

# Mean of R, G, B; red against green; both against blue.
OPPONENT = np.array([[1 / 3, 1 / 3, 1 / 3], [0.5, -0.5, 0], [0.25, 0.25, -0.5]])


def sample(pixels: np.ndarray) -> np.ndarray:
    """`SAMPLES` colours from all over a photograph, always the same ones, each a local mean.

    Args:
        pixels: `[H, W, 3]`, sRGB-encoded: float 0..1, or uint8 or uint16 of full scale.

    Returns:
        float32 `[SAMPLES, 3]`, 0..1.

    Raises:
        InputError: It has another shape, or values that are not finite.
    """
    if pixels.ndim != 3 or pixels.shape[-1] != 3 or not pixels.size:
        raise InputError(f"a photograph of shape {pixels.shape}; expected [H, W, 3]")
    small = reduced(pixels)
    index = np.arange(1, SAMPLES + 1)
    row, column = ((0.5 + index * step) % 1 for step in _STEPS)
    found = small[(row * small.shape[0]).astype(int), (column * small.shape[1]).astype(int)]
    if not np.isfinite(found).all():
        raise InputError("a photograph has values that are not finite numbers")
    return np.clip(found, 0, 1)


def reduced(pixels: np.ndarray) -> np.ndarray:
    """A photograph `[H, W, 3]` reduced to means of squares in linear light.

    Args:
        pixels: sRGB-encoded: float 0..1, or uint8 or uint16 of full scale.

    Returns:
        float32, sRGB-encoded, 0..1; its shorter side is 40 pixels or little more.
    """
    side = max(min(pixels.shape[:2]) // _SQUARES, 1)
    height, width = (length // side for length in pixels.shape[:2])
    pixels = pixels[: height * side, : width * side]
    scale = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    linear = decode_srgb(pixels.astype(np.float32) / np.float32(scale))
    squares = linear.reshape(height, side, width, side, 3)
    return encode_srgb(squares.mean(axis=(1, 3), dtype=np.float32))


@dataclass(frozen=True)
class Population:
    """The colours of many photographs.

    Attributes:
        colours: float32 `[N, S, 3]`, 0..1: S samples of each.
    """

    colours: np.ndarray

    @classmethod
    def of(cls, photographs: Iterable[np.ndarray], what: str) -> "Population":
        """Samples photographs one by one; none is kept.

        Args:
            photographs: As for `sample`.
            what: What they are, for messages.

        Raises:
            InputError: There are fewer than two, or one is no photograph.
        """
        samples = [sample(np.asarray(pixels)) for pixels in photographs]
        if len(samples) < 2:
            raise InputError(
                f"{len(samples)} {what} to fit a look to; it takes at least 2 to tell a look from"
                " a scene"
            )
        return cls(np.stack(samples))

    def thinned(self, count: int) -> "Population":
        """The same photographs with `count` samples each."""
        return Population(self.colours[:, :: -(-self.colours.shape[1] // count)])

    def __len__(self) -> int:
        return len(self.colours)

    @cached_property
    def weights(self) -> np.ndarray:
        """`[N]`: 1 for an ordinary photograph, less for one whose mean or spread is far off."""
        values = self.colours.astype(np.float64) @ OPPONENT.T
        traits = np.concatenate([values.mean(axis=1), np.log(values.std(axis=1) + 0.02)], axis=1)
        off = np.abs(traits - np.median(traits, axis=0))
        scale = np.median(off, axis=0)
        distance = np.sqrt(np.mean((off / np.where(scale > 0, scale, np.inf)) ** 2, axis=1))
        return np.minimum(1, _ODD / np.maximum(distance, 1e-9))

    @cached_property
    def _order(self) -> np.ndarray:
        """`[3, N * S]`: the order of each channel's values."""
        flat = self.colours.reshape(-1, 3)
        return np.argsort(flat, axis=0, kind="stable").T

    @cached_property
    def _sorted(self) -> np.ndarray:
        """`[3, N * S]`: the values in that order."""
        return np.take_along_axis(self.colours.reshape(-1, 3).T, self._order, axis=1)

    def quantiles(self, shares: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Values below which these shares of all samples lie.

        Args:
            shares: `[Q]`, 0..1.
            weights: `[N]`, of the photographs.

        Returns:
            `[3, Q]`, one row per channel.
        """
        rows = []
        for order, values in zip(self._order, self._sorted, strict=True):
            own = weights[order // self.colours.shape[1]]
            below = np.cumsum(own) - own / 2
            rows.append(np.interp(shares * own.sum(), below, values))
        return np.array(rows)


def moments(colours: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean colour and covariance within photographs.

    The spread within photographs tells contrast and saturation; that between them, how differently
    the scenes were lit, which chance decides when scenes are few.

    Args:
        colours: `[N, S, 3]`.
        weights: `[N]`, of the photographs.

    Returns:
        (`[3]`, `[3, 3]`), float64.
    """
    share = weights / weights.sum()
    means = colours.mean(axis=1, dtype=np.float64)
    off = colours - means[:, None].astype(np.float32)
    weighted = (off * share[:, None, None].astype(np.float32)).reshape(-1, 3)
    return share @ means, (weighted.T @ off.reshape(-1, 3)).astype(np.float64) / colours.shape[1]
