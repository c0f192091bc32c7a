"""Pictures encoded in bands decode to what they were, whatever the size and the number of cores."""

import cv2
import numpy as np
import pytest

from tfisp.rendering import encoding


def picture(height, width, seed=0):
    """Waves, edges and noise."""
    rows, columns = np.ogrid[:height, :width]
    scene = 120 + 60 * np.sin(rows / 17) * np.cos(columns / 23) + 40 * ((rows // 9) % 2)
    noise = np.random.default_rng(seed).normal(0, 4, (height, width, 3))
    return np.clip(scene[..., None] + noise + (9, 0, -9), 0, 255).astype(np.uint8)


def decoded(content):
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)


SIZES = [(1, 1), (255, 40), (256, 33), (257, 40), (300, 517), (1100, 70), (2600, 24)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("quality, sampling", [(100, 0x111111), (90, 0x111111), (75, 0x221111)])
def test_a_jpeg_of_bands_decodes_as_that_of_the_whole(size, quality, sampling):
    given = picture(*size)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    whole = cv2.imencode(".jpg", given[..., ::-1], options)[1]
    np.testing.assert_array_equal(
        decoded(encoding.encode_jpeg(given, quality)), decoded(whole.tobytes())
    )


def test_a_jpeg_too_wide_for_intervals_is_encoded_whole():
    given = np.full((257, 16_400, 3), 99, np.uint8)
    content = encoding.encode_jpeg(given, 95)
    assert decoded(content).shape == given.shape
    assert b"\xff\xdd" not in content[:1000]  # no restart interval is announced


@pytest.mark.parametrize("size", [*SIZES, (256, 1), (513, 2)])
def test_a_png_of_bands_gives_the_same_pixels(size):
    given = picture(*size)
    np.testing.assert_array_equal(decoded(encoding.encode_png(given)), given)


def test_a_png_passes_a_strict_reader(tmp_path):
    image = pytest.importorskip("PIL.Image")
    (tmp_path / "a.png").write_bytes(encoding.encode_png(picture(600, 31)))
    with image.open(tmp_path / "a.png") as opened:
        opened.verify()  # every chunk's checksum
    with image.open(tmp_path / "a.png") as opened:
        np.testing.assert_array_equal(np.asarray(opened), picture(600, 31))


@pytest.mark.parametrize("encode", [encoding.encode_png, lambda p: encoding.encode_jpeg(p, 95)])
def test_the_bytes_do_not_depend_on_the_number_of_cores(encode, monkeypatch):
    given = picture(1500, 40)
    contents = set()
    for number in (1, 2, 7):
        monkeypatch.setattr(encoding, "cores", lambda number=number: number)
        contents.add(encode(given))
    assert len(contents) == 1


def test_turned_pictures_which_are_views_are_encoded_as_they_look():
    turned = np.rot90(picture(40, 700))
    np.testing.assert_array_equal(decoded(encoding.encode_png(turned)), turned)
    straight = encoding.encode_jpeg(np.ascontiguousarray(turned), 95)
    assert encoding.encode_jpeg(turned, 95) == straight


def test_a_smooth_picture_takes_less_room_than_its_pixels():
    smooth = cv2.GaussianBlur(picture(512, 512), (0, 0), 3)
    assert len(encoding.encode_png(smooth)) < smooth.size / 2
