"""What an export tells about itself."""

import numpy as np
import pytest

from tfisp import models
from tfisp.exporting import markdown, memory, report, test_inputs
from tfisp.exporting.report import _warnings
from tfisp.exporting.writers import to_tflite, write_saved_model
from tfisp.rendering import ModelMetadata


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the files that the report looks into."""
    folder = tmp_path_factory.mktemp("report")
    network = models.create("efficient_isp")
    for name, size in (("model.tflite", (64, 96)), ("model_none.tflite", (None, None))):
        write_saved_model(network, (1, *size, 4), folder / f"{name}.saved")
        (folder / name).write_bytes(to_tflite(folder / f"{name}.saved"))
    return folder


@pytest.fixture(scope="module")
def composed(folder):
    network = models.create("efficient_isp")
    metadata = ModelMetadata.of(network)
    missing = {"model_tile.tflite": "of a reason"}
    return report.compose(
        network, metadata, (128, 192), "gpu", [], missing, [test_inputs.scene((128, 192))], folder
    )


def test_memory_grows_with_the_picture(composed):
    rows = composed["memory"]["rows"]
    assert [row["megapixels"] for row in rows] == [2, 12, 50]
    for row in rows:
        pixels = row["size"][0] * row["size"][1]
        assert abs(pixels / 1e6 - row["megapixels"]) < 0.5
        assert row["frame"] == 5 * pixels and row["tiled"] is None
        # The input with 4 and two neighbouring layers with 12 floats for every 4 pixels.
        assert row["whole"] == pytest.approx(pixels / 4 * 4 * (4 + 12 + 12), rel=1e-3)


@pytest.mark.skipif(not memory._STATUS.exists(), reason="the system tells no process's memory")
def test_measured_memory_holds_at_least_the_tensors(composed, folder):
    given = composed["memory"]["measured"]["model.tflite"]
    assert 64 * 96 * 4 * (4 + 12) < given < 50e6
    (folder / "broken.tflite").write_text("no model")
    assert memory.measured(folder / "broken.tflite") is None


def test_the_calibrations_range_is_told(composed):
    raw = test_inputs.scene((128, 192)).raw(ModelMetadata.of(models.create("efficient_isp")))
    assert composed["calibration"]["lowest"] == pytest.approx(raw.min())
    assert composed["calibration"]["highest"] == pytest.approx(raw.max())


def test_overflow_and_a_dark_calibration_are_warned_of(composed):
    assert _warnings(composed) == []
    layers = [{"layer": "conv", "operation": "CONV_2D", "largest": 1e5}]
    changed = composed | {
        "activations": {**composed["activations"], "layers": layers},
        "calibration": {**composed["calibration"], "highest": 0.4},
    }
    overflow, dark = _warnings(changed)
    assert "conv reaches 1e+05, beyond float16" in overflow and "only 0.40 of white" in dark


def test_the_page_holds_every_section(composed):
    entry = {
        "name": "model_int8.tflite",
        "target": "cpu",
        "bytes": 12345,
        "experimental": True,
        "operations": {"CONV_2D": 3, "TANH": 1},
        "compared_on": [],
        "off_gpu": ["layer: TILE: is not known"],
        "difference": {"largest": 2.5, "mean": 0.25, "bias": 0.0, "psnr_db": None},
        "shadows": None,
    }
    page = markdown.markdown(composed | {"files": [entry]})
    for text in (
        "# efficient_isp at 128x192 pixels",
        "3,060 parameters",
        "| model_int8.tflite (experimental) | cpu | 12,345 | 2.5 | 0.25 | - | - | - | - | - |",
        "| model_int8.tflite | 3 CONV_2D, 1 TANH |",
        "- model_tile.tflite is not written: of a reason.",
        "kept off the GPU by layer: TILE: is not known",
        "float16 ends at 65,504",
        "| 12 | 60 | ",
    ):
        assert text in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert all(row.count("|") >= 3 for row in rows)
    assert np.isfinite([entry["largest"] for entry in composed["activations"]["layers"]]).all()
