"""Exported forms agree with Keras, carry their weights and say what they expect."""

import json
import shutil
import sys
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfisp import models
from tfisp.contract import AS_SHOT, Contract
from tfisp.errors import InputError
from tfisp.rendering import Facts, Renderer, conversion, facts, load
from tfisp.rendering.runtime import LiteRuntime, open_interpreter
from tfisp.sensor import SENSORS, Sensor

SIZE = (32, 48)


@pytest.fixture(scope="module")
def generator():
    return models.create("efficient_isp", contract=AS_SHOT, seed=5, sensor=SENSORS["demo"])


@pytest.fixture(scope="module")
def built(generator, tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    conversion.build(generator, SIZE, folder)
    return folder


@pytest.fixture(scope="module")
def bare(built):
    """A TensorFlow Lite model without facts, as `tflite_convert` writes it."""
    return conversion.to_tflite(built / "saved_model", float16=False)


def test_all_files_are_there_and_reported(built):
    report = json.loads((built / "report.json").read_text())
    names = [entry["name"] for entry in report["files"]]
    assert names == ["saved_model", "model.tflite", "model_float16.tflite"]
    assert report["input"] == [1, 16, 24, 4] and report["output"] == [1, 32, 48, 3]
    assert report["parameters"] == 3060
    for entry in report["files"]:
        assert 0 <= entry["mean_difference"] <= entry["largest_difference"]
        assert entry["largest_difference"] <= entry["allowed_difference"]
    assert report["files"][1]["bytes"] == (built / "model.tflite").stat().st_size


def test_the_tflite_file_has_only_operations_of_a_mobile_gpu(built):
    report = json.loads((built / "report.json").read_text())
    expected = ["CONV_2D", "TANH", "CONV_2D", "CONV_2D", "DEPTH_TO_SPACE"]
    assert report["files"][1]["operations"] == expected


def test_the_saved_model_has_one_fixed_signature(built, generator):
    signatures = tf.saved_model.load(str(built / "saved_model")).signatures
    serving = signatures["serving_default"]
    assert serving.structured_input_signature[1]["raw"].shape == (1, 16, 24, 4)
    raw = np.random.default_rng(0).random((1, 16, 24, 4), np.float32)
    np.testing.assert_allclose(serving(raw=tf.constant(raw))["rgb"], generator(raw), atol=1e-6)


@pytest.mark.parametrize("litert", [True, False])
def test_a_tflite_file_renders_like_keras_at_any_size(built, generator, monkeypatch, litert):
    if litert:
        pytest.importorskip("ai_edge_litert")
    else:
        monkeypatch.setitem(sys.modules, "ai_edge_litert", None)  # as if it were not installed
    mosaic = np.random.default_rng(1).integers(256, 4096, (61, 87)).astype(np.uint16)
    sensor = Sensor("GRBG", 256, 4095)
    lite = load(built / "model.tflite", tile=40)
    assert lite.facts == Facts.of(generator)
    expected = Renderer(generator).render(mosaic, sensor)
    np.testing.assert_allclose(lite.render(mosaic, sensor), expected, atol=1e-5)
    half = load(built / "model_float16.tflite").render_8bit(mosaic, sensor)
    shown = Renderer(generator).render_8bit(mosaic, sensor)
    assert np.abs(half.astype(int) - shown).max() <= 2


def test_the_facts_survive_and_a_zip_tool_can_read_them(built, generator):
    with zipfile.ZipFile(built / "model.tflite") as archive:
        inside = json.loads(archive.read("tfisp.json"))
    assert inside == json.loads((built / "model.json").read_text())
    assert facts.read(built / "model.tflite") == Facts.of(generator)
    assert inside["sensor"]["pattern"] == "RGGB" and inside["halo"] == 3


def test_facts_may_lie_beside_a_file_that_another_tool_wrote(built, bare, tmp_path):
    (tmp_path / "other.tflite").write_bytes(bare)
    with pytest.raises(InputError, match=r"says nothing .* as other\.json or model\.json"):
        load(tmp_path / "other.tflite")
    for name in ("model.json", "other.json"):
        shutil.copy(built / "model.json", tmp_path / name)
        assert load(tmp_path / "other.tflite").facts.halo == 3
        (tmp_path / name).unlink()


@pytest.mark.parametrize(
    "text, message",
    [
        ("{", "not valid JSON"),
        ("[]", "not the facts of a generator"),
        ('{"format": 99}', "format 99, this tfisp reads 1"),
        ('{"format": 1}', "not the facts of a generator"),
        (
            '{"format": 1, "sensor": null, "halo": 3, "name": "x", "contract": {"form": "q"}}',
            "form",
        ),
    ],
)
def test_broken_facts_are_refused(bare, tmp_path, text, message):
    (tmp_path / "m.tflite").write_bytes(bare)
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(InputError, match=r"m\.json: .*" + message):
        load(tmp_path / "m.tflite")


def test_damaged_and_foreign_tflite_files_are_refused(built, tmp_path):
    whole = (built / "model.tflite").read_bytes()
    shutil.copy(built / "model.json", tmp_path / "model.json")
    for name, content in (("cut", whole[:3000]), ("empty", b""), ("text", b"no model at all")):
        path = tmp_path / f"{name}.tflite"
        path.write_bytes(content)
        with pytest.raises(
            InputError, match=rf"{name}\.tflite: not a usable TensorFlow Lite model"
        ):
            load(path)


def test_a_file_that_contradicts_its_facts_is_refused(bare, tmp_path):
    path = tmp_path / "m.tflite"
    path.write_bytes(bare)
    facts.attach(path, Facts("x", Contract("split"), halo=3))
    with pytest.raises(InputError, match=r"input is float32 .* expected float32 \[1, h, w, 3\]"):
        load(path)


class FixedSize(keras.Layer):
    """Halves and doubles by a constant size, which a converter writes into the file."""

    halo, multiple, minimum = 4, 2, 4

    def call(self, raw):
        small = tf.image.resize(raw[..., :3], [8, 8])
        return tf.image.resize(small, [32, 32], method="nearest") + 0.0 * tf.nn.depth_to_space(
            tf.repeat(raw[..., :3], 4, -1), 2
        )


def test_a_file_that_works_at_one_size_only_is_recognised(tmp_path):
    layer = FixedSize()
    signature = [tf.TensorSpec([1, 16, 16, 4], tf.float32)]
    function = tf.function(layer, input_signature=signature).get_concrete_function()
    path = tmp_path / "fixed.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([function]).convert())
    facts.attach(path, Facts("fixed", Contract(), halo=4, multiple=2, minimum=4))
    assert LiteRuntime(path).fixed == (16, 16)
    sensor = Sensor(white_level=1023)
    mosaic = np.full((32, 32), 500, np.uint16)
    assert Renderer(path).render(mosaic, sensor).shape == (32, 32, 3)
    assert Renderer(path).render(np.full((50, 70), 500, np.uint16), sensor).shape == (50, 70, 3)
    with pytest.raises(InputError, match="runs only at 32 pixels along axis 0"):
        Renderer(path).render(mosaic[:20], sensor)


def test_a_form_that_differs_from_keras_fails(built):
    form = conversion.FORMS[1]
    image = np.zeros((1, 4, 4, 3), np.float32)
    with pytest.raises(InputError, match=r"model\.tflite: differs from Keras by 0\.5"):
        conversion._compare(form, [], [image + 0.5], [image])
    with pytest.raises(InputError, match="differs from Keras by nan"):
        conversion._compare(form, [], [image * np.nan], [image])
    with pytest.raises(InputError, match="weights are not in the file"):
        conversion._compare(form, ["VAR_HANDLE", "CONV_2D"], [image], [image])


def test_a_half_precision_network_is_exported_in_single_precision(tmp_path):
    network = models.create("efficient_isp", dtype="mixed_float16")
    report = conversion.build(network, SIZE, tmp_path)
    assert "CAST" not in report["files"][1]["operations"]


@pytest.mark.parametrize("size", [(31, 48), (32, 1), (0, 0)])
def test_a_size_that_does_not_fit_is_refused(generator, size):
    with pytest.raises(InputError, match=r"--size=.* needs sides divisible by"):
        conversion.check_size(Facts("x", Contract(), halo=3, multiple=1, minimum=1), size)


def test_publishing_replaces_files_whole_and_keeps_foreign_ones(built, tmp_path):
    output = tmp_path / "out"
    output.mkdir()
    (output / "mine.txt").touch()
    (output / "model.tflite").write_text("old")
    (output / "saved_model").mkdir()
    (output / "saved_model/old").touch()
    conversion.publish(built, output)
    names = {path.name for path in output.iterdir()}
    assert names == {"mine.txt", *(path.name for path in built.iterdir())}
    assert not (output / "saved_model/old").exists()
    assert (output / "model.tflite").read_bytes() == (built / "model.tflite").read_bytes()


def test_equal_networks_give_equal_tflite_bytes(built, generator, tmp_path):
    conversion.build(generator, SIZE, tmp_path)
    assert (tmp_path / "model.tflite").read_bytes() == (built / "model.tflite").read_bytes()


def test_trial_inputs_reach_below_black_and_saturation(generator):
    noise, photo = conversion.trial_inputs(Facts.of(generator), (1, 64, 64, 4))
    assert noise.shape == photo.shape == (1, 64, 64, 4)
    assert photo.min() < 0.01 and photo.max() == 1.0


def test_the_interpreter_is_loaded_without_a_word(built, capfd):
    open_interpreter(built / "model.tflite")
    assert capfd.readouterr().err == ""
