"""Writers of files: what is asked for is what comes out, without chatter."""

import sys

import numpy as np
import pytest

from tfisp import models
from tfisp.errors import InputError
from tfisp.exporting import conversion, writers
from tfisp.exporting.comparison import runner


def test_onnx_without_its_package_is_refused_before_anything_is_built(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    monkeypatch.setattr(writers.importlib.util, "find_spec", lambda name: None)
    network = models.create("efficient_isp")
    with pytest.raises(InputError, match=r"--onnx: needs the package tf2onnx; run: pip install"):
        conversion.build(network, (32, 48), tmp_path, onnx=True)
    assert list(tmp_path.iterdir()) == []


def test_an_onnx_file_agrees_with_keras(tmp_path, capfd):
    pytest.importorskip("tf2onnx")
    pytest.importorskip("onnxruntime")
    network = models.create("efficient_isp", seed=1)
    writers.write_onnx(network, (1, 16, 24, 4), tmp_path / "m.onnx")
    shown = capfd.readouterr()
    assert shown.out == "" and shown.err == ""
    raw = np.random.default_rng(0).random((1, 16, 24, 4), np.float32)
    given = runner(tmp_path / "m.onnx")({"raw": raw})
    np.testing.assert_allclose(given, network(raw), atol=1e-5)


@pytest.mark.parametrize("weights", ["float32", "float16", "dynamic range"])
def test_conversion_says_nothing(tmp_path, capfd, weights):
    network = models.create("efficient_isp", seed=1)
    writers.write_saved_model(network, (1, 16, 24, 4), tmp_path / "saved_model")
    writers.to_tflite(tmp_path / "saved_model", weights)
    shown = capfd.readouterr()
    assert shown.out == "" and shown.err == ""
