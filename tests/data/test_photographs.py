"""Target photographs of any size, cut into patches."""

import cv2
import numpy as np
import pytest

from tests.helpers.data_files import scene
from tfisp.data.bad_files import BadFiles
from tfisp.data.cache import Store
from tfisp.data.photographs import Photographs, open_photograph
from tfisp.errors import InputError


def write(path, image):
    cv2.imwrite(str(path), image)
    return path


def test_patches_are_parts_of_the_photograph_and_half_are_mirrored(tmp_path):
    image = scene(40, 30)
    photograph = open_photograph(write(tmp_path / "a.png", image), Store(tmp_path), 8)
    patches = Photographs([photograph], patch_size=8, flip=True, bad_files=BadFiles())
    assert len(patches) == 5 * 3
    whole = image[..., ::-1] / np.float32(255)
    windows = np.lib.stride_tricks.sliding_window_view(whole, (8, 8), axis=(0, 1))
    mirrored = 0
    for position in range(30):
        patch = patches.read(position % 15, (0, position))
        matches = [
            (np.abs(windows - np.moveaxis(p, 2, 0)) < 1e-6).all((2, 3, 4)).any()
            for p in (patch, patch[:, ::-1])
        ]
        assert any(matches)
        mirrored += not matches[0]
    assert 5 < mirrored < 25


def test_large_photographs_are_kept_decoded_and_read_the_same(tmp_path):
    path = write(tmp_path / "a.jpg", scene(64, 64))
    large, small = (open_photograph(path, Store(tmp_path / "c"), size) for size in (16, 64))
    assert (large.keep, small.keep) == (True, False)
    np.testing.assert_array_equal(large.pixels(), small.pixels())
    assert len(list((tmp_path / "c").rglob("*.npy"))) == 1


def test_too_small_and_damaged_photographs_stop_or_are_set_aside(tmp_path):
    good = write(tmp_path / "good.png", scene(16, 16))
    small = write(tmp_path / "small.png", scene(12, 40))
    bad = write(tmp_path / "bad.png", scene(16, 16))
    data = bytearray(bad.read_bytes())
    data[len(data) // 2] ^= 0x55
    bad.write_bytes(data)
    found = [open_photograph(path, Store(tmp_path), 16) for path in (small, bad, good)]
    with pytest.raises(InputError, match=r"small\.png: 40x12 pixels, smaller than a patch"):
        Photographs(found, patch_size=16, bad_files=BadFiles())
    bad_files = BadFiles("skip")
    patches = Photographs(found, patch_size=16, bad_files=bad_files)
    np.testing.assert_array_equal(patches.read(0, (3,)), patches.read(1, (3,)))
    assert [path.split("/")[-1] for path, _ in bad_files.skipped] == ["small.png", "bad.png"]


def test_when_none_can_be_read_the_folder_is_named(tmp_path):
    path = write(tmp_path / "bad.png", scene(16, 16))
    photograph = open_photograph(path, Store(tmp_path / "c"), 16)
    path.write_bytes(b"")
    patches = Photographs([photograph], patch_size=16, bad_files=BadFiles("skip"))
    with pytest.raises(InputError, match=f"{tmp_path.name}: no photograph here can be read"):
        patches.read(0, (0,))
