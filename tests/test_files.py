"""A file or folder appears whole or not at all."""

import errno

import pytest

from tfisp import files
from tfisp.errors import InputError


def test_a_failing_writer_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, {"old": 1})
    with pytest.raises(RuntimeError), files.atomic_file(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == '{\n  "old": 1\n}\n'
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_file_is_renamed_and_not_copied_into_place(tmp_path):
    """A copy could be found half done, and would be written into under who reads the old file."""
    path = tmp_path / "a.txt"
    path.write_text("old")
    with files.atomic_file(path) as temporary:
        temporary.write_text("new")
        number = temporary.stat().st_ino
        assert path.read_text() == "old"
    assert (path.read_text(), path.stat().st_ino) == ("new", number)
    with path.open() as reader:
        files.write_text(path, "newer")
        assert reader.read() == "new"


def test_a_folder_is_renamed_and_not_copied_into_place(tmp_path):
    for content in ("one", "two"):
        with files.atomic_folder(tmp_path / "model") as temporary:
            (temporary / content).write_text(content)
            number = temporary.stat().st_ino
        assert (tmp_path / "model").stat().st_ino == number


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    for content in ("one", "two"):
        with files.atomic_folder(tmp_path / "model") as temporary:
            (temporary / content).write_text(content)
    assert [p.name for p in (tmp_path / "model").iterdir()] == ["two"]
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_a_failing_folder_leaves_the_old_one(tmp_path):
    with files.atomic_folder(tmp_path / "model") as temporary:
        (temporary / "one").touch()
    with pytest.raises(KeyboardInterrupt), files.atomic_folder(tmp_path / "model") as temporary:
        (temporary / "two").touch()
        raise KeyboardInterrupt
    assert [p.name for p in (tmp_path / "model").iterdir()] == ["one"]


def test_the_temporary_name_keeps_the_suffixes(tmp_path):
    with files.atomic_file(tmp_path / "model.weights.h5") as temporary:
        assert temporary.name.endswith(".weights.h5")
        temporary.touch()


def test_leftovers_of_a_killed_process_are_removed(tmp_path):
    (tmp_path / ".123.tmp.checkpoint").mkdir()
    (tmp_path / ".123.tmp.a.json").touch()
    (tmp_path / "kept.json").touch()
    files.remove_leftovers(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["kept.json"]


@pytest.mark.parametrize("writer", [files.atomic_file, files.atomic_folder])
def test_a_full_disk_is_told_with_the_name_that_was_wanted(tmp_path, writer):
    with pytest.raises(OSError, match="No space left") as caught, writer(tmp_path / "model"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.filename == str(tmp_path / "model")


def test_a_name_as_long_as_a_file_system_takes_can_be_written(tmp_path):
    path = tmp_path / ("ä" * 123 + "x.json")
    assert len(path.name.encode()) >= 250
    files.write_json(path, 1)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    with files.atomic_folder(tmp_path / ("b" * 255)) as temporary:
        (temporary / "a").touch()
    with files.atomic_folder(tmp_path / ("b" * 255)) as temporary:
        (temporary / "c").touch()
    assert [p.name for p in (tmp_path / ("b" * 255)).iterdir()] == ["c"]


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff\xfe{}", b"[" * 100_000, b"9" * 5000, b'{"a": NaNN}']
)
def test_what_is_no_json_is_one_line(tmp_path, data):
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(InputError, match=r"a\.json: not (valid|usable) JSON"):
        files.read_json(tmp_path / "a.json")
    with pytest.raises(InputError, match="--splits=x: cannot be read: No such file"):
        files.read_json(tmp_path / "none", "--splits=x")
