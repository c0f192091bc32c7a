"""Simulated captures against the formulas written out."""

import dataclasses

import numpy as np
import pytest

from tfisp.contract import AS_SHOT, Contract
from tfisp.data import target_look
from tfisp.data.pipeline import batches
from tfisp.data.simulation import Camera, reduced, simulate, simulated
from tfisp.data.target_look import fit_target_look
from tfisp.data.unprocess import Noise
from tfisp.looks import Look
from tfisp.sensor import Capture, Sensor

NOISELESS = Noise(0, 0)


def srgb(linear):
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def camera(gains=(2.0, 1.0, 1.5), brightness=1.0, noise=NOISELESS, **changes):
    sensor = Sensor("RGGB", ((10, 20), (30, 40)), 1000)
    return Camera(sensor, Capture(gains=gains, **changes), gains, brightness, noise)


def test_each_sample_is_the_colour_of_its_site():
    random = np.random.default_rng(0)
    linear = random.uniform(0, 0.4, (8, 6, 3)).astype(np.float32)
    linear_contract = Contract(white_balance="as_shot")
    raw = simulate(linear, camera(), linear_contract, random)
    assert raw.shape == (4, 3, 4)
    sites = [(1, 1, 2), (0, 1, 1), (0, 0, 0), (1, 0, 1)]  # plane: row, column, colour
    for plane, (row, column, colour) in enumerate(sites):
        # One count is 1/960 of the scale at least, times the gain.
        assert np.abs(raw[..., plane] - linear[row::2, column::2, colour]).max() < 1.1 / 960


def test_exposure_is_undone_and_done_again():
    linear = np.full((4, 4, 3), 0.6, np.float32)
    raw = simulate(
        linear,
        camera((1.0, 1.0, 1.0), 2.0, baseline_exposure=1.0),
        AS_SHOT,
        np.random.default_rng(0),
    )
    value, toe = 0.6, 1 / 256
    bent = (np.sqrt(value + toe) - np.sqrt(toe)) / (np.sqrt(1 + toe) - np.sqrt(toe))
    np.testing.assert_allclose(raw, bent, atol=2e-3)


def test_noise_has_the_variance_that_is_asked_for():
    linear = np.full((200, 200, 3), 0.25, np.float32)
    balanced = Contract(white_balance="as_shot")
    random = np.random.default_rng(0)
    raw = simulate(linear, camera((1.0, 1.0, 1.0), noise=Noise(0.01, 0.001)), balanced, random)
    assert raw.std() == pytest.approx(np.sqrt(0.01 * 0.25 + 0.001), rel=0.02)


def test_reduction_averages_linear_light():
    reference = np.random.default_rng(0).integers(0, 2**16, (6, 8, 3)).astype(np.uint16)
    x = reference / 65535
    linear = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    expected = linear.reshape(3, 2, 4, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(reduced(reference), expected, atol=1e-6)


def test_a_patch_is_its_reference_at_half_the_size_and_in_the_look(scenes):
    darker = dataclasses.replace(Look.identity(), matrix=0.5 * np.eye(3, dtype=np.float32))
    pairs = simulated(scenes, darker)
    assert pairs.paired and not pairs.raw.repeats and pairs.raw.patch_size == 32
    raw, clean, target = pairs.raw.read_pair(1, (0, 7))
    assert (raw.shape, clean.shape, target.shape) == ((16, 16, 4), (32, 32, 3), (32, 32, 3))
    np.testing.assert_allclose(target, 0.5 * clean, atol=1e-5)
    _, reference = scenes.raw.read(1, (0, 7))  # the same seed takes the same window
    linear = np.where(reference <= 0.04045, reference / 12.92, ((reference + 0.055) / 1.055) ** 2.4)
    linear = linear.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))
    found = np.where(clean <= 0.04045, clean / 12.92, ((clean + 0.055) / 1.055) ** 2.4)
    between = (found > 0.1) & (found < 0.9)
    exposure = np.median(found[between] / linear[between])
    assert 0.5 <= exposure <= 2 and abs(exposure - 1) > 0.01
    np.testing.assert_allclose(clean, srgb(np.minimum(exposure * linear, 1)), atol=2e-4)
    again = pairs.raw.read_pair(1, (0, 7))
    assert all(np.array_equal(a, b) for a, b in zip((raw, clean, target), again, strict=True))


def test_batches_hold_simulated_pairs(scenes):
    pairs = simulated(scenes, Look.identity())
    (batch,) = batches(pairs, batch_size=2, seed=0, stage=0, start=0, stop=1, paired=True)
    assert batch["raw"].shape == (2, 16, 16, 4) and batch["target"].shape == (2, 32, 32, 3)


def test_a_sensor_without_a_matrix_may_get_one_in_the_look(scenes, monkeypatch):
    asked = []
    monkeypatch.setattr(
        target_look, "fit_populations", lambda *sides, **how: asked.append(how["sensor_known"])
    )
    fit_target_look(scenes)
    load = type(scenes.raw.frames[0]).load

    def without_matrix(frame, **what):
        scene = load(frame, **what)
        return scene._replace(sensor=dataclasses.replace(scene.sensor, xyz_to_camera=None))

    monkeypatch.setattr(type(scenes.raw.frames[0]), "load", without_matrix)
    fit_target_look(scenes)
    assert asked == [True, False]


def test_the_look_of_darkened_photographs_is_found(scenes):
    class Darker:
        def __init__(self, photograph):
            self.path, self._photograph = photograph.path, photograph

        def pixels(self):
            return self._photograph.pixels() // 2

    photographs = [Darker(p) for p in scenes.targets.photographs]

    class Targets:
        pass

    targets = Targets()
    targets.photographs = photographs
    plain, dark = (
        fit_target_look(scenes),
        fit_target_look(dataclasses.replace(scenes, targets=targets)),
    )
    grey = np.full((1, 1, 3), 0.6, np.float32)
    assert dark.apply(grey).mean() < plain.apply(grey).mean() - 0.05
