"""Headers of photographs, and whether the files are whole."""

import struct

import numpy as np
import pytest

from tests.helpers.data_files import encoded, picture
from tfisp.data import headers
from tfisp.errors import InputError


@pytest.mark.parametrize(
    ("suffix", "image", "expected"),
    [
        (".png", picture(), ("PNG", 24, 40, 3, 8)),
        (".png", picture(dtype=np.uint16), ("PNG", 24, 40, 3, 16)),
        (".png", picture(dtype=np.uint16)[..., 0], ("PNG", 24, 40, 1, 16)),
        (".jpg", picture(), ("JPEG", 24, 40, 3, 8)),
        (".jpg", picture()[..., 0], ("JPEG", 24, 40, 1, 8)),
    ],
)
def test_the_header_says_kind_size_channels_and_bits(tmp_path, suffix, image, expected):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(encoded(suffix, image))
    info = headers.probe(path)
    assert (info.kind, info.height, info.width, info.channels, info.bits) == expected


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_file_cut_anywhere_is_noticed(tmp_path, suffix):
    whole = encoded(suffix, picture())
    path = tmp_path / f"a{suffix}"
    for length in [*range(0, 60), *range(60, len(whole) - 1, 37), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=path.name):
            headers.probe(path)


@pytest.mark.parametrize("height", [0, 24])
@pytest.mark.parametrize("width", [0, 40])
def test_a_jpeg_without_height_or_width_states_no_size(tmp_path, height, width):
    whole = encoded(".jpg", picture())
    frame = whole.index(b"\xff\xc0")
    path = tmp_path / "a.jpg"
    path.write_bytes(whole[: frame + 5] + struct.pack(">HH", height, width) + whole[frame + 9 :])
    if height and width:
        assert headers.probe(path).height == 24
        return
    with pytest.raises(InputError, match=r"a\.jpg: the JPEG states no size"):
        headers.probe(path)


@pytest.mark.parametrize("fill", [1, 2, 7])
def test_fill_bytes_in_front_of_a_marker_are_skipped(tmp_path, fill):
    """ITU-T T.81, B.1.1.2: any marker may be preceded by any number of bytes 0xFF."""
    whole = encoded(".jpg", picture())
    frame = whole.index(b"\xff\xc0")
    path = tmp_path / "a.jpg"
    path.write_bytes(whole[:frame] + b"\xff" * fill + whole[frame:])
    info = headers.probe(path)
    assert (info.height, info.width) == (24, 40)


def test_what_follows_a_pictures_end_does_not_matter(tmp_path):
    for suffix in (".png", ".jpg"):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(encoded(suffix, picture()) + bytes(1000))
        assert headers.probe(path).width == 40
    path.write_bytes(encoded(".jpg", picture()) + bytes(100_000))  # a phone's film behind it
    assert headers.probe(path).width == 40


def test_a_thumbnail_within_the_header_is_not_taken_for_the_pictures_end(tmp_path):
    whole = encoded(".jpg", picture())
    thumbnail = b"\xff\xd8 thumbnail \xff\xd9"
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    path = tmp_path / "a.jpg"
    path.write_bytes((whole[:2] + segment + whole[2:])[:-40])
    with pytest.raises(InputError, match="truncated"):
        headers.probe(path)


def test_other_files_are_refused_by_name(tmp_path):
    path = tmp_path / "notes.jpg"
    path.write_text("no picture")
    with pytest.raises(InputError, match=r"notes.jpg: neither a PNG nor a JPEG"):
        headers.probe(path)
    with pytest.raises(InputError, match=r"missing.png: cannot be read"):
        headers.probe(tmp_path / "missing.png")
