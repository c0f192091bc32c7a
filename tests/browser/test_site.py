"""Where a page may be written, and which networks can have one."""

import json

import numpy as np
import pytest

from tfisp import models
from tfisp.browser import MARK, site
from tfisp.browser.golden import described, golden_frame
from tfisp.browser.site import Exported, check_place, write_site
from tfisp.browser.sizes import Sizes
from tfisp.browser.tile_files import blended, write_tiles
from tfisp.contract import Contract
from tfisp.errors import InputError
from tfisp.looks.cube import Cube, write_cube
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
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "models.json").touch()
    check_place(tmp_path)


def test_a_network_of_the_whole_picture_is_refused(tmp_path):
    with pytest.raises(InputError, match="depends on the whole picture at once"):
        write_tiles(models.create("lan"), tmp_path, (128,))


def test_tiles_without_a_middle_are_left_out(tmp_path):
    with pytest.raises(InputError, match="needs tiles of 18 pixels and more"):
        write_tiles(models.create("efficient_isp"), tmp_path, sides=(8, 16))


def test_a_model_has_its_folder_with_the_look_and_all_that_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(site, "write_runtime", lambda folder: folder.mkdir())
    look = tmp_path / "warm.cube"
    write_cube(look, Cube(np.array([[0, 0, 0], [1, 0.9, 0.8]])))
    generator = models.create("efficient_isp", seed=1)
    # Equal constants are stored once: such a start has another layout than its end.
    start = generator.copy()
    start.set_weights([np.zeros_like(weight) for weight in generator.get_weights()])
    sizes = Sizes(tiles=(128,), frame=(129, 192), pictures=((256, 320),))
    exported = {"mine": Exported(generator, start)}
    told = []
    (note,) = write_site(
        exported, tmp_path / "page", look=look, sizes=sizes, progress=lambda *so: told.append(so)
    )
    assert [so[:2] for so in told] == [(1, 3), (2, 3), (3, 3)]
    assert note.startswith("mine: the page offers no strength") and "more than weights" in note
    assert json.loads((tmp_path / "page" / MARK).read_text()) == {
        "models": [{"name": "mine", "folder": "0"}],
        "look": "warm.cube",
    }
    assert (tmp_path / "page" / "models" / "look.cube").read_bytes() == look.read_bytes()
    place = tmp_path / "page" / "models" / "0"
    described = json.loads((place / "tfisp.json").read_text())
    assert described["parameters"] == 3060
    assert described["tiles"] == [{"file": "tile_128.tflite", "shape": [1, 64, 64, 4]}]
    # As large as was asked for, or larger where the network needs it.
    assert described["frame"]["pixels"] == [130, 192]
    assert (place / described["frame"]["file"]).is_file() and (place / "golden.json").is_file()
    assert described["pictures"] == [[256, 320]]


def test_words_in_which_two_files_differ_are_interpolated():
    before = np.array([1, 5, -2], "<f4").tobytes() + b"\1\0"
    after = np.array([3, 5, 6], "<f4").tobytes() + b"\1\0"
    found = blended(before, after, 0.25)
    np.testing.assert_array_equal(np.frombuffer(found[:-2], "<f4"), [1.5, 5, 0])
    assert found[-2:] == b"\1\0"


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
