"""What a RAW file says about a shot gets into its picture, read back by other libraries."""

import io

import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image, ImageCms

from tests.helpers.dngs import scene
from tests.helpers.shared import shared
from tfisp.rawfiles.exif import read_exif
from tfisp.rendering.pictures import write_picture

BASE, SHOT = ExifTags.Base, ExifTags.IFD.Exif
SAID = {
    BASE.Make: "Acme",
    BASE.Model: "Synth 1",
    BASE.DateTimeOriginal: "2026:11:27 20:04:29",
    BASE.ExposureTime: 1 / 250,
    BASE.FNumber: 2.8,
    BASE.ISOSpeedRatings: 400,
    BASE.ExposureBiasValue: -0.5,
    BASE.FocalLength: 35,
    BASE.LensModel: "Acme 35 mm f/2.8",
}


@pytest.fixture(params=["exif directory", "TIFF/EP"])
def raw(request, tmp_path):
    """A RAW file that states all of `SAID`, a place and an orientation."""
    path = tmp_path / "a.dng"
    if request.param == "TIFF/EP":
        tags = [
            (BASE.Make, 2, 0, "Acme", True),
            (BASE.Model, 2, 0, "Synth 1", True),
            (BASE.Orientation, 3, 1, 6, True),
            (BASE.DateTimeOriginal, 2, 0, "2026:11:27 20:04:29", True),
            (BASE.ExposureTime, 5, 1, (1, 250), True),
            (BASE.FNumber, 5, 1, (28, 10), True),
            (BASE.ISOSpeedRatings, 3, 1, 400, True),
            (BASE.ExposureBiasValue, 10, 1, (-1, 2), True),
            (BASE.FocalLength, 5, 1, (35, 1), True),
            (BASE.LensModel, 2, 0, "Acme 35 mm f/2.8", True),
            (BASE.MaxApertureValue, 5, 1, (0, 0), True),  # a place kept for a value
        ]
        tifffile.imwrite(path, scene(16, 16, 64, 1000), photometric=32803, extratags=tags)
        return path
    exif = Image.Exif()
    exif[BASE.Orientation] = 6
    exif.update({tag: SAID[tag] for tag in (BASE.Make, BASE.Model)})
    exif.get_ifd(SHOT).update({tag: SAID[tag] for tag in SAID if tag not in exif})
    exif.get_ifd(SHOT)[BASE.MaxApertureValue] = float("nan")
    exif.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    path.write_bytes(exif.tobytes().removeprefix(b"Exif\0\0"))
    return path


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_a_picture_says_what_its_raw_file_says_but_where_and_how_it_is_turned(raw, suffix):
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    path = raw.with_suffix(f".{suffix}")
    write_picture(path, picture, tags=read_exif(raw))
    with Image.open(path) as image:
        exif = image.getexif()
        found = dict(exif) | dict(exif.get_ifd(SHOT))
        for tag, value in SAID.items():
            assert found[tag] == (value if isinstance(value, str) else pytest.approx(value)), tag
        assert found[BASE.Orientation] == 1 and found[BASE.Software] == "tfisp"
        assert BASE.MaxApertureValue not in found
        assert not exif.get_ifd(ExifTags.IFD.GPSInfo)
        if suffix == "png":
            assert image.info["srgb"] == 0
        else:
            profile = ImageCms.getOpenProfile(io.BytesIO(image.info["icc_profile"]))
            assert "sRGB" in ImageCms.getProfileDescription(profile)
        if suffix != "jpg":
            np.testing.assert_array_equal(np.asarray(image.convert("RGB")), picture)


def test_blank_tags_of_a_real_file_count_as_not_stated():
    found = read_exif(shared("raw/dng/canon_colorchart.dng"))
    assert found == {BASE.Make: "Canon", BASE.Model: "Canon EOS Kiss X4", 0x9204: 0, 0x9209: 0}


@pytest.mark.parametrize("content", [b"", b"II*\0", b"II*\0\x08\0\0\0\xff\xff", b"\x89PNG\r\n"])
def test_what_is_no_tiff_or_a_damaged_one_states_nothing(tmp_path, content):
    (tmp_path / "a.raw").write_bytes(content)
    assert read_exif(tmp_path / "a.raw") == {}
