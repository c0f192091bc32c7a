"""Running a network on one window of input: Keras by TensorFlow, `.tflite` files by LiteRT.

Both give `run(window) -> rgb` on NumPy arrays without a batch axis, and refuse output that is not
finite.
"""

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tfisp.backend import load_tensorflow, without_chatter
from tfisp.errors import InputError
from tfisp.rendering import facts as facts_module
from tfisp.rendering.facts import Facts

if TYPE_CHECKING:
    from tfisp.models.generator import Generator


class Runtime(Protocol):
    """A network that is ready to run.

    Attributes:
        facts: what must be known to feed it.
        fixed: the only input size (height, width) it takes, None if it takes any.
    """

    facts: Facts
    fixed: tuple[int, int] | None

    def run(self, window: np.ndarray, as_8bit: bool) -> np.ndarray:
        """Renders one window.

        Args:
            window: float32 `[h, w, C]` in the form and scale of the contract.
            as_8bit: whether to clip to 0..1 and round to whole numbers of 0..255.

        Returns:
            `[step h, step w, 3]` RGB: float32 as the network gives it, or uint8. Valid until the
            next call.

        Raises:
            InputError: the network's output is not finite.
        """


class KerasRuntime:
    """A Keras generator as a compiled TensorFlow function.

    The function is traced once for all sizes; clipping and rounding happen inside it, on all cores.
    """

    fixed = None

    def __init__(self, generator: "Generator") -> None:
        """Prepares a generator with its present weights.

        Raises:
            InputError: a weight is not finite.
        """
        load_tensorflow()
        import tensorflow as tf

        self.facts = Facts.of(generator)
        # A ReLU turns NaN into 0: broken weights would show as black only.
        if not all(np.isfinite(weight).all() for weight in generator.get_weights()):
            raise InputError(f"{self.facts.name}: the weights are not finite")
        signature = [tf.TensorSpec([1, None, None, self.facts.channels], tf.float32)]

        @tf.function(input_signature=signature, autograph=False)
        def as_float(window: tf.Tensor) -> tf.Tensor:
            rgb = generator(window, training=False)[0]
            return tf.debugging.check_numerics(rgb, "output")

        @tf.function(input_signature=signature, autograph=False)
        def as_bytes(window: tf.Tensor) -> tf.Tensor:
            scaled = tf.clip_by_value(as_float(window), 0.0, 1.0) * 255.0
            return tf.cast(tf.round(scaled), tf.uint8)

        self._functions = (as_float, as_bytes)
        self._not_finite = tf.errors.InvalidArgumentError

    def run(self, window: np.ndarray, as_8bit: bool) -> np.ndarray:
        """As `Runtime.run` says."""
        try:
            return self._functions[as_8bit](window[None]).numpy()
        except self._not_finite as error:
            if "output : Tensor had" not in error.message:
                raise
            raise not_finite(self.facts.name) from None


class LiteRuntime:
    """A `.tflite` file in the LiteRT interpreter, on all cores this process may use."""

    def __init__(self, path: str | os.PathLike) -> None:
        """Loads and checks the file.

        Raises:
            InputError: it is missing, no TensorFlow Lite model, says nothing about its input, or
                does not take and give what its facts say.
        """
        path = Path(path)
        if not path.is_file():
            raise InputError(f"{path}: no such file")
        self.facts = facts_module.read(path)
        try:
            self._interpreter = open_interpreter(path)
            inputs = self._interpreter.get_input_details()
            outputs = self._interpreter.get_output_details()
        except (ValueError, RuntimeError) as error:
            raise InputError(f"{path}: not a usable TensorFlow Lite model ({error})") from None
        self._path = path
        if len(inputs) != 1 or len(outputs) != 1:
            raise InputError(
                f"{path}: has {len(inputs)} inputs and {len(outputs)} outputs, expected one each"
            )
        self._input, self._output = inputs[0]["index"], outputs[0]["index"]
        for what, details, channels in (
            ("input", inputs[0], self.facts.channels),
            ("output", outputs[0], 3),
        ):
            shape, kind = details["shape"], np.dtype(details["dtype"])
            if len(shape) != 4 or shape[3] != channels or kind != np.float32:
                raise InputError(
                    f"{path}: {what} is {kind} {shape.tolist()},"
                    f" expected float32 [1, h, w, {channels}]"
                )
        self._size: tuple[int, int] | None = None
        self.fixed = self._only_size(tuple(inputs[0]["shape"][1:3].tolist()))

    def run(self, window: np.ndarray, as_8bit: bool) -> np.ndarray:
        """As `Runtime.run` says."""
        if window.shape[:2] != self._size and not self._resize(window.shape[:2]):
            raise InputError(f"{self._path}: cannot run at an input size of {window.shape[:2]}")
        self._interpreter.tensor(self._input)()[0] = window
        self._interpreter.invoke()
        rgb = self._interpreter.get_tensor(self._output)[0]
        # The extremes of an array with a NaN are NaN: two fast passes instead of a mask.
        if not (np.isfinite(rgb.min()) and np.isfinite(rgb.max())):
            raise not_finite(str(self._path))
        return to_8bit(rgb) if as_8bit else rgb

    def _only_size(self, own: tuple[int, int]) -> tuple[int, int] | None:
        """The size that the file was made for if it cannot run at another."""
        facts = self.facts
        other = -(-max(facts.minimum, 8) // facts.multiple) * facts.multiple
        return None if self._resize((other, other)) else own

    def _resize(self, size: tuple[int, int]) -> bool:
        """Makes room for an input size; False if the file's operations do not allow it."""
        step = self.facts.step
        self._size = None
        try:
            self._interpreter.resize_tensor_input(self._input, [1, *size, self.facts.channels])
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError):
            return False
        given = self._interpreter.get_output_details()[0]["shape"].tolist()
        if given != [1, step * size[0], step * size[1], 3]:
            return False
        self._size = tuple(size)
        return True


def to_8bit(rgb: np.ndarray, truncate: bool = False) -> np.ndarray:
    """Clips a float image to 0..1 and rounds it to uint8, halves to even as TensorFlow does.

    Args:
        rgb: any shape.
        truncate: cut off what is behind the point instead of rounding, which darkens by half a
            level (test_model.py of the paper's published code).
    """
    scaled = np.clip(rgb, 0.0, 1.0)
    scaled *= 255.0
    return (scaled if truncate else np.rint(scaled, out=scaled)).astype(np.uint8)


def not_finite(name: str) -> InputError:
    """The error of a network that gives NaN or infinity."""
    return InputError(f"{name}: the network's output is not finite")


def open_interpreter(path: str | os.PathLike, *, delegates: bool = True) -> Any:
    """An interpreter with a `.tflite` file loaded: LiteRT's own where installed, else TensorFlow's.

    Args:
        path: the file.
        delegates: False runs the plain reference operations of the file instead of XNNPACK.

    Raises:
        ValueError, RuntimeError: the file is no model, or has operations that are not supported.
    """
    try:
        from ai_edge_litert import interpreter as lite
    except ImportError:
        load_tensorflow()
        from tensorflow import lite

        resolver = lite.experimental.OpResolverType
    else:
        resolver = lite.OpResolverType
    kind = resolver.AUTO if delegates else resolver.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    with without_chatter(), warnings.catch_warnings():
        # TensorFlow's own interpreter announces its removal; it is used where there is no other.
        warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated")
        interpreter = lite.Interpreter(
            str(path),
            num_threads=_cores(),
            experimental_op_resolver_type=kind,
        )
        interpreter.allocate_tensors()
    return interpreter


def _cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux: respects containers and taskset
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
