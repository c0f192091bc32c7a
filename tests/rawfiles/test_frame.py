"""The checks on decoded samples: no picture is refused for being dark or bright."""

import numpy as np
import pytest

from tests.helpers.dngs import scene
from tfisp.errors import InputError
from tfisp.rawfiles.frame import check_levels, check_repeats, undecoded
from tfisp.sensor import Sensor

RNG = np.random.default_rng(0)
SENSOR = Sensor("RGGB", ((60, 61), (62, 63)), 1023)


def test_a_good_frame_passes_untouched():
    mosaic = scene(64, 96, 64, 1000)
    checked, above = check_levels(mosaic, SENSOR, "x.dng")
    assert checked is mosaic
    assert above == 0


def test_a_little_overshoot_is_clipped_and_counted():
    mosaic = scene(64, 96, 64, 1000)
    mosaic[10, :7] = 1278  # 1.249 times white
    checked, above = check_levels(mosaic, SENSOR, "x.dng")
    assert above == 7
    assert checked.max() == 1023
    assert mosaic.max() == 1278  # the caller's array is left alone
    assert checked.dtype == np.uint16


def test_samples_of_another_scale_are_refused_with_a_guess():
    mosaic = scene(64, 96, 256, 3900)
    mosaic[0, 0] = 4092
    with pytest.raises(InputError) as caught:
        check_levels(mosaic, SENSOR, "x.png")
    assert str(caught.value) == ("x.png: maximum 4092 exceeds the white level 1023: 12-bit data?")
    with pytest.raises(InputError, match="far below the black level"):
        check_levels(scene(64, 96, 1, 20), SENSOR, "x.png")


@pytest.mark.parametrize("value", [0, 37, 61, 1022])
def test_a_constant_frame_is_empty(value):
    with pytest.raises(InputError, match=f"every sample is {value}"):
        check_levels(np.full((64, 96), value, np.uint16), SENSOR, "x.dng")


def test_an_overexposed_patch_is_not_empty():
    assert check_levels(np.full((64, 64), 1023, np.uint16), SENSOR, "x.png")[1] == 0


def test_a_lens_cap_frame_with_noise_is_accepted():
    for black, sigma in ((62, 3), (62, 20), (0, 1.5)):
        dark = np.clip(np.rint(RNG.normal(black, sigma, (256, 256))), 0, None).astype(np.uint16)
        check_levels(dark, Sensor("RGGB", black, 1023), "cap.dng")
        check_repeats(dark, Sensor("RGGB", black, 1023), "cap.dng")


def test_a_half_black_scene_is_accepted():
    mosaic = scene(256, 256, 64, 1000)
    mosaic[128:] = 62  # exactly black
    check_levels(mosaic, Sensor("RGGB", 62, 1023), "night.dng")
    mosaic[128:] = np.rint(RNG.normal(62, 2, (128, 256)))
    check_levels(mosaic, Sensor("RGGB", 62, 1023), "night.dng")
    mosaic[128:] = 0  # a sensor without a pedestal
    check_levels(mosaic, Sensor("RGGB", 0, 1023), "night.dng")


@pytest.mark.parametrize(
    "gap",
    [
        (slice(200, None), slice(None)),  # the end is missing
        (slice(250, None), slice(None)),  # only the last six rows
        (slice(128, 192), slice(64, 128)),  # one tile
        (slice(None, 64), slice(None)),
    ],
)
@pytest.mark.parametrize("value", [0, 30])
def test_a_partly_decoded_frame_is_refused(gap, value):
    mosaic = scene(256, 256, 64, 1000)
    mosaic[gap] = value
    with pytest.raises(InputError, match="partly decoded"):
        check_levels(mosaic, SENSOR, "x.dng")


def test_dead_columns_and_short_dead_rows_are_no_gap():
    mosaic = scene(256, 256, 64, 1000)
    mosaic[100, 40:140], mosaic[:, 30], mosaic[50:60, 50:60] = 0, 0, 0
    assert undecoded(mosaic, 60) == 0
    check_levels(mosaic, SENSOR, "x.dng")


@pytest.mark.parametrize("start", range(0, 20000, 1733))
@pytest.mark.parametrize("width", [128, 300, 4000])
def test_a_missing_block_of_a_disk_is_found_wherever_it_lies(start, width):
    mosaic = scene(20800 // width + 32, width, 64, 1000)
    mosaic.reshape(-1)[start : start + 256] = 0  # 512 bytes
    with pytest.raises(InputError, match="partly decoded"):
        check_levels(mosaic, SENSOR, "x.dng")


@pytest.mark.parametrize("black", [0, 64])
@pytest.mark.parametrize("value", [0, "black"])
def test_padding_at_an_edge_is_named(black, value):
    value, scene_ = black if value == "black" else value, scene(96, 128, black + 10, 1000)
    sensor = Sensor("RGGB", black, 1023)
    mosaic = np.pad(scene_, [(0, 0), (0, 8)], constant_values=value)
    with pytest.raises(InputError, match=r"last 8 columns hold only .*state the width, 128"):
        check_levels(mosaic, sensor, "x.npy")
    # Black behind a sharp edge, one dead column, a scene that goes black towards its edge.
    check_levels(np.pad(scene_, [(0, 0), (0, 65)], constant_values=black), sensor, "x.npy")
    check_levels(np.pad(scene_, [(0, 0), (0, 1)]), sensor, "x.npy")
    fading = scene_.copy()
    fading[:, 100:] = np.where(np.random.default_rng(0).uniform(size=(96, 28)) < 0.7, black, 70)
    fading[:, 120:] = black
    check_levels(fading, sensor, "x.npy")


def test_repeated_rows_are_refused_unless_clipped():
    mosaic = scene(256, 256, 64, 1000)
    check_repeats(mosaic, SENSOR, "x.dng")
    for value in (1023, 60):  # a burnt sky, a black floor
        mosaic[128:] = value
        check_repeats(mosaic, SENSOR, "x.dng")
    mosaic[128:] = np.tile(mosaic[126:128], (64, 1))
    with pytest.raises(InputError, match="repeats"):
        check_repeats(mosaic, SENSOR, "x.dng")


def test_frames_too_small_or_not_finite_are_refused():
    with pytest.raises(InputError, match="too small"):
        check_levels(scene(4, 96, 64, 1000), SENSOR, "x.dng")
    holed = scene(64, 96, 64, 1000).astype(np.float32)
    holed[3, 3] = np.nan
    with pytest.raises(InputError, match="not finite"):
        check_levels(holed, SENSOR, "x.npy")


@pytest.mark.parametrize("black", [0, 64, 256])
@pytest.mark.parametrize("seed", range(8))
def test_the_undecoded_share_is_that_of_a_look_at_every_patch(seed, black):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(8, 200, 2)
    mosaic = rng.integers(0, rng.choice([2, 600]), (height, width)).astype(np.uint16)
    for _ in range(4):
        top, left = rng.integers(0, (height, width))
        mosaic[top : top + 40, left : left + 150] = rng.integers(0, 300)
    shares = []
    for plane, rows, columns in ((mosaic, 4, 64), (mosaic.reshape(1, -1), 1, 128)):
        rows, columns = min(rows, plane.shape[0]), min(columns, plane.shape[1])
        equal = []
        for turned in (plane, plane[::-1, ::-1]):
            for top in range(0, plane.shape[0] - rows + 1, rows):
                for left in range(0, plane.shape[1] - columns + 1, columns):
                    patch = turned[top : top + rows, left : left + columns]
                    equal.append(len(np.unique(patch)) == 1 and patch[0, 0] < black)
        shares.append(np.mean(equal))
    assert undecoded(mosaic, black) == max(shares)
