"""The export program: what it writes, and that it never leaves half of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tfisp import export, models
from tfisp.errors import InputError
from tfisp.rendering import conversion, load
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


def test_everything_is_written_and_the_last_line_says_where(capsys, preset, tmp_path):
    output = tmp_path / "new" / "exported"
    code, lines, error = run(capsys, f"--model={preset}", f"--output={output}", "--size=16x24")
    assert code == 0 and error == "" and lines[-1] == f"exported to {output}"
    names = {path.name for path in output.iterdir()}
    assert names == {
        "saved_model",
        "model.tflite",
        "model_float16.tflite",
        "model.json",
        "report.json",
    }
    assert json.loads((output / "report.json").read_text())["output"] == [1, 16, 24, 3]


def test_a_form_that_fails_its_check_leaves_nothing_and_exits_with_1(
    capsys, preset, tmp_path, monkeypatch
):
    def fail(*arguments):
        raise InputError("model.tflite: differs from Keras by 0.1 on 0..1 output")

    monkeypatch.setattr(conversion, "_compare", fail)
    output = tmp_path / "exported"
    code, lines, error = run(capsys, f"--model={preset}", f"--output={output}", "--size=16x24")
    assert code == 1 and lines == []
    assert error == "tfisp.export: error: model.tflite: differs from Keras by 0.1 on 0..1 output\n"
    assert list(output.iterdir()) == []


@pytest.mark.parametrize(
    "words, code, message",
    [
        (["--output=x"], 2, "--model is required"),
        (["--model=x"], 2, "--output is required"),
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
    ],
)
def test_mistakes_get_one_line(capsys, preset, tmp_path, words, code, message):
    (tmp_path / "file").touch()
    words = [word.format(tmp=tmp_path, preset=preset) for word in words]
    given, _, error = run(capsys, *words)
    assert given == code and message in error and error.count("\n") == 1


@pytest.mark.slow
def test_the_stock_converter_makes_a_working_file_of_the_saved_model(capsys, preset, tmp_path):
    output = tmp_path / "exported"
    assert run(capsys, f"--model={preset}", f"--output={output}", "--size=64x96")[0] == 0
    converter = Path(sys.executable).with_name("tflite_convert")
    converted = output / "converted.tflite"
    command = [converter, f"--saved_model_dir={output}/saved_model", f"--output_file={converted}"]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    mosaic = np.random.default_rng(0).integers(60, 1024, (64, 96)).astype(np.uint16)
    expected = load(preset).render(mosaic, Sensor(black_level=60, white_level=1023))
    given = load(converted).render(mosaic, Sensor(black_level=60, white_level=1023))
    np.testing.assert_allclose(given, expected, atol=1e-5)
