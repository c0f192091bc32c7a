"""DNGs that `process --dng` writes: opened by LibRaw, within dnglab's rules, the same picture."""

import cv2
import numpy as np
import pytest
import rawpy
import tifffile

from tests.helpers.dngs import gain_map, opcode_list, scene, write_dng
from tests.helpers.shared import shared
from tests.rawfiles.test_remosaic import QUAD, as_quad
from tfisp import models, process
from tfisp.contract import AS_SHOT
from tfisp.raw import read_raw
from tfisp.rawfiles.dng_writer import write_dng as write_negative
from tfisp.rawfiles.gainmap import gain_maps_of
from tfisp.sensor import Capture, Sensor

# A plausible camera, as DNG's ColorMatrix, and the light's white in it.
MATRIX = np.array([[0.7, -0.1, -0.1], [-0.4, 1.2, 0.2], [-0.05, 0.2, 0.6]])
NEUTRAL = (0.45, 1.0, 0.6)
GAINS = np.linspace(1, 1.6, 12).reshape(3, 4)


def source(path, **facts):
    """A RAW file that states all that a file may."""
    maps = [
        gain_map(GAINS + more, site=divmod(site, 2), size=(92, 111), spacing=(0.5, 1 / 3))
        for site, more in enumerate((0, 0.1, 0.2, 0))  # both greens alike
    ]
    facts = {
        "pattern": "GRBG",
        "black": ((60, 64), (62, 58)),
        "white": 1023,
        "neutral": NEUTRAL,
        "matrices": {21: MATRIX},
        "orientation": 6,
        "active_area": (3, 5, 95, 116),
        "crop": ((7, 4), (90, 80)),
        "baseline_exposure": 0.5,
        "noise": (2e-3, 1e-5),
        "opcodes2": opcode_list(*maps),
        **facts,
    }
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:96, :120] / 30
    light = 0.25 + 0.12 * np.sin(2 * x) * np.cos(y) + rng.normal(0, 0.002, (96, 120))
    # The light's white in each colour, and an object of some colour in the middle.
    sites = [divmod("GRBG".index(c), 2) for c in "RB"]
    for (row, column), share in zip(sites, (NEUTRAL[0], NEUTRAL[2]), strict=True):
        plane = light[(row + 3) % 2 :: 2, (column + 5) % 2 :: 2]
        plane *= share
        plane[10:30, 20:40] *= 0.5 + row
    return write_dng(path, np.rint(62 + 960 * light).astype(np.uint16), **facts)


def run(capsys, *words):
    code = process.run([str(word) for word in words])
    shown = capsys.readouterr()
    assert code == 0, shown.err
    return shown


def picture(capsys, raw, folder, *flags):
    run(capsys, raw, f"--output={folder}", *flags)
    return cv2.imread(str(folder / f"{raw.stem}.png"))[..., ::-1].astype(int)


def by_libraw(path):
    """LibRaw's picture, without its own ideas of brightness."""
    with rawpy.imread(str(path)) as raw:
        bright = 2 ** read_baseline(path)
        return raw.postprocess(
            use_camera_wb=True,
            no_auto_bright=True,
            adjust_maximum_thr=0.0,
            bright=bright,
            gamma=(2.4, 12.92),
        ).astype(int)


def tags_of(path):
    with tifffile.TiffFile(path) as tiff:
        assert tiff.byteorder == "<" and len(tiff.pages) == 1
        return {tag.code: tag.value for tag in tiff.pages[0].tags}


def read_baseline(path):
    numerator, denominator = tags_of(path)[50730]
    return numerator / denominator


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((a - b) ** 2.0))


def test_the_cfa_dng_gives_the_picture_of_its_source(capsys, tmp_path):
    raw = source(tmp_path / "a.dng")
    run(capsys, raw, f"--output={tmp_path / 'dng'}", "--dng=cfa")
    before = picture(capsys, raw, tmp_path / "before")
    after = picture(capsys, tmp_path / "dng" / "a.dng", tmp_path / "after")
    assert before.shape == (90, 80, 3)
    difference = np.abs(after - before)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.001
    found, expected = (read_raw(p)[1:] for p in (tmp_path / "dng" / "a.dng", raw))
    assert found[0].pattern == expected[0].pattern == "GRBG"
    assert found[0].black_level == expected[0].black_level == ((60, 64), (62, 58))
    np.testing.assert_allclose(found[0].xyz_to_camera, MATRIX, atol=1e-6)
    np.testing.assert_allclose(found[1].gains, expected[1].gains, rtol=3e-6)
    np.testing.assert_allclose(found[1].shading, expected[1].shading, rtol=1e-6)
    assert found[1].noise == expected[1].noise
    assert found[1].default_crop == (4, 7, 80, 90)


def test_a_real_file_with_measured_black_gives_its_picture_again(capsys, tmp_path):
    raw = shared("raw/dng/canon_colorchart.dng")
    run(capsys, raw, f"--output={tmp_path / 'dng'}", "--dng=cfa")
    after = picture(capsys, tmp_path / "dng" / raw.name, tmp_path / "after")
    difference = np.abs(after - picture(capsys, raw, tmp_path / "before"))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.001
    # The level of 2056 that the source states is not the one that its masked samples show.
    with rawpy.imread(str(tmp_path / "dng" / raw.name)) as opened:
        assert opened.black_level_per_channel == [2047, 2047, 2050, 2050]


@pytest.mark.parametrize("kind", ["cfa", "linear"])
def test_files_keep_dnglabs_rules(capsys, tmp_path, kind):
    # dnglab, rawler/src/decoders/dng.rs: make and model; no reduced frame; one strip where samples
    # are not compressed; as many black levels as the tile has samples; an illuminant by a matrix.
    raw = source(tmp_path / "a.dng")
    run(capsys, raw, f"--output={tmp_path / 'out'}", f"--dng={kind}")
    tags = tags_of(tmp_path / "out" / "a.dng")
    colours = 3 if kind == "linear" else 1
    assert (tags[271], tags[272]) == ("Acme", "Synth 1")
    assert tags[50708] == "Acme Synth 1"
    assert tags[254] & 1 == 0 and tags[259] == 1 and tags[277] == colours
    assert len(tags[273]) == len(tags[279]) == 1
    assert tags[262] == (34892 if kind == "linear" else 32803)
    rows, columns = tags[50713]
    assert len(tags[50714]) == 2 * rows * columns * colours
    assert np.size(tags[50717]) == colours
    assert len(tags[50721]) == 18 and tags[50778] == 21
    assert (33422 in tags) == (kind == "cfa")
    assert (51009 in tags) == (kind == "cfa")  # the network has applied it
    assert tags[50707] == bytes((1, 3 if kind == "cfa" else 1, 0, 0))


def test_libraw_reads_the_facts_of_a_cfa_dng(tmp_path):
    mosaic = scene(64, 72, 64, 1000)
    sensor = Sensor("GBRG", ((60, 61), (62, 63)), 1023, "Acme 5", tuple(map(tuple, MATRIX)))
    facts = Capture(gains=(2, 1, 1.5), orientation=8, iso=200, exposure_time=0.02)
    exif = {0x829D: 2.8, 0x9003: "2025:05:01 12:00:00", 0xA434: "50 mm", 0x8827: 200}
    path = write_negative(tmp_path / "a.dng", mosaic, sensor, facts, exif)
    with rawpy.imread(str(path)) as raw:
        np.testing.assert_array_equal(raw.raw_image_visible, mosaic)
        names = raw.color_desc.decode()
        assert "".join(names[c] for c in raw.raw_pattern.ravel()) == "GBRG"
        assert sorted(raw.black_level_per_channel) == [60, 61, 62, 63]
        assert raw.white_level == 1023
        np.testing.assert_allclose(np.array(raw.camera_whitebalance[:3]), (2, 1, 1.5), rtol=1e-5)
        assert raw.sizes.flip == 5
        assert (raw.other.iso_speed, raw.other.shutter_speed) == (200, pytest.approx(0.02))
        assert raw.other.aperture == pytest.approx(2.8)
        assert str(raw.other.timestamp) == "2025-05-01 12:00:00"
    assert tags_of(path)[34665]["LensModel"] == "50 mm"


def test_libraw_shows_the_linear_dng_as_tfisp_its_picture(capsys, tmp_path):
    # LibRaw knows neither default crops nor, in rawpy, BaselineExposure: asked for apart.
    raw = source(tmp_path / "a.dng", crop=None)
    run(capsys, raw, f"--output={tmp_path / 'out'}", "--dng=linear")
    shown = by_libraw(tmp_path / "out" / "a.dng")
    ours = picture(capsys, raw, tmp_path / "ours")
    assert shown.shape == ours.shape == (111, 92, 3)
    assert psnr(shown, ours) > 45
    # Finished here once more, it has the same colours.
    again = picture(capsys, tmp_path / "out" / "a.dng", tmp_path / "again", "--linear_dng")
    assert np.abs((again - ours).mean(axis=(0, 1))).max() < 1


def test_a_network_of_finished_pictures_writes_its_own_colours(capsys, tmp_path):
    generator = models.create("efficient_isp", contract=AS_SHOT, seed=2)
    preset = models.save_to_preset(generator, tmp_path / "preset")
    raw = source(tmp_path / "a.dng", crop=None)
    run(capsys, raw, f"--output={tmp_path / 'out'}", f"--model={preset}", "--dng=linear")
    ours = picture(capsys, raw, tmp_path / "ours", f"--model={preset}")
    assert psnr(by_libraw(tmp_path / "out" / "a.dng"), ours) > 45


def test_what_is_asked_for_is_stated(capsys, tmp_path):
    raw = source(tmp_path / "a.dng")
    words = ["--dng=cfa", "--white_balance=2,1,4", "--exposure=1", "--crop=none"]
    run(capsys, raw, f"--output={tmp_path / 'out'}", *words)
    capture = read_raw(tmp_path / "out" / "a.dng")[2]
    np.testing.assert_allclose(capture.gains, (2, 1, 4), rtol=1e-5)
    assert (capture.baseline_exposure, capture.default_crop) == (1.5, None)


def test_converted_frames_become_plain_ones(capsys, tmp_path):
    picture = np.stack([scene(64, 72, low, 4000, seed=low) for low in (256, 300, 400)], axis=-1)
    raw = write_dng(tmp_path / "a.dng", as_quad(picture), pattern=QUAD, repeat=(4, 4), white=4095)
    run(capsys, raw, f"--output={tmp_path / 'out'}", "--dng=cfa", "--quad_bayer=bin")
    mosaic, sensor, capture = read_raw(tmp_path / "out" / "a.dng")
    assert (mosaic.shape, sensor.pattern, capture.notes) == ((32, 36), "RGGB", ())


def test_maps_of_a_part_of_a_frame_lie_where_they_did():
    shading = np.repeat(GAINS[..., None], 4, axis=2).astype(np.float32)
    bodies = gain_maps_of(shading, (40, 60), (10, 6), (30, 54))
    # Entry (0, 0) lies 10 rows and 6 columns before the part's first sample.
    expected = gain_map(
        GAINS, site=(1, 0), size=(30, 54), origin=(-10 / 30, -6 / 54), spacing=(20 / 30, 20 / 54)
    )
    header, body = expected[16:], bodies[2]
    assert body[:40] == header[:40] and body[72:] == header[72:]
    places = (np.frombuffer(data, ">f8", 4, offset=40) for data in (body, header))
    np.testing.assert_allclose(*places, rtol=1e-12)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--dng=cfa", "--model=efficient_isp_vivid"], "--model: has no effect with --dng=cfa"),
        (["--dng=linear", "--look=x.cube"], "--look"),
        (["--dng=linear", "--format=jpg"], "--format: has no effect with --dng=linear"),
        (["--dng=both"], "--dng=both: unknown; known: cfa, linear"),
    ],
)
def test_flags_that_a_dng_cannot_heed_are_refused(capsys, tmp_path, words, message):
    raw = source(tmp_path / "a.dng")
    assert process.run([str(raw), f"--output={tmp_path / 'out'}", *words]) != 0
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
