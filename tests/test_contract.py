"""Scaling by a contract: the published formula, hand values, crops of a shaded frame."""

import dataclasses
import json

import numpy as np
import pytest

from tfisp.companding import compand, expand
from tfisp.contract import (
    AS_SHOT,
    PUBLISHED,
    Contract,
    denormalise,
    normalise,
)
from tfisp.errors import InputError
from tfisp.packing import crop_mosaic, pack
from tfisp.sensor import PATTERNS, SENSORS, Capture, Sensor

RNG = np.random.default_rng(0)
LINEAR = dataclasses.replace(AS_SHOT, companding="none")


def random_mosaic(height=12, width=14, high=1024):
    return RNG.integers(0, high, (height, width)).astype(np.uint16)


def test_published_contract_is_the_published_formula():
    mosaic = random_mosaic(high=4093)
    # The loader of the paper's code: planes B, G of the red row, R, G of the blue row.
    planes = np.stack(
        [mosaic[1::2, 1::2], mosaic[0::2, 1::2], mosaic[0::2, 0::2], mosaic[1::2, 0::2]], -1
    )
    black = np.array([62.0, 60.0, 58.0, 61.0])
    expected = (planes - black) / (1023 - black)
    for name in ("zrr", "ultraisp"):  # unscaled, whatever the data set's own levels are
        packed = pack(mosaic, SENSORS[name], PUBLISHED)
        np.testing.assert_allclose(packed, expected, rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_site_gets_its_own_black_gain_and_colour(pattern):
    black = np.array([[10.0, 20.0], [30.0, 40.0]])
    sensor = Sensor(pattern, black, 1000)
    capture = Capture(gains=(2.0, 1.0, 1.5), baseline_exposure=1.0)
    contract = Contract(white_balance="as_shot", exposure="frame")
    mosaic = random_mosaic(7, 9)
    result = normalise(mosaic, sensor, capture, contract)
    gains = {"R": 2.0, "G": 1.0, "B": 1.5}
    for i in range(7):
        for j in range(9):
            site = (i % 2, j % 2)
            gain = gains[pattern[2 * site[0] + site[1]]] * 2  # 2**1 EV
            expected = (float(mosaic[i, j]) - black[site]) / (1000 - black[site]) * gain
            assert result[i, j] == pytest.approx(expected, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_contracts_black_belongs_to_the_rggb_tile(pattern):
    contract = Contract(black_level=((1, 2), (3, 4)), white_level=104)
    sensor = Sensor(pattern, 0, 1023)
    flat = normalise(np.full((2, 2), 4, np.uint16), sensor, Capture(), contract)
    row, column = sensor.red_site
    assert flat[row, column] == pytest.approx(3 / 103)  # red site: black 1
    assert flat[1 - row, 1 - column] == 0  # blue site: black 4


def test_saturated_samples_become_neutral_and_noise_below_black_stays():
    sensor = Sensor("RGGB", 64, 1023)
    capture = Capture(gains=(2.1, 1.0, 1.7))
    assert (normalise(np.full((4, 4), 1023), sensor, capture, AS_SHOT) == 1).all()
    assert (normalise(np.full((4, 4), 60), sensor, capture, AS_SHOT) < 0).all()
    brighter = dataclasses.replace(capture, baseline_exposure=0.5)
    white = normalise(np.full((4, 4), 1023), sensor, brighter, LINEAR)
    np.testing.assert_allclose(white, 2**0.5, rtol=1e-6)  # clipped first, then brightened


def test_noise_below_black_is_cut_off_only_under_shadows():
    sensor = Sensor("RGGB", 64, 1023)
    contract = Contract(clip="shadows")
    assert (normalise(np.full((4, 4), 60), sensor, Capture(), contract) == 0).all()
    bright = np.full((4, 4), 2000)
    assert (normalise(bright, sensor, Capture(), contract) > 1).all()
    back = denormalise(np.zeros((4, 4)), sensor, Capture(), contract)
    np.testing.assert_allclose(back, 64)
    assert Contract.from_dict(contract.to_dict()) == contract


def test_default_gains_are_scaled_to_smallest_one_under_as_shot():
    flat = normalise(
        np.full((2, 2), 1023), SENSORS["zrr"], Capture(), Contract(white_balance="as_shot")
    )
    np.testing.assert_allclose(flat, [[1.6 / 1.2, 1], [1, 1.4 / 1.2]], rtol=1e-6)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_denormalise_inverts_normalise(pattern):
    sensor = Sensor(pattern, ((60, 61), (62, 63)), 1023)
    shading = RNG.uniform(1, 3, (5, 6, 4)).astype(np.float32)
    capture = Capture(gains=(2, 1, 1.5), shading=shading, baseline_exposure=0.3)
    mosaic = random_mosaic(21, 33)
    for contract in (PUBLISHED, dataclasses.replace(AS_SHOT, clip="none")):
        values = normalise(mosaic, sensor, capture, contract)
        back = denormalise(values, sensor, capture, contract)
        assert (np.rint(back) == mosaic).all()
        np.testing.assert_allclose(back, mosaic, atol=1e-3)


def test_a_long_frame_is_scaled_like_its_first_rows():
    mosaic = random_mosaic(700, 210)  # several bands, of which the last is incomplete
    sensor = Sensor("GRBG", ((1, 2), (3, 4)), 1023)
    capture = Capture(gains=(2, 1, 1.5))
    whole = normalise(mosaic, sensor, capture, AS_SHOT)
    for top in (0, 312, 698):
        part = normalise(mosaic[top : top + 2], sensor, capture, AS_SHOT)
        np.testing.assert_array_equal(whole[top : top + 2], part)


@pytest.mark.parametrize(("top", "left"), [(0, 0), (1, 0), (0, 1), (3, 5)])
def test_a_crop_of_a_shaded_frame_is_scaled_as_the_frame_is(top, left):
    mosaic = random_mosaic(32, 40)
    sensor = Sensor("GBRG", ((60, 61), (62, 63)), 1023)
    shading = RNG.uniform(1, 3, (5, 6, 4)).astype(np.float32)
    capture = Capture(gains=(2, 1, 1.5), shading=shading, frame_size=mosaic.shape)
    whole = normalise(mosaic, sensor, capture, AS_SHOT)
    part, part_sensor = crop_mosaic(mosaic, sensor, top, left, 17, 20)
    scaled = normalise(part, part_sensor, capture, AS_SHOT, origin=(top, left))
    np.testing.assert_array_equal(scaled, whole[top : top + 17, left : left + 20])


def test_shading_is_left_out_where_the_contract_does_not_want_it():
    mosaic = random_mosaic()
    capture = Capture(shading=np.full((2, 2, 4), 2, np.float32))
    plain = normalise(mosaic, Sensor(), Capture(), Contract())
    np.testing.assert_array_equal(normalise(mosaic, Sensor(), capture, Contract()), plain)
    np.testing.assert_allclose(
        normalise(mosaic, Sensor(), capture, Contract(shading=True)), 2 * plain, rtol=1e-6
    )


@pytest.mark.parametrize("contract", [PUBLISHED, AS_SHOT, Contract("split"), Contract("mosaic")])
def test_contracts_survive_json(contract):
    assert Contract.from_dict(json.loads(json.dumps(contract.to_dict()))) == contract


@pytest.mark.parametrize(
    "values", [{"form": "raw"}, {"white_balance": "auto"}, {"clip": 1}, {"black_level": (1, 2)}]
)
def test_what_is_no_contract_is_refused(values):
    with pytest.raises(InputError):
        Contract(**values)


def test_contradictory_levels_are_refused():
    with pytest.raises(InputError, match="white level"):
        normalise(np.ones((2, 2)), Sensor("RGGB", 64, 1023), Capture(), Contract(white_level=50))


@pytest.mark.parametrize("array", [np.ones((4, 4, 3)), np.ones((1, 4)), np.ones((4, 4), complex)])
def test_what_is_no_mosaic_is_refused(array):
    with pytest.raises(InputError, match="mosaic has shape"):
        normalise(array, Sensor(), Capture(), Contract())


def test_companding_follows_its_formula_and_keeps_zero_one_and_signs():
    values = np.array([-0.05, -0.001, 0.0, 0.001, 0.18, 1.0, 4.2, 15000.0])
    toe = 1 / 256
    by_hand = np.sign(values) * (np.sqrt(np.abs(values) + toe) - np.sqrt(toe))
    by_hand /= np.sqrt(1 + toe) - np.sqrt(toe)
    given = compand(values)
    assert given.dtype == np.float32
    np.testing.assert_allclose(given, by_hand, rtol=2e-5, atol=1e-7)
    assert given[2] == 0 and given[5] == 1 and (np.sign(given) == np.sign(values)).all()
    np.testing.assert_allclose(expand(given), values, rtol=3e-6, atol=1e-7)


def test_eight_bits_of_companded_samples_tell_the_darkest_counts_apart():
    counts = np.arange(-10, 11) / 963  # a 10-bit sensor around black
    levels = np.linspace(-0.1, 1, 256)
    step = levels[1] - levels[0]
    assert len(set(np.rint(compand(counts) / step))) == len(counts)
    assert len(set(np.rint(counts / step))) < len(counts) / 3


@pytest.mark.parametrize("contract", [PUBLISHED, LINEAR])
def test_a_companding_contract_bends_what_the_plain_one_gives(contract):
    mosaic = np.random.default_rng(3).integers(0, 1024, (9, 14)).astype(np.uint16)
    sensor, capture = Sensor("GRBG", 64, 1023), Capture(gains=(2.0, 1.0, 1.5))
    companded = dataclasses.replace(contract, companding="sqrt")
    plain = normalise(mosaic, sensor, capture, contract)
    bent = normalise(mosaic, sensor, capture, companded)
    np.testing.assert_array_equal(bent, compand(plain))
    np.testing.assert_allclose(
        denormalise(bent, sensor, capture, companded),
        denormalise(plain, sensor, capture, contract),
        atol=2e-3,
    )


def test_companding_is_written_only_where_there_is_some():
    assert "companding" not in LINEAR.to_dict()  # older versions refuse what they do not know
    companded = dataclasses.replace(LINEAR, companding="sqrt")
    assert companded.to_dict()["companding"] == "sqrt"
    assert Contract.from_dict(companded.to_dict()) == companded
    with pytest.raises(InputError, match="companding 'log' is not one of none, sqrt"):
        Contract(companding="log")


@pytest.mark.parametrize("white", [0, -5, 65536, 10**400, float("nan"), float("inf"), True, "x"])
def test_a_white_level_that_no_sample_can_have_is_refused(white):
    with pytest.raises(InputError, match="contract: white level"):
        Contract(white_level=white)
