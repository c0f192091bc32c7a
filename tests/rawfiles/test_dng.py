"""DNGs by their tags: which frame is read, the facts of the shot, what is refused by name."""

import numpy as np
import pytest

from tests.helpers.dngs import gain_map, opcode_list, rationals, scene, write_dng
from tests.helpers.tiffs import (
    BYTE,
    LONG,
    RATIONAL,
    SHORT,
    SRATIONAL,
    UNDEFINED,
    bayer_tags,
    write_frame,
)
from tfisp.errors import InputError
from tfisp.rawfiles.camerafile import read_camera_file

MOSAIC, OTHER = scene(96, 128, 64, 1000), scene(96, 128, 64, 1000, seed=1)
SMALL = scene(48, 64, 16, 4000, seed=2)
OTHER_TAGS = bayer_tags("BGGR", 16, 4095)
PREVIEW = {254: (LONG, [1])}
MAP = opcode_list(gain_map(np.full((2, 2), 3), pitch=1, size=(48, 64)))


@pytest.fixture
def dng(tmp_path):
    def write(**options):
        return write_dng(tmp_path / "x.dng", scene(64, 72, 64, 1000), **options)

    return write


def frames(path, first, *more):
    return read_camera_file(write_frame(path, more=more, **first))


@pytest.mark.parametrize(
    "order",
    [
        # Of full frames the largest, of equals the first; a reduced one never.
        ({"mosaic": MOSAIC}, {"mosaic": OTHER, "tags": OTHER_TAGS}),
        ({"mosaic": MOSAIC}, {"mosaic": SMALL, "tags": OTHER_TAGS}),
        ({"mosaic": SMALL, "tags": OTHER_TAGS}, {"mosaic": MOSAIC}),
        ({"mosaic": OTHER, "tags": OTHER_TAGS | PREVIEW}, {"mosaic": MOSAIC}),
        ({"mosaic": np.tile(SMALL, (4, 4)), "tags": OTHER_TAGS | PREVIEW}, {"mosaic": MOSAIC}),
        ({"mosaic": MOSAIC}, {"mosaic": SMALL, "tags": {**OTHER_TAGS, 254: (LONG, [65536])}}),
    ],
)
def test_of_several_frames_one_is_read_with_its_own_tags(tmp_path, order):
    frame = frames(tmp_path / "x.dng", *order)
    np.testing.assert_array_equal(frame.mosaic, MOSAIC)
    assert frame.sensor.pattern == "RGGB"
    assert frame.sensor.black_level == ((64, 64), (64, 64))
    assert frame.sensor.white_level == 1023
    assert frame.notes == ("holds 2 CFA frames; the one of 96x128 samples is read",)


def test_a_gain_map_of_another_frame_is_not_applied(tmp_path):
    shaded = {**PREVIEW, 51009: (UNDEFINED, list(MAP)), 50829: (LONG, [1, 1, 47, 63])}
    frame = frames(
        tmp_path / "x.dng",
        {"mosaic": MOSAIC, "tags": {50829: (LONG, [1, 2, 95, 126]), 50714: (SHORT, [60])}},
        {"mosaic": SMALL, "tags": shaded},
    )
    assert frame.capture.shading is None
    assert frame.capture.frame_size == (94, 124)
    np.testing.assert_array_equal(frame.mosaic, MOSAIC[1:95, 2:126])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_eight_orientations_are_read(dng, orientation):
    frame = read_camera_file(dng(orientation=orientation))
    assert frame.capture.orientation == orientation
    assert frame.notes == ()


@pytest.mark.parametrize("orientation", [0, 9, 1000])
def test_an_impossible_orientation_leaves_the_picture_as_stored(dng, orientation):
    frame = read_camera_file(dng(orientation=orientation))
    assert frame.capture.orientation == 1
    assert f"Orientation {orientation} is none of 1 to 8" in frame.notes[0]


def test_exposure_and_noise_are_read(dng):
    capture = read_camera_file(dng(baseline_exposure=-0.75, noise=(1e-4, 2e-6))).capture
    assert capture.baseline_exposure == pytest.approx(-0.75)
    assert capture.noise == ((1e-4, 2e-6),)
    noise = read_camera_file(dng(noise=range(1, 7))).capture.noise
    assert noise == ((1, 2), (3, 4), (5, 6))


def test_exposure_time_and_speed_are_read_with_their_notes(tmp_path):
    tags = {33434: (RATIONAL, [1, 50]), 34855: (SHORT, [400])}
    capture = read_camera_file(write_frame(tmp_path / "x.dng", MOSAIC, tags=tags)).capture
    assert (capture.exposure_time, capture.iso) == (0.02, 400)
    capture = read_camera_file(write_frame(tmp_path / "x.dng", MOSAIC)).capture
    assert (capture.exposure_time, capture.iso) == (None, None)


@pytest.mark.parametrize("exposure", [(2**31 - 1, 1), (-33, 1), (1, 0)])
def test_an_exposure_beyond_every_camera_is_refused(tmp_path, exposure):
    path = write_frame(tmp_path / "x.dng", MOSAIC, tags={50730: (SRATIONAL, list(exposure))})
    with pytest.raises(InputError, match=r"x\.dng: baseline exposure .* at most 32 either way"):
        read_camera_file(path)


def test_an_exposure_of_no_number_counts_as_not_stated(tmp_path):
    path = write_frame(tmp_path / "x.dng", MOSAIC, tags={50730: (SRATIONAL, [0, 0])})
    frame = read_camera_file(path)
    assert frame.capture.baseline_exposure == 0
    assert frame.notes == ()


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({51041: (12, [1.0, 2.0, 3.0])}, "NoiseProfile of 3 values"),
        ({51041: (12, [np.nan, 1.0])}, "NoiseProfile"),
        ({51009: (UNDEFINED, list(b"\0\0\0\5nonsense"))}, "opcode list ends within an opcode"),
        ({262: (SHORT, [1])}, "without a CFA frame"),
        ({262: (LONG, [34892])}, "monochrome, without a colour filter array"),
        ({50714: (99, [1])}, "tag 50714 of the unknown type 99 cannot be read"),
        ({256: (LONG, [4])}, "96x4 samples is too small"),
    ],
)
def test_tags_that_cannot_be_true_are_refused(tmp_path, tags, message, monkeypatch):
    monkeypatch.setitem(write_frame.__globals__["_CODES"], 99, "B")
    path = write_frame(tmp_path / "x.dng", MOSAIC, tags=tags)
    with pytest.raises(InputError, match=rf"x\.dng: .*{message}"):
        read_camera_file(path)


def test_a_tag_of_a_careless_type_is_used_and_noted(tmp_path):
    path = write_frame(tmp_path / "x.dng", MOSAIC, tags={277: (BYTE, [1])})
    frame = read_camera_file(path)
    np.testing.assert_array_equal(frame.mosaic, MOSAIC)
    assert frame.notes == ("tags of an unusual type: 277 (type 1): a careless writer, or damage",)


def test_a_dng_without_its_version_is_read_by_its_tags_if_it_is_called_one(tmp_path):
    tags = {50706: None, 50829: (LONG, [1, 1, 95, 127])}
    frame = read_camera_file(write_frame(tmp_path / "x.dng", MOSAIC, tags=tags, bits=12))
    np.testing.assert_array_equal(frame.mosaic, MOSAIC[1:95, 1:127])


def test_the_name_is_make_and_model(dng, tmp_path):
    assert read_camera_file(dng()).sensor.name == "Acme Synth 1"
    tags = {271: (2, [*b"ACME Corp.\0"]), 272: (2, [*b"Acme 7\0"])}
    path = write_frame(tmp_path / "y.dng", MOSAIC, tags=tags)
    assert read_camera_file(path).sensor.name == "Acme 7"


def test_damaged_tags_give_a_frame_or_one_clear_error(tmp_path):
    """Random bytes in the directory never raise anything else, and never take long."""
    tags = {
        50829: (LONG, [4, 6, 92, 120]),
        51009: (UNDEFINED, list(opcode_list(gain_map(np.ones((2, 2)), pitch=1, size=(88, 114))))),
        50730: (SRATIONAL, list(rationals([0.5]))),
    }
    data = np.fromfile(write_frame(tmp_path / "x.dng", MOSAIC, rows=16, tags=tags), np.uint8)
    read_camera_file(tmp_path / "x.dng")
    rng = np.random.default_rng(0)
    path = tmp_path / "fuzzed.dng"
    for _ in range(200):
        fuzzed = data.copy()
        fuzzed[rng.integers(2 * MOSAIC.size, len(data), 4)] = rng.integers(0, 256, 4)
        fuzzed[rng.integers(0, 8, rng.integers(0, 2))] = rng.integers(0, 256)
        fuzzed.tofile(path)
        try:
            read_camera_file(path)
        except InputError as error:
            assert str(error).startswith(f"{path}: ")
            assert "\n" not in str(error)
