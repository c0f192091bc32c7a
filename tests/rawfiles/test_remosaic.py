"""LinearDNG and quad-Bayer frames: refused by name, or made Bayer as NumPy says they should be."""

import json

import imagecodecs
import numpy as np
import pytest
import tifffile

from tests.helpers.dngs import BYTE, gain_map, opcode_list, rationals, scene, write_dng
from tests.helpers.tiffs import LONG, MAIN_TAGS, SHORT, bayer_tags, write_frame
from tfisp import inspect_raw
from tfisp.conversions import Conversions, quad_of
from tfisp.data.config import DataConfig
from tfisp.data.folders import open_dataset
from tfisp.errors import InputError
from tfisp.raw import read_raw

QUAD = "RRGGRRGGGGBBGGBB"
LINEAR = Conversions(linear_dng=True)
BIN, REMOSAIC = (Conversions(quad_bayer=how) for how in ("bin", "remosaic"))

PICTURE = np.stack([scene(64, 72, low, 4000, seed=low) for low in (256, 300, 400)], axis=-1)


def linear_dng(
    path, picture=PICTURE, black=(256,) * 3, white=(4095,) * 3, repeat=(1, 1), **options
):
    """A LinearDNG with levels for each colour."""
    path = write_dng(path, picture, photometric=34892, **options)
    # `write_dng` states four black levels; three belong to one site of three colours.
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        tags = tiff.pages[0].tags
        tags[50713].overwrite(repeat)
        tags[50714].overwrite(tuple(black))
        tags[50717].overwrite(tuple(white))
    return path


def rggb(picture):
    """The mosaic of a picture, site by site."""
    out = picture[..., 1].copy()
    out[::2, ::2], out[1::2, 1::2] = picture[::2, ::2, 0], picture[1::2, 1::2, 2]
    return out


def as_quad(picture, tile=QUAD):
    """What a quad-Bayer sensor records of a picture."""
    colours = np.array(list(tile)).reshape(4, 4)
    planes = np.array(["RGB".index(c) for c in colours.ravel()]).reshape(4, 4)
    repeated = np.tile(planes, np.array(picture.shape[:2]) // 4)
    return np.take_along_axis(picture, repeated[..., None], axis=-1)[..., 0]


def test_a_linear_dng_is_remosaicked_at_its_active_area(tmp_path):
    path = linear_dng(
        tmp_path / "x.dng",
        black=(256, 260, 270),
        active_area=(1, 3, 61, 71),
        crop=((2, 4), (50, 40)),
        orientation=6,
    )
    mosaic, sensor, capture = read_raw(path, convert=LINEAR)
    np.testing.assert_array_equal(mosaic, rggb(PICTURE[1:61, 3:71]))
    assert sensor.pattern == "RGGB"
    assert sensor.black_level == ((256, 260), (260, 270))
    assert sensor.white_level == 4095
    assert (capture.orientation, capture.default_crop) == (6, (4, 2, 40, 50))
    assert sum("LinearDNG, already demosaicked" in note for note in capture.notes) == 1


def test_black_levels_of_a_tile_of_linear_sites_are_averaged_by_colour(tmp_path):
    black = (254, 260, 270, 258, 262, 276)  # R, G, B of one column, then of the next
    path = linear_dng(tmp_path / "x.dng", black=black, repeat=(1, 2))
    assert read_raw(path, convert=LINEAR)[1].black_level == ((256, 261), (261, 273))


@pytest.mark.parametrize("kind", ["tiles", "deflate", "jpeg"])
def test_linear_samples_are_read_however_they_are_stored(tmp_path, kind):
    tags = [
        (50706, BYTE, 4, bytes((1, 4, 0, 0)), True),
        (50717, LONG, 3, (4095,) * 3, True),
        (50728, 5, 3, rationals((0.5, 1, 0.6)), True),
    ]
    path = tmp_path / "x.dng"
    options = {
        "tiles": {"tile": (32, 32)},
        "deflate": {"compression": "zlib", "predictor": True},
        "jpeg": {},
    }[kind]
    tifffile.imwrite(
        path, PICTURE, photometric=34892, planarconfig="contig", extratags=tags, **options
    )
    if kind == "jpeg":
        stream = imagecodecs.ljpeg_encode(PICTURE.reshape(64, 72 * 3), bitspersample=16)
        at = path.stat().st_size
        with path.open("ab") as file:
            file.write(stream)
        with tifffile.TiffFile(path, mode="r+b") as tiff:
            for code, value in ((259, 7), (273, at), (279, len(stream))):
                tiff.pages[0].tags[code].overwrite(value)
    mosaic, _, capture = read_raw(path, convert=LINEAR)
    np.testing.assert_array_equal(mosaic, rggb(PICTURE))
    assert "the file states no black level: 0 is taken" in capture.notes


def test_gains_of_a_linear_frame_are_those_of_its_colours(tmp_path):
    gains = np.linspace(1, 2, 9).reshape(3, 3)
    path = linear_dng(
        tmp_path / "x.dng", opcodes2=opcode_list(gain_map(gains, pitch=1, size=(64, 72)))
    )
    _, _, capture = read_raw(path, convert=LINEAR)
    # The helper's map holds for plane 0 alone, which is red.
    np.testing.assert_allclose(capture.shading[..., 0], gains, rtol=1e-6)
    np.testing.assert_array_equal(capture.shading[..., 1:], 1)


@pytest.mark.parametrize(
    ("options", "convert", "message"),
    [
        ({}, Conversions(), r"already demosaiced.*--linear_dng"),
        ({"white": (4095, 4000, 4095)}, LINEAR, "white levels .* of the colours differ"),
    ],
)
def test_linear_dngs_that_cannot_be_taken_say_why(tmp_path, options, convert, message):
    with pytest.raises(InputError, match=rf"x\.dng: .*{message}"):
        read_raw(linear_dng(tmp_path / "x.dng", **options), convert=convert)


def test_a_bayer_frame_is_preferred_to_a_linear_one(tmp_path):
    mosaic = scene(48, 64, 64, 1000)
    path = write_frame(tmp_path / "x.dng", mosaic, tags=MAIN_TAGS | bayer_tags())
    found, _, capture = read_raw(path, convert=Conversions(True, "bin"))
    np.testing.assert_array_equal(found, mosaic)
    assert capture.notes == ()


@pytest.mark.parametrize(
    ("tile", "expected"),
    [
        (QUAD, ("RGGB", (0, 0))),
        ("GGRRGGRRBBGGBBGG", ("GRBG", (0, 0))),
        ("RGGRRGGRGBBGGBBG", ("GRBG", (0, 1))),  # one column further on
        ("BGGBGRRGGRRGBGGB", ("RGGB", (1, 1))),
        ("RGRGGBGBRGRGGBGB", None),  # Bayer, written as 4x4
        ("YYRRYYRRRRBBRRBB", None),
    ],
)
def test_tiles_are_told_apart(tile, expected):
    assert quad_of(tile, (4, 4)) == expected
    assert quad_of(tile, (2, 8)) is None


def test_blocks_are_averaged(tmp_path):
    mosaic = as_quad(PICTURE)
    path = write_dng(
        tmp_path / "x.dng",
        mosaic,
        pattern=QUAD,
        repeat=(4, 4),
        black=((254, 256), (258, 256)),
        white=4095,
        noise=(4e-3, 8e-6),
        crop=((5, 8), (40, 33)),
    )
    found, sensor, capture = read_raw(path, convert=BIN)
    expected = sum(mosaic[i::2, j::2].astype(float) for i in (0, 1) for j in (0, 1)) / 4
    np.testing.assert_array_equal(found, np.round(expected))  # halves to even, as np.round does
    assert (sensor.pattern, sensor.white_level) == ("RGGB", 4095)
    assert sensor.black_level == ((256, 256), (256, 256))
    assert capture.noise == ((1e-3, 2e-6),)  # the mean of four
    assert capture.default_crop == (4, 3, 16, 19)
    assert capture.frame_size == (32, 36)
    assert any("their mean is taken" in note for note in capture.notes)
    assert "averaged" in capture.notes[-1]


def test_what_a_remosaic_keeps_and_what_it_interpolates(tmp_path):
    # Grey ramps are linear in both directions: every interpolation between them is exact but at
    # the borders, where neighbours are mirrored.
    y, x = np.mgrid[:64, :72]
    grey = 400.0 + 20 * x + 12 * y
    neutral = np.array([0.5, 1.0, 0.25])
    picture = np.rint(grey[..., None] * neutral + 256).astype(np.uint16)
    path = write_dng(
        tmp_path / "x.dng",
        as_quad(picture),
        pattern=QUAD,
        repeat=(4, 4),
        black=((256, 256), (256, 256)),
        white=4095,
        neutral=neutral,
    )
    mosaic, sensor, capture = read_raw(path, convert=REMOSAIC)
    truth = rggb(picture)
    own = np.tile(
        np.array(
            [
                [c == b for c, b in zip(q, w, strict=True)]
                for q, w in zip(("RRGG", "RRGG", "GGBB", "GGBB"), ("RGRG", "GBGB") * 2, strict=True)
            ]
        ),
        (16, 18),
    )
    assert own.mean() == 6 / 16
    np.testing.assert_array_equal(mosaic[own], truth[own])
    inner = (slice(8, -8), slice(8, -8))
    off = np.abs(mosaic.astype(int) - truth)[inner]
    assert off.max() < 40  # two samples' worth of the ramp, 20 a sample
    assert off.mean() < 6
    assert sensor.pattern == "RGGB"
    assert "remosaicked" in capture.notes[-1]


def test_a_remosaic_is_nearer_to_the_truth_than_enlarged_blocks(tmp_path):
    path = write_dng(
        tmp_path / "x.dng",
        as_quad(PICTURE),
        pattern=QUAD,
        repeat=(4, 4),
        white=4095,
        neutral=(1,) * 3,
    )
    truth = rggb(PICTURE).astype(float)
    binned, _, _ = read_raw(path, convert=BIN)
    mosaic, _, _ = read_raw(path, convert=REMOSAIC)
    enlarged = np.empty_like(truth)
    for i, j in np.ndindex(2, 2):
        enlarged[i::2, j::2] = np.kron(binned[i::2, j::2], np.ones((2, 2)))[:32, :36]
    assert np.std(mosaic - truth) < 0.8 * np.std(enlarged - truth)


def test_detail_of_a_grey_scene_is_taken_from_green(tmp_path):
    light = np.random.default_rng(0).uniform(500, 3000, (64, 72))
    light = (light[:, :-1] + light[:, 1:])[:, np.r_[:71, 70]] / 2  # some of it below Nyquist's
    neutral = np.array([0.5, 1.0, 0.7])
    picture = np.rint(light[..., None] * neutral).astype(np.uint16)
    options = {"pattern": QUAD, "repeat": (4, 4), "white": 4095, "neutral": neutral}
    path = write_dng(tmp_path / "x.dng", as_quad(picture), **options)
    mosaic, _, _ = read_raw(path, convert=REMOSAIC)
    off = mosaic - rggb(picture).astype(float)
    # Where red is wanted and the sensor has green (row 0, column 2 of a tile): nearer to the truth
    # than what lies between the reds to the left and to the right.
    red = picture[::4, :, 0].astype(float)
    beside = (2 * red[:, 1:-4:4] + red[:, 4::4]) / 3
    plain = beside - red[:, 2:-4:4]
    assert off[::4, 2:-4:4].std() < 0.8 * plain.std()


def test_a_headerless_quad_frame_is_described_by_its_json(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, as_quad(PICTURE))
    stated = {"pattern": QUAD, "black_level": 256, "white_level": 4095}
    path.with_suffix(".json").write_text(json.dumps(stated))
    mosaic, sensor, _ = read_raw(path, convert=BIN)
    assert (mosaic.shape, sensor.pattern) == ((32, 36), "RGGB")
    with pytest.raises(InputError, match=r"quad-Bayer .*--quad_bayer=bin"):
        read_raw(path)


def test_ryyb_is_refused_by_name_whatever_is_asked(tmp_path):
    # Yellow is colour 5 of CFAPlaneColor.
    tags = MAIN_TAGS | bayer_tags() | {33422: (BYTE, [0, 5, 5, 2]), 50710: (BYTE, [0, 5, 2])}
    path = write_frame(tmp_path / "x.dng", scene(48, 64, 64, 1000), tags=tags)
    with pytest.raises(InputError, match="CFA RYYB"):
        read_raw(path, convert=Conversions(True, "bin"))


def test_a_monochrome_dng_is_refused_by_name(tmp_path):
    tags = MAIN_TAGS | {262: (SHORT, [34892]), 50717: (LONG, [1023])}
    path = write_frame(tmp_path / "x.dng", scene(48, 64, 64, 1000), tags=tags)
    with pytest.raises(InputError, match="monochrome"):
        read_raw(path, convert=LINEAR)


def test_data_sets_take_them_and_keep_them_apart(tmp_path):
    raws = tmp_path / "raw"
    raws.mkdir()
    write_dng(raws / "x.dng", as_quad(PICTURE), pattern=QUAD, repeat=(4, 4), white=4095)
    config = DataConfig("folders", str(raws), cache_dir=str(tmp_path / "cache"), patch_size=16)
    with pytest.raises(InputError, match="--quad_bayer"):
        open_dataset(config)
    sizes = []
    for how in ("bin", "remosaic"):
        frame = open_dataset(config.replace(quad_bayer=how)).raw.frames[0]
        sizes.append((frame.size, frame.load(reference=False).mosaic.shape))
    assert sizes == [((32, 36), (32, 36)), ((64, 72), (64, 72))]
    with pytest.raises(InputError, match="--linear_dng: --data=zrr"):
        DataConfig("zrr", linear_dng=True)


def test_the_program_says_what_was_done(tmp_path, capsys):
    path = linear_dng(tmp_path / "x.dng")
    assert inspect_raw.run([str(path)]) == 1
    assert "--linear_dng" in capsys.readouterr().err
    assert inspect_raw.run([str(path), "--linear_dng"]) == 0
    shown = capsys.readouterr().out
    assert "LinearDNG" in shown
    assert "one colour of three is kept" in shown
