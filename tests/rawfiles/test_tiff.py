"""TIFF directories: tags as numbers, nested directories, and what cannot be read of them."""

import struct

import numpy as np
import pytest
import tifffile

from tfisp.rawfiles.tiff import read_directories

FRAME = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64)


def test_numbers_are_read_whatever_their_type(tmp_path):
    tags = [
        (65000, 5, 2, (1, 4, 3, 2), True),  # rationals 1/4, 3/2
        (65001, 10, 1, (-1, 3), True),
        (65002, 3, 1, 7, True),
        (65003, 7, 3, b"\1\2\3", True),
        (65004, 2, 0, "  text ", True),
        (65005, 5, 1, (1, 0), True),
    ]
    path = tmp_path / "x.tif"
    tifffile.imwrite(path, FRAME, extratags=tags)
    (directory,) = read_directories(path, range(65000, 65006))
    assert directory.numbers(65000).tolist() == [0.25, 1.5]
    assert directory.first(65001) == -1 / 3
    assert directory.integers(65002) == (7,)
    assert directory.integers(65003) == (1, 2, 3)
    assert directory.text(65004) == "text"
    assert np.isinf(directory.first(65005))
    assert directory.first(65009) is None
    assert directory.integers(65009, (4, 5)) == (4, 5)
    assert directory.text(65009) == ""


def test_nested_directories_follow_the_one_that_holds_them(tmp_path):
    path = tmp_path / "x.tif"
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(FRAME[:8, :8], subifds=1)
        tiff.write(FRAME)
        tiff.write(FRAME[:24])
    heights = [d.first(257) for d in read_directories(path, (257,))]
    assert heights == [8, 48, 24]


@pytest.mark.parametrize("options", [{"bigtiff": True}, {"byteorder": ">"}, {}])
def test_both_byte_orders_and_big_tiff_are_read(tmp_path, options):
    path = tmp_path / "x.tif"
    tifffile.imwrite(path, FRAME, description="a description", metadata=None, **options)
    (directory,) = read_directories(path, (256, 257, 270, 273))
    assert (directory.first(257), directory.first(256)) == FRAME.shape
    assert directory.text(270) == "a description"
    with tifffile.TiffFile(path) as tiff:
        assert directory.integers(273) == tiff.pages[0].dataoffsets
    assert directory.in_order
    assert directory.unreadable == ()


def test_the_bytes_a_directory_takes_up_are_known(tmp_path):
    path = tmp_path / "x.tif"
    tifffile.imwrite(path, FRAME, extratags=[(65000, 4, 5, (1, 2, 3, 4, 5), True)])
    (directory,) = read_directories(path, (65000,))
    with tifffile.TiffFile(path) as tiff:
        tag, page = tiff.pages[0].tags[65000], tiff.pages[0]
    whole, value = directory.spans
    assert (whole.start, whole.end) == (page.offset, page.offset + 2 + 12 * len(page.tags) + 4)
    assert (value.start, value.end) == (tag.valueoffset, tag.valueoffset + 20)


def changed(path, code, *, kind=None, count=None, value=None, rename=None):
    """Rewrites an entry of a classic TIFF's first directory."""
    with tifffile.TiffFile(path) as tiff:
        at = tiff.pages[0].tags[code].offset
    data = bytearray(path.read_bytes())
    entry = list(struct.unpack_from("<HHII", data, at))
    for place, new in enumerate((rename, kind, count, value)):
        entry[place] = entry[place] if new is None else new
    struct.pack_into("<HHII", data, at, *entry)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": 0}, "tag 65000 of the unknown type 0"),
        ({"kind": 99}, "tag 65000 of the unknown type 99"),
        ({"value": 1 << 30}, "tag 65000, whose value would lie outside the file"),
        ({"count": (1 << 32) - 1}, "tag 65000, whose value would lie outside the file"),
    ],
)
def test_a_tag_that_cannot_be_read_is_told(tmp_path, change, words):
    path = tmp_path / "x.tif"
    tifffile.imwrite(path, FRAME, extratags=[(65000, 4, 5, (1, 2, 3, 4, 5), True)])
    changed(path, 65000, **change)
    (directory,) = read_directories(path, (65000,))
    assert directory.unreadable == (words,)
    assert 65000 not in directory.tags
    assert read_directories(path, (256,))[0].unreadable == ()  # where nobody asks for it


def test_tags_out_of_order_and_there_twice_are_told(tmp_path):
    path = tmp_path / "x.tif"
    tifffile.imwrite(path, FRAME)
    changed(path, 257, rename=300)
    assert not read_directories(path, ())[0].in_order
    changed(path, 258, rename=256)
    assert read_directories(path, (256,))[0].unreadable == ("tag 256, which is there twice",)


def test_directories_in_a_circle_end(tmp_path):
    path = tmp_path / "x.tif"
    tifffile.imwrite(path, FRAME, extratags=[(65000, 4, 1, 8, True)])
    changed(path, 65000, rename=330)
    with tifffile.TiffFile(path) as tiff:
        offset = tiff.pages[0].offset
    changed(path, 330, value=offset)
    assert len(read_directories(path, ())) == 1
    changed(path, 330, value=1 << 30)
    assert "a directory at byte 1073741824" in read_directories(path, ())[0].unreadable
