"""What mobile GPUs run passes; layer and operation of what they do not run are named."""

import random
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.gpu_examples import BAD, GOOD, SHAPE, convolution, network, write, write_keras
from tfisp.errors import InputError
from tfisp.exporting import gpu_compatibility, tflite_graph
from tfisp.rendering import metadata
from tfisp.rendering.metadata import ModelMetadata


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A file that passes."""
    return write(tmp_path_factory.mktemp("plain") / "plain.tflite", network)


def found(path):
    return [
        (violation.operation, violation.reason) for violation in gpu_compatibility.violations(path)
    ]


def int8(converter):
    samples = [[np.random.default_rng(i).random(SHAPE, np.float32)] for i in range(4)]
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: iter(samples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]


def int8_outside_too(converter):
    int8(converter)
    converter.inference_input_type = converter.inference_output_type = tf.int8


def float16(converter):
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def dynamic_range(converter):
    converter.optimizations = [tf.lite.Optimize.DEFAULT]


@pytest.mark.parametrize("name", GOOD)
def test_an_operation_of_the_list_passes(name, tmp_path):
    for function in GOOD[name]:
        path = write(tmp_path / "good.tflite", function)
        assert name in gpu_compatibility.operations(path)
        assert gpu_compatibility.violations(path) == []


def test_a_layer_with_a_slope_per_channel_passes(tmp_path):
    slope = keras.layers.PReLU(keras.initializers.Constant(0.3), shared_axes=[1, 2])
    path = write_keras(tmp_path / "prelu.tflite", [slope])
    assert (
        gpu_compatibility.operations(path) == ["PRELU"] and gpu_compatibility.violations(path) == []
    )


def test_a_single_slope_for_all_channels_is_refused(tmp_path):
    slope = keras.layers.PReLU(keras.initializers.Constant(0.3), shared_axes=[1, 2, 3])
    path = write_keras(tmp_path / "prelu.tflite", [keras.layers.Conv2D(4, 1), slope])
    (violation,) = gpu_compatibility.violations(path)
    assert "PRELU" in str(violation) and "1 slopes for 4 channels" in str(violation)


@pytest.mark.parametrize("convert", [int8, float16, dynamic_range])
def test_compressed_weights_pass(convert, tmp_path):
    path = write(tmp_path / "small.tflite", network, convert=convert)
    unpacking = {"QUANTIZE", "DEQUANTIZE"} if convert is int8 else {"DEQUANTIZE"}
    assert convert is dynamic_range or unpacking <= set(gpu_compatibility.operations(path))
    assert gpu_compatibility.violations(path) == []


def test_every_listed_operation_has_an_example():
    shown = {*GOOD, "PRELU", "QUANTIZE", "DEQUANTIZE"}
    assert shown == set(gpu_compatibility.rules()["operations"])


@pytest.mark.parametrize("mistake", BAD)
def test_a_mistake_is_refused_with_its_operation_and_reason(mistake, tmp_path):
    function, operation, word = BAD[mistake]
    path = write(tmp_path / "bad.tflite", function)
    reasons = [reason for name, reason in found(path) if name == operation]
    assert any(word in reason for reason in reasons), found(path)
    told = gpu_compatibility.told(gpu_compatibility.violations(path))
    assert re.match(rf"not for mobile GPUs: .*{operation}: ", told)


@pytest.mark.parametrize(
    ("layer", "operation"),
    [
        (keras.layers.Conv2D(4, 3, groups=2, activation="relu", name="mine"), "CONV_2D"),
        (keras.layers.UpSampling2D(2, name="mine"), "TILE"),
    ],
)
def test_the_keras_layer_is_named(layer, operation, tmp_path):
    path = write_keras(tmp_path / "named.tflite", [layer, keras.layers.Conv2D(3, 1)])
    violations = gpu_compatibility.violations(path)
    assert violations and all("/mine" in violation.layer for violation in violations)
    assert re.search(rf"/mine.*{operation}", gpu_compatibility.told(violations))


def test_an_operation_that_lost_its_layer_is_named_by_what_is_in_front(tmp_path):
    """Keras computes a grouped convolution without activation in a function of its own."""
    layers = [keras.layers.Conv2D(4, 3, groups=2), keras.layers.Conv2D(3, 1)]
    (violation,) = gpu_compatibility.violations(write_keras(tmp_path / "lost.tflite", layers))
    assert violation.layer.endswith(", behind raw")


def test_what_comes_out_is_named_by_the_signature_and_the_layer_in_front(tmp_path):
    layers = [keras.layers.Conv2D(4, 3, name="front"), keras.layers.Conv2D(4, 3, groups=2)]
    (violation,) = gpu_compatibility.violations(write_keras(tmp_path / "last.tflite", layers))
    assert violation.layer.startswith("output_0, the output, behind ")
    assert "/front" in violation.layer


@pytest.mark.parametrize(("number", "passes"), [(0, True), (3, True), (4, True), (5, False)])
def test_of_the_activations_fused_into_a_layer_the_sign_bit_is_refused(
    plain, tmp_path, number, passes
):
    """By number in the schema: none, ReLU6, tanh, sign bit."""
    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(plain.read_bytes(), 0)
    options = [
        operator.builtinOptions
        for operator in model.subgraphs[0].operators
        if isinstance(operator.builtinOptions, schema.Conv2DOptionsT)
    ]
    options[0].fusedActivationFunction = number
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path = tmp_path / "fused.tflite"
    path.write_bytes(builder.Output())
    reason = "has a fused activation that mobile GPUs do not run"
    assert found(path) == ([] if passes else [("CONV_2D", reason)])


def test_free_sides_are_refused(tmp_path):
    path = write(tmp_path / "free.tflite", convolution, shape=(1, None, None, 4))
    assert ("INPUT", "shape [1, ?, ?, 4] is not fixed; convert with a fixed height and width") in (
        found(path)
    )
    assert "CONV_2D" in dict(found(path))


def test_two_pictures_at_once_are_refused(tmp_path):
    path = write(tmp_path / "two.tflite", lambda x: tf.nn.depth_to_space(x, 2), shape=(2, 8, 12, 4))
    assert found(path) == [("DEPTH_TO_SPACE", "holds 2 pictures at once, expected 1")]


def test_whole_numbers_outside_are_refused(tmp_path):
    path = write(tmp_path / "int8.tflite", network, convert=int8_outside_too)
    assert [operation for operation, _ in found(path)] == ["INPUT", "OUTPUT"]


def test_operations_of_tensorflow_are_refused(tmp_path):
    def allow(converter):
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS,
            tf.lite.OpsSet.SELECT_TF_OPS,
        ]

    def function(x):
        return tf.raw_ops.Atan(x=x) + tf.cast(tf.cast(x, tf.float64), tf.float32)

    path = write(tmp_path / "flex.tflite", function, convert=allow)
    reasons = dict(found(path))
    assert "library" in reasons["CUSTOM:FlexAtan"]


def test_weights_that_are_not_in_the_file_are_refused(tmp_path):
    class Counting(tf.Module):
        def __init__(self):
            super().__init__()
            self.kernel = tf.Variable(np.ones((3, 3, 4, 4), np.float32))

        @tf.function(input_signature=[tf.TensorSpec(SHAPE, tf.float32)])
        def __call__(self, x):
            self.kernel.assign_add(tf.ones_like(self.kernel))
            return tf.nn.conv2d(x, self.kernel, 1, "SAME")

    tf.saved_model.save(Counting(), str(tmp_path / "module"))
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "module"))
    converter.experimental_enable_resource_variables = True
    path = tmp_path / "variables.tflite"
    path.write_bytes(converter.convert())
    reasons = dict(found(path))
    assert "weights are not in the file" in reasons["VAR_HANDLE"]
    assert "weights are not in the file" in reasons["READ_VARIABLE"]
    assert "variable" in reasons["ASSIGN_VARIABLE"] and "variable" in reasons["CALL_ONCE"]


def test_the_bodies_of_loops_are_looked_into(tmp_path):
    def function(x):
        return tf.while_loop(
            lambda y: tf.reduce_sum(y) < 1e3, lambda y: (tf.reverse(y, [1]) + 1,), [x]
        )[0]

    assert "REVERSE_V2" in dict(found(write(tmp_path / "loop.tflite", function)))


def test_facts_behind_the_model_do_not_disturb(plain, tmp_path):
    path = tmp_path / "with_facts.tflite"
    path.write_bytes(plain.read_bytes())
    metadata.attach(path, ModelMetadata("mine", metadata.Contract(), halo=3))
    assert gpu_compatibility.violations(path) == []
    assert gpu_compatibility.operations(path) == gpu_compatibility.operations(plain)


def test_a_file_that_is_no_model_is_refused(tmp_path):
    for content in (
        b"",
        b"TFL3",
        b"\0" * 100,
        b"\0\0\0\0TFL3",
        b"\xff" * 4 + b"TFL3" + b"\xff" * 90,
    ):
        path = tmp_path / "no.tflite"
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"no\.tflite: "):
            gpu_compatibility.violations(path)
    with pytest.raises(InputError, match="cannot be read"):
        gpu_compatibility.violations(tmp_path / "missing.tflite")
    with pytest.raises(InputError, match="cannot be read"):
        gpu_compatibility.violations(tmp_path)


def test_a_file_cut_off_anywhere_is_refused(plain, tmp_path):
    content = plain.read_bytes()
    path = tmp_path / "cut.tflite"
    # Up to seven bytes of padding may be missing at the end.
    for length in range(0, len(content) - 8, 97):
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match=r"cut\.tflite: "):
            gpu_compatibility.violations(path)


def test_flipped_bytes_never_raise_anything_else(plain, tmp_path):
    content = plain.read_bytes()
    path, rng = tmp_path / "flipped.tflite", random.Random(0)
    refused = 0
    for _ in range(400):
        damaged = bytearray(content)
        for _ in range(rng.choice((1, 1, 4, 64))):
            damaged[rng.randrange(len(damaged))] = rng.choice((0, 1, 127, 128, 255))
        path.write_bytes(damaged)
        try:
            gpu_compatibility.violations(path)
        except InputError as error:
            refused += 1
            assert str(error).startswith(str(path)) and "\n" not in str(error)
    assert refused > 40


def test_the_list_names_only_what_exists():
    rules = gpu_compatibility.rules()
    conditions = {name for entry in rules["operations"].values() for name in entry["conditions"]}
    assert (
        conditions | set(rules["always"])
        == set(rules["conditions"])
        == set(gpu_compatibility._CONDITIONS)
    )
    known = set(vars(tflite_graph._schema().BuiltinOperator))
    assert {*rules["operations"], *rules["refused"]} <= known
    assert not set(rules["operations"]) & set(rules["refused"])
    for part in ("operations", "conditions", "refused"):
        for entry in rules[part].values():
            assert entry["sources"] and set(entry["sources"]) <= set(rules["sources"])


def test_it_reads_the_same_without_litert(plain, monkeypatch):
    with_litert = tflite_graph.read(plain)
    monkeypatch.setitem(__import__("sys").modules, "ai_edge_litert", None)
    assert tflite_graph._schema().__name__.startswith("tensorflow.")
    assert tflite_graph.read(plain) == with_litert
