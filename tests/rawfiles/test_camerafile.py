"""Camera files: the samples of LibRaw, the facts of the tags, and what has to be refused."""

import os
import struct
from types import SimpleNamespace

import numpy as np
import pytest
import rawpy
import tifffile

from tests.helpers.dngs import (
    gain_map,
    lossless_jpeg,
    opcode_list,
    scene,
    write_compressed_dng,
    write_dng,
)
from tests.helpers.tiffs import ASCII, LONG, write_frame
from tfisp.errors import InputError
from tfisp.rawfiles import camerafile
from tfisp.rawfiles.camerafile import _by_libraw, read_camera_file
from tfisp.sensor import PATTERNS, Sensor

BLACK = ((60, 61), (62, 63))


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(
    "area", [None, (2, 4, 60, 70), (1, 2, 63, 70), (1, 1, 63, 71), (2, 3, 60, 70)]
)
def test_samples_pattern_and_levels_belong_to_the_active_area(tmp_path, pattern, area):
    mosaic = scene(64, 72, 64, 1000)
    path = write_dng(
        tmp_path / "x.dng", mosaic, pattern=pattern, black=BLACK, white=1023, active_area=area
    )
    frame = read_camera_file(path)
    top, left, bottom, right = area or (0, 0, 64, 72)
    np.testing.assert_array_equal(frame.mosaic, mosaic[top:bottom, left:right])
    # DNG: the CFA pattern and the black levels begin at the active area's corner.
    assert frame.sensor == Sensor(pattern, BLACK, 1023, "Acme Synth 1")
    assert frame.capture.frame_size == frame.mosaic.shape


def test_libraws_multipliers_become_gains_of_which_the_smallest_is_one():
    # As LibRaw states it for a file of 1 / 2.477 / 1.462: a zero G2, and red at 1.
    gains = camerafile._as_shot([1.0, 0.4037142, 0.6839945, 0.0])
    np.testing.assert_allclose(gains, (2.477, 1, 1.69425), atol=1e-4)


@pytest.mark.parametrize(
    "balance", [[0, 0, 0, 0], [-1, -1, -1, -1], [1, 0, 1, 0], [np.nan, 1, 1, 1]]
)
def test_an_unusable_neutral_is_none(balance):
    assert camerafile._as_shot(balance) is None


def test_what_libraw_does_not_hand_out_is_in_the_capture(tmp_path):
    path = write_dng(
        tmp_path / "x.dng",
        scene(64, 72, 64, 1000),
        orientation=7,
        baseline_exposure=0.5,
        noise=(1e-4, 1e-6),
        matrices={21: np.eye(3)},
        opcodes2=opcode_list(gain_map(np.full((2, 2), 3), pitch=1, size=(64, 72))),
    )
    frame = read_camera_file(path)
    assert frame.capture.orientation == 7
    assert frame.capture.baseline_exposure == 0.5
    assert frame.capture.noise == ((1e-4, 1e-6),)
    assert (frame.capture.shading == 3).all()
    assert frame.sensor.xyz_to_camera == ((1, 0, 0), (0, 1, 0), (0, 0, 1))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_libraws_flip_means_the_same_as_the_tag(tmp_path, orientation):
    path = write_dng(tmp_path / "x.dng", scene(64, 72, 64, 1000), orientation=orientation)
    with rawpy.imread(str(path)) as raw:
        assert camerafile._FLIP_TO_ORIENTATION[raw.sizes.flip] == orientation


def test_other_formats_get_their_geometry_from_libraw():
    """A stand-in for rawpy's object of a NEF: GRBG from the corner of an odd active area."""
    tile = np.array([[0, 1], [3, 2]])  # of the whole frame: R G / G2 B
    stored = scene(40, 50, 64, 1000)
    raw = SimpleNamespace(
        num_colors=3,
        raw_type=rawpy.RawType.Flat,
        raw_image=stored,
        sizes=SimpleNamespace(top_margin=2, left_margin=3, height=30, width=40, flip=6),
        color_desc=b"RGBG",
        raw_color=lambda i, j: tile[i % 2, j % 2],
        black_level_per_channel=[10, 20, 30, 40],  # by colour: R, G, B, G2
        white_level=1023,
        rgb_xyz_matrix=np.vstack([np.eye(3), np.zeros(3)]).astype(np.float32),
        camera_whitebalance=[570.0, 263.0, 438.0, 0.0],
        other=SimpleNamespace(iso_speed=200.0, shutter_speed=0.01),
    )
    frame = camerafile._frame(camerafile.Path("x.nef"), raw, None)
    np.testing.assert_array_equal(frame.mosaic, stored[2:32, 3:43])
    assert frame.sensor.pattern == "GRBG"
    assert frame.sensor.black_level == ((20, 10), (30, 40))
    assert frame.capture.orientation == 6
    assert (frame.capture.iso, frame.capture.exposure_time) == (200, 0.01)
    np.testing.assert_allclose(frame.capture.gains, (570 / 263, 1, 438 / 263))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pattern": "GBGGRGRGRBGBGBGGRGGRGGBGBGBRGRGRGGBG", "repeat": (6, 6)}, "X-Trans"),
        ({"pattern": "RRGGRRGGGGBBGGBB", "repeat": (4, 4)}, "quad-Bayer"),
        ({"pattern": "RGGG"}, "CFA RGGG"),
    ],
)
def test_other_colour_filter_arrays_are_refused_by_name(tmp_path, options, message):
    path = write_dng(tmp_path / "x.dng", scene(72, 72, 64, 1000), **options)
    with pytest.raises(InputError, match=message):
        read_camera_file(path)


def test_a_linear_dng_is_refused(tmp_path):
    rgb = np.repeat(scene(64, 72, 64, 1000)[..., None], 3, axis=-1)
    path = write_dng(tmp_path / "x.dng", rgb, photometric=34892)
    with pytest.raises(InputError, match="already demosaiced; capture Bayer RAW"):
        read_camera_file(path)


def test_a_floating_point_dng_is_refused(tmp_path):
    path = write_dng(tmp_path / "x.dng", scene(64, 72, 0, 1).astype(np.float32), white=1)
    with pytest.raises(InputError, match="floating-point"):
        read_camera_file(path)


def test_levels_that_contradict_each_other_name_the_file(tmp_path):
    path = write_dng(tmp_path / "x.dng", scene(64, 72, 64, 1000), black=BLACK, white=50)
    with pytest.raises(InputError, match=r"x\.dng: .*white level 50"):
        read_camera_file(path)


def test_every_truncation_of_a_dng_is_refused(tmp_path):
    data = write_dng(tmp_path / "x.dng", scene(64, 72, 64, 1000)).read_bytes()
    path = tmp_path / "cut.dng"
    for length in [*range(1, 700, 7), *range(700, len(data), 501), len(data) - 1]:
        path.write_bytes(data[:length])
        with pytest.raises(InputError, match=r"cut\.dng"):
            read_camera_file(path)


def test_lossless_jpeg_is_read_and_its_damage_found(tmp_path):
    mosaic = scene(64, 128, 64, 1000)
    path = tmp_path / "x.dng"
    write_compressed_dng(path, mosaic)
    np.testing.assert_array_equal(read_camera_file(path).mosaic, mosaic)
    stream = lossless_jpeg(mosaic)
    half = len(stream) // 2
    # Cut short; its end overwritten by zeros, which decode as "no difference"; or by markers.
    for damaged in (stream[:half], stream[:half] + bytes(half), stream[:half] + b"\xff" * half):
        write_compressed_dng(path, mosaic, damaged)
        with pytest.raises(InputError, match=r"x\.dng"):
            read_camera_file(path)


def test_a_damaged_difference_of_lossless_jpeg_is_noted(tmp_path):
    """As many bits as before, but the rest of a row has moved."""
    mosaic = scene(64, 128, 64, 1000)
    damaged = mosaic.astype(np.int64)
    damaged[30, 40::2] += 250
    path = tmp_path / "x.dng"
    write_compressed_dng(path, damaged.astype(np.uint16))
    assert "1 rows are brighter or darker" in read_camera_file(path).notes[0]
    write_compressed_dng(path, mosaic)
    assert read_camera_file(path).notes == ()


def test_by_libraw_a_file_reads_as_by_its_tags(tmp_path):
    """LibRaw is an independent reader: of a plain DNG it finds the same."""
    path = write_dng(
        tmp_path / "x.dng",
        scene(64, 72, 64, 1000),
        pattern="GBRG",
        black=BLACK,
        white=1023,
        neutral=(0.5, 1, 0.8),
        orientation=6,
    )
    ours, theirs = read_camera_file(path), _by_libraw(path, None)
    np.testing.assert_array_equal(ours.mosaic, theirs.mosaic)
    assert ours.sensor.pattern == theirs.sensor.pattern
    assert ours.sensor.black_level == theirs.sensor.black_level
    assert ours.sensor.white_level == theirs.sensor.white_level
    np.testing.assert_allclose(ours.capture.gains, theirs.capture.gains, rtol=1e-6)
    assert ours.capture.orientation == theirs.capture.orientation == 6


def test_samples_that_libraw_never_wrote_are_found(tmp_path):
    """A stream without a valid header is skipped in silence: the frame is what memory held."""
    mosaic = scene(600, 800, 64, 1000)
    path = write_compressed_dng(
        tmp_path / "x.dng", mosaic, b"\xff\xd8 no lossless JPEG " + bytes(99)
    )
    for _ in range(3):
        with pytest.raises(InputError, match="could not be decoded"):
            _by_libraw(path, None)
        _by_libraw(write_dng(tmp_path / "good.dng", mosaic), None)


def test_libraws_complaint_alone_refuses_a_file(tmp_path, monkeypatch):
    path = write_dng(tmp_path / "x.dng", scene(64, 72, 64, 1000))
    whole = camerafile._frame

    def noisy(*arguments):
        os.write(2, f"{path}: data corrupted at 4711\n".encode())
        return whole(*arguments)

    monkeypatch.setattr(camerafile, "_frame", noisy)
    with pytest.raises(InputError, match="missing or corrupt"):
        _by_libraw(path, None)


def test_damaged_lossless_jpeg_is_found_also_where_libraw_decodes_it(tmp_path):
    tags = {50706: None, 271: (ASCII, [*b"Acme\0"])}
    mosaic, stored = scene(96, 128, 64, 1000), {"compression": 7, "encode": lossless_jpeg}
    path = write_frame(tmp_path / "x.nef", mosaic, tags=tags, **stored)
    np.testing.assert_array_equal(read_camera_file(path).mosaic, mosaic)
    data = bytearray(path.read_bytes())
    data[12_800:13_312] = bytes(512)
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"x\.nef: lossless JPEG of .* samples are damaged"):
        read_camera_file(path)


def test_tags_that_do_not_fit_are_noted_where_libraw_decodes(tmp_path):
    tags = {50706: None, 271: (ASCII, [*b"Acme\0"])}
    mosaic = scene(96, 128, 64, 1000)
    path = write_frame(tmp_path / "x.nef", mosaic, tags=tags)
    assert read_camera_file(path).notes == ()
    path = write_frame(tmp_path / "x.nef", mosaic, tags={**tags, 278: (LONG, [48])})
    assert "LibRaw's reading is not checked" in read_camera_file(path).notes[0]
    path = write_frame(tmp_path / "x.nef", mosaic, tags={**tags, 330: (LONG, [1 << 30])})
    assert read_camera_file(path).notes == (
        "tags are damaged: a directory at byte 1073741824 cannot be read",
    )


@pytest.mark.parametrize("code", [256, 258, 259, 262, 273, 277, 278, 279, 33422])
def test_text_where_numbers_belong_is_one_line_where_libraw_decodes(tmp_path, code):
    tags = {50706: None, 271: (ASCII, [*b"Acme\0"]), code: (ASCII, [*b"8\0"])}
    path = write_frame(tmp_path / "x.nef", scene(96, 128, 64, 1000), tags=tags)
    try:
        notes = read_camera_file(path).notes
    except InputError as error:
        assert str(error).count(str(path)) == 1 and "\n" not in str(error)
    else:
        assert notes


@pytest.mark.parametrize("moved", [-2, 8])
def test_samples_over_something_else_are_noted_where_libraw_decodes(tmp_path, moved):
    path = write_frame(
        tmp_path / "x.nef", scene(96, 128, 64, 1000), tags={50706: None, 271: (ASCII, [*b"Acme\0"])}
    )
    with tifffile.TiffFile(path) as file:
        tag = file.pages[0].tags["StripOffsets"]
        place, start = tag.valueoffset, tag.value[0]
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, place, start + moved)
    path.write_bytes(data)
    (note,) = read_camera_file(path).notes
    assert "LibRaw's reading is not checked" in note and "lie over" in note


def test_what_is_called_dng_and_is_none_is_refused(tmp_path):
    path = tmp_path / "x.dng"
    for data in (b"x" * 99, b"II*\0\xff\xff\xff\xff" + bytes(99), b"IIU\0"):
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"x\.dng: not a DNG file"):
            read_camera_file(path)
