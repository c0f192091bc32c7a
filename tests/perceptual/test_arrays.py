"""Reading weight files: what fits is read, what could harm or mislead is refused."""

import h5py
import numpy as np
import pytest

from tfisp.errors import InputError
from tfisp.perceptual.arrays import expect_shapes, read_arrays


def test_arrays_come_back_from_npz_and_hdf5(tmp_path):
    values = {"a/kernel": np.arange(6.0).reshape(2, 3), "b": np.float32([1, 2])}
    np.savez(tmp_path / "x.npz", **values)
    with h5py.File(tmp_path / "x.weights.h5", "w") as file:
        for name, value in values.items():
            file[name] = value
    for path in ("x.npz", "x.weights.h5"):
        found = read_arrays(tmp_path / path)
        assert found.keys() == values.keys()
        for name, value in values.items():
            np.testing.assert_array_equal(found[name], value)


def test_pickles_are_not_opened(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.array([{"code": "here"}], dtype=object))
    with pytest.raises(InputError, match=r"x\.npz: not a readable"):
        read_arrays(tmp_path / "x.npz")


@pytest.mark.parametrize("name", ["x.npz", "x.h5"])
def test_truncated_and_foreign_files_are_named(tmp_path, name):
    np.savez(tmp_path / "x.npz", a=np.zeros(1000))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["a"] = np.zeros(1000)
    path = tmp_path / name
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"hello"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=name):
            read_arrays(path)


def test_links_and_external_data_are_refused(tmp_path):
    with h5py.File(tmp_path / "target.h5", "w") as file:
        file["a"] = np.zeros(3)
    with h5py.File(tmp_path / "soft.h5", "w") as file:
        file["a"] = h5py.SoftLink("/b")
    with h5py.File(tmp_path / "external.h5", "w") as file:
        file["a"] = h5py.ExternalLink("target.h5", "a")
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("a", (3,), "f8", external=[(str(tmp_path / "raw"), 0, 24)])
    for name in ("soft", "external", "data"):
        with pytest.raises(InputError, match="must lie in the file itself"):
            read_arrays(tmp_path / f"{name}.h5")


def test_other_formats_and_missing_files_are_refused(tmp_path):
    (tmp_path / "x.pth").touch()
    with pytest.raises(InputError, match=r"expected \.npz"):
        read_arrays(tmp_path / "x.pth")
    with pytest.raises(InputError, match="no such file"):
        read_arrays(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "a is missing"),
        ({"a": np.zeros(3), "b": np.zeros(1)}, "b has no place"),
        ({"a": np.zeros(4)}, r"shape \(4,\), expected \(3,\)"),
        ({"a": np.zeros(3, int)}, "int64"),
        ({"a": np.array([0, np.nan, 0])}, "not finite"),
    ],
)
def test_only_exactly_the_needed_arrays_are_accepted(arrays, message):
    with pytest.raises(InputError, match=message):
        expect_shapes(arrays, {"a": (3,)}, "file.npz", "a network")


def test_accepted_arrays_become_float32():
    found = expect_shapes({"a": np.zeros(3, np.float16)}, {"a": (3,)}, "file.npz", "a network")
    assert found["a"].dtype == np.float32
