"""Pictures on disk and in strips."""

import cv2
import numpy as np
import pytest

from tfisp.rendering.pictures import strip, write_picture


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_a_png_gives_the_same_pixels_back(tmp_path):
    write_picture(tmp_path / "new/a.png", picture(13, 17))
    stored = cv2.imread(str(tmp_path / "new/a.png"))[..., ::-1]
    np.testing.assert_array_equal(stored, picture(13, 17))


def test_a_turned_picture_which_is_a_view_is_written_as_it_looks(tmp_path):
    turned = np.rot90(picture(13, 17))
    write_picture(tmp_path / "a.png", turned)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "a.png"))[..., ::-1], turned)


def test_a_better_jpeg_is_closer_and_larger(tmp_path):
    smooth = cv2.GaussianBlur(picture(64, 64), (0, 0), 3)
    errors, sizes = [], []
    for quality in (30, 95):
        write_picture(tmp_path / "a.jpg", smooth, quality)
        stored = cv2.imread(str(tmp_path / "a.jpg"))[..., ::-1]
        errors.append(np.abs(stored.astype(int) - smooth).mean())
        sizes.append((tmp_path / "a.jpg").stat().st_size)
    assert errors[1] < errors[0] and sizes[1] > sizes[0] and errors[1] < 2


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("size", [(13, 17), (600, 31)])
def test_sixteen_bits_come_back(tmp_path, suffix, size):
    given = np.random.default_rng(0).integers(0, 65536, (*size, 3)).astype(np.uint16)
    write_picture(tmp_path / f"a.{suffix}", given)
    stored = cv2.imread(str(tmp_path / f"a.{suffix}"), cv2.IMREAD_UNCHANGED)[..., ::-1]
    np.testing.assert_array_equal(stored, given)


def test_an_unwritable_folder_is_an_os_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        write_picture(tmp_path / "file/a.png", picture(4, 4))


def test_a_strip_has_a_row_per_scene_and_a_column_per_name():
    first, second = picture(40, 60), picture(30, 20, seed=1)
    sheet = strip({"one": [first, second], "two": [255 - first, 255 - second]})
    assert sheet.dtype == np.uint8 and sheet.shape == (32 + 40 + 8 + 30 + 8, 8 + 2 * (60 + 8), 3)
    np.testing.assert_array_equal(sheet[32:72, 8:68], first)
    np.testing.assert_array_equal(sheet[32:72, 76:136], 255 - first)
    np.testing.assert_array_equal(sheet[80:110, 8:28], second)
    assert sheet[:32].min() < 128  # the names


def test_large_pictures_are_reduced_in_a_strip():
    sheet = strip({"one": [picture(100, 50)]}, side=20)
    assert sheet.shape == (32 + 20 + 8, 8 + 48 + 8, 3)


def test_long_names_stay_above_their_own_column():
    names = ("a_very_long_name_of_a_model_that_was_trained", "b", "W" * 30)
    sheet = strip({name: [np.full((20, 90, 3), 255, np.uint8)] for name in names})
    header = sheet[: -20 - 8]
    ink = [(header[:, 8 + 98 * column : 98 + 98 * column] < 128).sum() for column in range(3)]
    assert ink[0] > 8 * ink[1] > 0 and ink[2] > 8 * ink[1]
    for column in range(4):  # nothing between the columns
        assert header[:, 98 * column : 98 * column + 8].min() == 255
