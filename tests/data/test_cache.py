"""The store of computed arrays: keys, wholeness, sharing."""

import os
import resource
import threading

import numpy as np
import pytest

from tfisp.contract import AS_SHOT, Contract
from tfisp.data import cache, frames
from tfisp.data.cache import Store
from tfisp.errors import InputError
from tfisp.sensor import Capture, Sensor


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_an_array_is_computed_once_and_read_back_the_same(tmp_path):
    store, calls = Store(tmp_path), []

    def build():
        calls.append(1)
        return np.arange(6, dtype=np.uint16).reshape(2, 3)

    name = cache.key(kind="test")
    for current in (store, store, Store(tmp_path)):
        np.testing.assert_array_equal(current.get(name, build), [[0, 1, 2], [3, 4, 5]])
    assert len(calls) == 1
    with pytest.raises(ValueError, match="read-only"):
        store.get(name, build)[0, 0] = 9


def test_a_failing_computation_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError):
        Store(tmp_path).get("ab" * 32, lambda: 1 / 0)
    assert files(tmp_path) == []


def test_a_failing_write_leaves_nothing_and_names_the_flag(tmp_path, monkeypatch):
    def full(file, array):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(InputError, match=r"--cache_dir=.*the disk is full"):
        Store(tmp_path).get("ab" * 32, lambda: np.zeros(3))
    assert files(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"--cache_dir=.*file"):
        Store(tmp_path / "file").get("ab" * 32, lambda: np.zeros(3))


def test_an_entry_that_is_not_whole_is_computed_again(tmp_path):
    Store(tmp_path).get("ab" * 32, lambda: np.arange(1000))
    (path,) = files(tmp_path)
    for rest in (b"", path.read_bytes()[:500]):
        path.write_bytes(rest)
        found = Store(tmp_path).get("ab" * 32, lambda: np.arange(1000))
        np.testing.assert_array_equal(found, np.arange(1000))


def test_an_entry_damaged_in_the_middle_is_computed_again(tmp_path):
    array = np.arange(1000, dtype=np.float32)
    Store(tmp_path).get("ab" * 32, lambda: array)
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    for at in range(0, len(whole), 501):
        for value in (0, 1, 255):
            damaged = bytearray(whole)
            damaged[at : at + 4] = bytes([damaged[at] ^ 1, value, value, value])
            path.write_bytes(damaged)
            assert Store(tmp_path).load("ab" * 32) is None
            np.testing.assert_array_equal(Store(tmp_path).get("ab" * 32, lambda: array), array)
            assert path.read_bytes() == whole
    path.write_bytes(whole[:-8])  # as entries without a checksum were
    assert Store(tmp_path).load("ab" * 32) is None


def test_damaged_notes_are_none(tmp_path):
    Store(tmp_path).write_note("ab" * 32, {"size": [2, 3]})
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    for damaged in (b"", b"[]", b"{}", whole[:-1], whole.replace(b"2", b"4"), b"[" * 99_999, b"9"):
        path.write_bytes(damaged)
        assert Store(tmp_path).note("ab" * 32) is None


def test_a_limit_is_kept_by_dropping_what_was_unused_longest(tmp_path):
    kilobyte = np.zeros(250, np.float32)
    names = [cache.key(number=number) for number in range(6)]
    for age, name in enumerate(names[:4]):
        Store(tmp_path).get(name, lambda: kilobyte)
        (path,) = tmp_path.rglob(f"{name}.npy")
        os.utime(path, (1000 + age, 1000 + age))
    Store(tmp_path).get(names[0], lambda: pytest.fail("is there"))  # used again: the youngest now
    store = Store(tmp_path, limit=4800)
    store.get(names[4], lambda: kilobyte + 1)
    assert {path.stem for path in files(tmp_path)} == {names[i] for i in (0, 2, 3, 4)}
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 4800


def test_what_a_process_has_used_is_not_dropped_and_the_rest_is_given_unkept(tmp_path):
    store, kilobyte, calls = Store(tmp_path, limit=3600), np.zeros(250, np.float32), []

    def build(number):
        calls.append(number)
        return kilobyte + number

    for _ in range(2):
        for number in range(5):
            found = store.get(cache.key(number=number), lambda n=number: build(n))
            np.testing.assert_array_equal(found, kilobyte + number)
            assert not found.flags.writeable
    assert calls == [0, 1, 2, 3, 4, 3, 4]
    assert len(files(tmp_path)) == 3


def test_an_entry_can_be_put_and_loaded_without_keeping_it_open(tmp_path):
    store, array = Store(tmp_path), np.arange(6.0).reshape(2, 3)
    assert store.load("ab" * 32) is None
    store.put("ab" * 32, array)
    np.testing.assert_array_equal(Store(tmp_path).load("ab" * 32), array)
    assert type(store.load("ab" * 32)) is np.ndarray
    (path,) = files(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    assert store.load("ab" * 32) is None


def test_a_process_that_may_open_few_files_can_still_use_many_entries(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    store = Store(tmp_path)
    resource.setrlimit(resource.RLIMIT_NOFILE, (500, hard))
    try:
        for number in range(600):
            assert store.get(cache.key(number=number), lambda n=number: np.array([n])) == number
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_threads_that_want_the_same_entry_wait_for_one(tmp_path):
    store, calls, started = Store(tmp_path), [], threading.Barrier(4)

    def build():
        calls.append(1)
        return np.arange(10)

    def ask():
        started.wait()
        np.testing.assert_array_equal(store.get("cd" * 32, build), np.arange(10))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert len(files(tmp_path)) == 1


def test_a_reference_has_a_key_of_its_own_for_everything_it_depends_on(tmp_path, monkeypatch):
    mosaic = np.random.default_rng(0).integers(64, 1000, (16, 16), dtype=np.uint16)
    sensor, store = Sensor("RGGB", 64, 1023), Store(tmp_path)

    def entries(sensor=sensor, contract=AS_SHOT, method="bilinear", **facts):
        rendering = frames.Rendering(store, method, contract)
        rendering.reference(mosaic, sensor, Capture(), **({"file": "a"} | facts))
        return len(files(tmp_path))

    assert entries() == 1
    assert entries() == 1
    assert entries(file="b") == 2
    assert entries(sensor=Sensor("RGGB", 60, 1023)) == 3
    assert entries(contract=Contract()) == 4
    assert entries(method="opencv") == 5
    monkeypatch.setattr(frames, "REFERENCE_VERSION", 99)
    frames._how.cache_clear()
    assert entries() == 6
    frames._how.cache_clear()


def test_notes_are_kept_beside_the_arrays(tmp_path):
    store = Store(tmp_path)
    assert store.note("ab" * 32) is None
    store.write_note("ab" * 32, {"size": [2, 3]})
    assert Store(tmp_path).note("ab" * 32) == {"size": [2, 3]}


def test_the_default_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("TFISP_CACHE", str(tmp_path / "a"))
    assert Store().folder == tmp_path / "a"
    monkeypatch.delenv("TFISP_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Store().folder == tmp_path / "tfisp"
