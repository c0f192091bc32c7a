"""The Haar wavelet transform of features and its inverse, for the networks that pool with it.

A 2x2 tile with the values a b / c d becomes four numbers, at half the height and width:

    mean        (a + b + c + d) / 2
    vertical    (a + b - c - d) / 2      what changes from row to row
    horizontal  (a - b + c - d) / 2      what changes from column to column
    diagonal    (a - b - c + d) / 2

The transform is orthonormal: nothing is lost, and the inverse has the same factors. It is written
in slices, sums and `depth_to_space`, which mobile GPUs run; as a grouped convolution, in which it
is published, they would not.

Published networks differ in order and sign of the subbands; a `Layout` says which a network has.
The subbands of all channels follow one another here. Where a network interleaves them (channel
`4 c + k` for subband k of channel c, as grouped convolutions do), that is an order of the inputs or
outputs of the convolution next to it, and whoever converts its weights permutes those.
"""

import tensorflow as tf

# Which subband stands where, and its sign.
Layout = tuple[tuple[str, int], tuple[str, int], tuple[str, int], tuple[str, int]]

# LL, LH, HL, HH of MW-ISPNet and LiteISPNet (`DWTForward`).
ISPNET: Layout = (("mean", 1), ("vertical", 1), ("horizontal", 1), ("diagonal", 1))
# LL, HL, LH, HH of AWNet (`dwt_init`), which MWCNN has as well (arXiv 1805.07071).
AWNET: Layout = (("mean", 1), ("horizontal", -1), ("vertical", -1), ("diagonal", 1))


def forward(features: tf.Tensor, layout: Layout) -> tf.Tensor:
    """`[B, h, w, C]`, height and width even -> `[B, h/2, w/2, 4 C]`."""
    return tf.concat(subbands(features, layout), -1)


def subbands(features: tf.Tensor, layout: Layout) -> list[tf.Tensor]:
    """`[B, h, w, C]`, height and width even -> four times `[B, h/2, w/2, C]`."""
    a, b = features[:, 0::2, 0::2], features[:, 0::2, 1::2]
    c, d = features[:, 1::2, 0::2], features[:, 1::2, 1::2]
    above, below = a + b, c + d
    slope_above, slope_below = a - b, c - d
    found = {
        "mean": above + below,
        "vertical": above - below,
        "horizontal": slope_above + slope_below,
        "diagonal": slope_above - slope_below,
    }
    return [0.5 * sign * found[name] for name, sign in layout]


def inverse(bands: tf.Tensor, layout: Layout) -> tf.Tensor:
    """`[B, h, w, 4 C]` -> `[B, 2h, 2w, C]`: undoes `forward`."""
    channels = bands.shape[-1] // 4
    band = {
        name: 0.5 * sign * bands[..., index * channels : (index + 1) * channels]
        for index, (name, sign) in enumerate(layout)
    }
    above, below = band["mean"] + band["vertical"], band["mean"] - band["vertical"]
    slope_above = band["horizontal"] + band["diagonal"]
    slope_below = band["horizontal"] - band["diagonal"]
    tile = [above + slope_above, above - slope_above, below + slope_below, below - slope_below]
    return tf.nn.depth_to_space(tf.concat(tile, -1), 2)
