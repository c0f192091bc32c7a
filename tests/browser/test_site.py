"""Where a page may be written, and which networks can have one."""

import numpy as np
import pytest

from tfisp import models
from tfisp.browser.golden import described, golden_frame
from tfisp.browser.site import check_place
from tfisp.browser.tile_files import write_tiles
from tfisp.contract import Contract
from tfisp.errors import InputError
from tfisp.packing import orient
from tfisp.rendering import ModelMetadata
from tfisp.rendering.levels import known_levels
from tfisp.sensor import SENSORS


def test_a_folder_of_other_things_is_not_replaced(tmp_path):
    check_place(tmp_path / "new")
    check_place(tmp_path)
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(InputError, match="holds other files than a page"):
        check_place(tmp_path)
    with pytest.raises(InputError, match="is a file, expected a folder"):
        check_place(tmp_path / "thesis.txt")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "tfisp.json").touch()
    check_place(tmp_path)


def test_a_network_of_the_whole_picture_is_refused(tmp_path):
    with pytest.raises(InputError, match="depends on the whole picture at once"):
        write_tiles(models.create("lan"), tmp_path)


def test_tiles_without_a_middle_are_left_out(tmp_path):
    with pytest.raises(InputError, match="needs tiles of 18 pixels and more"):
        write_tiles(models.create("efficient_isp"), tmp_path, sides=(8, 16))


def test_the_golden_frame_has_what_could_go_wrong():
    mosaic, sensor, capture = golden_frame(128)
    assert sensor.pattern == "BGGR" and all(side % 2 for side in mosaic.shape)
    assert capture.orientation == 6 and capture.baseline_exposure
    assert mosaic.min() < 64 and mosaic.max() == 1023
    facts = described(mosaic, sensor, capture)
    assert (
        len(facts["shading"]["gains"]) == facts["shading"]["height"] * facts["shading"]["width"] * 4
    )
    assert orient(mosaic, 6).shape == mosaic.shape[::-1]


def test_the_published_networks_know_the_levels_of_ultraisp_too():
    metadata = ModelMetadata.of(models.create("efficient_isp"))
    stored = SENSORS["ultraisp"]
    levels = (np.asarray(stored.black_level).tolist(), float(stored.white_level))
    assert known_levels(metadata) == [levels]
    assert known_levels(ModelMetadata("x", Contract(), halo=1)) == []
