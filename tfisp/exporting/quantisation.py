"""The int8 file: 8-bit input, weights and activations, without black shadows.

Rounding a linear RAW to 8 bits leaves its shadows a handful of values. Worse, the sum in front of a
tanh has a wide range, set by the highlights, and 8 bits of it have no room for the shadows. Both
are avoided here:

- The input is companded (`Contract.companding`), rounded to 8 bits as such, and expanded again
  in float32 behind that.
- The layers up to the first activation, which limits the range, compute in float32.
- So do a tanh or sigmoid at the end and the layer that feeds it.

Measured with the released Efficient ISP (3,060 parameters) on real frames with many shadows: PSNR
to float32 in the whole picture and in the shadows alone (`trials.SHADOW`):

    all layers in 8 bits                           25.6 dB   24.0 dB
    as here                                        43.6 dB   44.7 dB
    as here, but an input of float32               44.0 dB   45.1 dB
    only the input in 8 bits, linear               43.4 dB   41.9 dB
    only the input in 8 bits, companded            53.4 dB   54.3 dB
    activations of 16 bits, weights of 8           47.4 dB   56.4 dB

`tests/exporting/test_quantisation.py` holds the first two. With activations of 16 bits
DEPTH_TO_SPACE stays in float32: it has no such form.

Input and output of the file are float32 still; QUANTIZE and DEQUANTIZE stand at its ends.
"""

import contextlib
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfisp.backend import without_chatter
from tfisp.exporting import tflite_graph
from tfisp.exporting.tflite_graph import Operation
from tfisp.exporting.writers import to_tflite, write_function
from tfisp.models.camera_output import expand
from tfisp.models.generator import Generator

# Operations behind which values have a limited or one-sided range.
_ACTIVATIONS = {"TANH", "LOGISTIC", "RELU", "RELU6", "LEAKY_RELU", "PRELU", "ELU", "GELU"}
_SQUASHING = {"TANH", "LOGISTIC"}
_LAYERS = {"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED"}


def to_int8(generator: Generator, inputs: Sequence[np.ndarray]) -> bytes:
    """Quantises a generator, with ranges learnt from inputs.

    Args:
        generator: To be quantised.
        inputs: Companded inputs, float32 `[1, h, w, C]`, all of the shape that the file will take;
            varied pictures with deep shadows and saturated highlights.

    Returns:
        A TensorFlow Lite model that takes companded input.
    """
    lowest = min(float(values.min()) for values in inputs)
    # White must survive even where no calibration picture reaches it.
    highest = max(1.0, *(float(values.max()) for values in inputs))
    expands = generator.contract.companding == "none"

    def serve(raw: tf.Tensor) -> dict[str, tf.Tensor]:
        raw = tf.quantization.fake_quant_with_min_max_args(raw, min(lowest, 0.0), highest, 8)
        return {"rgb": generator(expand(raw) if expands else raw, training=False)}

    with tempfile.TemporaryDirectory() as folder:
        saved_model, plain = Path(folder) / "saved_model", Path(folder) / "plain.tflite"
        spec = tf.TensorSpec(inputs[0].shape, tf.float32, "raw")
        write_function(generator, serve, {"raw": spec}, saved_model)
        plain.write_bytes(to_tflite(saved_model))
        kept = in_float32(tflite_graph.read(plain)[0].operations)
        with _quietly():
            return _quantise(saved_model, inputs, kept)


def in_float32(operations: Sequence[Operation]) -> list[str]:
    """The names of the tensors whose operations are to stay in float32.

    Args:
        operations: Of the float32 file, in the order of execution.

    Returns:
        Those of everything up to the first activation, and of a tanh or sigmoid behind the last
        layer, that layer included.
    """
    first = next((i for i, operation in enumerate(operations) if _limits(operation)), -1)
    layers = [i for i, operation in enumerate(operations) if operation.name in _LAYERS]
    last = layers[-1] if layers else len(operations)
    squashed = any(operation.name in _SQUASHING for operation in operations[last:])
    kept = [*operations[: first + 1], *(operations[max(last, first + 1) :] if squashed else ())]
    return [tensor.name for operation in kept for tensor in operation.outputs]


def _limits(operation: Operation) -> bool:
    """Whether an operation is an activation or has one fused into it."""
    fused = operation.options.get("fused_activation_function", 0)
    return operation.name in _ACTIVATIONS or fused != 0


def _quantise(saved_model: Path, inputs: Sequence[np.ndarray], kept: list[str]) -> bytes:
    """Converts to int8, all but the operations that compute the tensors `kept`."""

    def representative() -> Iterator[list[np.ndarray]]:
        for values in inputs:
            yield [values]

    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    # The debugger is the one public way to leave single operations out.
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter,
        debug_dataset=representative,
        debug_options=tf.lite.experimental.QuantizationDebugOptions(denylisted_nodes=kept),
    )
    return debugger.get_nondebug_quantized_model()


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without the converter's notes on its settings and the announced end of `tf.lite`."""
    with without_chatter(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated")
        yield
