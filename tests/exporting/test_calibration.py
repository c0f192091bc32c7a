"""Windows of RAW files: in RGGB geometry, of the right size, from the right place."""

import json

import numpy as np
import pytest

from tfisp.contract import Contract
from tfisp.errors import InputError
from tfisp.exporting.calibration import windows
from tfisp.packing import PLANE_SITES
from tfisp.rendering import ModelMetadata
from tfisp.sensor import Sensor


def write(path, mosaic, pattern="RGGB"):
    np.save(path, mosaic.astype(np.uint16))
    levels = {"pattern": pattern, "black_level": 64, "white_level": 1023}
    path.with_suffix(".json").write_text(json.dumps(levels))
    return path


def coloured(height, width, pattern):
    """A mosaic whose samples say their colour: R 200, G 400, B 600, plus a little texture."""
    levels = np.array([{"R": 200, "G": 400, "B": 600}[c] for c in pattern]).reshape(2, 2)
    tiled = np.tile(levels, (height // 2 + 1, width // 2 + 1))[:height, :width]
    return tiled + np.random.default_rng(0).integers(0, 50, (height, width))


@pytest.mark.parametrize("pattern", ["RGGB", "GRBG", "GBRG", "BGGR"])
@pytest.mark.parametrize("size", [(40, 50), (9, 60), (8, 9)])
def test_windows_keep_every_sample_its_colour(tmp_path, pattern, size):
    file = write(tmp_path / "a.npy", coloured(*size, pattern), pattern)
    for window in windows([file], (16, 20)):
        assert window.mosaic.shape == (16, 20) and window.sensor.pattern == "RGGB"
        packed = window.raw(ModelMetadata("x", Contract(black_level=0, white_level=1), halo=1))[0]
        for plane, (row, column) in enumerate(PLANE_SITES):
            level = np.array([[200, 400], [400, 600]])[row, column]
            assert (np.abs(packed[..., plane] - level - 25) <= 25).all()


def test_windows_of_a_large_frame_lie_from_corner_to_corner(tmp_path):
    mosaic = np.random.default_rng(0).integers(64, 1024, (60, 90))
    found = windows([write(tmp_path / "a.npy", mosaic)], (20, 30), most=3)
    assert [window.origin for window in found] == [(0, 0), (20, 30), (40, 60)]
    for window in found:
        top, left = window.origin
        np.testing.assert_array_equal(window.mosaic, mosaic[top : top + 20, left : left + 30])
        assert window.capture.frame_size == (60, 90)


def test_folders_are_searched_and_of_many_files_some_are_taken(tmp_path):
    (tmp_path / "deep").mkdir()
    mosaic = np.random.default_rng(0).integers(64, 1024, (20, 30))
    for index in range(7):
        write(tmp_path / "deep" / f"{index}.npy", mosaic)
    found = windows([tmp_path], (20, 30), most=4)
    assert [window.name.split("/")[-1][0] for window in found] == ["0", "2", "4", "6"]


def test_flags_on_levels_are_respected(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).integers(70, 1000, (20, 30), np.uint16))
    (window,) = windows([tmp_path / "a.npy"], (20, 30), most=1, sensor=Sensor("BGGR", 70, 1000))
    assert window.sensor.black_level[0][0] == 70 and window.origin == (1, 1)


def test_what_is_no_raw_file_is_refused_by_name(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.dng").write_bytes(b"II*\0 nothing")
    with pytest.raises(InputError, match=r"--calibration=.*nowhere: no such file or folder"):
        windows([tmp_path / "nowhere"], (20, 30))
    with pytest.raises(InputError, match=r"--calibration=.*empty: "):
        windows([tmp_path / "empty"], (20, 30))
    with pytest.raises(InputError, match=r"broken\.dng"):
        windows([tmp_path / "broken.dng"], (20, 30))
