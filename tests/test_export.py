"""The export program: what it writes, and that it never leaves half of it."""

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tfisp import export, models
from tfisp.errors import InputError
from tfisp.exporting import conversion, gpu_compatibility, test_inputs
from tfisp.rendering import load
from tfisp.rendering.runtime import open_interpreter
from tfisp.sensor import Sensor


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "preset"
    models.save_to_preset(models.create("efficient_isp", seed=2), folder)
    return folder


def run(capsys, *words):
    code = export.run([str(word) for word in words])
    shown = capsys.readouterr()
    return code, shown.out.splitlines(), shown.err


@pytest.fixture(scope="module")
def exported(preset, tmp_path_factory):
    """A folder that the program wrote into, with everything that it can write."""
    folder = tmp_path_factory.mktemp("exported")
    np.save(folder / "photo.npy", test_inputs.scene((40, 60)).mosaic)
    words = [f"--model={preset}", f"--output={folder / 'new/out'}", "--size=16x24"]
    words += [f"--calibration={folder}", "--pattern=RGGB", "--black_level=64", "--bits=10"]
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        assert export.run(words) == 0
    return folder / "new/out", shown.getvalue().splitlines()


def test_everything_is_written_and_the_last_line_says_where(exported):
    output, lines = exported
    assert lines[-1] == f"exported to {output}"
    report = json.loads((output / "report.json").read_text())
    names = {entry["name"] for entry in report["files"]}
    assert names == {
        "saved_model",
        "model.tflite",
        "model_none.tflite",
        "model_tile.tflite",
        "model_float16.tflite",
        "model_dynamic_range.tflite",
        "model_int8.tflite",
        "model_isp.tflite",
    }
    beside = {"model.json", "report.json", "report.md"}
    assert {path.name for path in output.iterdir()} == names | beside
    assert report["output"] == [1, 16, 24, 3] and report["target"] == "gpu"
    assert all(any(line.split()[:1] == [name] for line in lines) for name in names)


def test_a_file_that_fails_its_check_leaves_nothing_and_exits_with_1(
    capsys, preset, tmp_path, monkeypatch
):
    def fail(*arguments):
        raise InputError("model.tflite: differs from Keras by 25 code values of 8 bits")

    monkeypatch.setattr(conversion, "compare", fail)
    output = tmp_path / "exported"
    code, lines, error = run(capsys, f"--model={preset}", f"--output={output}", "--size=16x24")
    assert code == 1 and lines == []
    assert error.startswith("tfisp.export: error: model.tflite: differs from Keras by 25 code")
    assert list(output.iterdir()) == []


def test_a_file_that_fails_the_gate_leaves_nothing_and_exits_with_1(
    capsys, preset, tmp_path, monkeypatch
):
    found = [gpu_compatibility.Violation("conv2d", "CONV_2D", "a grouped convolution")]
    monkeypatch.setattr(conversion.gpu_compatibility, "violations", lambda path: found)
    output = tmp_path / "exported"
    code, lines, error = run(capsys, f"--model={preset}", f"--output={output}", "--size=16x24")
    assert code == 1 and lines == [] and error.count("\n") == 1
    assert "model.tflite: not for mobile GPUs: conv2d: CONV_2D: a grouped convolution" in error
    assert "--target=cpu" in error and list(output.iterdir()) == []


@pytest.mark.parametrize(
    "words, code, message",
    [
        (["--output=x"], 2, "--model is required"),
        (["--model=x"], 2, "--output or --web: say where to write"),
        (
            ["--model={preset}", "--web={tmp}/x", "--onnx"],
            2,
            "--onnx: has no effect without --output",
        ),
        (["--model={preset},{tmp}", "--output=x"], 2, "--output takes one; --web takes several"),
        (
            ["--model={preset}", "--output={tmp}/x", "--look=x.cube"],
            2,
            "--look: has no effect without --web",
        ),
        (["--model={preset}", "--web={tmp}/x", "--look={tmp}/file"], 1, "expected one LUT_3D_SIZE"),
        (["--model={preset}", "--web={tmp}"], 1, "holds other files than a page"),
        (["--model=x.tflite", "--output=x"], 2, "is exported already"),
        (["--model=nowhere", "--output={tmp}/x"], 1, "nowhere: no such folder"),
        (["--model={preset}", "--output={tmp}/file"], 2, "is a file, expected a folder"),
        (["--model={preset}", "--output={tmp}/file/x"], 1, "file/x"),
        (
            ["--model={preset}", "--output={tmp}/x", "--size=15x24"],
            1,
            "--size=15x24: efficient_isp",
        ),
        (["--model={preset}", "--output={tmp}/x", "more"], 2, "unexpected argument 'more'"),
        (["--model={preset}", "--output={tmp}/x", "--target=tpu"], 2, "--target=tpu"),
        (
            ["--model={preset}", "--output={tmp}/x", "--calibration={tmp}/none.dng"],
            1,
            "--calibration={tmp}/none.dng: no such file or folder",
        ),
        (
            ["--model={preset}", "--output={tmp}/x", "--calibration={tmp}/empty"],
            1,
            "--calibration={tmp}/empty: ",
        ),
        (
            ["--model={preset}", "--output={tmp}/x", "--calibration={tmp}/bad.dng"],
            1,
            "bad.dng: ",
        ),
        (["--model={preset}", "--output={tmp}/x", "--bits=10"], 2, "need --pattern"),
    ],
)
def test_mistakes_get_one_line(capsys, preset, tmp_path, words, code, message):
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.dng").write_bytes(b"II*\0 and no more")
    words = [word.format(tmp=tmp_path, preset=preset) for word in words]
    given, _, error = run(capsys, *words)
    message = message.format(tmp=tmp_path)
    assert given == code and message in error and error.count("\n") == 1


@pytest.mark.slow
def test_the_stock_converter_makes_the_same_file_of_the_saved_model(exported, preset):
    output, _ = exported
    converter = Path(sys.executable).with_name("tflite_convert")
    converted = output / "converted.tflite"
    # The call that the README shows.
    command = [converter, f"--saved_model_dir={output}/saved_model", f"--output_file={converted}"]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    raw = np.random.default_rng(0).random((1, 8, 12, 4), np.float32)
    ours, theirs = (
        open_interpreter(path).get_signature_runner()(raw=raw)["rgb"]
        for path in (output / "model.tflite", converted)
    )
    np.testing.assert_array_equal(ours, theirs)
    # With model.json beside it, it is also rendered like the model that it came from.
    mosaic = np.random.default_rng(0).integers(60, 1024, (64, 96)).astype(np.uint16)
    sensor = Sensor(black_level=60, white_level=1023)
    np.testing.assert_allclose(
        load(converted).render(mosaic, sensor), load(preset).render(mosaic, sensor), atol=1e-5
    )
    converted.unlink()


def test_a_preset_has_no_start_to_go_back_to(capsys, preset, tmp_path):
    code, _, error = run(
        capsys, f"--model={preset}", f"--output={tmp_path / 'out'}", "--strength=0.5"
    )
    assert code == 1
    assert f"--strength=0.5: {preset} is no folder of a finished run" in error
    assert not (tmp_path / "out").exists()
