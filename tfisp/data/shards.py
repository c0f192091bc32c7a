"""Shards: TFRecord files, each with an index beside it that makes any record reachable at once.

    NAME.tfrecord   length (8 bytes), its checksum (4), the record, its checksum (4); and so on
    NAME.json       {"plan", "sha256", "bytes", "records": [{"offset", "length", "crc32", ...}]}

The format is TensorFlow's (https://www.tensorflow.org/tutorials/load_data/tfrecord, "TFRecords
format details"), so `tf.data.TFRecordDataset` reads the files as well. The index is written last: a
shard is finished where there is one.
"""

import hashlib
import mmap
import struct
import threading
import zlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from tfisp.data.cache import file_digest
from tfisp.data.crc32c import masked_crc32c
from tfisp.errors import InputError
from tfisp.files import atomic_file, read_json, write_json

DATA_SUFFIX, INDEX_SUFFIX = ".tfrecord", ".json"

# A record's length, and the checksum of that; a checksum.
_HEAD, _CHECKSUM = struct.Struct("<QI"), struct.Struct("<I")

# Shards that stay mapped; each takes one of the files that a process may have open.
_KEPT_OPEN = 256


def write_shard(
    folder: Path, name: str, plan: str, records: Iterable[tuple[bytes, dict[str, Any]]]
) -> None:
    """Writes a shard and its index, each whole or not at all.

    Args:
        folder: Where.
        name: Without suffix.
        plan: What it belongs to, for `finished`.
        records: Of each its bytes, and what the index is to say of it besides.
    """
    entries, place, whole = [], 0, hashlib.sha256()
    with atomic_file(folder / (name + DATA_SUFFIX)) as temporary, open(temporary, "wb") as file:
        for record, facts in records:
            framed = _head(len(record)), record, _CHECKSUM.pack(masked_crc32c(record))
            for part in framed:
                file.write(part)
                whole.update(part)
            known = {"offset": place + _HEAD.size, "length": len(record)}
            entries.append(known | {"crc32": zlib.crc32(record)} | facts)
            place += sum(map(len, framed))
    index = {"plan": plan, "sha256": whole.hexdigest(), "bytes": place, "records": entries}
    write_json(folder / (name + INDEX_SUFFIX), index)


def finished(folder: Path, name: str, plan: str) -> bool:
    """Whether a shard of that plan is there, by its index and its size."""
    try:
        index = read_json(folder / (name + INDEX_SUFFIX))
        size = (folder / (name + DATA_SUFFIX)).stat().st_size
        return bool(index["plan"] == plan and index["bytes"] == size)
    except (InputError, OSError, KeyError, TypeError):
        return False


def read_index(folder: Path, name: str) -> dict[str, Any]:
    """The index of a shard, and its numbers checked.

    Raises:
        InputError: If it is missing or damaged, or does not fit the shard.
    """
    path, data = folder / (name + INDEX_SUFFIX), folder / (name + DATA_SUFFIX)
    index = read_json(path)
    try:
        size = data.stat().st_size
        fits = index["bytes"] == size and all(
            0 <= entry["offset"] <= entry["offset"] + entry["length"] <= size
            and isinstance(entry["crc32"], int)
            for entry in index["records"]
        )
    except FileNotFoundError:
        raise InputError(f"{data}: no such file, but {path.name} is there") from None
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: not the index of a shard") from error
    if not fits:
        raise InputError(f"{data}: has {size} bytes, {path.name} says otherwise")
    return index


def verify_shard(folder: Path, name: str, content: str) -> None:
    """Reads all of a shard and compares its SHA-256.

    Raises:
        InputError: If it is another than that of its index and than `content`.
    """
    index, path = read_index(folder, name), folder / (name + DATA_SUFFIX)
    if not index["sha256"] == content == file_digest(path):
        raise InputError(f"{path}: damaged, its checksum is another")


class Shards:
    """Reads records of many shards at any place, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = lru_cache(maxsize=_KEPT_OPEN)(_map)

    def read(self, path: Path, offset: int, length: int, crc32: int) -> memoryview:
        """A record, its checksum compared.

        Args:
            path: The shard's data.
            offset: Of the record.
            length: Of the record, in bytes.
            crc32: Of the record.

        Raises:
            InputError: If it cannot be read or is damaged.
        """
        try:
            with self._lock:
                mapped = self._open(path)
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be read: {error}") from error
        record = memoryview(mapped)[offset : offset + length]
        if len(record) != length or zlib.crc32(record) != crc32:
            raise InputError(f"{path}: damaged, the record at byte {offset} has another checksum")
        return record


@lru_cache(maxsize=1024)
def _head(length: int) -> bytes:
    """What stands before a record."""
    return _HEAD.pack(length, masked_crc32c(struct.pack("<Q", length)))


def _map(path: Path) -> mmap.mmap:
    with open(path, "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
