"""A file or folder appears whole or not at all."""

import errno

import pytest

from tfisp import files


def test_a_failing_writer_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, {"old": 1})
    with pytest.raises(RuntimeError), files.atomic_file(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == '{\n  "old": 1\n}\n'
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


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
