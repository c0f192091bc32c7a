"""The whole ISP as one graph: counts of the sensor in, an 8-bit picture out, for the CPU.

The files for the GPU take samples that were scaled in float32 outside, since half precision, which
GPUs compute in, has only every second count at a black level of 2056. On a CPU everything fits into
one file:

    mosaic          uint16 [1, H, W], RGGB geometry (`tfisp.packing.pad_phase`), sides even
    black_level     float32 [2, 2], for the tile R, G / G, B row by row   } unless the contract
    white_level     float32 [1]                                           } has numbers of its own
    white_balance   float32 [3], gains of R, G, B in any unit        under white balance "as_shot"
    exposure        float32 [1], 2**BaselineExposure                 under exposure "frame"
    colour_matrix   float32 [3, 3], balanced camera RGB to linear sRGB, exposed   under output
                    "camera"
    -> rgb          uint8 [1, H, W, 3]

It does what `tfisp.contract.normalise` and `tfisp.packing.prepare` do, then runs the generator,
finishes camera RGB as `tfisp.rendering.camera_colour` does, clips and rounds. Lens shading is not
corrected: a mosaic with a shading map needs that done first.
"""

import numpy as np
import tensorflow as tf

from tfisp.companding import TOE, companding_numbers
from tfisp.contract import Contract, scaling
from tfisp.exporting.test_inputs import Trial
from tfisp.exporting.writers import Function
from tfisp.models.camera_output import finished
from tfisp.models.generator import Generator
from tfisp.rendering.camera_colour import finishing_matrix
from tfisp.sensor import Capture, Sensor, resolve_gains

MEANINGS = {
    "mosaic": "sensor counts in RGGB geometry, red at (0, 0)",
    "black_level": "counts at black, for the tile R, G / G, B row by row",
    "white_level": "counts at saturation",
    "white_balance": "as-shot gains of R, G, B; only their ratios count",
    "exposure": "2 to the power of the file's BaselineExposure, 1 where it states none",
    "colour_matrix": "white-balanced camera R, G, B as a column to linear sRGB, times 2 to the"
    " power of the file's BaselineExposure: rows sum to that gain",
}

# Packed planes B, G (red row), R, G (blue row) as channels of the 2x2 cell R, G, G, B.
_PACKED = (3, 1, 0, 2)
_COLOURS = (0, 1, 1, 2)  # index into R, G, B of the cell's samples


def signature(contract: Contract, size: tuple[int, int]) -> dict[str, tf.TensorSpec]:
    """The graph's inputs by name.

    Args:
        contract: Of the generator.
        size: (H, W) of the mosaic in samples.
    """
    shapes: dict[str, tuple[int, ...]] = {"mosaic": (1, *size)}
    if contract.black_level is None:
        shapes["black_level"] = (2, 2)
    if contract.white_level is None:
        shapes["white_level"] = (1,)
    if contract.white_balance == "as_shot":
        shapes["white_balance"] = (3,)
    if contract.exposure == "frame":
        shapes["exposure"] = (1,)
    if contract.output == "camera":
        shapes["colour_matrix"] = (3, 3)
    return {
        name: tf.TensorSpec(shape, tf.uint16 if name == "mosaic" else tf.float32, name)
        for name, shape in shapes.items()
    }


def inputs_of(contract: Contract, trial: Trial) -> dict[str, np.ndarray]:
    """What the graph is fed for one mosaic, by name.

    Args:
        contract: Of the generator.
        trial: The mosaic in RGGB geometry, with its sensor and capture.
    """
    sensor, capture = trial.sensor, trial.capture
    values = {
        "mosaic": trial.mosaic[None],
        "black_level": np.array(sensor.black_level, np.float32),
        "white_level": np.array([sensor.white_level], np.float32),
        "white_balance": np.array(resolve_gains(sensor, capture), np.float32),
        "exposure": np.array([2.0**capture.baseline_exposure], np.float32),
        "colour_matrix": finishing_matrix(sensor, capture.baseline_exposure),
    }
    return {name: values[name] for name in signature(contract, trial.mosaic.shape)}


def function(generator: Generator, size: tuple[int, int]) -> Function:
    """The graph: takes the inputs of `signature`, gives `rgb`.

    Args:
        generator: Computes in float32.
        size: (H, W) of the mosaic in samples.
    """
    contract = generator.contract
    names = list(signature(contract, size))

    def serve(*inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        given = dict(zip(names, inputs, strict=True))
        cells = tf.nn.space_to_depth(tf.cast(given["mosaic"], tf.float32)[..., None], 2)
        raw = _arranged(_scaled(cells, contract, given), contract.form)
        rgb = generator(raw, training=False)
        if contract.output == "camera":
            rgb = finished(rgb, given["colour_matrix"][None])
        return {"rgb": tf.cast(tf.round(tf.clip_by_value(rgb, 0.0, 1.0) * 255.0), tf.uint8)}

    return serve


def _scaled(cells: tf.Tensor, contract: Contract, given: dict[str, tf.Tensor]) -> tf.Tensor:
    """Counts `[1, H/2, W/2, 4]` of the cells R, G, G, B, scaled by the contract."""
    if set(given) == {"mosaic"}:  # the very numbers of the desktop
        numbers = scaling(Sensor(), Capture(), contract)
        black, gain = numbers.black.reshape(4), numbers.gain.reshape(4)
        limit: tf.Tensor | float = 1.0
    else:
        black, gain, limit = _numbers(contract, given)
    values = (cells - black) * gain
    if contract.clip == "highlights":
        values = tf.minimum(values, limit)
    if contract.clip == "shadows":
        values = tf.maximum(values, 0.0)
    if contract.companding == "sqrt":
        root, span = companding_numbers()
        values = tf.sign(values) * (tf.sqrt(tf.abs(values) + TOE) - root) / span
    return values


def _numbers(
    contract: Contract, given: dict[str, tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Black level and gain of the samples R, G, G, B, and the limit of clip "highlights"."""
    black, white = contract.black_level, contract.white_level
    black = given["black_level"] if black is None else tf.constant(black, tf.float32)
    white = given["white_level"] if white is None else tf.constant([white], tf.float32)
    exposure = given.get("exposure", tf.ones([1]))
    black = tf.reshape(black, [4])
    gain = exposure / (white - black)
    if "white_balance" in given:
        balance = given["white_balance"] / tf.reduce_min(given["white_balance"], keepdims=True)
        gain *= tf.gather(balance, _COLOURS)
    return black, gain, exposure


def _arranged(cells: tf.Tensor, form: str) -> tf.Tensor:
    """Scaled cells R, G, G, B in the form that the generator takes."""
    if form == "packed":
        return tf.gather(cells, _PACKED, axis=-1)
    if form == "split":  # sites of the other colours hold 1, as in `tfisp.packing.split`
        one = cells[..., :1] * 0.0 + 1.0  # computed: as a constant it would be stored in full
        red, green, second, blue = tf.split(cells, 4, -1)
        cells = tf.concat([red, one, one, one, green, one, one, second, one, one, one, blue], -1)
    return tf.nn.depth_to_space(cells, 2)
