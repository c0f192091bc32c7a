"""Reading RAW files of every kind: real ones as stated, broken ones refused in one clear line."""

import os

import cv2
import numpy as np
import pytest

from tests.helpers.dngs import scene, write_dng
from tests.helpers.shared import shared
from tfisp.demosaic import reference
from tfisp.errors import InputError
from tfisp.raw import RAW_SUFFIXES, is_raw, read_raw
from tfisp.sensor import SENSORS, Sensor


def refuse(path, **options):
    """Asserts that a file is refused in one line that names it, and returns the line."""
    with pytest.raises(InputError) as caught:
        read_raw(path, **options)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def test_the_canon_dng_is_what_its_tags_say():
    mosaic, sensor, capture = read_raw(shared("raw/dng/canon_colorchart.dng"))
    assert mosaic.shape == (1156, 1734)
    assert mosaic.dtype == np.uint16
    assert (sensor.pattern, sensor.white_level) == ("RGGB", 15000)
    # It states 2056; its masked samples are darker (tests/rawfiles/test_masked.py).
    assert np.ptp(sensor.black_level) == pytest.approx(3.3, abs=0.3)
    # LibRaw's table has no matrix for it; the DNG's own ColorMatrix1.
    assert sensor.xyz_to_camera == SENSORS["demo"].xyz_to_camera
    np.testing.assert_allclose(capture.gains, (2.477, 1, 2.477 / 1.462), atol=1e-5)
    assert capture.orientation == 1
    assert capture.above_white == 0


def test_the_nikon_frame_overshoots_its_white_level_a_little():
    mosaic, sensor, capture = read_raw(shared("raw/frames/nikon_768x512_rggb.raw"))
    assert mosaic.shape == (512, 768)
    assert mosaic.max() == sensor.white_level == 15520
    assert capture.above_white / mosaic.size == pytest.approx(0.0013, abs=1e-4)
    assert capture.gains == (1.949, 1.0, 1.344)


def test_the_bggr_chart_has_its_colours_where_they_belong():
    mosaic, sensor, capture = read_raw(shared("raw/frames/colorchecker_1920x1080_12bit_bggr.raw"))
    assert (sensor.pattern, sensor.white_level) == ("BGGR", 4095)
    picture = reference(mosaic, sensor, capture, "bilinear")
    # Third row of the chart: blue, green, (red without a matrix is brown), yellow.
    blue, green, red, yellow = (
        picture[720:730, x : x + 10].mean((0, 1)) for x in (580, 720, 850, 1000)
    )
    assert blue.argmax() == 2
    assert green.argmax() == 1
    assert red.argmax() == 0
    assert yellow.argmin() == 2


def broken_files():
    """Names of the shared broken files; one entry that skips where they are absent."""
    folder = os.path.join(os.path.dirname(__file__), "..", "..", "shared", "raw", "corrupt")
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else ["none"]


@pytest.mark.parametrize("name", broken_files())
def test_every_broken_file_is_refused(name, capfd):
    refuse(shared(f"raw/corrupt/{name}"))
    assert capfd.readouterr().err == ""  # not even LibRaw's own remarks


def test_a_linear_dng_and_an_empty_frame_are_refused():
    message = refuse(shared("raw/dng/linear_not_cfa.dng"))
    assert "already demosaiced; capture Bayer RAW" in message
    assert "1x1" in refuse(shared("raw/dng/empty_frame.dng"))


def test_random_truncations_of_the_canon_dng_are_refused(tmp_path):
    data = shared("raw/dng/canon_colorchart.dng").read_bytes()
    lengths = np.random.default_rng(0).integers(0, len(data), 25).tolist()
    path = tmp_path / "cut.dng"
    for length in [*lengths, 8, 500, 1536, 1537, len(data) - 1]:
        path.write_bytes(data[:length])
        refuse(path)


def test_a_dng_whose_end_was_never_written_is_refused(tmp_path):
    data = bytearray(shared("raw/dng/canon_colorchart.dng").read_bytes())
    data[-200_000:] = bytes(200_000)  # as after an interrupted copy
    path = tmp_path / "hole.dng"
    path.write_bytes(data)
    assert "partly decoded" in refuse(path)


def test_truncated_headerless_frames_are_refused(tmp_path):
    for name in ("nikon_768x512_rggb", "colorchecker_1920x1080_12bit_bggr"):
        data = shared(f"raw/frames/{name}.raw").read_bytes()
        stated = shared(f"raw/frames/{name}.json").read_bytes()
        (tmp_path / f"{name}.json").write_bytes(stated)
        path = tmp_path / f"{name}.raw"
        for length in (0, 1, len(data) // 2, len(data) - 1):
            path.write_bytes(data[:length])
            refuse(path)


def test_the_ultraisp_patch_stands_on_twelve_bits():
    path = shared("samples/ultraisp/mediatek_raw_100.png")
    assert refuse(path, sensor=SENSORS["zrr"]).endswith(
        "maximum 4092 exceeds the white level 1023: 12-bit data?"
    )
    mosaic, sensor, _ = read_raw(path, SENSORS["ultraisp"])
    assert mosaic.max() == sensor.white_level == 4092


def test_a_dark_frame_and_a_half_black_scene_are_read(tmp_path):
    rng = np.random.default_rng(0)
    dark = np.rint(rng.normal(64, 3, (64, 72))).astype(np.uint16)
    half = scene(64, 72, 64, 1000)
    half[32:] = dark[32:]
    for name, mosaic in (("cap", dark), ("half", half)):
        path = write_dng(tmp_path / f"{name}.dng", mosaic, black=((64, 64), (64, 64)), white=1023)
        np.testing.assert_array_equal(read_raw(path)[0], mosaic)


def test_a_given_sensor_replaces_what_the_file_says(tmp_path):
    path = write_dng(tmp_path / "x.dng", scene(64, 72, 64, 1000), white=1023)
    mine = Sensor("BGGR", 32, 1100)
    assert read_raw(path, mine)[1] == mine


def test_a_colour_matrix_that_is_none_is_refused_by_name(tmp_path):
    flat = np.array([[0.65, -0.12, -0.09], [1e-6, 1e-6, 0.25], [-0.04, 0.15, 0.60]])
    path = write_dng(tmp_path / "x.dng", scene(64, 72, 64, 1000), matrices={21: -flat})
    assert "colour matrix" in refuse(path)
    assert "colour matrix" in refuse(path, sensor=Sensor("RGGB", 64, 1023, "", np.ones((3, 3))))


def test_a_headerless_file_takes_its_layout_from_arguments(tmp_path):
    mosaic = scene(48, 64, 64, 1000)
    path = tmp_path / "x.raw"
    path.write_bytes(mosaic.astype(">u2").tobytes())
    result, _, _ = read_raw(path, SENSORS["zrr"], shape=(48, 64), byte_order="big")
    np.testing.assert_array_equal(result, mosaic)


def test_a_tiff_like_file_called_raw_goes_to_libraw(tmp_path):
    mosaic = scene(64, 72, 64, 1000)
    path = write_dng(tmp_path / "leica.raw", mosaic, white=1023)
    np.testing.assert_array_equal(read_raw(path)[0], mosaic)


def test_what_is_not_there_or_no_file_is_refused(tmp_path):
    assert "no such file" in refuse(tmp_path / "none.dng")
    assert "not a regular file" in refuse(tmp_path)
    os.mkfifo(tmp_path / "pipe.dng")
    assert "not a regular file" in refuse(tmp_path / "pipe.dng")  # reading would wait for ever
    for suffix in (".dng", ".png", ".npy", ".raw", ".cr3"):
        path = tmp_path / f"empty{suffix}"
        path.touch()
        assert "empty" in refuse(path)


def test_a_suffix_that_is_no_raw_files_is_refused(tmp_path):
    path = tmp_path / "photo.jpg"
    cv2.imwrite(str(path), np.zeros((8, 8, 3), np.uint8))
    assert ".jpg is not a RAW file's" in refuse(path)


def test_a_photograph_in_disguise_is_refused(tmp_path):
    jpeg = cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8))[1].tobytes()
    for name in ("photo.dng", "photo.nef", "photo.png"):
        path = tmp_path / name
        path.write_bytes(jpeg)
        refuse(path, sensor=SENSORS["zrr"])


@pytest.mark.parametrize("name", ["a.DNG", "b.NeF", "c.png", "d.raw"])
def test_suffixes_count_in_any_case(name):
    assert is_raw(name)


def test_suffixes_are_lower_case_and_photographs_are_none():
    assert all(suffix == suffix.lower() for suffix in RAW_SUFFIXES)
    assert not is_raw("photo.jpg")
    assert not is_raw("notes")
