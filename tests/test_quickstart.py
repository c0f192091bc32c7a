"""examples/quickstart.ipynb: stored without outputs, it runs from its first cell to its last."""

import base64
import json
from pathlib import Path

import cv2
import nbclient
import nbformat
import numpy as np
import pytest
import rawpy

from tfisp.raw import read_raw

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "examples" / "quickstart.ipynb"


def test_it_is_stored_without_outputs_and_short():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert NOTEBOOK.stat().st_size < 20_000


def test_its_links_lead_somewhere():
    text = "".join(cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells)
    linked = [part.partition(")")[0] for part in text.split("](")[1:]]
    assert linked and all((NOTEBOOK.parent / path).is_file() for path in linked)


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """(where it ran, the notebook with its outputs)."""
    pytest.importorskip("skimage")
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with pytest.MonkeyPatch.context() as patch:  # which the kernel inherits
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("TFISP_CACHE", str(folder / "cache"))
        patch.setenv("TFISP_SOFTWARE_GPU", "")
        settings = {"metadata": {"path": str(folder)}}
        nbclient.NotebookClient(notebook, timeout=300, resources=settings).execute()
    return folder / "quickstart", notebook


@pytest.mark.slow
def test_its_raw_files_say_the_same_to_another_reader(executed):
    folder, _ = executed
    files = sorted((folder / "raw").glob("*.dng"))
    assert len(files) == 2
    for file in files:
        mosaic, sensor, capture = read_raw(file)
        with rawpy.imread(str(file)) as other:
            np.testing.assert_array_equal(mosaic, other.raw_image)
            assert other.black_level_per_channel == np.ravel(sensor.black_level).tolist()
            assert other.white_level == sensor.white_level
            gains = np.array(other.camera_whitebalance[:3])
        np.testing.assert_allclose(gains / gains.min(), capture.gains, rtol=1e-3)


@pytest.mark.slow
def test_training_brings_the_pictures_towards_the_photographs(executed):
    folder, _ = executed
    assert json.loads((folder / "run" / "verdict.json").read_text())["better"] is True


@pytest.mark.slow
def test_its_last_picture_is_the_one_of_the_exported_file_in_the_wanted_light(executed):
    _, notebook = executed
    shown = [
        cv2.imdecode(np.frombuffer(_decoded(output), np.uint8), cv2.IMREAD_COLOR_RGB)
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    _, neutral, _, _, last = shown

    def warmth(picture):
        """Red above blue, as a mean over the picture."""
        return picture[..., 0].mean() - picture[..., 2].mean()

    # The look adds 0.26 + 0.06 of full scale to that difference and takes 15 % off what there was.
    wanted = 0.85 * warmth(neutral) + (0.26 + 0.06) * 255
    assert last.shape == neutral.shape
    assert abs(warmth(last) - wanted) < 0.5 * abs(warmth(neutral) - wanted)


def _decoded(output):
    return base64.b64decode(output["data"]["image/png"])
