"""Samples are put together from strips and tiles as the tags state them, or refused."""

import zlib

import imagecodecs
import numpy as np
import pytest
import rawpy
import tifffile

from tests.helpers.dngs import lossless_jpeg, scene, write_dng
from tests.helpers.tiffs import (
    LONG,
    SHORT,
    STRIP_COUNTS,
    STRIP_OFFSETS,
    TILE_COUNTS,
    TILE_OFFSETS,
    packed,
    write_frame,
)
from tfisp.errors import InputError
from tfisp.rawfiles.camerafile import read_camera_file

MOSAIC = scene(96, 128, 64, 1000)
ODD = scene(90, 122, 64, 1000)  # no multiple of a strip's or tile's side


def read(path):
    return read_camera_file(path).mosaic


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"rows": 16},
        {"rows": 16, "gap": bytes(32)},
        {"rows": 16, "gap": b"\xff" * 33, "sequence": [3, 0, 5, 1, 4, 2]},
        {"tile": (96, 128)},  # one tile that reaches over both edges
        {"tile": (48, 64)},
        {"tile": (32, 48), "gap": b"?" * 7},
    ],
)
def test_uncompressed_samples_come_back(tmp_path, bits, order, stored):
    path = write_frame(tmp_path / "x.dng", ODD, bits=bits, order=order, **stored)
    np.testing.assert_array_equal(read(path), ODD)


def test_eight_bit_samples_come_back(tmp_path):
    tags = {50714: (SHORT, [16]), 50717: (LONG, [255])}
    small = (ODD // 4).astype(np.uint16)
    path = write_frame(tmp_path / "x.dng", small, bits=8, rows=7, tags=tags)
    np.testing.assert_array_equal(read(path), small)


def test_big_tiff_is_read(tmp_path):
    path = write_frame(tmp_path / "x.dng", MOSAIC, big=True, rows=16)
    np.testing.assert_array_equal(read(path), MOSAIC)


@pytest.mark.parametrize(
    "options", [{}, {"rowsperstrip": 7}, {"tile": (32, 48)}, {"tile": (96, 128)}]
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_what_tifffile_writes_is_read(tmp_path, options, order):
    path = tmp_path / "x.dng"
    tags = [(50706, 1, 4, bytes((1, 4, 0, 0)), True), (33421, 3, 2, (2, 2), True)]
    tags += [(33422, 1, 4, bytes((0, 1, 1, 2)), True), (50717, 4, 1, 1023, True)]
    tifffile.imwrite(path, ODD, photometric=32803, extratags=tags, byteorder=order, **options)
    np.testing.assert_array_equal(read(path), ODD)


def test_the_samples_are_those_of_libraw_where_it_reads_a_file_right(tmp_path):
    for mosaic, options in ((MOSAIC, {}), (MOSAIC, {"tile": (48, 64)})):
        path = write_dng(tmp_path / "x.dng", mosaic, black=((64, 64), (64, 64)), **options)
        with rawpy.imread(str(path)) as raw:
            np.testing.assert_array_equal(read(path), raw.raw_image)


def two_components(part):
    return lossless_jpeg(part)


def two_rows_in_one(part):
    """As Blackmagic's cameras do: rows of twice the width, so that samples predict their colour."""
    return imagecodecs.jpeg8_encode(
        np.ascontiguousarray(part.reshape(len(part) // 2, -1)), lossless=True, bitspersample=16
    )


def predicted_by(predictor):
    def encode(part):
        return imagecodecs.jpeg8_encode(
            np.ascontiguousarray(part), lossless=True, predictor=predictor, bitspersample=16
        )

    return encode


@pytest.mark.parametrize(
    "encode",
    [two_components, two_rows_in_one, *(predicted_by(n) for n in range(1, 8))],
    ids=lambda encode: encode.__name__,
)
@pytest.mark.parametrize(
    "stored",
    [{}, {"rows": 16}, {"rows": 18, "gap": b"\xff\xd9?"}, {"tile": (48, 64)}, {"tile": (96, 128)}],
)
def test_lossless_jpeg_comes_back(tmp_path, encode, stored):
    path = write_frame(tmp_path / "x.dng", ODD, compression=7, encode=encode, **stored)
    np.testing.assert_array_equal(read(path), ODD)


def differences(step):
    """Samples predicted from the one `step` to the left, as TIFF's and DNG's predictors do."""

    def encode(part):
        coded = part.astype(np.uint16).copy()
        coded[:, step:] -= part[:, :-step]
        return zlib.compress(coded.tobytes())

    return encode


@pytest.mark.parametrize(
    ("compression", "predictor", "encode"),
    [
        (8, 1, lambda part: zlib.compress(packed(part, 16))),
        (32946, 1, lambda part: zlib.compress(packed(part, 16))),
        (8, 2, differences(1)),
        (8, 34892, differences(2)),
        (8, 34893, differences(4)),
        (5, 1, lambda part: imagecodecs.lzw_encode(packed(part, 16))),
    ],
)
@pytest.mark.parametrize("stored", [{}, {"rows": 16}, {"tile": (48, 64)}])
def test_deflate_and_lzw_come_back(tmp_path, compression, predictor, encode, stored):
    path = write_frame(
        tmp_path / "x.dng",
        MOSAIC,
        compression=compression,
        encode=encode,
        tags={317: (SHORT, [predictor])},
        **stored,
    )
    np.testing.assert_array_equal(read(path), MOSAIC)


def test_stray_tile_tags_beside_strips_do_no_harm(tmp_path):
    tags = {322: (LONG, [128]), 323: (LONG, [96])}
    path = write_frame(tmp_path / "x.dng", MOSAIC, bits=12, tags=tags)
    np.testing.assert_array_equal(read(path), MOSAIC)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({50975: (SHORT, [2])}, "RowInterleaveFactor"),
        ({52547: (LONG, [2])}, "ColumnInterleaveFactor"),
        ({50974: (SHORT, [2, 2])}, "SubTileBlockSize"),
        ({266: (SHORT, [2])}, "FillOrder 2"),
        ({277: (SHORT, [3])}, "several samples per pixel"),
        ({339: (SHORT, [3])}, "floating-point samples, expected whole numbers"),
        ({339: (SHORT, [2])}, "samples of format 2"),
        ({258: (SHORT, [12])}, r"24576 bytes are stated for 96x128 samples of 12 bits.* 18432"),
        ({258: (SHORT, [32])}, "samples of 32.0 bits, expected 8 to 16"),
        ({259: (SHORT, [9])}, r"compression 9 \(VC-5\) is not supported"),
        ({259: (LONG, [52546])}, r"compression 52546 \(JPEG XL\) is not supported"),
        ({259: (LONG, [34892])}, r"compression 34892 \(lossy JPEG\) is not supported"),
        ({259: (SHORT, [7])}, "no lossless JPEG stands where the tags state one"),
        ({259: (SHORT, [8])}, "compressed samples cannot be decoded"),
        ({259: (SHORT, [8]), 317: (SHORT, [3])}, "predictor 3"),
        ({STRIP_OFFSETS: None}, "does not state where its samples lie"),
        ({STRIP_COUNTS: None}, "1 offsets and 0 byte counts"),
        ({STRIP_COUNTS: (LONG, [24574])}, "24574 bytes are stated"),
        ({STRIP_OFFSETS: (LONG, [0])}, "lie over the file's header"),
        ({STRIP_OFFSETS: (LONG, [10])}, "lie over a directory"),
        ({STRIP_OFFSETS: (LONG, [4000])}, "truncated: its samples end"),
        ({278: (LONG, [48])}, "1 offsets and 1 byte counts, .* has 2 strips of 48x128"),
        ({257: (LONG, [97])}, "has 2 strips|bytes are stated"),
        ({256: (LONG, [0])}, "too small"),
        ({TILE_OFFSETS: (LONG, [8]), TILE_COUNTS: (LONG, [24576])}, "both strips and tiles"),
        ({33422: None}, "states no CFAPattern"),
    ],
)
def test_tags_that_do_not_fit_are_refused_with_the_reason(tmp_path, tags, message):
    path = write_frame(tmp_path / "x.dng", MOSAIC, tags=tags)
    with pytest.raises(InputError, match=rf"x\.dng: .*({message})"):
        read(path)


def test_parts_that_lie_over_each_other_are_refused(tmp_path):
    path = write_frame(tmp_path / "x.dng", MOSAIC, rows=16)
    data = path.read_bytes()
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        tag = tiff.pages[0].tags[STRIP_OFFSETS]
        tag.overwrite([*tag.value[:2], tag.value[1] + 2, *tag.value[3:]])
    assert path.read_bytes() != data
    with pytest.raises(InputError, match=r"lie over samples: damaged offsets"):
        read(path)


def test_a_frame_that_its_bytes_cannot_hold_is_refused_before_memory_is_taken(tmp_path):
    sides = {256: (LONG, [60000]), 257: (LONG, [60000]), 278: (LONG, [60000])}
    for compression, data in ((7, lossless_jpeg(MOSAIC)), (8, zlib.compress(bytes(9999)))):
        path = write_frame(
            tmp_path / "x.dng",
            MOSAIC,
            compression=compression,
            encode=lambda _, data=data: data,
            tags=sides,
        )
        with pytest.raises(InputError, match="bytes are too few for 60000x60000 samples"):
            read(path)


def test_deflated_samples_that_are_cut_or_too_many_are_refused(tmp_path):
    whole = zlib.compress(packed(MOSAIC, 16))
    longer = zlib.compress(packed(MOSAIC, 16) + b"more")
    damaged = bytearray(whole)
    damaged[-1] ^= 1  # of the checksum
    for data in (whole[:-1], whole[:-6], whole[: len(whole) // 2], longer, bytes(damaged)):
        path = write_frame(
            tmp_path / "x.dng", MOSAIC, compression=8, encode=lambda _, data=data: data
        )
        with pytest.raises(InputError, match="compressed samples"):
            read(path)


@pytest.mark.parametrize("at", [512, 3000, 6140, 9216])
def test_a_missing_block_of_a_tile_is_found(tmp_path, at):
    """In the frame it is a few samples in each of several rows."""
    path = write_frame(tmp_path / "x.dng", MOSAIC, bits=12, tile=(48, 64))
    data = bytearray(path.read_bytes())
    data[at : at + 512] = bytes(512)
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"in the tile at \(\d+, \d+\): partly decoded"):
        read(path)
