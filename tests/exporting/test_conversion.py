"""Exported artifacts agree with Keras, carry their weights and say what they expect."""

import dataclasses
import hashlib
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
from tfisp.exporting import conversion, test_inputs
from tfisp.exporting.writers import to_tflite
from tfisp.rendering import ModelMetadata, Renderer, load, metadata
from tfisp.rendering.runtime import LiteRuntime, open_interpreter
from tfisp.sensor import SENSORS, Sensor

SIZE = (32, 48)


@pytest.fixture(scope="module")
def generator():
    return models.create("efficient_isp", contract=AS_SHOT, seed=5, sensor=SENSORS["demo"])


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """A RAW file with shadows and highlights."""
    path = tmp_path_factory.mktemp("raw") / "photo.npy"
    np.save(path, test_inputs.scene((70, 100)).mosaic)
    levels = {"pattern": "RGGB", "black_level": 64, "white_level": 1023}
    path.with_suffix(".json").write_text(json.dumps({**levels, "white_balance": [2, 1, 1.5]}))
    return path


@pytest.fixture(scope="module")
def built(generator, photo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    conversion.build(generator, SIZE, folder, target="gpu", calibration=[photo])
    return folder


@pytest.fixture(scope="module")
def report(built):
    return json.loads((built / "report.json").read_text())


@pytest.fixture(scope="module")
def bare(built):
    """A TensorFlow Lite model without metadata, as `tflite_convert` writes it."""
    return to_tflite(built / "saved_model")


def entry_of(report, name):
    return next(entry for entry in report["files"] if entry["name"] == name)


def test_all_files_are_there_and_reported(built, report):
    targets = {entry["name"]: entry["target"] for entry in report["files"]}
    assert targets == {
        "saved_model": None,
        "model.tflite": "gpu",
        "model_none.tflite": "cpu",
        "model_tile.tflite": "gpu",
        "model_float16.tflite": "gpu",
        "model_dynamic_range.tflite": "cpu",
        "model_int8.tflite": "cpu",
        "model_isp.tflite": "cpu",
    }
    beside = {"model.json", "report.json", "report.md"}
    assert {path.name for path in built.iterdir()} == targets.keys() | beside
    assert report["input"] == [1, 16, 24, 4] and report["output"] == [1, 32, 48, 3]
    assert report["parameters"] == 3060 and report["missing"] == {}
    for entry in report["files"]:
        path = built / entry["name"]
        files = path.rglob("*") if path.is_dir() else [path]
        assert entry["bytes"] == sum(file.stat().st_size for file in files if file.is_file())
        assert entry["difference"]["mean"] <= entry["difference"]["largest"]


def test_multiplications_are_those_of_the_layers(report):
    places = 16 * 24
    by_hand = places * 9 * (4 * 12 + 12 * 12 + 12 * 12)
    assert report["macs"] == by_hand
    assert entry_of(report, "model_float16.tflite")["macs"] == by_hand
    assert entry_of(report, "model_isp.tflite")["macs"] == by_hand
    assert entry_of(report, "model_none.tflite")["macs"] is None


def test_the_tflite_file_has_only_operations_of_a_mobile_gpu(report):
    counts = {"CONV_2D": 3, "TANH": 1, "DEPTH_TO_SPACE": 1}
    for name in ("model.tflite", "model_none.tflite", "model_tile.tflite"):
        assert entry_of(report, name)["operations"] == counts


def test_the_saved_model_has_one_fixed_signature(built, generator):
    signatures = tf.saved_model.load(str(built / "saved_model")).signatures
    serving = signatures["serving_default"]
    assert serving.structured_input_signature[1]["raw"].shape == (1, 16, 24, 4)
    raw = np.random.default_rng(0).random((1, 16, 24, 4), np.float32)
    np.testing.assert_allclose(serving(raw=tf.constant(raw))["rgb"], generator(raw), atol=1e-6)


@pytest.mark.parametrize(
    "name, tolerance",
    [
        ("model.tflite", 1e-5),
        ("model_float16.tflite", 1 / 255),
        ("model_dynamic_range.tflite", 0.1),
    ],
)
def test_files_of_fixed_size_agree_with_keras(built, generator, name, tolerance):
    interpreter = open_interpreter(built / name)
    (entry,) = interpreter.get_input_details()
    assert entry["shape"].tolist() == [1, 16, 24, 4] and entry["dtype"] == np.float32
    raw = np.random.default_rng(4).random((1, 16, 24, 4), np.float32)
    interpreter.set_tensor(entry["index"], raw)
    interpreter.invoke()
    given = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(given, generator(raw), atol=tolerance)


@pytest.mark.parametrize("size", [(1, 1), (7, 40), (33, 18)])
def test_the_free_file_takes_any_size(built, generator, size):
    run = open_interpreter(built / "model_none.tflite").get_signature_runner()
    assert run.get_input_details()["raw"]["shape_signature"].tolist() == [1, -1, -1, 4]
    raw = np.random.default_rng(4).random((1, *size, 4), np.float32)
    np.testing.assert_allclose(run(raw=raw)["rgb"], generator(raw), atol=1e-5)


def test_a_tile_is_right_from_its_halo_on(built, generator):
    raw = np.random.default_rng(4).random((1, 520, 512, 4), np.float32)
    halo = metadata.read(built / "model_tile.tflite").halo
    given = open_interpreter(built / "model_tile.tflite").get_signature_runner()(raw=raw[:, :512])
    whole = generator(raw).numpy()
    right = slice(0, 2 * (512 - halo))
    np.testing.assert_allclose(given["rgb"][:, right], whole[:, right], atol=1e-5)
    assert np.abs(given["rgb"] - whole[:, :1024]).max() > 1e-3  # and not further


def test_shadows_are_reported_apart(report):
    entry = entry_of(report, "model_int8.tflite")
    assert 0 < entry["shadows"]["share"] < 1
    assert entry["shadows"]["largest"] <= entry["difference"]["largest"]
    assert entry["experimental"] in (True, False)
    assert all("photo.npy at" in name for name in entry["compared_on"])
    assert len(report["calibration"]["windows"]) == 16


@pytest.mark.parametrize("litert", [True, False])
def test_a_tflite_file_renders_like_keras_at_any_size(built, generator, monkeypatch, litert):
    if litert:
        pytest.importorskip("ai_edge_litert")
    else:
        monkeypatch.setitem(sys.modules, "ai_edge_litert", None)  # as if it were not installed
    mosaic = np.random.default_rng(1).integers(256, 4096, (61, 87)).astype(np.uint16)
    sensor = Sensor("GRBG", 256, 4095)
    lite = load(built / "model.tflite", tile=40)
    assert lite.metadata == ModelMetadata.of(generator)
    expected = Renderer(generator).render(mosaic, sensor)
    np.testing.assert_allclose(lite.render(mosaic, sensor), expected, atol=1e-5)
    half = load(built / "model_float16.tflite").render_8bit(mosaic, sensor)
    shown = Renderer(generator).render_8bit(mosaic, sensor)
    assert np.abs(half.astype(int) - shown).max() <= 2


def inside_of(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("tfisp.json"))


def test_the_facts_survive_and_a_zip_tool_can_read_them(built, generator):
    inside = inside_of(built / "model.tflite")
    file, model = inside.pop("file"), inside.pop("model")
    content = (built / "model.tflite").read_bytes()
    assert content[model["bytes"] :].startswith(b"PK") and content[4:8] == b"TFL3"
    assert hashlib.sha256(content[: model["bytes"]]).hexdigest() == model["sha256"]
    assert inside == json.loads((built / "model.json").read_text())
    assert metadata.read(built / "model.tflite") == ModelMetadata.of(generator)
    assert inside["sensor"]["pattern"] == "RGGB" and inside["halo"] == 3
    assert "IEC 61966-2-1" in inside["colour_encoding"]
    assert file["target"] == "gpu" and file["halo_pixels"] == 6 and file["companding"] == "sqrt"


def test_every_file_says_what_it_takes_and_gives(built, report):
    for path in sorted(built.glob("*.tflite")):
        file = inside_of(path)["file"]
        interpreter = open_interpreter(path)
        ends = interpreter.get_signature_runner()
        for kind, details in (
            ("inputs", ends.get_input_details()),
            ("outputs", ends.get_output_details()),
        ):
            assert {entry["name"] for entry in file[kind]} == set(details)
            for entry in file[kind]:
                signed = details[entry["name"]]
                shape = [-1 if side is None else side for side in entry["shape"]]
                assert shape == signed["shape_signature"].tolist() or shape == list(signed["shape"])
                assert entry["dtype"] == np.dtype(signed["dtype"]).name and entry["meaning"]
        assert file.items() <= entry_of(report, path.name).items()


def test_the_int8_file_asks_for_companded_input_and_is_rendered_so(built, generator):
    given = metadata.read(built / "model_int8.tflite")
    assert given.contract == dataclasses.replace(AS_SHOT, companding="sqrt")
    trial = test_inputs.scene((40, 60))
    expected = Renderer(generator).render_8bit(trial.mosaic, trial.sensor, trial.capture)
    shown = load(built / "model_int8.tflite").render_8bit(trial.mosaic, trial.sensor, trial.capture)
    assert np.abs(shown.astype(int) - expected).mean() < 4


def test_the_whole_isp_gives_the_desktops_picture(built, generator):
    trial = test_inputs.noise(SIZE, seed=9)
    run = open_interpreter(built / "model_isp.tflite").get_signature_runner()
    given = run(
        mosaic=trial.mosaic[None],
        black_level=np.full((2, 2), 64, np.float32),
        white_level=np.array([1023], np.float32),
        white_balance=np.array([4.0, 2.0, 3.2], np.float32),  # only ratios count
        exposure=np.ones(1, np.float32),
    )["rgb"]
    expected = Renderer(generator).render_8bit(trial.mosaic, trial.sensor, trial.capture)
    assert given.dtype == np.uint8 and given.shape == (1, *SIZE, 3)
    different = given[0] != expected
    assert np.abs(given[0].astype(int) - expected).max() <= 1 and different.mean() < 1e-3


def test_a_file_that_takes_something_else_names_the_one_to_render_with(built, tmp_path):
    shutil.copy(built / "model_isp.tflite", tmp_path)
    with pytest.raises(
        InputError, match=r"model_isp.tflite: .*; take the model.tflite of the same"
    ):
        load(tmp_path / "model_isp.tflite")
    with pytest.raises(InputError, match=rf"; take {built / 'model.tflite'}$"):
        load(built / "model_isp.tflite")


def test_facts_may_lie_beside_a_file_that_another_tool_wrote(built, bare, tmp_path):
    (tmp_path / "other.tflite").write_bytes(bare)
    with pytest.raises(InputError, match=r"says nothing .* as other\.json or model\.json"):
        load(tmp_path / "other.tflite")
    for name in ("model.json", "other.json"):
        shutil.copy(built / "model.json", tmp_path / name)
        assert load(tmp_path / "other.tflite").metadata.halo == 3
        (tmp_path / name).unlink()


@pytest.mark.parametrize(
    "text, message",
    [
        ("{", "not valid JSON"),
        ("[]", "not the metadata of a generator"),
        ('{"format": 99}', "format 99, this tfisp reads 1"),
        ('{"format": 1}', "not the metadata of a generator"),
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
    metadata.attach(path, ModelMetadata("x", Contract("split"), halo=3))
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
    metadata.attach(path, ModelMetadata("fixed", Contract(), halo=4, multiple=2, minimum=4))
    assert LiteRuntime(path).fixed == (16, 16)
    sensor = Sensor(white_level=1023)
    mosaic = np.full((32, 32), 500, np.uint16)
    assert Renderer(path).render(mosaic, sensor).shape == (32, 32, 3)
    assert Renderer(path).render(np.full((50, 70), 500, np.uint16), sensor).shape == (50, 70, 3)
    with pytest.raises(InputError, match="runs only at 32 pixels along axis 0"):
        Renderer(path).render(mosaic[:20], sensor)


def test_a_half_precision_network_is_exported_in_single_precision(tmp_path, monkeypatch):
    only(monkeypatch, "saved_model", "model.tflite", "model_none.tflite")
    network = models.create("efficient_isp", dtype="mixed_float16")
    report = conversion.build(network, SIZE, tmp_path)
    assert "CAST" not in report["files"][1]["operations"]


def only(monkeypatch, *names):
    """Leaves all other artifacts out, to save time."""
    artifacts = [artifact for artifact in conversion.ARTIFACTS if artifact.name in names]
    monkeypatch.setattr(conversion, "choose_artifacts", lambda *args, **options: (artifacts, {}))


class Tiled(keras.Layer):
    """A layer that mobile GPUs do not run in front of a network."""

    def call(self, raw):
        return tf.tile(raw, [1, 1, 1, 2])[..., :4]


def test_file_layer_and_operation_are_named_unless_the_target_is_the_cpu(tmp_path, monkeypatch):
    only(monkeypatch, "saved_model", "model.tflite", "model_none.tflite")
    network = models.create("efficient_isp")
    layer, call = Tiled(), network.call
    network.call = lambda raw: call(layer(raw))
    with pytest.raises(InputError, match=r"^model\.tflite: not for mobile GPUs: .*: TILE: .*cpu"):
        conversion.build(network, SIZE, tmp_path / "gpu", target="gpu")
    for target in ("cpu", None):
        folder = tmp_path / str(target)
        folder.mkdir()
        entry = entry_of(conversion.build(network, SIZE, folder, target=target), "model.tflite")
        assert entry["target"] == "cpu" and "TILE" in entry["off_gpu"][0]


def test_publishing_replaces_files_whole_and_keeps_foreign_ones(built, tmp_path):
    output = tmp_path / "out"
    output.mkdir()
    (output / "mine.txt").touch()
    (output / "model.tflite").write_text("old")
    (output / "model.onnx").write_text("of another export")
    (output / "saved_model").mkdir()
    (output / "saved_model/old").touch()
    conversion.publish(built, output)
    names = {path.name for path in output.iterdir()}
    assert names == {"mine.txt", *(path.name for path in built.iterdir())}
    assert not (output / "saved_model/old").exists()
    assert (output / "model.tflite").read_bytes() == (built / "model.tflite").read_bytes()


def test_without_calibration_there_is_no_int8_file_and_the_report_says_why(
    generator, built, tmp_path
):
    report = conversion.build(generator, SIZE, tmp_path)
    assert not (tmp_path / "model_int8.tflite").exists()
    assert "--calibration" in report["missing"]["model_int8.tflite"]
    assert "--calibration" in (tmp_path / "report.md").read_text()
    # Equal networks give equal bytes.
    for name in ("model.tflite", "model_none.tflite", "model_isp.tflite"):
        assert (tmp_path / name).read_bytes() == (built / name).read_bytes()


def test_the_interpreter_is_loaded_without_a_word(built, capfd):
    open_interpreter(built / "model.tflite")
    assert capfd.readouterr().err == ""
