"""Blur and resize as matrices: equality with SciPy, PyTorch and TensorFlow, and their
derivatives."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage, stats

from tests.helpers.images import images
from tfisp.errors import InputError
from tfisp.perceptual import separable


def dped_kernel():
    """The 21 x 21 kernel as DPED's formula gives it, in two dimensions and with SciPy."""
    interval = (2 * 3 + 1.0) / 21
    edges = np.linspace(-3 - interval / 2, 3 + interval / 2, 22)
    masses = np.diff(stats.norm.cdf(edges))
    raw = np.sqrt(np.outer(masses, masses))
    return raw / raw.sum()


def blur(x, padding):
    return separable.filter_axes(
        x, separable.blur_matrix(x.shape[1], padding), separable.blur_matrix(x.shape[2], padding)
    )


def test_the_kernel_is_separable_and_of_the_documented_width():
    kernel = separable.blur_kernel()
    np.testing.assert_allclose(np.outer(kernel, kernel), dped_kernel(), atol=1e-15)
    deviation = np.sqrt((kernel * np.arange(-10, 11) ** 2).sum())
    assert round(deviation, 2) == 4.34


@pytest.mark.parametrize(("padding", "mode"), [("reflect", "mirror"), ("zero", "constant")])
@pytest.mark.parametrize("size", [(40, 33), (21, 12), (5, 1)])
def test_blur_equals_a_two_dimensional_convolution(padding, mode, size):
    x = images(2, *size, 3)
    expected = np.stack(
        [
            np.stack(
                [
                    ndimage.convolve(x[b, ..., c].astype(float), dped_kernel(), mode=mode)
                    for c in range(3)
                ],
                axis=-1,
            )
            for b in range(2)
        ]
    )
    np.testing.assert_allclose(blur(tf.constant(x), padding), expected, atol=1e-6)


def test_zero_padding_darkens_the_border_as_in_the_published_code():
    white = blur(tf.ones([1, 64, 64, 1]), "zero")[0, ..., 0].numpy()
    assert round(float(white[0, 32]), 3) == 0.543
    assert round(float(white[0, 0]), 3) == 0.295
    np.testing.assert_allclose(blur(tf.ones([1, 64, 64, 1]), "reflect"), 1.0, atol=1e-6)


@pytest.mark.parametrize(("source", "target"), [(64, 224), (448, 224), (13, 5), (7, 7), (1, 4)])
def test_resize_equals_pytorch_and_tensorflow(source, target):
    torch = pytest.importorskip("torch")
    x = images(1, source, source, 2)
    found = separable.resize(tf.constant(x), target, target)
    in_torch = torch.nn.functional.interpolate(
        torch.from_numpy(x.transpose(0, 3, 1, 2)),
        (target, target),
        mode="bilinear",
        align_corners=False,
        antialias=False,
    )
    np.testing.assert_allclose(found, in_torch.numpy().transpose(0, 2, 3, 1), atol=1e-5)
    np.testing.assert_allclose(found, tf.image.resize(x, (target, target)), atol=1e-5)


def test_rows_and_columns_are_not_mixed_up():
    x = images(1, 6, 9, 1)
    rows, columns = np.random.default_rng(1).normal(size=(4, 6)), np.ones((2, 9))
    found = separable.filter_axes(tf.constant(x), rows, columns)
    np.testing.assert_allclose(found[0, ..., 0], rows @ x[0, ..., 0] @ columns.T, rtol=1e-5)


def test_second_derivatives_exist_in_eager_and_graph_mode():
    x = tf.constant(images(1, 12, 12, 1))

    def second():
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                value = tf.reduce_sum(blur(separable.resize(x, 7, 9), "reflect") ** 3)
            penalty = tf.reduce_sum(inner.gradient(value, x) ** 2)
        return outer.gradient(penalty, x)

    eager, graph = second(), tf.function(second)()
    assert np.abs(eager).max() > 0
    np.testing.assert_allclose(eager, graph, rtol=1e-4, atol=1e-6)


def test_an_unknown_padding_and_an_unknown_size_are_refused():
    with pytest.raises(InputError, match="reflect"):
        separable.blur_matrix(8, "reflct")

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3])])
    def traced(x):
        return separable.resize(x, 4, 4)

    with pytest.raises(ValueError, match="must be known when tracing"):
        traced(tf.zeros([1, 8, 8, 3]))
