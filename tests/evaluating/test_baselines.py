"""Classical renderings of scenes whose picture is known."""

import numpy as np
import pytest

from tfisp.color import encode_srgb
from tfisp.data.unprocess import Noise, unprocess
from tfisp.demosaic import reference
from tfisp.errors import InputError
from tfisp.evaluating.baselines import BASELINES, baseline
from tfisp.looks.cube import Cube, write_cube
from tfisp.packing import crop_mosaic
from tfisp.sensor import SENSORS, Capture, Sensor

GAINS = (2.0, 1.0, 1.5)


def recorded(sensor, height=64, width=72):
    """A smooth linear scene, and the mosaic that a sensor records of it."""
    down, across = np.mgrid[:height, :width] / 40
    scene = np.stack([0.4 + 0.2 * np.sin(down + k) * np.cos(across - k) for k in range(3)], -1)
    scene = scene.astype(np.float32)
    mosaic = unprocess(scene, sensor, GAINS, Noise(0, 0), np.random.default_rng(0))
    return scene, mosaic


@pytest.mark.parametrize("name", [name for name in BASELINES if name != "published"])
@pytest.mark.parametrize("offset", [(0, 0), (1, 0), (1, 1)])
def test_a_smooth_scene_comes_back(name, offset):
    sensor = SENSORS["demo"]
    scene, mosaic = recorded(sensor)
    top, left = offset
    mosaic, sensor = crop_mosaic(mosaic, sensor, top, left, 62, 70)
    develop, _ = baseline(name)
    picture = develop(np.ascontiguousarray(mosaic), sensor, Capture(gains=GAINS))
    assert picture.shape == (62, 70, 3) and picture.dtype == np.float32
    expected = encode_srgb(scene[top : top + 62, left : left + 70])
    assert np.abs(picture - expected)[4:-4, 4:-4].max() < 0.02


def test_libraw_leaves_the_colours_of_an_unknown_sensor():
    sensor = Sensor("RGGB", ((256.0, 256.0), (256.0, 256.0)), 4095)
    scene, mosaic = recorded(sensor)
    develop, facts = baseline("libraw")
    picture = develop(mosaic, sensor, Capture(gains=GAINS))
    assert np.abs(picture - encode_srgb(scene))[4:-4, 4:-4].max() < 0.02
    assert "libraw" in facts


def test_libraw_takes_white_from_the_file_and_not_from_the_brightest_sample():
    sensor = SENSORS["demo"]
    grey = np.full((64, 64, 3), 0.9, np.float32)
    mosaic = unprocess(grey, sensor, (1.0, 1.0, 1.0), Noise(0, 0), np.random.default_rng(0))
    develop, _ = baseline("libraw")
    picture = develop(mosaic, sensor, Capture(gains=(1.0, 1.0, 1.0)))
    np.testing.assert_allclose(picture[8:-8, 8:-8], encode_srgb(grey)[8:-8, 8:-8], atol=0.01)


def test_the_reference_in_a_look(tmp_path):
    swapped = np.moveaxis(np.meshgrid(*[np.linspace(0, 1, 5)] * 3, indexing="ij"), 0, -1)[..., ::-1]
    write_cube(tmp_path / "swap.cube", Cube(swapped))
    sensor = SENSORS["demo"]
    _, mosaic = recorded(sensor)
    develop, _ = baseline(str(tmp_path / "swap.cube"))
    plain = reference(mosaic, sensor, Capture(gains=GAINS))
    picture = develop(mosaic, sensor, Capture(gains=GAINS))
    np.testing.assert_allclose(picture, plain[..., ::-1], atol=1e-5)


def test_a_mosaic_that_libraw_refuses_is_named():
    develop, _ = baseline("libraw")
    with pytest.raises(InputError, match="libraw: cannot develop a mosaic of 8x8 samples"):
        develop(np.zeros((8, 8), np.uint16), SENSORS["demo"], Capture())


def test_a_mistyped_name_is_answered_with_the_right_one():
    with pytest.raises(InputError, match="--baselines=libbraw: unknown; did you mean libraw"):
        baseline("libbraw")
