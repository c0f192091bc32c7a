"""The runtimes run side by side, on what they loaded."""

import json
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests.helpers.shared import shared
from tests.helpers.tflite_files import write_tflite
from tfisp import models
from tfisp.errors import InputError
from tfisp.rendering import Renderer
from tfisp.rendering.runtime import KerasRuntime, LiteRuntime
from tfisp.sensor import Sensor


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


def test_a_damaged_file_is_refused_wherever_the_damage_is(path, tmp_path):
    whole, copy = path.read_bytes(), tmp_path / "model.tflite"
    with zipfile.ZipFile(path) as archive:
        (tmp_path / "model.json").write_bytes(archive.read("tfisp.json"))
        model = json.loads(archive.read("tfisp.json"))["model"]["bytes"]
    ends = (0, model - 1, model, len(whole) - 1)
    places = {*ends, *np.random.default_rng(0).integers(0, len(whole), 60).tolist()}
    for place in sorted(places):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        copy.write_bytes(damaged)
        try:
            metadata = LiteRuntime(copy).metadata
        except InputError as error:
            assert "model.tflite: " in str(error) and "damaged" in str(error), place
        else:  # a field of the archive that says nothing, such as its date
            assert place >= model and metadata == LiteRuntime(path).metadata, place
    for length in (model + 50, len(whole) - 30, len(whole) - 1):
        copy.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"model\.tflite: damaged"):
            LiteRuntime(copy)


def test_a_file_that_says_no_hash_is_still_opened(path, tmp_path, generator):
    with zipfile.ZipFile(path) as archive:
        said = json.loads(archive.read("tfisp.json"))
    copy = tmp_path / "model.tflite"
    copy.write_bytes(path.read_bytes()[: said.pop("model")["bytes"]])
    with zipfile.ZipFile(copy, "a") as archive:
        archive.writestr("tfisp.json", json.dumps(said))
    (window,) = windows(1)
    rgb = LiteRuntime(copy).run(window, False)
    np.testing.assert_allclose(rgb, generator(window[None])[0], atol=1e-5)


@pytest.mark.parametrize("said", [1, {}, {"bytes": None, "sha256": "x"}, {"bytes": "y"}])
def test_a_hash_that_is_none_is_refused(path, tmp_path, said):
    with zipfile.ZipFile(path) as archive:
        values = json.loads(archive.read("tfisp.json"))
    copy = tmp_path / "model.tflite"
    copy.write_bytes(path.read_bytes()[: values["model"]["bytes"]])
    with zipfile.ZipFile(copy, "a") as archive:
        archive.writestr("tfisp.json", json.dumps(values | {"model": said}))
    with pytest.raises(InputError, match=r"tfisp\.json\): not the metadata of a generator"):
        LiteRuntime(copy)


def test_a_file_whose_only_size_is_smaller_than_its_overlap_is_refused_by_name():
    damaged = shared("cases/faults/traceback_indexerror.tflite")
    with pytest.raises(InputError, match=r"runs only at 2 pixels .* damaged"):
        Renderer(damaged).render(np.full((40, 60), 500, np.uint16), Sensor(white_level=1023))


def test_many_models_side_by_side_raise_no_warning(generator, caplog):
    (window,) = windows(1)
    for _ in range(7):
        runtime = KerasRuntime(generator)
        runtime.run(window, True)
        runtime.run(window, False)
    assert "retracing" not in caplog.text
