"""Small TensorFlow Lite files for the gate: each shows one operation, or one mistake."""

import keras
import numpy as np
import tensorflow as tf

SHAPE = (1, 8, 12, 4)
_rng = np.random.default_rng(1)


def weights(*shape):
    return _rng.normal(0, 0.3, shape).astype(np.float32)


def write(path, function, shape=SHAPE, convert=None):
    """Converts a function of one float32 tensor; `convert` may change the converter first."""
    signature = [tf.TensorSpec(shape, tf.float32, "raw")]
    concrete = tf.function(function, input_signature=signature).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    if convert is not None:
        convert(converter)
    path.write_bytes(converter.convert())
    return path


def write_keras(path, layers, shape=SHAPE):
    """Converts a chain of Keras layers by way of a SavedModel, as the exporter does."""
    model = keras.Sequential([keras.Input(shape[1:], batch_size=shape[0]), *layers])
    saved, signature = path.with_suffix(""), [keras.InputSpec("float32", shape, name="raw")]
    model.export(str(saved), verbose=False, input_signature=signature)
    path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(saved)).convert())
    return path


def convolution(x, filters=4, size=3, groups=1, **kwargs):
    kernel = weights(size, size, x.shape[-1] // groups, filters)
    return tf.nn.conv2d(x, kernel, kwargs.pop("strides", 1), "SAME", **kwargs)


def network(x):
    """What a generator looks like, with more than 1,024 weights: fewer are not compressed."""
    x = tf.tanh(tf.nn.bias_add(convolution(x, 64), weights(64)))
    return tf.nn.depth_to_space(tf.nn.relu(tf.nn.bias_add(convolution(x, 12), weights(12))), 2)


def shuffle_in_six_dimensions(x):
    x = tf.reshape(x, [1, 8, 12, 2, 2, 1])
    return tf.reshape(tf.transpose(x, [0, 1, 3, 2, 4, 5]), [1, 16, 24, 1])


_mean = {"axis": [1, 2], "keepdims": True}

# Operation of the list -> functions that need it, and hardly anything else.
GOOD = {
    "CONV_2D": [
        convolution,
        lambda x: tf.nn.relu6(tf.nn.bias_add(convolution(x, 6), weights(6))),
        lambda x: convolution(x, size=4, strides=2),
        lambda x: convolution(x, dilations=2),
    ],
    "DEPTHWISE_CONV_2D": [
        lambda x: tf.nn.depthwise_conv2d(x, weights(3, 3, 4, 1), [1, 1, 1, 1], "SAME"),
        lambda x: tf.nn.depthwise_conv2d(
            x, weights(5, 5, 4, 1), [1, 1, 1, 1], "SAME", None, [2, 2]
        ),
    ],
    "TRANSPOSE_CONV": [
        lambda x: tf.nn.conv2d_transpose(x, weights(3, 3, 6, 4), (1, 16, 24, 6), 2, "SAME")
    ],
    "FULLY_CONNECTED": [lambda x: tf.nn.bias_add(tf.tensordot(x, weights(4, 6), 1), weights(6))],
    "DEPTH_TO_SPACE": [lambda x: tf.nn.depth_to_space(x, 2)],
    "SPACE_TO_DEPTH": [lambda x: tf.nn.space_to_depth(x, 2)],
    "RESIZE_BILINEAR": [lambda x: tf.image.resize(x, (16, 24))],
    "RESIZE_NEAREST_NEIGHBOR": [lambda x: tf.image.resize(x, (16, 24), method="nearest")],
    "AVERAGE_POOL_2D": [lambda x: tf.nn.avg_pool2d(x, 3, 2, "SAME")],
    "MAX_POOL_2D": [lambda x: tf.nn.max_pool2d(x, 2, 2, "VALID")],
    "MEAN": [
        lambda x: x * tf.reduce_mean(x, **_mean),
        lambda x: x + tf.reduce_mean(x, -1, keepdims=True),
        lambda x: tf.reduce_mean(x, [1, 2]),
    ],
    "SUM": [lambda x: x / tf.reduce_sum(x, **_mean)],
    "REDUCE_MAX": [lambda x: x - tf.reduce_max(x, **_mean)],
    "REDUCE_MIN": [lambda x: x - tf.reduce_min(x, **_mean)],
    "REDUCE_PROD": [lambda x: tf.reduce_prod(x, -1, keepdims=True)],
    "ADD": [lambda x: x + weights(4), lambda x: x + tf.tanh(x), lambda x: 1.5 + x],
    "SUB": [lambda x: x - weights(4), lambda x: 1.5 - x],
    "MUL": [lambda x: x * weights(1, 8, 12, 1), lambda x: x * tf.tanh(x)],
    "DIV": [lambda x: x / (1 + tf.abs(x))],
    "MAXIMUM": [lambda x: tf.maximum(x, 0.3)],
    "MINIMUM": [lambda x: tf.minimum(x, tf.sin(9 * x))],
    "POW": [lambda x: tf.pow(tf.abs(x), 0.45)],
    "SQUARED_DIFFERENCE": [lambda x: tf.math.squared_difference(x, tf.tanh(x))],
    "RELU": [tf.nn.relu],
    "RELU6": [tf.nn.relu6],
    "RELU_N1_TO_1": [lambda x: tf.clip_by_value(x, -1, 1)],
    "LEAKY_RELU": [tf.nn.leaky_relu],
    "ELU": [tf.nn.elu],
    "GELU": [tf.nn.gelu, lambda x: tf.nn.gelu(x, approximate=True)],
    "HARD_SWISH": [lambda x: x * tf.nn.relu6(x + 3) * (1 / 6)],
    "LOGISTIC": [tf.sigmoid],
    "TANH": [tf.tanh],
    "ABS": [tf.abs],
    "NEG": [tf.negative],
    "SIGN": [tf.sign],
    "CEIL": [tf.math.ceil],
    "FLOOR": [lambda x: tf.floor(9 * x)],
    "SQUARE": [tf.square],
    "SQRT": [lambda x: tf.sqrt(tf.abs(x))],
    "RSQRT": [lambda x: tf.math.rsqrt(tf.abs(x) + 0.1)],
    "EXP": [tf.exp],
    "LOG": [lambda x: tf.math.log(tf.abs(x) + 0.1)],
    "SIN": [tf.sin],
    "COS": [tf.cos],
    "SOFTMAX": [tf.nn.softmax],
    "CONCATENATION": [lambda x: tf.concat([x, tf.tanh(x)], -1)],
    "RESHAPE": [lambda x: tf.reshape(x, [1, 12, 8, 4])],
    "TRANSPOSE": [lambda x: tf.transpose(x, [0, 2, 1, 3])],
    "SLICE": [lambda x: tf.slice(x, [0, 1, 2, 0], [1, 4, 5, 3])],
    "STRIDED_SLICE": [lambda x: x[:, ::2, 1::2, :]],
    "PAD": [lambda x: tf.pad(x, [[0, 0], [1, 2], [2, 1], [0, 0]])],
    "PADV2": [lambda x: tf.pad(x, [[0, 0], [1, 2], [2, 1], [0, 0]], constant_values=0.5)],
    "MIRROR_PAD": [lambda x: tf.pad(x, [[0, 0], [1, 2], [2, 1], [0, 0]], "REFLECT")],
}


def _while(x):
    return tf.while_loop(lambda y: tf.reduce_sum(y) < 1e3, lambda y: (2 * y + 1,), [x])[0]


# What is wrong -> the function, the operation that is refused, and a word of the reason.
BAD = {
    "grouped convolution": (lambda x: convolution(x, groups=2), "CONV_2D", "2 groups"),
    "a kernel that is computed": (
        lambda x: tf.nn.conv2d(x, tf.reshape(x[:, :1, :4], [1, 1, 4, 4]), 1, "SAME"),
        "CONV_2D",
        "2 computed tensors",
    ),
    "several filters per channel": (
        lambda x: tf.nn.depthwise_conv2d(x, weights(3, 3, 4, 2), [1, 1, 1, 1], "SAME"),
        "DEPTHWISE_CONV_2D",
        "2 filters",
    ),
    "tile": (lambda x: tf.tile(x, [1, 2, 2, 1]), "TILE", "nearest"),
    "pixel shuffle in six dimensions": (shuffle_in_six_dimensions, "RESHAPE", "6 dimensions"),
    "transpose in five dimensions": (
        lambda x: tf.transpose(tf.reshape(x, [1, 8, 6, 2, 4]), [0, 1, 3, 2, 4]),
        "TRANSPOSE",
        "5 dimensions",
    ),
    "split": (lambda x: tf.add(*tf.split(x, 2, -1)), "SPLIT", "slice"),
    "split with sizes": (
        lambda x: tf.concat(tf.split(x, [1, 3], -1)[::-1], -1),
        "SPLIT_V",
        "slice",
    ),
    "add_n": (lambda x: tf.add_n([x, tf.tanh(x), tf.exp(x)]), "ADD_N", "a + b + c"),
    "argmax": (lambda x: x + tf.cast(tf.argmax(x, -1), tf.float32)[..., None], "ARG_MAX", "whole"),
    "int64": (
        lambda x: tf.cast(2 * tf.cast(9 * x, tf.int64), tf.float32),
        "MUL",
        "int64",
    ),
    "cast": (lambda x: tf.cast(tf.cast(9 * x, tf.int32), tf.float32), "CAST", "type"),
    "stack": (lambda x: tf.stack([x[..., 0], x[..., 1]], -1), "PACK", "concat"),
    "unstack": (lambda x: tf.add_n(tf.unstack(x, axis=-1)), "UNPACK", "slice"),
    "an index": (lambda x: x[..., 1], "STRIDED_SLICE", "removes a dimension"),
    "a step back": (lambda x: x[:, ::-1], "STRIDED_SLICE", "backwards"),
    "symmetric padding": (
        lambda x: tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC"),
        "MIRROR_PAD",
        "REFLECT",
    ),
    "channels dropped": (lambda x: tf.reduce_mean(x, -1), "MEAN", "keepdims"),
    "both broadcast": (
        lambda x: tf.reduce_mean(x, 3, keepdims=True) * tf.reduce_mean(x, **_mean),
        "MUL",
        "both inputs",
    ),
    "Fourier transform": (
        lambda x: tf.math.real(tf.signal.rfft2d(tf.transpose(x, [0, 3, 1, 2])[..., :8])),
        "RFFT2D",
        "not on the list",
    ),
    "while": (_while, "WHILE", "run time"),
    "if": (
        lambda x: tf.cond(tf.reduce_sum(x) > 3, lambda: 2 * x, lambda: tf.tanh(x)),
        "IF",
        "run time",
    ),
}
