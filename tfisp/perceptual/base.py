"""What every frozen feature network offers, whatever it is built of."""

import abc
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import tensorflow as tf

from tfisp.errors import InputError
from tfisp.naming import choose


class Backbone(abc.ABC):
    """A pretrained network that nobody trains here, seen through its taps.

    Images go in as `[B, H, W, 3]` float32 RGB, nominally 0..1; each network normalises them itself.
    Its variables are not trainable; gradients flow through to the images. It is deliberately not a
    Keras or TensorFlow object: a checkpoint or a model that holds one must not save its weights.

    Attributes:
        name: As in `tfisp.perceptual.backbones`.
        taps: Names of the features it offers, shallow to deep.
        weights: Where its weights come from, for logs and records; says `random` where they are.
        is_random: Whether its weights were drawn instead of learnt: then nothing it says is a
            measure of quality.
        dtype: Of the backward pass from its features to the image; the features are float32.
    """

    name: str
    taps: tuple[str, ...]
    weights: str
    is_random: bool
    dtype: str = "float32"

    def __call__(self, images: tf.Tensor, taps: Iterable[str]) -> dict[str, tf.Tensor]:
        """Features of a batch of images.

        Args:
            images: `[B, H, W, 3]` float32 RGB, nominally 0..1; values outside are not clipped.
            taps: Which features; nothing deeper than the deepest of them is computed.

        Returns:
            Tap -> features, each `[B, ...]` as `tap_shape` says.

        Raises:
            InputError: for a tap that it does not have, or images of a size that it cannot take.
        """
        wanted = [choose(f"{self.name} tap", tap, self.taps) for tap in dict.fromkeys(taps)]
        if not wanted:
            return {}
        wanted.sort(key=self.taps.index)
        images = tf.convert_to_tensor(images)
        self._check_images(images, wanted[-1])
        return self._features(images, wanted)

    @abc.abstractmethod
    def tap_shape(self, tap: str, image_size: Sequence[int]) -> tuple[int, ...]:
        """Shape of one image's features, without computing them.

        Args:
            tap: One of `taps`.
            image_size: Height and width in pixels.

        Raises:
            InputError: for an unknown tap, or a size that the network cannot take.
        """

    @abc.abstractmethod
    def _features(self, images: tf.Tensor, taps: list[str]) -> dict[str, tf.Tensor]:
        """Computes taps, at least one and given shallow to deep, of images that were checked."""

    def _check_images(self, images: tf.Tensor, deepest: str) -> None:
        """Refuses what is no RGB batch, or too small as far as tracing a graph knows the size."""
        if images.shape.rank != 4 or images.shape[-1] != 3:
            raise InputError(
                f"{self.name}: takes RGB images [B, H, W, 3], got shape {images.shape}"
            )
        height, width = images.shape[1], images.shape[2]
        if height is not None and width is not None:
            self.tap_shape(deepest, (height, width))


def frozen_variables() -> AbstractContextManager:
    """A context in which TensorFlow's variables are made so that no tape watches them.

    For networks of other makers: Keras' own `trainable` does not reach the variables below it.
    """

    def frozen(create_variable: Callable[..., tf.Variable], **settings: Any) -> tf.Variable:
        return create_variable(**{**settings, "trainable": False})

    return tf.variable_creator_scope(frozen)
