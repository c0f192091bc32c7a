"""Sensors: validation, shifting and mirroring, the published numbers."""

import json

import numpy as np
import pytest

from tfisp.errors import InputError
from tfisp.sensor import (
    PATTERNS,
    SENSORS,
    Capture,
    Sensor,
    get_sensor,
    resolve_gains,
    smallest_one,
)

TILE = ((1, 2), (3, 4))


def sites(sensor):
    """{(colour, black level)} by position, as a 2x2 array of pairs."""
    return [[(sensor.pattern[2 * i + j], sensor.black_level[i][j]) for j in (0, 1)] for i in (0, 1)]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (1, 0), (0, 1), (1, 1), (3, 2), (-1, 5)])
def test_shifting_relabels_what_indexing_moves(pattern, rows, columns):
    sensor = Sensor(pattern, TILE, 9)
    before, after = sites(sensor), sites(sensor.shifted(rows, columns))
    for i in (0, 1):
        for j in (0, 1):
            assert after[i][j] == before[(i + rows) % 2][(j + columns) % 2]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(("height", "width"), [(4, 6), (5, 6), (4, 7), (5, 7)])
def test_mirroring_relabels_what_reversing_moves(pattern, height, width):
    sensor = Sensor(pattern, TILE, 9)
    before = sites(sensor)
    after = sites(sensor.flipped(height, width, horizontal=True, vertical=True))
    for i in (0, 1):
        for j in (0, 1):
            assert after[i][j] == before[(height - 1 - i) % 2][(width - 1 - j) % 2]


def test_red_site_is_where_the_pattern_says():
    assert {p: Sensor(p).red_site for p in PATTERNS} == {
        "RGGB": (0, 0),
        "BGGR": (1, 1),
        "GRBG": (0, 1),
        "GBRG": (1, 0),
    }


def test_one_black_level_stands_for_four():
    assert Sensor(black_level=64).black_level == ((64, 64), (64, 64))


def test_the_published_black_levels_come_back_in_packed_order():
    sensor = SENSORS["zrr"]
    packed = [sensor.black_level[i][j] for i, j in ((1, 1), (0, 1), (0, 0), (1, 0))]
    assert packed == [62, 60, 58, 61]  # as the paper's loader subtracts them


def test_the_demo_sensors_gains_are_those_of_d65_under_its_matrix():
    demo = SENSORS["demo"]
    white = np.array([0.95047, 1.0, 1.08883])  # CIE XYZ of D65
    neutral = np.array(demo.xyz_to_camera) @ white
    np.testing.assert_allclose(demo.default_gains, (1 / neutral) / (1 / neutral).min(), atol=5e-4)


@pytest.mark.parametrize("name", SENSORS)
def test_json_round_trip(name, tmp_path):
    path = tmp_path / "sensor.json"
    path.write_text(json.dumps(SENSORS[name].to_dict()))
    assert get_sensor(path) == SENSORS[name] == get_sensor(name)


@pytest.mark.parametrize(
    "values",
    [
        {"pattern": "RGBG"},
        {"pattern": "XTRANS"},
        {"black_level": (1, 2, 3)},
        {"black_level": "dark"},
        {"black_level": float("nan")},
        {"white_level": 0},
        {"black_level": 1023, "white_level": 1023},
        {"white_level": float("inf")},
        {"white_level": True},
        {"xyz_to_camera": [[1, 2], [3, 4]]},
        {"default_gains": (1, 0, 1)},
        {"default_gains": (1, 1)},
    ],
)
def test_what_is_no_sensor_is_refused(values):
    with pytest.raises(InputError):
        Sensor(**values)


def test_a_mistyped_sensor_gets_the_close_name():
    with pytest.raises(InputError, match="did you mean zrr"):
        get_sensor("zr")
    with pytest.raises(InputError, match="did you mean pattern"):
        Sensor.from_dict({"patern": "RGGB"})


def test_a_sensor_file_that_is_none_is_named(tmp_path):
    path = tmp_path / "mine.json"
    with pytest.raises(InputError, match=r"mine\.json"):
        get_sensor(path)
    for text in ("{", "[1]", '{"pattern": "RGBW"}'):
        path.write_text(text)
        with pytest.raises(InputError, match=r"mine\.json"):
            get_sensor(path)


def test_gains_come_from_the_file_then_the_sensor():
    zrr = SENSORS["zrr"]
    assert resolve_gains(zrr, Capture(gains=(2, 1, 3))) == (2, 1, 3)
    assert resolve_gains(zrr, Capture()) == (1.6, 1.2, 1.4)
    assert resolve_gains(Sensor(), Capture()) == (1, 1, 1)


def test_the_smallest_gain_becomes_one():
    np.testing.assert_allclose(smallest_one((1.0, 0.4037, 0.684)), (2.47709, 1, 1.69433), atol=1e-5)


def test_a_capture_refuses_impossible_facts():
    for values in ({"orientation": 9}, {"gains": (1, -1, 1)}, {"shading": np.ones((2, 2, 3))}):
        with pytest.raises(InputError):
            Capture(**values)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "nested too deep"),
        ('{"white_level": 1' + "0" * 400 + "}", "white level"),
        ('{"white_level": 1' + "0" * 5000 + "}", "not valid JSON"),
        ('{"white_level": Infinity}', "white level inf"),
        ('{"black_level": 1' + "0" * 400 + "}", "black level"),
        ('{"black_level": "64"}', "black level '64'"),
        ('{"black_level": -1}', "below 0"),
        ('{"black_level": null}', "black level None"),
        ('{"default_gains": [1, true, "2"]}', "default gains"),
        ('{"default_gains": {"a": 1}}', "default gains"),
        ('{"xyz_to_camera": [[1, 2], [3]]}', "xyz_to_camera"),
        ('{"pattern": ["RGGB"]}', "pattern"),
        ('{"name": 5, "white_level": 0}', "white level 0"),
        ('{"name": 5}', "name 5 is no text"),
        ('{"\\ud800": 1}', "unknown"),
    ],
)
def test_a_hostile_sensor_file_is_refused_in_one_short_line(tmp_path, text, words):
    path = tmp_path / "mine.json"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        get_sensor(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and words in message
    assert "\n" not in message and len(message) < 500


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"baseline_exposure": 32.5}, "at most 32 either way"),
        ({"baseline_exposure": float("nan")}, "baseline exposure nan"),
        ({"baseline_exposure": 2**31}, "baseline exposure 2147483648"),
        ({"iso": 0}, "iso 0"),
        ({"exposure_time": float("inf")}, "exposure_time inf"),
        ({"orientation": 0}, "orientation 0"),
    ],
)
def test_facts_that_no_camera_states_are_refused(facts, words):
    with pytest.raises(InputError, match=words):
        Capture(**facts)
    assert Capture(baseline_exposure=-32, iso=100, exposure_time=1e-4, orientation=8)
