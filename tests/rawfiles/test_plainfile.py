"""PNG, .npy and headerless mosaics: read exactly, described or refused, never half decoded."""

import json
import struct
import zlib

import cv2
import numpy as np
import pytest

from tests.helpers.dngs import scene
from tfisp.errors import InputError
from tfisp.rawfiles.plainfile import read_plain
from tfisp.sensor import SENSORS, Sensor

MOSAIC = scene(48, 64, 64, 1000)
ZRR = SENSORS["zrr"]


@pytest.fixture
def frame(tmp_path):
    """Writes frame.<suffix> and, if given, the JSON beside it."""

    def write(suffix, data=MOSAIC, stated=None):
        path = tmp_path / f"frame.{suffix}"
        if isinstance(data, bytes):
            path.write_bytes(data)
        elif suffix == "png":
            cv2.imwrite(str(path), data)
        elif suffix == "npy":
            np.save(path, data)
        else:
            path.write_bytes(data.astype("<u2").tobytes())
        if stated is not None:
            text = stated if isinstance(stated, str) else json.dumps(stated)
            (tmp_path / "frame.json").write_text(text)
        return path

    return write


@pytest.mark.parametrize("suffix", ["png", "npy"])
def test_samples_come_back_with_the_given_sensor(frame, suffix):
    result = read_plain(frame(suffix), ZRR)
    np.testing.assert_array_equal(result.mosaic, MOSAIC)
    assert result.mosaic.dtype == np.uint16
    assert result.sensor == ZRR


@pytest.mark.parametrize("order", ["little", "big"])
def test_a_headerless_file_is_described_by_its_json(frame, order):
    stated = {
        "width": 64,
        "height": 48,
        "dtype": "uint16",
        "byte_order": order,
        "pattern": "GBRG",
        "black_level": [[60, 61], [62, 63]],
        "white_level": 1023,
        "white_balance": [1.949, 1.0, 1.344],
        "orientation": 6,
        "iso": 100,
        "note": "anything",
    }
    data = MOSAIC.astype(">u2" if order == "big" else "<u2").tobytes()
    result = read_plain(frame("raw", data, stated))
    np.testing.assert_array_equal(result.mosaic, MOSAIC)
    assert result.sensor == Sensor("GBRG", ((60, 61), (62, 63)), 1023)
    assert result.capture.gains == (1.949, 1.0, 1.344)
    assert (result.capture.orientation, result.capture.iso) == (6, 100)
    assert result.notes == ()


def test_a_headerless_file_is_described_by_arguments(frame):
    path = frame("raw", MOSAIC.astype(">u2").tobytes())
    result = read_plain(path, ZRR, (48, 64), "big")
    np.testing.assert_array_equal(result.mosaic, MOSAIC)


@pytest.mark.parametrize("bits", [8, 16])
def test_the_fewest_and_the_most_bits_are_read(frame, bits):
    result = read_plain(frame("npy", stated={"pattern": "BGGR", "bits": bits}))
    assert result.sensor.white_level == {8: 255, 16: 65535}[bits]


def test_levels_that_are_not_stated_follow_from_the_bits_and_are_noted(frame):
    result = read_plain(frame("npy", stated={"pattern": "BGGR", "bits": 12}))
    assert result.sensor == Sensor("BGGR", 0, 4095)
    assert any("white level not stated" in note for note in result.notes)
    assert any("black level not stated" in note for note in result.notes)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        (None, "nothing states its CFA pattern"),
        ({}, "nothing states its CFA pattern"),
        ({"pattern": "RGGB"}, "neither white_level nor bits"),
        ({"pattern": "RGGB", "bits": 99}, "neither white_level nor bits"),
        ({"pattern": "RGGR", "bits": 12}, "pattern 'RGGR'"),
        ({"pattern": "RGGB", "white_level": "high"}, "white level"),
        ({"pattern": "RGGB", "whitelevel": 1023}, "did you mean white_level"),
        ({"pattern": "RGGB", "bits": 12, "orientation": 12}, "orientation"),
        ({"pattern": "RGGB", "bits": 12, "white_balance": [1, 2]}, "white balance"),
        ({"pattern": "RGGB", "bits": 12, "iso": "fast"}, r"frame\.json: iso 'fast'"),
        ({"pattern": "RGGB", "bits": 12, "iso": -100}, "iso -100"),
        ({"pattern": "RGGB", "bits": 12, "exposure_time": [1]}, "exposure_time"),
        ({"pattern": "RGGB", "bits": 12, "orientation": True}, "orientation True"),
        ({"pattern": "RGGB", "bits": 12, "orientation": 1.0}, "orientation 1.0"),
        ({"pattern": "RGGB", "bits": 12, "baseline_exposure": 1e6}, "baseline exposure 1000000"),
        ({"pattern": "RGGB", "bits": 12, "baseline_exposure": 10**400}, "baseline exposure 1000"),
        ({"pattern": "RGGB", "bits": 12, "baseline_exposure": float("inf")}, "exposure inf"),
        ({"pattern": "RGGB", "bits": 12, "baseline_exposure": None}, "exposure None"),
        ({"pattern": "RGGB", "bits": 12, "white_balance": [1, 10**400, 1]}, "white balance"),
        ({"pattern": "RGGB", "bits": 12, "white_balance": [1, 1e-300, 1e300]}, "gains"),
        ({"pattern": "RGGB", "bits": 12, "white_balance": "123"}, "white balance"),
        ({"pattern": "RGGB", "white_level": 0}, "white level 0"),
        ({"pattern": "RGGB", "white_level": 65536}, "above 65535"),
        ({"pattern": "RGGB", "white_level": 1e400}, "white level inf"),
        ({"pattern": "RGGB", "white_level": True}, "white level True"),
        ({"pattern": "RGGB", "bits": 12, "black_level": "64"}, "black level '64'"),
        ({"pattern": "RGGB", "bits": 12, "black_level": -1}, "below 0"),
        ({"pattern": "RGGB", "bits": 12, "black_level": [[1, 2], [3]]}, "black level"),
        ({"pattern": "RGGB", "bits": 12, "black_level": 10**400}, "black level"),
        ({"pattern": ["R"], "bits": 12}, "pattern"),
        ({"pattern": "RGGB", "bits": 12, "name": 5}, "name 5 is no text"),
        ({"pattern": "RGGB", "bits": 12, "xyz_to_camera": {}}, "xyz_to_camera"),
        ({"pattern": "RGGB", "bits": 12, "width": 65}, "width 65, but the file holds 48x64"),
        ({"pattern": "RGGB", "bits": 12, "height": "48"}, "height '48'"),
        ("{", "not valid JSON"),
        ("[" * 100_000, "nested too deep"),
        ('{"pattern": "RGGB", "white_level": 1' + "0" * 400 + "}", "white level"),
        ('{"pattern": "RGGB", "white_level": 1' + "0" * 5000 + "}", "not valid JSON"),
        ("[1]", "JSON object"),
    ],
)
def test_a_frame_that_is_not_described_is_refused(frame, stated, message):
    with pytest.raises(InputError, match=message):
        read_plain(frame("npy", stated=stated))


@pytest.mark.parametrize("suffix", ["png", "npy"])
def test_padding_is_cropped_where_the_size_is_stated(frame, suffix):
    stated = {"pattern": "RGGB", "black_level": 64, "white_level": 1023, "width": 64}
    padded = np.pad(MOSAIC, [(0, 4), (0, 8)])
    result = read_plain(frame(suffix, padded, {**stated, "height": 48}))
    np.testing.assert_array_equal(result.mosaic, MOSAIC)
    assert result.notes == ("cropped from 52x72 samples to the 48x64 that are stated",)


def test_bytes_under_a_level_of_more_bits_are_refused_with_the_way_out(frame):
    with pytest.raises(InputError, match=r"holds bytes \(uint8\).*\.view\(np\.uint16\)"):
        read_plain(frame("npy", MOSAIC.view(np.uint8)), ZRR)
    small = (MOSAIC // 4).astype(np.uint8)
    stated = {"pattern": "RGGB", "black_level": 16, "white_level": 255}
    np.testing.assert_array_equal(read_plain(frame("npy", small, stated)).mosaic, small)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        ((MOSAIC // 4).astype(np.uint8), "8 bits, grey"),
        (np.repeat(MOSAIC[..., None], 3, axis=-1), "16 bits, RGB"),
        (np.zeros((8, 8, 4), np.uint8), "8 bits, RGB and alpha"),
    ],
)
def test_a_png_that_is_no_mosaic_says_what_it_is(frame, picture, message):
    with pytest.raises(InputError, match=message):
        read_plain(frame("png", picture), ZRR)


def test_every_damaged_png_is_refused(frame, tmp_path):
    data = frame("png").read_bytes()
    path = tmp_path / "frame.png"
    for length in range(0, len(data), 97):
        path.write_bytes(data[:length])
        with pytest.raises(InputError, match=r"frame\.png"):
            read_plain(path, ZRR)
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    with pytest.raises(InputError, match="checksum"):
        read_plain(frame("png", bytes(flipped)), ZRR)


@pytest.mark.parametrize("left", range(12))
def test_a_png_that_ends_between_two_chunks_is_truncated(frame, left):
    """A chunk has 12 bytes at the least: length, name and checksum."""
    data = frame("png").read_bytes()
    last = len(data) - 12
    with pytest.raises(InputError, match=r"the PNG ends before its last chunk: truncated"):
        read_plain(frame("png", data[: last + left]), ZRR)


def test_a_png_whose_pixels_do_not_inflate_is_refused(frame):
    def chunk(name, body):
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", 64, 48, 16, 0, 0, 0, 0)
    data = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"?" * 9) + chunk(b"IEND", b"")
    )
    with pytest.raises(InputError, match="cannot be decoded"):
        read_plain(frame("png", data), ZRR)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (MOSAIC.astype(np.float32), "float32"),
        (MOSAIC[None], "expected whole numbers"),
        (np.zeros((0, 4), np.uint16), "empty"),
        (MOSAIC.astype(np.int32) - 1000, "samples from -"),
        (MOSAIC.astype(np.int64) * 1000, "expected 0 to 65535"),
        (np.array([{"a": 1}]), "no array of plain numbers"),
    ],
)
def test_an_array_that_is_no_mosaic_says_what_it_is(frame, array, message):
    with pytest.raises(InputError, match=message):
        read_plain(frame("npy", array), ZRR)


def test_every_truncation_of_an_array_is_refused(frame, tmp_path):
    data = frame("npy").read_bytes()
    for length in (0, 5, 11, 60, 128, 1000, len(data) - 1):
        with pytest.raises(InputError, match=r"not a \.npy file|damaged|too few"):
            read_plain(frame("npy", data[:length]), ZRR)


@pytest.mark.parametrize("length", [0, 2, 6142, 6145, 12288])
def test_a_headerless_file_of_another_length_is_refused(frame, length):
    with pytest.raises(InputError, match=f"{length} bytes"):
        read_plain(frame("raw", bytes(length)), ZRR, (48, 64))


@pytest.mark.parametrize("stated", [None, {}, {"width": 64}, {"width": 64, "height": "48"}])
def test_a_headerless_file_needs_a_size(frame, stated):
    with pytest.raises(InputError, match="size is not stated"):
        read_plain(frame("raw", stated=stated), ZRR)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"dtype": "uint8"}, "dtype"),
        ({"byte_order": "middle"}, "byte_order"),
        ({"byte_order": None}, "byte_order"),
        ({"byte_order": ["little"]}, "byte_order"),
    ],
)
def test_a_headerless_file_of_another_encoding_is_refused(frame, stated, message):
    with pytest.raises(InputError, match=message):
        read_plain(frame("raw", stated={"width": 64, "height": 48, **stated}), ZRR)
