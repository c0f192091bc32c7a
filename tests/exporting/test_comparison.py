"""Differences in code values, and the limits that files are held to."""

import numpy as np
import pytest
import tensorflow as tf

from tfisp.errors import InputError
from tfisp.exporting.artifacts import ARTIFACTS
from tfisp.exporting.comparison import Case, check, compare, experimental, figures
from tfisp.exporting.writers import to_tflite

BY_NAME = {artifact.name: artifact for artifact in ARTIFACTS}


def test_figures_by_hand():
    given = figures([np.array([3.0, -1.0]), np.array([[0.0], [-2.0]])])
    assert given["largest"] == 3 and given["mean"] == 1.5 and given["bias"] == 0
    assert given["psnr_db"] == pytest.approx(10 * np.log10(255**2 / (14 / 4)))
    assert figures([np.zeros(3)])["psnr_db"] is None
    assert figures([np.zeros(0)]) is None


def test_a_file_that_differs_too_much_fails():
    with pytest.raises(InputError, match=r"model\.tflite: differs from Keras by 0\.5 code values"):
        check(BY_NAME["model.tflite"], figures([np.array([0.5])]))
    with pytest.raises(InputError, match="differs from Keras by nan"):
        check(BY_NAME["model.tflite"], figures([np.array([np.nan])]))
    check(BY_NAME["model.tflite"], figures([np.array([0.002])]))
    with pytest.raises(InputError, match=r"model_int8\.tflite: has a PSNR of 24\.0 dB"):
        check(BY_NAME["model_int8.tflite"], {"largest": 200.0, "psnr_db": 24.04})
    with pytest.raises(InputError, match="PSNR of nan"):
        check(BY_NAME["model_int8.tflite"], figures([np.array([np.nan])]))
    check(BY_NAME["model_int8.tflite"], {"largest": 200.0, "psnr_db": 40.0})


def test_an_int8_file_is_experimental_until_its_shadows_are_good():
    good = {"mean": 0.8, "bias": -0.2, "psnr_db": 45.0}
    assert not experimental(good) and not experimental({**good, "psnr_db": None})
    assert experimental(None)
    for key, value in (("mean", 1.2), ("bias", -0.7), ("bias", 0.7), ("psnr_db", 38.0)):
        assert experimental({**good, key: value})


class Scaled(tf.Module):
    """Multiplies by a number; one that may change is kept outside the file."""

    def __init__(self, changes):
        super().__init__()
        self.factor = tf.Variable(0.5)
        self.changes = changes

    @tf.function(input_signature=[tf.TensorSpec([1, 4, 6, 3], tf.float32, name="raw")])
    def serve(self, raw):
        if self.changes:
            self.factor.assign_add(0.0)
        return {"rgb": raw * self.factor}


def scaled(folder, changes):
    module = Scaled(changes)
    tf.saved_model.save(module, str(folder / "saved_model"), signatures=module.serve)
    path = folder / "model.tflite"
    path.write_bytes(to_tflite(folder / "saved_model"))
    return path


def test_a_file_that_keeps_its_weights_outside_fails(tmp_path):
    with pytest.raises(InputError, match=r"its weights are not in the file .*VAR_HANDLE"):
        compare(BY_NAME["model.tflite"], scaled(tmp_path, changes=True), [])


def test_differences_are_of_code_values_over_all_cases_and_their_shadows(tmp_path):
    path = scaled(tmp_path, changes=False)
    raw = np.random.default_rng(0).random((1, 4, 6, 3), np.float32)
    dark = np.zeros((4, 6), bool)
    dark[:2, :2] = True
    wrong = raw * 0.5
    wrong[0, 3, 3] -= 0.001 / 255  # outside the shadows
    cases = [
        Case("right", {"raw": raw}, raw * 0.5, dark),
        Case("wrong", {"raw": raw}, wrong, np.zeros_like(dark)),
    ]
    found = compare(BY_NAME["model.tflite"], path, cases)
    assert found.compared_on == ["right", "wrong"]
    assert found.difference["largest"] == pytest.approx(0.001, rel=0.05)
    assert found.difference["mean"] == pytest.approx(0.001 * 3 / (2 * 72), rel=0.05)
    assert found.shadows["largest"] == 0 and found.shadows["psnr_db"] is None
    assert found.shadows["share"] == pytest.approx(4 / 48)
    # Above 1 and below 0 a picture is cut, so differences there do not count.
    beyond = [Case("x", {"raw": raw + 4}, raw * 0.5 + 1.7, dark)]
    assert compare(BY_NAME["model.tflite"], path, beyond).difference["largest"] == 0
