"""A later start knows whether its files are those of the first."""

import shutil

import pytest

from tfisp.data import open_dataset
from tfisp.data.manifest import changes, sample


def manifest(config, kind, folder, **options):
    return open_dataset(config(kind, raw_dir=folder, **options)).manifest()


@pytest.fixture
def photographs(tmp_path, write_photographs):
    return write_photographs(tmp_path / "photos", 6, size=(80, 96))


def test_a_folder_that_is_spelled_otherwise_or_moved_is_the_same(config, photographs, tmp_path):
    before = manifest(config, "unprocessed", photographs)
    assert changes(before, manifest(config, "unprocessed", f"{photographs}/../photos/")) == []
    moved = shutil.move(photographs, tmp_path / "elsewhere")
    assert changes(before, manifest(config, "unprocessed", moved)) == []


def test_what_is_added_removed_or_changed_is_named(config, tmp_path, write_pairs):
    write_pairs(tmp_path, "zrr", "train", 12)
    write_pairs(tmp_path, "zrr", "test", 2)
    before = manifest(config, "zrr", tmp_path)
    assert {entry["role"] for entry in before} == {
        "raw",
        "target",
        "val",
        "test",
        "raw_target",
        "val_target",
        "test_target",
    }
    raws, truths = tmp_path / "test" / "huawei_raw", tmp_path / "test" / "canon"
    shutil.copy(tmp_path / "test" / "canon" / "1.jpg", tmp_path / "kept.jpg")
    data = bytearray((truths / "1.jpg").read_bytes())
    data[-3] ^= 1  # the size stays
    (truths / "1.jpg").write_bytes(data)
    assert changes(before, manifest(config, "zrr", tmp_path)) == ["test_target: 1 changed (1.jpg)"]
    shutil.move(tmp_path / "kept.jpg", truths / "1.jpg")
    assert changes(before, manifest(config, "zrr", tmp_path)) == []
    (raws / "0.png").unlink()
    (truths / "0.jpg").unlink()
    assert changes(before, manifest(config, "zrr", tmp_path)) == [
        "test: 1 removed (0.png)",
        "test_target: 1 removed (0.jpg)",
    ]
    assert changes(manifest(config, "zrr", tmp_path), before) == [
        "test: 1 added (0.png)",
        "test_target: 1 added (0.jpg)",
    ]


def test_another_order_is_told(config, photographs):
    look = {"target_dir": photographs.parent / "look"}
    shutil.copytree(photographs, look["target_dir"], dirs_exist_ok=True)
    for path in look["target_dir"].iterdir():
        path.write_bytes(path.read_bytes() + b"another")
    before = manifest(config, "unprocessed", photographs, **look)
    (look["target_dir"] / "photo0.png").rename(look["target_dir"] / "photo9.png")
    assert changes(before, manifest(config, "unprocessed", photographs, **look)) == [
        "target: renamed, so that they come in another order"
    ]


def test_a_sample_sees_any_change_of_a_small_file_and_of_the_pieces_of_a_large_one(tmp_path):
    path = tmp_path / "a"
    for size, places in ((49_000, (0, 20_000, 48_999)), (10**6, (0, 500_000, 999_999))):
        data = bytes(size)
        path.write_bytes(data)
        before = sample(path)
        for place in places:
            path.write_bytes(data[:place] + b"x" + data[place + 1 :])
            assert sample(path) != before
        path.write_bytes(data + b"x")
        assert sample(path) != before
