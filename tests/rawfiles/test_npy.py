"""`.npy` files: what NumPy writes is read back, and nothing else gets through."""

import numpy as np
import pytest

from tfisp.errors import InputError
from tfisp.rawfiles.npy import map_npy, parse_npy

KINDS = ["u1", "<u2", ">u2", "<i4", "<i8", "<f2", "<f4", ">f8"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(), (5,), (1, 1), (3, 4), (2, 3, 4)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_what_numpy_writes_is_read_back(tmp_path, kind, shape, order):
    path = tmp_path / "a.npy"
    array = np.asarray(np.random.default_rng(0).uniform(0, 200, shape).astype(kind), order=order)
    np.save(path, array)
    for found in (map_npy(path), parse_npy(path.read_bytes(), path)):
        assert (found.shape, found.dtype) == (array.shape, array.dtype)
        np.testing.assert_array_equal(found, array)
        assert not found.flags.writeable


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_of_the_format_is_read(tmp_path, version):
    path = tmp_path / "a.npy"
    with open(path, "wb") as file:
        np.lib.format.write_array(file, np.arange(6).reshape(2, 3), version=version)
    np.testing.assert_array_equal(map_npy(path), [[0, 1, 2], [3, 4, 5]])


def test_damaged_files_are_refused_by_name_or_still_hold_numbers(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.arange(60, dtype=np.uint16).reshape(3, 5, 4))
    whole, random = path.read_bytes(), np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(whole)
        for at in random.integers(0, 130, 2):
            damaged[at] = random.integers(0, 256)
        path.write_bytes(damaged)
        for read in (map_npy, lambda file: parse_npy(file.read_bytes(), file)):
            try:
                assert read(path).dtype.kind in "uif"
            except InputError as error:
                assert "a.npy" in str(error)
    for length in range(len(whole)):
        with pytest.raises(InputError, match=r"a\.npy"):
            parse_npy(whole[:length], path)


@pytest.mark.parametrize(
    ("shape", "message"),
    [(b"(2, 5, 4)", "too many"), (b"(999999999, 999999999, 4)", "too few")],
)
def test_a_shape_that_does_not_fill_the_file_is_refused(tmp_path, shape, message):
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((3, 5, 4), np.uint16))
    path.write_bytes(path.read_bytes().replace(b"(3, 5, 4)", shape))
    with pytest.raises(InputError, match=message):
        map_npy(path)


@pytest.mark.parametrize("array", [np.array([{}], object), np.array(["a"]), np.zeros((0, 3))])
def test_other_than_numbers_are_refused(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(InputError, match=r"plain numbers|empty"):
        map_npy(tmp_path / "a.npy")
    with pytest.raises(InputError, match="cannot be read"):
        map_npy(tmp_path / "missing.npy")
