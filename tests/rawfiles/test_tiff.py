"""TIFF directories: tags as numbers, nested directories, and where the data ends."""

import numpy as np
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
    assert [d.size for d in read_directories(path, ())] == [(8, 8), (48, 64), (24, 64)]


def test_data_ends_where_the_last_strip_or_tile_does(tmp_path):
    path = tmp_path / "x.tif"
    for options in ({}, {"rowsperstrip": 7}, {"tile": (16, 32)}):
        tifffile.imwrite(path, FRAME, **options)
        (directory,) = read_directories(path, ())
        assert directory.data_end == path.stat().st_size
        assert directory.frame_end in (0, directory.data_end)


def test_an_understated_length_shows_in_the_size_of_the_frame(tmp_path):
    path = tmp_path / "x.tif"
    tifffile.imwrite(path, FRAME)
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        tiff.pages[0].tags[279].overwrite(100)
    (directory,) = read_directories(path, ())
    assert directory.frame_end == path.stat().st_size
    assert directory.data_end == directory.frame_end - FRAME.nbytes + 100
