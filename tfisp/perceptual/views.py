"""Views: the ways in which an image is shown to a frozen network.

    rgb         as it is
    clipped     cut off to 0..1, as the published distances see it (docs/FIDELITY.md)
    luminance   lightness L of CIELAB, three times: structure without colour, for content losses
    gray        luma, three times: texture without colour, for the texture critics
    blur        blurred until little but colour is left: for colour critics that judge pixels
    blur224     the same, at 224 x 224 pixels: for colour critics with a Vision Transformer
    blur_zero, blur224_zero    the same with black beyond the border (docs/FIDELITY.md)
    mean2, mean4 ... mean32    a half to 1/32 of its size, each pixel the mean of a square

All take `[B, H, W, 3]` float32 sRGB, nominally 0..1, and return `[B, H', W', 3]`. Nothing else is
clipped, and every view has finite derivatives everywhere: a generator puts out exact zeros and
values above 1 all the time.
"""

import functools
from collections.abc import Callable, Sequence

import tensorflow as tf

from tfisp.naming import choose
from tfisp.perceptual.separable import (
    blur_matrix,
    filter_axes,
    mean_matrix,
    resize_matrix,
    static_size,
)

# Luminance Y of linear sRGB, white at 1 (second row of the sRGB-to-XYZ matrix;
# kornia/color/xyz.py).
_LUMINANCE = (0.212671, 0.715160, 0.072169)
# ITU-R BT.601 luma, as in the published texture critics.
_LUMA = (0.299, 0.587, 0.114)
# Side of the images that the Vision Transformers were trained on.
COLOR_SIZE = 224
# View -> the pixels along the side of a square that it makes one of.
_MEANS = {f"mean{side}": side for side in (2, 4, 8, 16, 32)}


def rgb(images: tf.Tensor) -> tf.Tensor:
    """The image as it is."""
    return images


def clipped(images: tf.Tensor) -> tf.Tensor:
    """The image cut off to 0..1; beyond, its derivative is 0."""
    return tf.clip_by_value(images, 0.0, 1.0)


def luminance(images: tf.Tensor) -> tf.Tensor:
    """Lightness L of CIELAB (D65 white) divided by 100, three times: 0 for black, 1 for white.

    With linear = ((v + 0.055) / 1.055)^2.4 above v = 0.04045, else v / 12.92 (IEC 61966-2-1), and Y
    their weighted sum, L = 116 f(Y) - 16 with f(t) = t^(1/3) above t = 0.008856, else 7.787 t +
    4/29 (kornia/color/lab.py).

    Both powers have infinite or undefined derivatives outside their own branch, and 0 x inf in the
    other branch of a `where` is NaN: so each power only ever sees numbers from its own side of the
    threshold.
    """
    is_power = images > 0.04045
    safe = tf.where(is_power, images, 1.0)
    linear = tf.where(is_power, ((safe + 0.055) / 1.055) ** 2.4, images / 12.92)
    y = tf.reduce_sum(linear * tf.constant(_LUMINANCE, images.dtype), axis=-1, keepdims=True)
    is_root = y > 0.008856
    safe = tf.where(is_root, y, 1.0)
    f = tf.where(is_root, safe ** (1.0 / 3.0), 7.787 * y + 4.0 / 29.0)
    return _on_three_channels((116.0 * f - 16.0) / 100.0)


def gray(images: tf.Tensor) -> tf.Tensor:
    """Luma 0.299 R + 0.587 G + 0.114 B, three times."""
    return _on_three_channels(
        tf.reduce_sum(images * tf.constant(_LUMA, images.dtype), axis=-1, keepdims=True)
    )


def gaussian_blur(images: tf.Tensor, padding: str = "reflect") -> tf.Tensor:
    """DPED's Gaussian blur (Eqs. 3 and 4 of the paper), 21 x 21 pixels, at the image's own size.

    Args:
        images: `[B, H, W, C]`.
        padding: `reflect`, or `zero` as in the published code (see `tfisp.perceptual.separable`).
    """
    height, width = static_size(images)
    return filter_axes(images, blur_matrix(height, padding), blur_matrix(width, padding))


def blur224(images: tf.Tensor, padding: str = "reflect") -> tf.Tensor:
    """`gaussian_blur`, then bilinear resize to 224 x 224 pixels, as one matrix per axis.

    Args:
        images: `[B, H, W, C]`.
        padding: As in `gaussian_blur`.
    """
    rows, columns = (
        resize_matrix(side, COLOR_SIZE) @ blur_matrix(side, padding) for side in static_size(images)
    )
    return filter_axes(images, rows, columns)


def mean_of_squares(images: tf.Tensor, side: int) -> tf.Tensor:
    """The image with one pixel for each square of `side` pixels, their mean.

    Args:
        images: `[B, H, W, C]`; squares at the lower and right border end with it.
        side: At least 1.

    Returns:
        `[B, H / side, W / side, C]`, rounded up.
    """
    rows, columns = (mean_matrix(size, side) for size in static_size(images))
    return filter_axes(images, rows, columns)


def _on_three_channels(plane: tf.Tensor) -> tf.Tensor:
    """`[..., 1]` -> `[..., 3]`, all equal."""
    return tf.concat([plane, plane, plane], axis=-1)


VIEWS: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "rgb": rgb,
    "clipped": clipped,
    "luminance": luminance,
    "gray": gray,
    "blur": gaussian_blur,
    "blur224": blur224,
    "blur_zero": functools.partial(gaussian_blur, padding="zero"),
    "blur224_zero": functools.partial(blur224, padding="zero"),
    **{name: functools.partial(mean_of_squares, side=side) for name, side in _MEANS.items()},
}


def view(name: str, images: tf.Tensor) -> tf.Tensor:
    """Shows images in the named way.

    Args:
        name: One of `VIEWS`.
        images: `[B, H, W, 3]` float32 sRGB, nominally 0..1.

    Returns:
        `[B, H', W', 3]`, of the size that `view_size` says.

    Raises:
        InputError: for an unknown view, with the closest names.
    """
    return VIEWS[choose("view", name, VIEWS)](images)


def view_size(name: str, image_size: Sequence[int]) -> tuple[int, int]:
    """Height and width of a view of images of that height and width.

    Raises:
        InputError: for an unknown view, with the closest names.
    """
    if choose("view", name, VIEWS) in ("blur224", "blur224_zero"):
        return COLOR_SIZE, COLOR_SIZE
    height, width = (-(-size // _MEANS.get(name, 1)) for size in image_size)
    return height, width
