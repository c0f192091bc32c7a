"""What looks wrong in a frame is said, and nothing is said of a good one."""

import dataclasses

import numpy as np
import pytest

from tests.helpers.dngs import scene
from tfisp.errors import InputError
from tfisp.rawfiles.diagnosis import describe, warnings
from tfisp.rawfiles.frame import Frame
from tfisp.sensor import SENSORS, Capture, Sensor

SENSOR = Sensor("RGGB", ((60, 61), (62, 63)), 1023)


def frame_of(mosaic, sensor=SENSOR, gains=(2, 1, 1.5)):
    return Frame(mosaic, sensor, Capture(gains=gains), "test", ("a note",))


def test_height_and_width_are_told_apart():
    told = describe(frame_of(scene(64, 96, 64, 1000)), "file")
    assert (told["height"], told["width"]) == (64, 96)


def test_a_good_frame_gives_no_warnings():
    assert warnings(frame_of(scene(64, 96, 64, 1000))) == []


@pytest.mark.parametrize(
    ("mosaic", "sensor", "words"),
    [
        (scene(64, 96, 64, 4000), SENSOR, "exceeds the white level 1023: 12-bit data?"),
        (scene(64, 96, 64, 1200), SENSOR, "they are clipped to it"),
        (scene(64, 96, 64, 1000), Sensor("RGGB", 64, 16383), "far below the white level"),
        (scene(64, 96, 64, 1000) * 4, Sensor("RGGB", 256, 4092), "multiples of 4"),
        (scene(64, 96, 256, 1000), Sensor("RGGB", 0, 1023), "is there a pedestal"),
        (scene(64, 96, 20, 120), Sensor("RGGB", 100, 1023), "lie below its black level"),
    ],
)
def test_samples_that_do_not_fit_their_levels_are_noticed(mosaic, sensor, words):
    assert any(words in warning for warning in warnings(frame_of(mosaic, sensor)))


def test_a_missing_white_balance_is_noticed_unless_the_sensor_has_one():
    mosaic = scene(64, 96, 64, 1000)
    assert any("white balance" in w for w in warnings(frame_of(mosaic, gains=None)))
    assert not any("white balance" in w for w in warnings(frame_of(mosaic, SENSORS["zrr"], None)))


def test_a_pattern_of_the_wrong_phase_is_noticed():
    mosaic = scene(64, 96, 64, 1000)
    mosaic[0::2, 0::2] //= 2  # red and blue are darker than green
    mosaic[1::2, 1::2] //= 3
    assert not any("pattern" in w for w in warnings(frame_of(mosaic)))
    shifted = frame_of(mosaic, Sensor("GRBG", 0, 1023))
    assert any("is GRBG the pattern" in w for w in warnings(shifted))


def test_the_statistics_are_those_of_each_plane():
    mosaic = scene(63, 95, 64, 1100)
    facts = describe(frame_of(mosaic, Sensor("GBRG", ((60, 61), (62, 63)), 1023)), "x.dng")
    assert [plane["name"] for plane in facts["planes"]] == ["Gb", "B", "R", "Gr"]
    for plane in facts["planes"]:
        i, j = plane["site"]
        samples = mosaic[i::2, j::2]
        assert plane["black_level"] == 60 + 2 * i + j
        assert (plane["minimum"], plane["maximum"]) == (samples.min(), samples.max())
        assert plane["mean"] == pytest.approx(samples.mean())
        assert plane["median"] == pytest.approx(np.median(samples), abs=0.5)
        expected, _ = np.histogram(samples, np.array(facts["bin_edges"]) - 0.5)
        assert plane["histogram"] == expected.tolist()
    assert facts["above_white"] == (mosaic > 1023).sum()
    assert facts["notes"] == ["a note"]


def test_damage_is_an_error_but_a_wrong_scale_is_not():
    with pytest.raises(InputError, match=r"x\.dng: every sample is 0"):
        describe(frame_of(np.zeros((64, 96), np.uint16)), "x.dng")
    gap = scene(64, 96, 64, 1000)
    gap[40:] = 0
    with pytest.raises(InputError, match="partly decoded"):
        describe(frame_of(gap), "x.dng")
    describe(frame_of(scene(64, 96, 64, 60000)), "x.dng")


def test_a_phones_file_without_a_shading_map_is_warned_of():
    mosaic = scene(64, 72, 64, 1000)
    phone = frame_of(mosaic, Sensor("RGGB", 64, 1023, "Google Pixel 8"))
    assert any("--gain_map" in warning for warning in warnings(phone))
    mapped = dataclasses.replace(phone.capture, shading=np.ones((2, 2, 4), np.float32))
    assert not warnings(dataclasses.replace(phone, capture=mapped))
    assert not warnings(frame_of(mosaic, Sensor("RGGB", 64, 1023, "Canon EOS R5")))
