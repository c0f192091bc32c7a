"""Generators of output "camera": each file's own matrix finishes their pictures."""

import dataclasses

import colour
import numpy as np
import pytest
import tensorflow as tf

from tfisp import models
from tfisp.contract import AS_SHOT, Contract
from tfisp.errors import InputError
from tfisp.models.camera_output import finished
from tfisp.packing import prepare
from tfisp.rendering import Renderer
from tfisp.rendering.camera_colour import finishing_matrix, to_srgb
from tfisp.sensor import Capture, Sensor

CAMERA = dataclasses.replace(AS_SHOT, exposure="none", output="camera")
MATRIX = ((0.7034, -0.0804, -0.1014), (-0.4420, 1.2564, 0.2058), (-0.0851, 0.1994, 0.5758))
SENSOR = Sensor("RGGB", ((64, 64), (64, 64)), 1023, xyz_to_camera=MATRIX)
CAPTURE = Capture(gains=(2.0, 1.0, 1.5), baseline_exposure=0.5)


def by_hand(values):
    """Camera values -> sRGB, in float64: the curve undone by its own equation, dcraw's matrix."""
    a = 1 / 256
    linear = np.sign(values) * (
        (np.abs(values) * (np.sqrt(1 + a) - np.sqrt(a)) + np.sqrt(a)) ** 2 - a
    )
    seen = np.array(MATRIX) @ np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    to_srgb = np.linalg.inv(seen / seen.sum(axis=1, keepdims=True))
    exposed = 2**0.5 * linear @ to_srgb.T
    return colour.cctf_encoding(np.clip(exposed, 0, 1), function="sRGB")


def test_a_picture_is_the_networks_output_finished_by_the_files_matrix():
    network = models.create("efficient_isp", contract=CAMERA, seed=3)
    mosaic = np.random.default_rng(0).integers(0, 1023, (36, 44)).astype(np.uint16)
    raw = prepare(mosaic, SENSOR, CAPTURE, CAMERA)[None]
    expected = by_hand(network(raw, training=False).numpy()[0].astype(np.float64))
    renderer = Renderer(network)
    shown = renderer.render(mosaic, SENSOR, CAPTURE)
    np.testing.assert_allclose(np.clip(shown, 0, 1), expected, atol=2e-6)
    rounded = renderer.render_8bit(mosaic, SENSOR, CAPTURE)
    assert rounded.dtype == np.uint8
    assert np.abs(rounded - 255 * expected).max() < 0.501


def test_grey_stays_grey_whatever_the_camera():
    grey = np.linspace(-0.1, 1.2, 50, dtype=np.float32)[None, :, None].repeat(3, 2)
    shown = to_srgb(grey, finishing_matrix(SENSOR))
    assert np.ptp(shown, axis=2).max() < 4e-6
    assert to_srgb(np.ones((1, 1, 3), np.float32), finishing_matrix(SENSOR)) == pytest.approx(
        1, abs=1e-6
    )


def test_a_camera_without_a_matrix_is_taken_as_it_is():
    np.testing.assert_array_equal(finishing_matrix(Sensor()), np.eye(3))


def test_the_graphs_last_step_is_the_desktops_and_has_a_slope_everywhere():
    values = np.random.default_rng(1).uniform(-0.2, 1.2, (2, 3, 4, 3)).astype(np.float32)
    values[0, 0] = 0
    matrices = np.stack([finishing_matrix(SENSOR), np.eye(3, dtype=np.float32)])
    given = tf.constant(values)
    with tf.GradientTape() as tape:
        tape.watch(given)
        shown = finished(given, matrices)
    for one, value, matrix in zip(shown.numpy(), values, matrices, strict=True):
        np.testing.assert_allclose(one, to_srgb(value, matrix), atol=2e-6)
    assert np.isfinite(tape.gradient(shown, given)).all()


def test_camera_rgb_must_be_balanced_and_a_contract_of_srgb_does_not_say_so():
    for wrong in ({}, {"white_balance": "as_shot", "exposure": "frame"}):
        with pytest.raises(
            InputError, match='it needs white balance "as_shot" and exposure "none"'
        ):
            Contract(output="camera", **wrong)
    assert "output" not in AS_SHOT.to_dict()
    assert Contract.from_dict(CAMERA.to_dict()) == CAMERA
