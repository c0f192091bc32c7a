"""Running a network on one window of input: Keras by TensorFlow, `.tflite` files by LiteRT.

Both give `run(window) -> rgb` on NumPy arrays without a batch axis, refuse output that is not
finite, and may be called by several threads at a time: the work is done outside Python's lock.
"""

import contextlib
import functools
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from tfisp.backend import load_tensorflow, without_chatter
from tfisp.errors import InputError
from tfisp.rendering import metadata as metadata_module
from tfisp.rendering.metadata import ModelMetadata

if TYPE_CHECKING:
    from tfisp.models.generator import Generator

# The exported file that is rendered with; others take or give something else than their contract.
_RENDERED = "model.tflite"

# Python's filters of warnings are the process's; they are changed by one thread at a time.
_LOADING = threading.Lock()


@runtime_checkable
class Runtime(Protocol):
    """A network that is ready to run.

    Attributes:
        metadata: What must be known to feed it.
        fixed: The only input size (height, width) it takes, None if it takes any.
        tile: Side in pixels of the windows that it works through fastest.
    """

    @property
    def metadata(self) -> ModelMetadata:
        """See the class."""
        ...

    @property
    def fixed(self) -> tuple[int, int] | None:
        """See the class."""
        ...

    @property
    def tile(self) -> int:
        """See the class."""
        ...

    def run(self, window: np.ndarray, as_8bit: bool, threads: int = 1) -> np.ndarray:
        """Renders one window.

        Args:
            window: float32 `[h, w, C]` in the form and scale of the contract.
            as_8bit: Whether to clip to 0..1 and round to whole numbers of 0..255.
            threads: On how many cores; more than one where few windows run side by side.

        Returns:
            `[step h, step w, 3]` RGB: float32 as the network gives it, or uint8. It may lie in the
            runtime's own memory: copy what is needed and let go of it before the next call.

        Raises:
            InputError: the network's output is not finite.
        """


class KerasRuntime:
    """A Keras generator as a compiled TensorFlow function.

    The function is traced once for all sizes; clipping and rounding happen inside it. TensorFlow
    shares out the work over its own threads, whatever `threads` says.
    """

    fixed = None
    # Measured with the paper's generator on two cores: 512 takes a tenth longer, for each call has
    # its cost; 2048 saves a seventh, with four times the memory for each tile.
    tile = 1024

    def __init__(self, generator: "Generator") -> None:
        """Prepares a generator with its present weights.

        Raises:
            InputError: a weight is not finite.
        """
        load_tensorflow()
        import tensorflow as tf

        generator = generator.folded()
        self.metadata = ModelMetadata.of(generator)
        # A ReLU turns NaN into 0: broken weights would show as black only.
        if not all(np.isfinite(weight).all() for weight in generator.get_weights()):
            raise InputError(f"{self.metadata.name}: the weights are not finite")
        signature = [tf.TensorSpec([1, None, None, self.metadata.channels], tf.float32)]

        @tf.function(input_signature=signature, autograph=False)
        def as_float(window: tf.Tensor) -> tf.Tensor:
            rgb = generator(window, training=False)[0]
            return tf.debugging.check_numerics(rgb, "output")

        @tf.function(input_signature=signature, autograph=False)
        def as_bytes(window: tf.Tensor) -> tf.Tensor:
            scaled = tf.clip_by_value(as_float(window), 0.0, 1.0) * 255.0
            return tf.cast(tf.round(scaled), tf.uint8)

        # Called as concrete functions: of a program that opens several models, one after the other,
        # TensorFlow would suspect that it traces one function again and again.
        self._functions = tuple(
            map(functools.cache, (as_float.get_concrete_function, as_bytes.get_concrete_function))
        )
        self._tensor = tf.constant
        self._not_finite = tf.errors.InvalidArgumentError

    def run(self, window: np.ndarray, as_8bit: bool, threads: int = 1) -> np.ndarray:
        """As `Runtime.run` says."""
        try:
            return self._functions[as_8bit]()(self._tensor(window[None])).numpy()
        except self._not_finite as error:
            if "output : Tensor had" not in error.message:
                raise
            raise not_finite(self.metadata.name) from None


class LiteRuntime:
    """A `.tflite` file in LiteRT, with an interpreter of its own for each thread that calls."""

    # Measured with the paper's generator on two cores: 512 to 768 take the same time, 256 and 1024
    # a tenth longer: smaller ones cost overlap, larger ones leave the cores' caches.
    tile = 640

    def __init__(self, path: str | os.PathLike) -> None:
        """Loads and checks the file.

        Raises:
            InputError: it is missing, no TensorFlow Lite model, says nothing about its input, or
                does not take and give what its metadata says.
        """
        self._path = Path(path)
        if not self._path.is_file():
            raise InputError(f"{path}: no such file")
        # Read once: all threads run the same network, even if the file is replaced meanwhile.
        self._model = self._path.read_bytes()
        self.metadata = metadata_module.read(self._path, self._model)
        self._sessions = threading.local()
        # LiteRT announces itself once, here; redirecting the process's stderr is for one thread.
        with without_chatter():
            try:
                session = self._session(threads=1)
            except (ValueError, RuntimeError) as error:
                raise InputError(f"{path}: not a usable TensorFlow Lite model ({error})") from None
            fault = session.fault()
            if fault:
                beside = self._path.with_name(_RENDERED)
                instead = beside if beside.is_file() else f"the {_RENDERED} of the same export"
                raise InputError(f"{path}: {fault}; take {instead}")
            # The size that the file was made for, if it cannot run at another.
            other = (
                -(-max(self.metadata.minimum, 8) // self.metadata.multiple) * self.metadata.multiple
            )
            self.fixed = None if session.resize((other, other)) else session.own_size

    def run(self, window: np.ndarray, as_8bit: bool, threads: int = 1) -> np.ndarray:
        """As `Runtime.run` says."""
        session = self._session(threads)
        if window.shape[:2] != session.size and not session.resize(window.shape[:2]):
            raise InputError(f"{self._path}: cannot run at an input size of {window.shape[:2]}")
        try:
            rgb = session.run(window)
        except (ValueError, RuntimeError) as error:
            raise InputError(f"{self._path}: the network cannot be run ({error})") from None
        # The extremes of an array with a NaN are NaN: two fast passes instead of a mask.
        if not (np.isfinite(rgb.min()) and np.isfinite(rgb.max())):
            raise not_finite(str(self._path))
        return to_8bit(rgb) if as_8bit else rgb

    def constants(self) -> list[np.ndarray]:
        """The numbers that the file holds: weights, and whatever else does not depend on input."""
        return _Session(self._model, self.metadata, threads=1).constants()

    def _session(self, threads: int) -> "_Session":
        """The interpreter of the calling thread that works on so many cores."""
        if getattr(self._sessions, "threads", None) != threads:
            self._sessions.threads = threads
            self._sessions.session = _Session(self._model, self.metadata, threads)
        return self._sessions.session


class _Session:
    """One interpreter, for one thread at a time, with room for one input size.

    Attributes:
        own_size: Input size (height, width) that the file was made for, once `fault` found none.
        size: Input size that it is ready to run; None before the first `resize`.
    """

    def __init__(self, model: bytes, metadata: ModelMetadata, threads: int) -> None:
        self._metadata = metadata
        self._interpreter = _load(model, threads)
        self._inputs = self._interpreter.get_input_details()
        self._outputs = self._interpreter.get_output_details()
        self.own_size: tuple[int, int] = (0, 0)
        self.size: tuple[int, int] | None = None

    def fault(self) -> str | None:
        """How the file's inputs and outputs differ from what its metadata says; None if right."""
        if len(self._inputs) != 1 or len(self._outputs) != 1:
            return (
                f"has {len(self._inputs)} inputs and {len(self._outputs)} outputs,"
                " expected one each"
            )
        for what, details, channels in (
            ("input", self._inputs[0], self._metadata.channels),
            ("output", self._outputs[0], 3),
        ):
            shape, kind = details["shape"], np.dtype(details["dtype"])
            if len(shape) != 4 or shape[3] != channels or kind != np.float32:
                return f"{what} is {kind} {shape.tolist()}, expected float32 [1, h, w, {channels}]"
        self.own_size = tuple(self._inputs[0]["shape"][1:3].tolist())
        return None

    def resize(self, size: tuple[int, int]) -> bool:
        """Makes room for an input size; False if the file's operations do not allow it."""
        step = self._metadata.step
        self.size = None
        try:
            self._interpreter.resize_tensor_input(
                self._inputs[0]["index"], [1, *size, self._metadata.channels]
            )
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError):
            return False
        given = self._interpreter.get_output_details()[0]["shape"].tolist()
        if given != [1, step * size[0], step * size[1], 3]:
            return False
        self.size = size
        return True

    def constants(self) -> list[np.ndarray]:
        """As `LiteRuntime.constants` says; only before the first `resize`."""
        found = []
        for details in self._interpreter.get_tensor_details():
            # Without memory for what is computed, only constants have values.
            with contextlib.suppress(ValueError):
                found.append(self._interpreter.get_tensor(details["index"]))
        return found

    def run(self, window: np.ndarray) -> np.ndarray:
        """The output for a window of the present size, in the interpreter's own memory."""
        self._interpreter.tensor(self._inputs[0]["index"])()[0] = window
        self._interpreter.invoke()
        return self._interpreter.tensor(self._outputs[0]["index"])()[0]


def to_8bit(rgb: np.ndarray, truncate: bool = False) -> np.ndarray:
    """Clips a float image to 0..1 and rounds it to uint8, halves to even as TensorFlow does.

    Args:
        rgb: Any shape.
        truncate: Cut off what is behind the point instead of rounding, which darkens by half a
            level (test_model.py of the paper's published code).
    """
    scaled = np.clip(rgb, 0.0, 1.0)
    scaled *= 255.0
    return (scaled if truncate else np.rint(scaled, out=scaled)).astype(np.uint8)


def to_16bit(rgb: np.ndarray) -> np.ndarray:
    """Clips a float image to 0..1 and rounds it to uint16, halves to even."""
    return np.rint(np.clip(rgb, 0.0, 1.0) * np.float32(65535)).astype(np.uint16)


def not_finite(name: str) -> InputError:
    """The error of a network that gives NaN or infinity."""
    return InputError(f"{name}: the network's output is not finite")


def open_interpreter(
    path: str | os.PathLike, *, delegates: bool = True, threads: int | None = None
) -> Any:
    """An interpreter with a `.tflite` file loaded: LiteRT's own where installed, else TensorFlow's.

    Args:
        path: The file.
        delegates: False runs the plain reference operations of the file instead of XNNPACK.
        threads: How many cores it uses; None for all.

    Raises:
        ValueError, RuntimeError: the file is no model, or has operations that are not supported.
    """
    with without_chatter():
        interpreter = _load(Path(path).read_bytes(), threads or cores(), delegates)
        interpreter.allocate_tensors()
    return interpreter


@contextlib.contextmanager
def without_notice() -> Iterator[None]:
    """Without the announced end of TensorFlow's own interpreter, used where no other will do."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated")
        yield


def _load(model: bytes, threads: int, delegates: bool = True) -> Any:
    """An interpreter for the content of a `.tflite` file that has no memory yet."""
    try:
        from ai_edge_litert import interpreter as lite
    except ImportError:
        if "tensorflow" not in sys.modules:
            load_tensorflow()
        from tensorflow import lite

        resolver = lite.experimental.OpResolverType
    else:
        resolver = lite.OpResolverType
    kind = resolver.AUTO if delegates else resolver.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    with _LOADING, without_notice():
        return lite.Interpreter(
            model_content=model, num_threads=threads, experimental_op_resolver_type=kind
        )


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux: respects containers and taskset
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
