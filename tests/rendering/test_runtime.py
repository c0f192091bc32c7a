"""The runtimes run side by side, on what they loaded."""

import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tflite_files import write_tflite

from tfisp import models
from tfisp.errors import InputError
from tfisp.rendering.runtime import KerasRuntime, LiteRuntime


@pytest.fixture(scope="module")
def generator():
    return models.create("efficient_isp", seed=6)


@pytest.fixture(scope="module")
def path(generator, tmp_path_factory):
    return write_tflite(generator, tmp_path_factory.mktemp("runtime") / "model.tflite")


@pytest.fixture(params=["keras", "tflite"])
def runtime(request, generator, path):
    return KerasRuntime(generator) if request.param == "keras" else LiteRuntime(path)


def windows(count, size=(24, 40)):
    rng = np.random.default_rng(0)
    return [rng.random((*size, 4), np.float32) for _ in range(count)]


def test_threads_do_not_disturb_each_other(runtime, generator):
    given = windows(24) + windows(24, (33, 17))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda window: runtime.run(window, False).copy(), given))
    for window, rgb in zip(given, found, strict=True):
        np.testing.assert_allclose(rgb, generator(window[None])[0], atol=1e-5)


def test_any_number_of_threads_gives_the_same_result(runtime):
    (window,) = windows(1, (64, 64))
    expected = runtime.run(window, False).copy()
    for threads in (2, 3, 1):
        np.testing.assert_array_equal(runtime.run(window, False, threads), expected)


def test_a_replaced_file_does_not_change_what_was_loaded(path, tmp_path, generator):
    copy = tmp_path / "model.tflite"
    copy.write_bytes(path.read_bytes())
    loaded = LiteRuntime(copy)
    copy.write_bytes(b"another file")
    (window,) = windows(1)
    with ThreadPoolExecutor(1) as pool:  # a thread whose interpreter is yet to be made
        rgb = pool.submit(lambda: loaded.run(window, False).copy()).result()
    np.testing.assert_allclose(rgb, generator(window[None])[0], atol=1e-5)


def test_the_constants_of_a_file_are_its_weights(path, generator):
    found = {(array.shape, float(array.sum())) for array in LiteRuntime(path).constants()}
    for weight in generator.get_weights():
        stored = np.moveaxis(weight, -1, 0)
        assert (stored.shape, float(np.ascontiguousarray(stored).sum())) in found


@pytest.mark.parametrize("content", [b"", b"no model", b"\0" * 4000])
def test_what_is_no_model_is_refused(path, tmp_path, content):
    with zipfile.ZipFile(path) as archive:
        (tmp_path / "model.json").write_bytes(archive.read("tfisp.json"))
    (tmp_path / "model.tflite").write_bytes(content)
    with pytest.raises(InputError, match=r"model\.tflite: not a usable TensorFlow Lite model"):
        LiteRuntime(tmp_path / "model.tflite")
