"""No network at all: the image itself as a feature, for critics that judge pixels.

DPED and WESPE let discriminators judge the blurred and the gray image. As a backbone with one
tap, `pixels`, the view is all there is, so that such critics are made and trained like any other.
"""

import os
from collections.abc import Sequence

import tensorflow as tf

from tfisp.errors import InputError
from tfisp.naming import choose
from tfisp.perceptual.base import Backbone


class Pixels(Backbone):
    """Hands images on as they are. See `Backbone`."""

    name = "pixels"
    taps = ("pixels",)
    weights = "none"
    is_random = False

    def tap_shape(self, tap: str, image_size: Sequence[int]) -> tuple[int, int, int]:
        """`(height, width, 3)`; see `Backbone.tap_shape`."""
        choose("pixels tap", tap, self.taps)
        height, width = image_size
        return height, width, 3

    def _check_images(self, images: tf.Tensor, deepest: str) -> None:
        """Takes packed RAW as well, which is no RGB."""

    def _features(self, images: tf.Tensor, taps: list[str]) -> dict[str, tf.Tensor]:
        return {"pixels": images}


def create(
    name: str,
    weights: str | os.PathLike | None = None,
    seed: int = 0,
    dtype: str = "float32",
) -> Pixels:
    """The image itself.

    Args:
        name: `pixels`.
        weights: None; there are none.
        seed: Of random weights; there are none.
        dtype: Without effect; nothing is computed.

    Raises:
        InputError: if weights are given.
    """
    if weights:
        raise InputError(f"weights of {name}: {weights} given, but it has none")
    return Pixels()
