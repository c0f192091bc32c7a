"""Reading named arrays from weight files that may come from anywhere.

Formats: `.npz` without pickles, and HDF5 (`.h5`, `.weights.h5`), as one flat mapping from the
array's path in the file to its values. Nothing in a file is executed or followed: pickles, links to
other files and external data are refused.
"""

import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfisp.errors import InputError, first_line
from tfisp.rawfiles.npy import parse_npy


def read_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """All arrays of a weight file.

    Args:
        path: A `.npz`, `.h5` or `.weights.h5` file.

    Returns:
        Path within the file (`block1_conv1/kernel`) -> array, in the file's dtype.

    Raises:
        InputError: if the file is missing, of another format, cut off, or wants to load anything
            else.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.suffix == ".npz":
        return _read_npz(path)
    if path.suffix in (".h5", ".hdf5"):
        return _read_h5(path)
    raise InputError(f"{path}: not a weight file; expected .npz, .h5 or .weights.h5")


def expect_shapes(
    arrays: Mapping[str, np.ndarray],
    shapes: Mapping[str, tuple[int, ...]],
    path: str | os.PathLike,
    what: str,
) -> dict[str, np.ndarray]:
    """The arrays as float32, if they are exactly those that a network needs.

    Args:
        arrays: As read.
        shapes: Name -> shape of every array that there must be.
        path: The file they come from, for the message.
        what: The network, for the message.

    Raises:
        InputError: if a name is missing or unknown, a shape differs, or a value is not finite.
    """
    missing = [name for name in shapes if name not in arrays]
    unknown = [name for name in arrays if name not in shapes]
    if missing:
        raise InputError(
            f"{path}: not the weights of {what}: {missing[0]} is missing{_more(missing)}"
        )
    if unknown:
        raise InputError(
            f"{path}: not the weights of {what}: {unknown[0]} has no place{_more(unknown)}"
        )
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise InputError(
                f"{path}: not the weights of {what}: {name} has shape {arrays[name].shape}, "
                f"expected {shape}"
            )
        if not np.issubdtype(arrays[name].dtype, np.floating):
            raise InputError(
                f"{path}: {name} holds {arrays[name].dtype}, expected floating point numbers"
            )
        if not np.isfinite(arrays[name]).all():
            raise InputError(f"{path}: {name} holds values that are not finite")
    return {name: arrays[name].astype(np.float32) for name in shapes}


def _more(names: list[str]) -> str:
    """How many further names share the fault of the first."""
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(path) as archive:
            content = {name: archive.read(name) for name in archive.namelist()}
    # RuntimeError: encrypted, or (NotImplementedError) packed in a way that nobody writes.
    except (
        ValueError,
        OSError,
        EOFError,
        RuntimeError,
        MemoryError,
        OverflowError,
        struct.error,
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
    ) as error:
        raise InputError(f"{path}: not a readable .npz file ({first_line(error)})") from error
    return {
        name.removesuffix(".npy"): parse_npy(data, f"{path}({name})").copy()
        for name, data in content.items()
    }


def _read_h5(path: Path) -> dict[str, np.ndarray]:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return dict(_walk(file, "", path))
    # RuntimeError: also RecursionError, of a group that holds itself. TypeError and ValueError are
    # what h5py makes of broken types and spaces.
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, MemoryError) as error:
        raise InputError(f"{path}: not a readable HDF5 file ({first_line(error)})") from error


def _walk(group: Any, prefix: str, path: Path) -> list[tuple[str, np.ndarray]]:
    """Names and values of all data sets below an HDF5 group, depth first."""
    import h5py

    found: list[tuple[str, np.ndarray]] = []
    for name in group:
        place = prefix + name
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise InputError(f"{path}: {place} is a link; weights must lie in the file itself")
        member = group[name]
        if isinstance(member, h5py.Group):
            found += _walk(member, f"{place}/", path)
        elif isinstance(member, h5py.Dataset):
            if member.external or member.is_virtual:
                raise InputError(
                    f"{path}: {place} refers to another file; weights must lie in the file itself"
                )
            found.append((place, _read_member(member, f"{path}: {place}", path.stat().st_size)))
    return found


def _read_member(member: Any, where: str, size: int) -> np.ndarray:
    """The numbers of one HDF5 data set; what its shape claims must lie in the file of that size."""
    if member.shape is None or member.dtype.kind not in "uif":
        raise InputError(f"{where} holds no array of plain numbers")
    stored = member.id.get_storage_size()
    # HDF5 reads what was never written as zeros; and its deflate packs 1,032 times at the best.
    whole = stored == member.nbytes if member.chunks is None else member.nbytes <= 1100 * stored
    if not whole or stored > size:
        raise InputError(f"{where} claims a shape {member.shape} whose numbers are not in the file")
    return member[()]
