"""The runtime that was asked for renders, and an exported file stands in only for its own run."""

import dataclasses
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tests.helpers.tflite_files import write_run, write_tflite
from tfisp import models
from tfisp.contract import AS_SHOT, PUBLISHED
from tfisp.errors import InputError
from tfisp.models import read_preset
from tfisp.rendering import load, metadata
from tfisp.rendering.runtime import KerasRuntime, LiteRuntime
from tfisp.rendering.select_runtime import exported_twin, open_runtime
from tfisp.sensor import Sensor

pytest.importorskip("ai_edge_litert")


@pytest.fixture(scope="module")
def generator():
    return models.create("efficient_isp", contract=AS_SHOT, seed=4)


@pytest.fixture(scope="module")
def run(generator, tmp_path_factory):
    return write_run(generator, tmp_path_factory.mktemp("choice") / "run")


@pytest.fixture
def copy(run, tmp_path):
    """A run that may be changed."""
    return shutil.copytree(run, tmp_path / "run")


def test_a_run_is_rendered_by_its_exported_file(run, generator):
    for name in (run, run / "model"):
        assert isinstance(open_runtime(name), LiteRuntime)
    mosaic = np.random.default_rng(0).integers(0, 1024, (62, 90)).astype(np.uint16)
    sensor = Sensor(black_level=60, white_level=1023)
    pictures = [
        load(run, runtime=runtime).render(mosaic, sensor) for runtime in ("litert", "tensorflow")
    ]
    np.testing.assert_allclose(pictures[0], pictures[1], atol=1e-5)


def test_a_run_is_rendered_without_tensorflow(run):
    code = (
        "import sys; from tfisp.rendering import load;"
        f"load({str(run)!r}); sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_preset_alone_is_rendered_by_tensorflow(run, tmp_path):
    preset = shutil.copytree(run / "model", tmp_path / "preset")
    assert isinstance(open_runtime(preset), KerasRuntime)
    assert isinstance(open_runtime(run, "tensorflow"), KerasRuntime)


def test_one_other_weight_is_enough_to_tell_files_apart(copy, generator):
    other = generator.copy()
    weights = other.get_weights()
    weights[2][0, 1, 2, 3] = np.nextafter(weights[2][0, 1, 2, 3], 1)
    other.set_weights(weights)
    write_tflite(other, copy / "export/model.tflite")
    assert exported_twin(read_preset(copy)) is None
    assert isinstance(open_runtime(copy), KerasRuntime)


@pytest.mark.parametrize(
    "change", [{"contract": PUBLISHED}, {"name": "dh_isp"}, {"sensor": Sensor("BGGR")}]
)
def test_a_file_that_says_something_else_about_itself_is_not_used(run, copy, change):
    own = metadata.read(run / "export/model.tflite")
    path = copy / "export/model.tflite"
    path.write_bytes(path.read_bytes().partition(b"PK\3\4")[0])  # without its own metadata
    metadata.attach(path, dataclasses.replace(own, **change))
    assert exported_twin(read_preset(copy)) is None


def test_a_run_of_half_precision_is_not_rendered_in_single(tmp_path):
    half = models.create("efficient_isp", dtype="mixed_float16")
    models.save_to_preset(half, tmp_path / "run/model")
    single = models.create("efficient_isp")
    single.set_weights(half.get_weights())
    write_tflite(single, tmp_path / "run/export/model.tflite")
    assert exported_twin(read_preset(tmp_path / "run")) is None


@pytest.mark.parametrize("content", [None, b"", b"no model"])
def test_a_run_without_a_usable_file_still_renders(copy, content):
    path = copy / "export/model.tflite"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert exported_twin(read_preset(copy)) is None
    assert isinstance(open_runtime(copy), KerasRuntime)


@pytest.mark.parametrize(
    "model, runtime, message",
    [
        ("export/model.tflite", "tensorflow", r"--runtime=tensorflow: .*model\.tflite is a file"),
        ("alone", "litert", r"--runtime=litert: .*alone is no run whose export/model\.tflite"),
        ("gone", "auto", "gone: no such folder"),
        ("gone.tflite", "litert", r"gone\.tflite: no such file"),
        ("model", "lite", r"--runtime.*did you mean litert"),
    ],
)
def test_what_cannot_be_had_is_refused(copy, model, runtime, message):
    shutil.copytree(copy / "model", copy / "alone")
    with pytest.raises(InputError, match=message):
        open_runtime(copy / model, runtime)
