"""golden.py: what it writes is what the desktop gives for inputs that the contract prepared."""

import dataclasses
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import golden
import numpy as np
import pytest

from tfisp.contract import AS_SHOT, Contract
from tfisp.errors import InputError
from tfisp.models.presets import DEFAULT_PRESET, read_preset
from tfisp.packing import pack
from tfisp.rendering import load
from tfisp.rendering.camera_colour import finishing_matrix, to_srgb
from tfisp.rendering.metadata import COLOUR_ENCODINGS
from tfisp.sensor import Capture, Sensor

SHAPE = "--shape=1,16,24,4"


def run(capsys, *words):
    code = golden.run([str(word) for word in words])
    shown = capsys.readouterr()
    return code, shown.out.splitlines(), shown.err


def read(folder, entry, kind):
    shape = entry["shape" if kind == "input" else "output_shape"]
    return np.fromfile(folder / entry[kind], "<f4").reshape([int(n) for n in shape.split(",")])


def test_the_outputs_are_those_of_keras(real_golden, generator, real_export):
    index = json.loads((real_golden / "golden.json").read_text())
    assert [entry["name"] for entry in index["files"]] == [
        "model.tflite",
        "model_float16.tflite",
        "model_none.tflite",
    ]
    for entry in index["files"]:
        given, shown = read(real_golden, entry, "input"), read(real_golden, entry, "output")
        assert given.shape == (1, 16, 24, 4) and shown.shape == (1, 32, 48, 3)
        expected = np.clip(generator(given, training=False), 0, 1)
        limit = 1 / 255 if "float16" in entry["name"] else 1e-5
        np.testing.assert_allclose(np.clip(shown, 0, 1), expected, atol=limit)
        content = (real_export / entry["name"]).read_bytes()
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()
        for kind in ("input", "output"):
            assert (real_golden / entry[kind]).stat().st_size == entry[f"{kind}_bytes"]
        assert 0 < entry["max_float32"] < entry["max_float16"]
    assert len({entry["input"] for entry in index["files"]}) == 1  # they share one


def test_the_made_up_scene_has_darkness_saturation_and_edges():
    mosaic = golden.scene(64, 96)
    assert mosaic.shape == (64, 96) and mosaic.dtype == np.uint16
    assert (mosaic < 64).mean() > 0.01 and (mosaic == 1023).mean() > 0.01
    np.testing.assert_array_equal(mosaic, golden.scene(64, 96))
    given = golden.golden_input(AS_SHOT, (1, 32, 48, 4), None, "x")
    assert given.shape == (1, 32, 48, 4) and given.dtype == np.float32
    assert given.min() < 0 and given.max() == 1  # highlights are cut, noise below black is not


@pytest.mark.parametrize("pattern", ["RGGB", "BGGR", "GRBG", "GBRG"])
def test_an_input_from_a_frame_is_its_middle_in_rggb_geometry(pattern):
    rng = np.random.default_rng(3)
    mosaic = rng.integers(64, 1024, (45, 70)).astype(np.uint16)
    sensor, contract = Sensor(pattern, 64, 1023), Contract()
    given = golden.golden_input(contract, (1, 16, 24, 4), (mosaic, sensor, Capture()), "x")
    # the same samples, found in the packed whole frame
    whole = pack(mosaic, sensor, contract)
    places = [
        (y, x)
        for y in range(whole.shape[0] - 15)
        for x in range(whole.shape[1] - 23)
        if np.array_equal(whole[y : y + 16, x : x + 24], given[0])
    ]
    assert len(places) == 1
    y, x = places[0]
    assert abs(y - (whole.shape[0] - 16) / 2) <= 1 and abs(x - (whole.shape[1] - 24) / 2) <= 1


def test_the_shading_map_is_taken_where_the_middle_lies():
    mosaic = np.full((40, 60), 500, np.uint16)
    shading = np.linspace(1, 3, 5, dtype=np.float32)[:, None, None] * np.ones((1, 7, 4), np.float32)
    capture, sensor = Capture(shading=shading), Sensor("GBRG", 0, 1000)
    contract = Contract(shading=True)
    given = golden.golden_input(contract, (1, 8, 12, 4), (mosaic, sensor, capture), "x")
    # Red lies in odd rows; 16 rows from row 11 on are the middle. The map goes from 1 to 3.
    assert given[0, 0, 0, 2] == pytest.approx(0.5 * (1 + 2 * 11.5 / 40), abs=1e-5)
    assert given[0, -1, 0, 2] == pytest.approx(0.5 * (1 + 2 * 25.5 / 40), abs=1e-5)


def test_a_golden_output_is_a_crop_of_the_rendered_frame(capsys, real_export, tmp_path):
    cv2 = pytest.importorskip("cv2")
    mosaic = np.random.default_rng(0).integers(60, 1024, (80, 100)).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "frame.png"), mosaic)
    words = [f"--raw={tmp_path / 'frame.png'}", "--pattern=GRBG", "--black_level=60"]
    words += ["--white_level=1023", f"--export={real_export}", f"--output={tmp_path / 'golden'}"]
    assert run(capsys, *words, SHAPE)[0] == 0
    index = json.loads((tmp_path / "golden" / "golden.json").read_text())
    assert index["source"] == "frame.png"
    sensor = Sensor("GRBG", 60, 1023)
    whole = load(real_export / "model.tflite").render(mosaic, sensor)
    shown = read(tmp_path / "golden", index["files"][0], "output")[0]
    inside = shown[8:-8, 8:-8]  # the border sees other neighbours
    left, top = 25, 24  # (100 - 1 - 48) / 2 from the first red column on, (80 - 32) / 2 rows
    found = whole[top + 8 : top + 24, left + 8 : left + 40]
    np.testing.assert_allclose(inside, found, atol=1e-5)


def test_golden_camera_rgb_is_what_the_files_matrix_finishes(capsys, tmp_path):
    export = read_preset(DEFAULT_PRESET).folder.parent / "export"
    assert run(capsys, f"--export={export}", f"--output={tmp_path}")[0] == 0
    (entry,) = json.loads((tmp_path / "golden.json").read_text())["files"]
    assert entry["colour_encoding"] == COLOUR_ENCODINGS["camera"]
    shown = read(tmp_path, entry, "output")[0]
    mosaic = golden.scene(*shown.shape[:2])
    matrix = ((0.7, -0.1, -0.1), (-0.4, 1.2, 0.2), (-0.1, 0.2, 0.6))
    sensor = dataclasses.replace(golden.SCENE_SENSOR, xyz_to_camera=matrix)
    picture = load(export / entry["name"]).render(mosaic, sensor, golden.SCENE_CAPTURE)
    finished = to_srgb(shown, finishing_matrix(sensor))
    np.testing.assert_allclose(finished, picture, atol=1e-5)


def test_files_that_are_no_float_pictures_are_left_out_and_named(
    capsys, real_export, tmp_path, monkeypatch
):
    class Whole:
        """As a whole-ISP graph looks: a mosaic of uint16 in, a picture of uint8 out."""

        def get_input_details(self):
            return [{"dtype": np.uint16}]

        def get_output_details(self):
            return [{"dtype": np.uint8}]

    export = tmp_path / "export"
    shutil.copytree(real_export, export)
    shutil.copy(export / "model.tflite", export / "isp.tflite")
    real = golden.open_interpreter
    monkeypatch.setattr(
        golden,
        "open_interpreter",
        lambda path: Whole() if path.name == "isp.tflite" else real(path),
    )
    code, lines, _ = run(capsys, f"--export={export}", f"--output={tmp_path / 'g'}", SHAPE)
    assert code == 0
    assert "isp.tflite: does not take and give float32 pictures, left out" in lines
    index = json.loads((tmp_path / "g" / "golden.json").read_text())
    assert "isp.tflite" not in [entry["name"] for entry in index["files"]]


@pytest.mark.parametrize(
    "words, code, message",
    [
        (["--output={tmp}/g"], 2, "--export is required"),
        (["--export={tmp}/none", "--output={tmp}/g"], 1, "none: no such folder"),
        (["--export={tmp}", "--output={tmp}/g"], 1, "holds no .tflite file"),
        (["--export={tmp}/bad", "--output={tmp}/g"], 1, "bad.tflite: LiteRT cannot run it"),
        (
            ["--export={real}", "--output={tmp}/g", "--raw={tmp}/small.png", "--sensor=zrr"],
            1,
            "needs a frame of 32x48 samples from a red one on, the RAW file has 30x40",
        ),
    ],
)
def test_mistakes_get_one_line(capsys, real_export, tmp_path, words, code, message):
    cv2 = pytest.importorskip("cv2")
    small = np.random.default_rng(0).integers(64, 1000, (30, 40)).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "small.png"), small)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "bad.tflite").write_bytes(b"nothing")
    shutil.copy(real_export / "report.json", tmp_path / "bad" / "report.json")
    with_metadata = golden.metadata_module.read(real_export / "model.tflite").to_dict()
    (tmp_path / "bad" / "model.json").write_text(json.dumps(with_metadata))
    given = [word.format(tmp=tmp_path, real=real_export) for word in words]
    found, _, error = run(capsys, *given)
    assert found == code and message in error and error.count("\n") == 1
    assert not (tmp_path / "g" / "golden.json").exists()


def test_an_output_that_is_not_finite_is_refused(real_export, tmp_path, monkeypatch):
    monkeypatch.setattr(
        golden, "golden_input", lambda *arguments: np.full((1, 16, 24, 4), np.nan, np.float32)
    )
    with pytest.raises(InputError, match=r"model\.tflite: its output is not finite"):
        golden.make(real_export / "model.tflite", tmp_path, None, (1, 16, 24, 4))


def test_help_answers_without_tensorflow():
    folder = Path(golden.__file__).parent
    code = "import sys, golden; golden.run(['--help']); print('tensorflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={"PYTHONPATH": str(folder.parent)},
    )
    assert done.stdout.splitlines()[-1] == "False"
