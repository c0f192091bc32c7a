"""Reading weight files: what fits is read, what could harm or mislead is refused."""

import zipfile

import h5py
import numpy as np
import pytest

from tests.helpers.shared import shared
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
    with pytest.raises(InputError, match=r"x\.npz\(a\.npy\): .* no array of plain numbers"):
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


def test_an_npz_that_is_packed_in_an_unknown_way_is_refused():
    path = shared("cases/faults/traceback_notimplemented.npz")
    with pytest.raises(InputError, match=r"notimplemented\.npz: not a readable \.npz file"):
        read_arrays(path)


def test_an_npz_with_a_broken_stream_is_refused(tmp_path):
    path = tmp_path / "x.npz"
    np.savez_compressed(path, a=np.random.default_rng(0).normal(size=500))
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    for place in rng.integers(60, 3500, 60):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with pytest.raises(InputError, match=r"x\.npz: not a readable \.npz file"):
            read_arrays(path)


def test_a_shape_larger_than_its_file_is_refused_before_memory_is_taken(tmp_path):
    header = b"\x93NUMPY\x01\0\x76\0{'descr': '<f8', 'fortran_order': False, 'shape': (%b), }"
    content = (header % b"1000000, 1000000").ljust(127) + b"\n" + bytes(80)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("a.npy", content)
    with pytest.raises(InputError, match=r"x\.npz\(a\.npy\): .* too few for float64"):
        read_arrays(tmp_path / "x.npz")
    for name, options in (("flat", {}), ("packed", {"chunks": (1000, 1000)})):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file.create_dataset("a", (1_000_000, 1_000_000), "f8", **options)
        with pytest.raises(InputError, match=rf"{name}\.h5: a claims a shape \(1000000, 1000000\)"):
            read_arrays(tmp_path / f"{name}.h5")


def test_compressed_hdf5_is_read(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("a", data=np.zeros((400, 400)), compression="gzip")
    np.testing.assert_array_equal(read_arrays(tmp_path / "x.h5")["a"], np.zeros((400, 400)))


def test_hdf5_without_numbers_is_refused(tmp_path):
    for name, value in (
        ("null", h5py.Empty("f4")),
        ("text", "weights"),
        ("record", np.zeros(2, [("x", "f4"), ("y", "f4")])),
    ):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["a"] = value
        with pytest.raises(InputError, match=rf"{name}\.h5: a holds no array of plain numbers"):
            read_arrays(tmp_path / f"{name}.h5")
    with h5py.File(tmp_path / "self.h5", "w") as file:
        file["a/b"] = file.create_group("a")
    with pytest.raises(InputError, match=r"self\.h5: not a readable HDF5 file"):
        read_arrays(tmp_path / "self.h5")


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
