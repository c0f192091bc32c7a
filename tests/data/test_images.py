"""The pixels of photographs, upright, in sRGB, and nothing that a decoder guessed."""

import cv2
import numpy as np
import pytest

from tests.helpers.data_files import encoded, icc_profile, picture, scene, with_orientation
from tests.helpers.shared import shared
from tfisp.data import images
from tfisp.data.headers import probe
from tfisp.data.profiles import describe
from tfisp.errors import InputError

# Display P3 and sRGB adapted to D50, as in the profiles of their publishers (Apple, W3C).
P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("value", range(1, 9))
def test_photographs_come_upright_as_opencv_turns_them(tmp_path, value, order):
    path = tmp_path / "a.jpg"
    path.write_bytes(with_orientation(encoded(".jpg", picture()), value, order))
    expected = cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1]
    found = images.read_photograph(path)
    assert found.shape[:2] == probe(path).upright_size
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


@pytest.mark.parametrize("name", ["second_half_missing", "zeroed_span"])
def test_a_jpeg_damaged_in_the_middle_is_refused_by_name(name):
    with pytest.raises(
        InputError, match=rf"jpeg_{name}_accepted\.jpg: the picture data is damaged"
    ):
        images.read_photograph(shared(f"cases/faults/jpeg_{name}_accepted.jpg"))


def test_jpegs_are_decoded_as_opencv_decodes_them(tmp_path):
    path = tmp_path / "a.jpg"
    for image in (scene(61, 83), scene(64, 64)[..., 0]):
        for flags in (
            [],
            [cv2.IMWRITE_JPEG_PROGRESSIVE, 1],
            [cv2.IMWRITE_JPEG_RST_INTERVAL, 4],
            [cv2.IMWRITE_JPEG_OPTIMIZE, 1],
        ):
            cv2.imwrite(str(path), image, flags)
            expected = cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1]
            np.testing.assert_array_equal(images.read_photograph(path), expected)


def test_damage_anywhere_in_a_jpeg_is_told_by_zeros_or_by_what_is_missing(tmp_path):
    cv2.imwrite(str(tmp_path / "a.jpg"), scene(200, 240), [cv2.IMWRITE_JPEG_QUALITY, 95])
    whole = (tmp_path / "a.jpg").read_bytes()
    for at in range(700, len(whole) - 600, 211):
        for damaged in (
            whole[:at] + bytes(512) + whole[at + 512 :],
            whole[:at] + whole[at + 512 :],
        ):
            (tmp_path / "a.jpg").write_bytes(damaged)
            with pytest.raises(InputError, match=r"a\.jpg: the picture data is damaged"):
                images.read_photograph(tmp_path / "a.jpg")


def test_even_pictures_are_no_holes(tmp_path):
    path = tmp_path / "a.jpg"
    for value in (0, 128, 255):
        for optimise in (0, 1):
            image = np.full((400, 400, 3), value, np.uint8)
            cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_OPTIMIZE, optimise])
            np.testing.assert_array_equal(images.read_photograph(path), image)


def encoded_by_pillow(path, image, **options):
    from PIL import Image

    Image.fromarray(image).save(path, **options)
    return path


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".webp", {"lossless": True}),
        (".tif", {}),
        (".tiff", {"compression": "tiff_lzw"}),
        (".tif", {"compression": "tiff_adobe_deflate"}),
        (".png", {}),
    ],
)
def test_lossless_kinds_give_their_pixels(tmp_path, suffix, options):
    image = picture(37, 53)
    path = encoded_by_pillow(tmp_path / f"a{suffix}", image, **options)
    assert probe(path).upright_size == (37, 53)
    np.testing.assert_array_equal(images.read_photograph(path), image)


@pytest.mark.parametrize(
    ("marker", "offset", "table"),
    [(b"\xff\xc4", 30, "a Huffman table"), (b"\xff\xdb", 10, "a quantisation table")],
)
def test_a_jpeg_with_a_table_that_no_encoder_writes_is_refused(tmp_path, marker, offset, table):
    data = bytearray(encoded(".jpg", picture(120, 160)))
    at = data.rindex(marker) + offset
    data[at : at + 20] = bytes(20)
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    with pytest.raises(InputError, match=rf"a\.jpg: the picture data is damaged: {table}"):
        images.read_photograph(path)


def test_a_tiff_with_a_strip_that_cannot_be_decoded_is_refused(tmp_path):
    path = tmp_path / "a.tiff"
    cv2.imwrite(str(path), picture(120, 160), [cv2.IMWRITE_TIFF_COMPRESSION, 5])  # LZW
    images.read_photograph(path)
    data = bytearray(path.read_bytes())
    data[20_000:20_064] = bytes(64)
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.tiff: the picture data is damaged"):
        images.read_photograph(path)


def test_sixteen_bit_tiff_keeps_its_bits(tmp_path):
    import tifffile

    image = picture(20, 30, np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="rgb")
    np.testing.assert_array_equal(images.read_photograph(tmp_path / "a.tif"), image)


@pytest.mark.parametrize("suffix", [".webp", ".heic", ".jfif"])
def test_lossy_kinds_come_close_and_cut_ones_are_refused(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    image = scene(64, 96)
    if suffix == ".heic":
        heif = pytest.importorskip("pillow_heif")
        heif.from_bytes("RGB", (96, 64), image.tobytes()).save(path, quality=95)
    else:
        encoded_by_pillow(path, image, quality=95, format="JPEG" if suffix == ".jfif" else "WEBP")
    found = images.read_photograph(path)
    assert np.abs(found.astype(float) - image).mean() < 4
    assert probe(path).upright_size == (64, 96)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(InputError, match=path.name):
        images.read_photograph(path)


@pytest.mark.parametrize("suffix", [".webp", ".tif"])
@pytest.mark.parametrize("turn", [1, 3, 6, 8])
def test_webp_and_tiff_come_upright(tmp_path, suffix, turn):
    from PIL import Image, ImageOps

    picture_ = Image.fromarray(picture(20, 30))
    exif = Image.Exif()
    exif[0x0112] = turn
    options = {"lossless": True} if suffix == ".webp" else {}
    picture_.save(tmp_path / f"a{suffix}", exif=exif, **options)
    expected = ImageOps.exif_transpose(Image.open(tmp_path / f"a{suffix}"))
    found = images.read_photograph(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(found, np.asarray(expected))


def expected_srgb(image, columns):
    """The definition: linear light, through XYZ of D50, clipped, encoded; IEC 61966-2-1."""
    x = image / 255.0
    linear = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    linear = linear @ np.array(columns) @ np.linalg.inv(SRGB)
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".jpg", ".heic"])
def test_display_p3_is_converted_and_srgb_left_alone(tmp_path, suffix):
    from PIL import Image

    colours = np.array([[[200, 60, 60], [60, 180, 70]], [[50, 60, 200], [128, 128, 128]]], np.uint8)
    image = colours.repeat(32, 0).repeat(32, 1)
    options = {".webp": {"lossless": True}, ".jpg": {"quality": 100, "subsampling": 0}}
    for columns, name in ((P3, "Display P3"), (SRGB, "sRGB")):
        path = tmp_path / f"{name}{suffix}"
        profile = icc_profile(columns, name)
        if suffix == ".heic":
            heif = pytest.importorskip("pillow_heif")
            file = heif.from_pillow(Image.fromarray(image))
            file[0].info["icc_profile"] = profile
            file.save(path, quality=-1)
        else:
            encoded_by_pillow(path, image, icc_profile=profile, **options.get(suffix, {}))
        assert probe(path).profile == profile
        centres = images.read_photograph(path)[16::32, 16::32].astype(float)
        expected = expected_srgb(colours, P3) if name == "Display P3" else colours
        assert np.abs(centres - expected).max() <= 3
        assert describe(probe(path)) == (
            "Display P3, converted to sRGB" if name == "Display P3" else ""
        )


def test_adobe_rgb_that_only_exif_tells_of_is_converted(tmp_path):
    from PIL import Image

    colours = np.array([[[200, 60, 60], [60, 180, 70]], [[50, 60, 200], [128, 128, 128]]], np.uint8)
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA005] = {1: "R03", 2: b"0100"}
    path = encoded_by_pillow(
        tmp_path / "a.jpg",
        colours.repeat(32, 0).repeat(32, 1),
        exif=exif,
        quality=100,
        subsampling=0,
    )
    assert probe(path).adobe_rgb
    # Adobe RGB (1998) Color Image Encoding, section 4.3.4.1: gamma 563/256, primaries to XYZ (D65).
    to_xyz = [[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]
    from_xyz = [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    linear = (colours / 255) ** (563 / 256) @ np.array(to_xyz).T @ np.array(from_xyz).T
    linear = np.clip(linear, 0, 1)
    expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    centres = images.read_photograph(path)[16::32, 16::32]
    assert np.abs(centres - 255 * expected).max() <= 3
    assert describe(probe(path)) == "Adobe RGB (1998), converted to sRGB"


def test_a_damaged_profile_is_told_of(tmp_path):
    image = picture(16, 16)
    path = encoded_by_pillow(tmp_path / "a.png", image, icc_profile=icc_profile(P3)[:200])
    np.testing.assert_array_equal(images.read_photograph(path), image)
    assert "cannot be applied" in describe(probe(path))
