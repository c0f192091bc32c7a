"""Headers of PNG and JPEG files, and whether the files are whole."""

import struct

import cv2
import numpy as np
import pytest

from tfisp.data import images
from tfisp.errors import InputError


def picture(height=24, width=40, dtype=np.uint8):
    top = np.iinfo(dtype).max
    return np.random.default_rng(0).integers(0, top, (height, width, 3)).astype(dtype)


def with_orientation(jpeg, value, order):
    """A JPEG with an Exif block that states only the orientation."""
    mark, byte_order = {"little": (b"II*\0", "<"), "big": (b"MM\0*", ">")}[order]
    tag = struct.pack(f"{byte_order}IHHHIHH", 8, 1, 0x0112, 3, 1, value, 0)
    exif = b"Exif\0\0" + mark + tag + b"\0\0\0\0"
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def encoded(suffix, image):
    return cv2.imencode(suffix, image)[1].tobytes()


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
    info = images.probe(path)
    assert (info.kind, info.height, info.width, info.channels, info.bits) == expected


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_file_cut_anywhere_is_noticed(tmp_path, suffix):
    whole = encoded(suffix, picture())
    path = tmp_path / f"a{suffix}"
    for length in [*range(0, 60), *range(60, len(whole) - 1, 37), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=path.name):
            images.probe(path)


def test_what_follows_a_pictures_end_does_not_matter(tmp_path):
    for suffix in (".png", ".jpg"):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(encoded(suffix, picture()) + bytes(1000))
        assert images.probe(path).width == 40
    path.write_bytes(encoded(".jpg", picture()) + bytes(100_000))  # a phone's film behind it
    assert images.probe(path).width == 40


def test_a_thumbnail_within_the_header_is_not_taken_for_the_pictures_end(tmp_path):
    whole = encoded(".jpg", picture())
    thumbnail = b"\xff\xd8 thumbnail \xff\xd9"
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    path = tmp_path / "a.jpg"
    path.write_bytes((whole[:2] + segment + whole[2:])[:-40])
    with pytest.raises(InputError, match="truncated"):
        images.probe(path)


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("value", range(1, 9))
def test_photographs_come_upright_as_opencv_turns_them(tmp_path, value, order):
    path = tmp_path / "a.jpg"
    path.write_bytes(with_orientation(encoded(".jpg", picture()), value, order))
    expected = cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1]
    found = images.read_photograph(path)
    assert found.shape[:2] == images.probe(path).upright_size
    np.testing.assert_array_equal(found, expected)


def test_sixteen_bits_are_kept_gray_is_repeated_and_alpha_dropped(tmp_path):
    path = tmp_path / "a.png"
    image = picture(dtype=np.uint16)
    path.write_bytes(encoded(".png", image))
    np.testing.assert_array_equal(images.read_photograph(path), image[..., ::-1])
    path.write_bytes(encoded(".png", image[..., 0]))
    np.testing.assert_array_equal(images.read_photograph(path), image[..., :1].repeat(3, axis=2))
    path.write_bytes(encoded(".png", np.dstack([image, image[..., 0]])))
    np.testing.assert_array_equal(images.read_photograph(path), image[..., ::-1])


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_damage_in_the_middle_is_an_error_or_still_a_picture(tmp_path, suffix):
    whole = bytearray(encoded(suffix, picture(64, 64)))
    path = tmp_path / f"a{suffix}"
    for at in range(2, len(whole), 97):
        damaged = bytearray(whole)
        damaged[at] ^= 0x55
        path.write_bytes(damaged)
        try:
            assert images.read_photograph(path).ndim == 3
        except InputError as error:
            assert path.name in str(error)


def test_floats_and_sixteen_bits_are_inverse():
    every = np.arange(65536, dtype=np.uint16)
    np.testing.assert_array_equal(images.to_uint16(images.to_float(every)), every)
    assert images.to_float(np.uint8([0, 255])).tolist() == [0, 1]
    assert images.to_uint16(np.float32([-1, 2])).tolist() == [0, 65535]


def test_other_files_are_refused_by_name(tmp_path):
    path = tmp_path / "notes.jpg"
    path.write_text("no picture")
    with pytest.raises(InputError, match=r"notes.jpg: neither a PNG nor a JPEG"):
        images.probe(path)
    with pytest.raises(InputError, match=r"missing.png: cannot be read"):
        images.probe(tmp_path / "missing.png")
