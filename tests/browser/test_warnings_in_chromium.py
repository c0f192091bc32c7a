"""The page says what `tfisp.inspect_raw` says about frames in which something does not fit."""

import dataclasses
import json

import numpy as np
import pytest

from tests.helpers import dngs
from tests.helpers.shared import shared
from tests.helpers.web_pages import encoded, load
from tfisp.browser.golden import described
from tfisp.raw import read_raw
from tfisp.rawfiles.diagnosis import warnings
from tfisp.rawfiles.frame import Frame, check_levels
from tfisp.sensor import Capture, Sensor

SENSOR = Sensor("RGGB", 64, 1023, name="Acme Synth 1")
CAPTURE = Capture(gains=(2.0, 1.0, 1.5))
SCENE = dngs.scene(128, 160, 100, 1000)


def tinted(pattern):
    """A scene whose colours differ, under a tile of any size."""
    side = int(len(pattern) ** 0.5)
    scale = [{"R": 0.5, "G": 1.0, "B": 0.7}[colour] for colour in pattern]
    tile = np.array(scale).reshape(side, side)
    gains = np.tile(tile, (128 // side, 160 // side))
    return np.rint(64 + (SCENE - 64.0) * gains).astype(np.uint16)


def sheared(stated):
    mosaic = read_raw(shared("raw/frames/nikon_768x512_rggb.raw"))[0].reshape(-1)
    return mosaic[: mosaic.size // stated * stated].reshape(-1, stated)


NIKON = Sensor("RGGB", 600, 15520)
CASES = {
    "above white": (SCENE, dataclasses.replace(SENSOR, white_level=800), CAPTURE),
    "few bits": (SCENE // 8, dataclasses.replace(SENSOR, black_level=8), CAPTURE),
    "shifted": (SCENE // 4 * 4, SENSOR, CAPTURE),
    "pedestal": (SCENE, dataclasses.replace(SENSOR, black_level=0), CAPTURE),
    "dark": (SCENE, dataclasses.replace(SENSOR, black_level=800), CAPTURE),
    "narrow": (sheared(770), NIKON, CAPTURE),
    "wide": (sheared(760), NIKON, CAPTURE),
    "quad": (tinted("RRGGRRGGGGBBGGBB"), SENSOR, CAPTURE),
    "phase": (tinted("RGGB"), dataclasses.replace(SENSOR, pattern="GRBG"), CAPTURE),
    "phone": (SCENE, dataclasses.replace(SENSOR, name="Google Pixel 8"), CAPTURE),
    "no gains": (SCENE, SENSOR, Capture()),
}


def said_by_the_page(modules, mosaic, sensor, capture):
    load(modules, "warnings.js")
    facts = json.dumps(described(mosaic, sensor, capture))
    samples = f"new Uint16Array({encoded(mosaic.astype('<u2').tobytes())}.buffer)"
    return modules.run(f"warningsOf({{ ...{facts}, mosaic: {samples} }})")


@pytest.mark.parametrize("name", CASES)
def test_warnings_are_those_of_inspect_raw(modules, name):
    mosaic, sensor, capture = CASES[name]
    expected = warnings(Frame(mosaic, sensor, capture, "made up"))
    assert expected
    assert said_by_the_page(modules, mosaic, sensor, capture) == expected


@pytest.mark.parametrize(
    "name",
    ["dng/canon_colorchart.dng", "frames/nikon_768x512_rggb.raw"],
)
def test_good_frames_give_none(modules, name):
    mosaic, sensor, capture = read_raw(shared(f"raw/{name}"))
    gains = capture.gains or (1.0, 1.0, 1.0)
    capture = dataclasses.replace(capture, gains=gains, shading=None)
    assert said_by_the_page(modules, mosaic, sensor, capture) == []


@pytest.mark.parametrize("columns, value", [(2, 3), (40, 64), (0, 0)])
def test_a_buffers_padding_is_refused(modules, columns, value):
    mosaic = SCENE.copy()
    mosaic[:, 160 - columns :] = value
    facts = json.dumps(described(mosaic, SENSOR, CAPTURE))
    samples = f"new Uint16Array({encoded(mosaic.astype('<u2').tobytes())}.buffer)"
    said = modules.run(f"fault(() => checked({{ ...{facts}, mosaic: {samples} }}))")
    if not columns:
        assert said is None
        return
    with pytest.raises(Exception, match="padding of a buffer") as error:
        check_levels(mosaic, SENSOR, "x")
    assert f"x: {said}" == str(error.value)
