"""The C++ tile loop gives the picture that the desktop gives, byte for byte."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.dngs import scene
from tests.tflite_android.phone import Strided, job, render, spans
from tests.tflite_android.test_packing import ACTIVE, dyadic_map, write_capture
from tfisp import models
from tfisp.contract import AS_SHOT, Contract
from tfisp.models.presets import DEFAULT_PRESET
from tfisp.raw import read_raw
from tfisp.rendering import ModelMetadata, Renderer, metadata, tiles
from tfisp.rendering.runtime import LiteRuntime, to_8bit
from tfisp.rendering.select_runtime import open_runtime
from tfisp.sensor import PATTERNS, Capture, Sensor

SENSOR = Sensor("RGGB", ((58, 60), (61, 62)), 1023)
CAPTURE = Capture(gains=(2.0, 1.0, 1.5), baseline_exposure=0.5)


class Cells:
    """A network whose output depends on the place in a cell of 4x4 input samples.

    Sum over 3x3 with zeros beyond the border, mean of each cell, the same sum once more, every
    value repeated over its cell: a radius of 1 + 3 + 4 samples.
    """

    tile = 1024

    def __init__(self, form="split", fixed=None):
        contract = Contract(form=form, black_level=60, white_level=1023)
        self.metadata = ModelMetadata("cells", contract, halo=8, multiple=4, minimum=4)
        self.fixed = fixed
        shape = (self.metadata.channels, 3 * self.metadata.step**2)
        self._colours = np.random.default_rng(1).normal(0, 0.05, shape).astype(np.float32)

    def run(self, window, as_8bit, threads=1):
        height, width, channels = window.shape
        assert self.fixed in (None, (height, width))
        cells = self._around(window).reshape(height // 4, 4, width // 4, 4, channels)
        out = self._around(cells.mean((1, 3))) @ self._colours
        out = out.repeat(4, 0).repeat(4, 1)
        step = self.metadata.step
        out = out.reshape(height, width, step, step, 3).swapaxes(1, 2)
        out = out.reshape(step * height, step * width, 3)
        return to_8bit(out) if as_8bit else out

    @staticmethod
    def _around(x):
        height, width = x.shape[:2]
        padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
        return sum(padded[i : i + height, j : j + width] for i in range(3) for j in range(3))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A `.tflite` file of a network whose output differs everywhere."""
    network = models.create("efficient_isp", contract=AS_SHOT, seed=3)
    rng = np.random.default_rng(0)
    network.set_weights([w + rng.normal(0, 0.1, w.shape) for w in network.get_weights()])
    path = tmp_path_factory.mktemp("tflite") / "model.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(network).convert())
    metadata.attach(path, ModelMetadata.of(network))
    return path


def counts(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 1024, (height, width)).astype(np.uint16)


def both(runtime, mosaic, sensor, capture=CAPTURE, tile=0, **layout):
    """The pictures of the phone and of the desktop."""
    made = job(
        Strided(mosaic, top=1, left=3, padding=10),
        mosaic.shape,
        sensor,
        capture,
        runtime.metadata.contract,
        metadata=runtime.metadata,
        tile=tile,
        fixed=runtime.fixed or (0, 0),
    )
    phone = render(made, lambda window: runtime.run(window, False), **layout)
    desktop = Renderer(runtime, tile=tile or None).render_8bit(mosaic, sensor, capture)
    return phone, desktop


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("halo, multiple", [(0, 1), (3, 1), (3, 2), (8, 4), (5, 4)])
def test_windows_are_those_of_the_desktop(halo, multiple, exact):
    for window in (40, 44, 64):
        for length in range(multiple, 300, multiple):
            expected = tiles.spans(length, window, halo, multiple, exact=exact)
            assert spans(length, window, halo, multiple, exact) == expected


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("size", [(64, 96), (63, 97), (130, 41)])
def test_the_real_file_gives_the_desktops_picture(file, pattern, size):
    sensor = dataclasses.replace(SENSOR, pattern=pattern)
    runtime = LiteRuntime(file)
    for tile in (0, 31, 64):
        phone, desktop = both(runtime, counts(*size), sensor, tile=tile)
        assert np.ptp(desktop) > 100
        np.testing.assert_array_equal(phone, desktop)


@pytest.mark.parametrize("matrix", [None, ((0.7, -0.1, -0.1), (-0.4, 1.2, 0.2), (-0.1, 0.2, 0.6))])
@pytest.mark.parametrize("pattern, orientation", zip(2 * PATTERNS, range(1, 9), strict=True))
def test_camera_rgb_is_finished_as_on_the_desktop(pattern, orientation, matrix):
    runtime = open_runtime(DEFAULT_PRESET)
    sensor = dataclasses.replace(SENSOR, pattern=pattern, xyz_to_camera=matrix)
    capture = dataclasses.replace(CAPTURE, orientation=orientation)
    phone, desktop = both(runtime, counts(63, 97), sensor, capture, tile=40)
    assert np.ptp(desktop) > 100
    # Powers are not the same to the last bit in C++ and NumPy.
    assert np.abs(phone.astype(int) - desktop).max() <= 1
    assert (phone != desktop).mean() < 1e-3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_picture_is_turned_upright(file, orientation):
    capture = dataclasses.replace(CAPTURE, orientation=orientation)
    sensor = dataclasses.replace(SENSOR, pattern="GBRG")
    phone, desktop = both(LiteRuntime(file), counts(45, 70), sensor, capture, tile=32)
    np.testing.assert_array_equal(phone, desktop)


def test_tiles_find_their_place_in_the_shading_map(file):
    # Gains in 1/64ths over a frame of 2**n samples are interpolated without rounding.
    gains = np.random.default_rng(4).integers(64, 256, (5, 9, 4)) / 64
    capture = dataclasses.replace(CAPTURE, shading=gains.astype(np.float32))
    phone, desktop = both(LiteRuntime(file), counts(64, 128), SENSOR, capture, tile=40)
    np.testing.assert_array_equal(phone, desktop)


def test_a_capture_gives_the_picture_of_its_dng(file, tmp_path):
    top, left, (height, width) = 2, 4, ACTIVE
    stored, rggb = scene(height + 4, width + 8, 40, 1270, seed=3), dyadic_map(5, 9)
    area = (top, left, top + height, left + width)
    black = write_capture(tmp_path / "capture.dng", stored, "GRBG", rggb, area, orientation=6)
    runtime = LiteRuntime(file)
    buffer = Strided(stored, padding=26)
    buffer.top, buffer.left = top, left
    made = job(
        buffer,
        ACTIVE,
        Sensor("GRBG", black, 1023),
        Capture(baseline_exposure=0.58, orientation=6),
        AS_SHOT,
        neutral=(4782 / 10000, 1.0, 6153 / 10000),
        camera2_shading=rggb,
        metadata=runtime.metadata,
        tile=40,
    )
    phone = render(made, lambda window: runtime.run(window, False))
    desktop = Renderer(file, tile=40).render_8bit(*read_raw(tmp_path / "capture.dng"))
    assert phone.shape == (width, height, 3) and np.ptp(phone) > 100
    np.testing.assert_array_equal(phone, desktop)


def test_four_bytes_a_pixel_and_padded_rows_hold_the_same_picture(file):
    capture = dataclasses.replace(CAPTURE, orientation=6)
    phone, desktop = both(
        LiteRuntime(file), counts(33, 50), SENSOR, capture, row_padding=12, pixel_stride=4
    )
    np.testing.assert_array_equal(phone[..., :3], desktop)
    assert (phone[..., 3] == 255).all()


@pytest.mark.parametrize("form", ["packed", "split", "mosaic"])
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("size", [(100, 84), (61, 99), (8, 9)])
def test_networks_with_strides_are_padded_and_cut_as_on_the_desktop(form, pattern, size):
    sensor = dataclasses.replace(SENSOR, pattern=pattern)
    for tile in (0, 56):
        phone, desktop = both(Cells(form), counts(*size), sensor, tile=tile)
        np.testing.assert_array_equal(phone, desktop)


@pytest.mark.parametrize("form", ["packed", "split", "mosaic"])
@pytest.mark.parametrize("size", [(100, 120), (97, 131)])
def test_windows_of_one_fixed_size_give_the_same_picture(form, size):
    fixed = Cells(form, fixed=(40, 44))
    phone, desktop = both(fixed, counts(*size), SENSOR)
    np.testing.assert_array_equal(phone, desktop)
    whole = Renderer(Cells(form), tile=None).render_8bit(counts(*size), SENSOR)
    np.testing.assert_array_equal(phone, whole)


def test_rounding_takes_halves_to_even_and_clips():
    values = np.float32([-1, 0, 0.5 / 255, 1.5 / 255, 2.5 / 255, 1, 7, 0.3])
    metadata_ = ModelMetadata("constant", Contract("mosaic"), halo=0)
    mosaic = counts(2, len(values))
    made = job(
        Strided(mosaic), mosaic.shape, SENSOR, CAPTURE, metadata_.contract, metadata=metadata_
    )
    rgb = np.broadcast_to(values[:, None], (2, len(values), 3))
    np.testing.assert_array_equal(render(made, lambda window: rgb), to_8bit(rgb))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_output_that_is_not_finite_is_refused(value):
    mosaic = counts(8, 8)
    made = job(Strided(mosaic), mosaic.shape, SENSOR, CAPTURE, Contract())
    with pytest.raises(ValueError, match="not finite"):
        render(made, lambda window: np.float32(value))


def test_what_does_not_fit_the_network_is_refused():
    small, other = counts(2, 40), counts(80, 30)
    for mosaic, fixed, message in ((small, None, "minimum"), (other, (40, 44), "another size")):
        with pytest.raises(ValueError, match=message):
            both(Cells("mosaic", fixed), mosaic, SENSOR)


def test_the_tensorflow_lite_c_api_gives_the_desktops_picture(file, tmp_path):
    library = os.environ.get("TFISP_TFLITE_C_LIBRARY")
    if not library:
        pytest.skip("needs TFISP_TFLITE_C_LIBRARY=.../libtensorflowlite_c.so")
    mosaic, given = tmp_path / "mosaic.npy", tmp_path / "picture.npy"
    np.save(mosaic, counts(97, 131))
    program = [sys.executable, "-m", "tests.tflite_android.render_file"]
    root = Path(__file__).parents[2]
    subprocess.run([*program, file, library, mosaic, given], check=True, cwd=root)
    phone = np.load(given).astype(int)
    desktop = Renderer(file, tile=64).render_8bit(counts(97, 131), SENSOR, CAPTURE)
    # Two releases of the runtime may sum in another order: one step, and rarely.
    assert np.abs(phone - desktop).max() <= 1
    assert (phone != desktop).mean() < 1e-3
