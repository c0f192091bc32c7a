"""What networks made elsewhere have in common: one tap, `tokens`, whatever their output is.

    [B, tokens, C]    as it is
    [B, h, w, C]      row by row: h w tokens
    [B, C]            one token

A network that wants images of one size gets them resized to it (bilinear).
"""

import abc
from collections.abc import Sequence

import tensorflow as tf

from tfisp.errors import InputError, first_line
from tfisp.naming import choose
from tfisp.perceptual.base import Backbone
from tfisp.perceptual.separable import resize, static_size


class TokenBackbone(Backbone):
    """A network that somebody else made, as tokens. See `Backbone`."""

    taps = ("tokens",)

    def __init__(
        self, name: str, weights: str, is_random: bool, size: Sequence[int | None]
    ) -> None:
        """Sets what every such network has.

        Args:
            name: Of the backbone.
            weights: Where it comes from.
            is_random: Whether its weights were drawn.
            size: Height and width of the images that it takes, None for any.
        """
        self.name = name
        self.weights = weights
        self.is_random = is_random
        self._size = tuple(size)
        self._shapes: dict[tuple[int, ...], tuple[int, int]] = {}

    @abc.abstractmethod
    def _run(self, images: tf.Tensor) -> tf.Tensor:
        """The network's output for float32 RGB images 0..1 of a size that it takes."""

    def tap_shape(self, tap: str, image_size: Sequence[int]) -> tuple[int, int]:
        """`(tokens, width)`; see `Backbone.tap_shape`.

        Only the network itself knows: it is run once on a grey image of each size asked for.
        """
        choose(f"{self.name} tap", tap, self.taps)
        size = tuple(own or given for own, given in zip(self._size, image_size, strict=True))
        if size not in self._shapes:
            with tf.init_scope():
                self._shapes[size] = self._tokens(tf.fill([1, *size, 3], 0.5)).shape[1:].as_list()
        tokens, width = self._shapes[size]
        return tokens, width

    def _features(self, images: tf.Tensor, taps: list[str]) -> dict[str, tf.Tensor]:
        height, width = static_size(images)
        size = (self._size[0] or height, self._size[1] or width)
        if size != (height, width):
            images = resize(images, *size)
        tokens = self._tokens(tf.cast(images, tf.float32))
        # What a loaded function returns has often forgotten its sizes.
        tokens = tf.ensure_shape(tokens, [images.shape[0], *self.tap_shape("tokens", size)])
        return {"tokens": tf.cast(tokens, images.dtype)}

    def _tokens(self, images: tf.Tensor) -> tf.Tensor:
        """The network's output `[B, tokens, width]`.

        Raises:
            InputError: if the network fails, or puts out anything else than features.
        """
        try:
            output = self._run(images)
        except InputError:
            raise
        # Networks of every origin raise errors of every kind for sizes that do not suit them.
        except Exception as error:
            raise InputError(
                f"{self.name}: fails on images [B, {images.shape[1]}, {images.shape[2]}, 3] "
                f"({first_line(error)})"
            ) from error
        return as_tokens(output, self.name)


def as_tokens(output: tf.Tensor, name: str) -> tf.Tensor:
    """A network's output as tokens.

    Args:
        output: `[B, tokens, C]`, `[B, h, w, C]` or `[B, C]`, floating point.
        name: Of the network, for the message.

    Returns:
        `[B, tokens, C]` float32.

    Raises:
        InputError: for any other output.
    """
    if (
        not tf.is_tensor(output)
        or not output.dtype.is_floating
        or output.shape.rank not in (2, 3, 4)
    ):
        found = f"{output.dtype.name} {output.shape}" if tf.is_tensor(output) else type(output)
        raise InputError(
            f"{name}: its output must be [B, tokens, C], [B, h, w, C] or [B, C] in floating point, "
            f"got {found}"
        )
    if output.shape.rank == 2:
        output = output[:, tf.newaxis]
    elif output.shape.rank == 4:
        shape = tf.shape(output)
        output = tf.reshape(output, [shape[0], shape[1] * shape[2], shape[3]])
    return tf.cast(output, tf.float32)
