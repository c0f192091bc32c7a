"""Reading what a `.tflite` file computes, without running it: its operations and their tensors.

A `.tflite` file is a FlatBuffer
(https://github.com/google-ai-edge/LiteRT/blob/main/tflite/converter/schema/schema.fbs). The
interpreter takes it on trust, and a damaged one can crash the process; here every reference is
followed with its bounds checked, so that anything may be given. What follows the model, such as the
ZIP archive of `metadata`, does not disturb.
"""

import os
import struct
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from tfisp.backend import load_tensorflow
from tfisp.errors import InputError

IDENTIFIER = b"TFL3"

# Operations that only unpack constants: half precision and whole numbers, sparse ones.
_UNPACKING = ("DEQUANTIZE", "DENSIFY")

# What following the references of a damaged file raises.
DAMAGED = (
    struct.error,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    OverflowError,
    AttributeError,
)


@dataclass(frozen=True)
class Tensor:
    """One tensor of a graph.

    Attributes:
        index: Its number in the graph.
        name: As the converter named it.
        shape: Its sides; those that are free at run time are -1.
        type: Of its elements, in the schema's words: `FLOAT32`, `INT8`, ...
        values: The bytes of a constant, None for what is computed or fed.
        stored: Whether it is a constant or one that is only unpacked, from half precision say.
        quantised: Whether its whole numbers stand for real ones by a scale.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    type: str
    values: bytes | None = field(repr=False)
    stored: bool
    quantised: bool

    def integers(self) -> list[int]:
        """The values of a constant of whole numbers, four bytes each."""
        values = self.values or b""
        return list(struct.unpack(f"<{len(values) // 4}i", values))


@dataclass(frozen=True)
class Operation:
    """One operation of a graph.

    Attributes:
        name: In the schema's words: `CONV_2D`; a custom one as `CUSTOM:NAME`.
        layer: Where it comes from, in the words of the Keras model.
        inputs: None for an optional one that is left out.
        outputs: The tensors that it computes.
        options: Its settings as plain numbers, by the schema's names: `stride_h`, ...
    """

    name: str
    layer: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: dict[str, Any]

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Everything it reads and writes."""
        return tuple(tensor for tensor in (*self.inputs, *self.outputs) if tensor is not None)

    def input(self, index: int) -> Tensor:
        """An input that the operation cannot be without.

        Raises:
            ValueError: if it is.
        """
        tensor = self.inputs[index]
        if tensor is None:
            raise ValueError(f"{self.name} without its input {index}")
        return tensor


@dataclass(frozen=True)
class Graph:
    """One graph of a file: the model's own, or the body of a control-flow operation.

    Attributes:
        inputs: What is fed, by the names of the signature where there is one.
        outputs: What comes out, likewise.
        operations: In the order of their execution.
    """

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    operations: tuple[Operation, ...]


def read(path: str | os.PathLike) -> list[Graph]:
    """The graphs of a `.tflite` file, the model's own first.

    Raises:
        InputError: no such file, no TensorFlow Lite model, or a damaged one.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if content[4:8] != IDENTIFIER:
        raise InputError(f"{path}: not a TensorFlow Lite model")
    try:
        graphs = _File(content).graphs()
    except DAMAGED as error:
        raise InputError(f"{path}: a damaged TensorFlow Lite model ({error!r})") from None
    if not graphs:
        raise InputError(f"{path}: a TensorFlow Lite model without a graph")
    return graphs


class _File:
    """The tables of one file."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.schema = schema = _schema()
        self.model = schema.Model.GetRootAs(content, 0)
        self.operators = _names(schema.BuiltinOperator)
        self.types = _names(schema.TensorType)
        self.options = _names(schema.BuiltinOptions)
        self.buffers = [self._buffer(i) for i in self._range(self.model.BuffersLength())]
        self.codes = [self._code(i) for i in self._range(self.model.OperatorCodesLength())]

    def graphs(self) -> list[Graph]:
        """All graphs."""
        return [self._graph(i) for i in self._range(self.model.SubgraphsLength())]

    def _range(self, length: int) -> range:
        """Indices of a table's entries, each of which takes at least four bytes."""
        if length > len(self.content) // 4:
            raise ValueError(f"{length} entries in {len(self.content)} bytes")
        return range(length)

    def _buffer(self, index: int) -> bytes | None:
        """The bytes of a constant, None for the buffer of what is computed."""
        buffer = self.model.Buffers(index)
        if buffer.Offset() > 1:  # large models keep constants behind the tables
            start, size = buffer.Offset(), buffer.Size()
            if start + size > len(self.content):
                raise ValueError("a constant lies beyond the end")
            return self.content[start : start + size]
        return buffer.DataAsNumpy().tobytes() if buffer.DataLength() else None

    def _code(self, index: int) -> str:
        """The name of an operation; numbers above 127 are in a newer field than smaller ones."""
        code = self.model.OperatorCodes(index)
        name = self.operators[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        return f"CUSTOM:{code.CustomCode().decode()}" if name == "CUSTOM" else name

    def _graph(self, index: int) -> Graph:
        graph = self.model.Subgraphs(index)
        tensors = [self._tensor(graph, i) for i in self._range(graph.TensorsLength())]
        inputs = {tensors[i].name: tensors[i] for i in _indices(graph.InputsAsNumpy())}
        outputs = {tensors[i].name: tensors[i] for i in _indices(graph.OutputsAsNumpy())}
        for i in self._range(self.model.SignatureDefsLength()):
            signature = self.model.SignatureDefs(i)
            if signature.SubgraphIndex() == index:
                inputs = self._signed(signature.Inputs, signature.InputsLength(), tensors)
                outputs = self._signed(signature.Outputs, signature.OutputsLength(), tensors)
        layers = _Layers(inputs, outputs)
        operations = [
            self._operation(graph.Operators(i), tensors, layers)
            for i in self._range(graph.OperatorsLength())
        ]
        return Graph(inputs, outputs, tuple(operations))

    def _signed(self, get: Any, length: int, tensors: list[Tensor]) -> dict[str, Tensor]:
        """A signature's inputs or outputs by name."""
        entries = [get(i) for i in self._range(length)]
        return {entry.Name().decode(): tensors[entry.TensorIndex()] for entry in entries}

    def _tensor(self, graph: Any, index: int) -> Tensor:
        tensor = graph.Tensors(index)
        shape = tensor.ShapeSignatureAsNumpy() if tensor.ShapeSignatureLength() else None
        if shape is None:
            shape = tensor.ShapeAsNumpy() if tensor.ShapeLength() else ()
        quantisation = tensor.Quantization()
        return Tensor(
            index=index,
            name=(tensor.Name() or b"").decode(),
            shape=tuple(int(side) for side in shape),
            type=self.types[tensor.Type()],
            values=self.buffers[tensor.Buffer()],
            stored=self.buffers[tensor.Buffer()] is not None,
            quantised=quantisation is not None and quantisation.ScaleLength() > 0,
        )

    def _operation(self, operator: Any, tensors: list[Tensor], layers: "_Layers") -> Operation:
        name = self.codes[operator.OpcodeIndex()]
        inputs = tuple(None if i < 0 else tensors[i] for i in _indices(operator.InputsAsNumpy()))
        results = _indices(operator.OutputsAsNumpy())
        if name in _UNPACKING and all(tensor.stored for tensor in inputs if tensor):
            for i in results:
                tensors[i] = replace(tensors[i], stored=True)
        outputs = tuple(tensors[i] for i in results)
        return Operation(
            name=name,
            layer=layers.name(inputs, outputs),
            inputs=inputs,
            outputs=outputs,
            options=self._settings(operator),
        )

    def _settings(self, operator: Any) -> dict[str, Any]:
        """The numbers in an operation's table of options."""
        kind, table = self.options[operator.BuiltinOptionsType()], operator.BuiltinOptions()
        if kind == "NONE" or table is None:
            return {}
        unpacked = getattr(self.schema, f"{kind}T").InitFromBuf(table.Bytes, table.Pos)
        return {_snake(name): value for name, value in vars(unpacked).items()}


class _Layers:
    """Finds words for where operations come from.

    The converter names a tensor after the Keras layers whose operations it fused, `;` between them
    and their scopes before `/`. What the graph gives out, and now and then others, have names that
    say nothing: they are described by what lies in front of them.
    """

    def __init__(self, inputs: dict[str, Tensor], outputs: dict[str, Tensor]) -> None:
        self.sources = {tensor.index: name for name, tensor in inputs.items()}
        self.given = {tensor.index: f"{name}, the output" for name, tensor in outputs.items()}

    def name(self, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> str:
        """The words for an operation; to be asked for in the order of execution."""
        name = "an operation without a name"
        if outputs:
            name = self.given.get(outputs[0].index) or outputs[0].name.split(";")[0] or name
        behind = [self.sources[t.index] for t in inputs if t and t.index in self.sources]
        for tensor in outputs:
            self.sources[tensor.index] = name
        if "/" not in name and behind:
            name += f", behind {behind[-1]}"
        return name


def _schema() -> ModuleType:
    """The classes made from the schema: LiteRT's where installed, else TensorFlow's."""
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError:
        load_tensorflow()
        from tensorflow.lite.python import schema_py_generated as schema
    return schema


def _names(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


def _indices(vector: Any) -> list[int]:
    """A vector of tensor numbers; the schema's classes give 0 for one that is absent."""
    indices = [] if isinstance(vector, int) else [int(index) for index in vector]
    if any(index < -1 for index in indices):  # Python would count from the end
        raise IndexError(f"tensor {min(indices)}")
    return indices


def _snake(name: str) -> str:
    """`strideH` -> `stride_h`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
