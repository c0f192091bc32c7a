"""Folders of RAW files and photographs: what a user has."""

import json
import shutil

import numpy as np
import pytest

from tests.helpers.data_files import counts
from tests.helpers.dngs import scene, write_dng
from tests.helpers.shared import shared
from tfisp.contract import AS_SHOT
from tfisp.data import open_dataset, raw_frames
from tfisp.data.captures import capture_of_facts, capture_to_facts
from tfisp.errors import InputError
from tfisp.packing import pack
from tfisp.sensor import Capture

LEVELS = {
    "pattern": "GBRG",
    "black_level": 64,
    "white_level": 1023,
    "white_balance": [2.0, 1.0, 1.5],
}


def write_frame(folder, name, size=(40, 61), seed=0, **levels):
    """An `.npy` mosaic of odd width and its description."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{name}.npy", counts(*size, seed=seed))
    (folder / f"{name}.json").write_text(json.dumps(LEVELS | levels))


@pytest.fixture
def camera(tmp_path):
    write_frame(tmp_path / "raw", "a")
    write_frame(tmp_path / "raw" / "trip", "b", size=(20, 20), seed=1)
    return tmp_path / "raw"


def test_frames_in_any_sub_folder_are_cut_into_patches(config, camera, tmp_path, write_photographs):
    look = write_photographs(tmp_path / "look", 2, size=(50, 70))
    dataset = open_dataset(config("folders", raw_dir=camera, target_dir=look))
    assert dataset.splits() == {
        "raw": ["a.npy", "trip/b.npy"],
        "target": [(look / f"photo{index}.png").as_posix() for index in range(2)],
    }
    assert len(dataset.raw) == 2 * 3 + 1
    assert len(dataset.targets) == 2 * 3 * 4
    assert dataset.contract == AS_SHOT
    assert dataset.sensor.pattern == "GBRG"
    assert dataset.pairs == {}
    assert not dataset.paired


def test_remarks_that_differ_in_numbers_alone_are_one(config, tmp_path):
    for name, turn in (("a", 9), ("b", 77)):
        (tmp_path / "raw").mkdir(exist_ok=True)
        mosaic = scene(64, 64, 64, 1000, seed=turn)
        write_dng(tmp_path / "raw" / f"{name}.dng", mosaic, white=1023, orientation=turn)
    notes = open_dataset(config("folders", raw_dir=tmp_path / "raw", patch_size=32)).notes
    (told,) = (note for note in notes if "Orientation" in note)
    assert told.startswith(f"{tmp_path / 'raw' / 'a.dng'} and 1 more: Orientation 9 is none")


def test_a_patch_is_the_same_part_of_the_packed_frame(config, camera):
    dataset = open_dataset(config("folders", raw_dir=camera))
    frame = dataset.raw.frames[0]
    scene = frame.load()
    whole = pack(scene.mosaic, scene.sensor, AS_SHOT, scene.capture)[1:]  # its first row is padding
    for position in range(20):
        raw, reference = dataset.raw.read(position % 6, (0, position))
        windows = np.lib.stride_tricks.sliding_window_view(whole, (8, 8), axis=(0, 1))
        found = (windows == np.moveaxis(raw, 2, 0)).all((2, 3, 4))
        assert found.sum() == 1
        top, left = (2 * int(axis[0]) for axis in np.nonzero(found))
        expected = scene.reference[top + 1 : top + 17, left : left + 16] / np.float32(65535)
        np.testing.assert_allclose(reference, expected, atol=1e-6)


def test_files_are_decoded_once(config, camera, monkeypatch):
    first = open_dataset(config("folders", raw_dir=camera))
    monkeypatch.setattr(raw_frames, "read_raw", lambda *args: pytest.fail("decoded again"))
    second = open_dataset(config("folders", raw_dir=camera))
    for one, two in zip(first.raw.frames, second.raw.frames, strict=True):
        assert (one.size, one.sensor, one.capture) == (two.size, two.sensor, two.capture)
    np.testing.assert_array_equal(first.raw.read(3, (1,))[0], second.raw.read(3, (1,))[0])


def test_another_description_or_sensor_is_another_frame(config, camera, tmp_path):
    first = open_dataset(config("folders", raw_dir=camera)).raw.frames[0]
    (camera / "a.json").write_text(json.dumps(LEVELS | {"black_level": 60}))
    second = open_dataset(config("folders", raw_dir=camera)).raw.frames[0]
    assert second.sensor.black_level[0][0] == 60
    assert first.decoded != second.decoded
    path = tmp_path / "sensor.json"
    path.write_text(json.dumps({"pattern": "RGGB", "black_level": 50, "white_level": 1000}))
    third = open_dataset(config("folders", raw_dir=camera, sensor=str(path))).raw.frames[0]
    assert third.sensor.black_level[0][0] == 50


def test_what_a_file_says_survives_the_cache(config, camera, tmp_path):
    shading = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4) / 7 + 1
    capture = Capture(
        gains=(2.0, 1.0, 1.5),
        orientation=6,
        noise=((0.1, 0.2),) * 3,
        shading=shading,
        frame_size=(40, 61),
        above_white=3,
    )
    again = capture_of_facts(json.loads(json.dumps(capture_to_facts(capture))))
    assert again == capture
    np.testing.assert_array_equal(again.shading, shading)


def test_bad_files_stop_or_are_set_aside(config, camera):
    (camera / "broken.dng").write_bytes(b"II*\0 nothing of use")
    write_frame(camera, "tiny", size=(10, 10))
    np.save(camera / "silent.npy", counts(20, 20))
    with pytest.raises(InputError, match=r"broken\.dng"):
        open_dataset(config("folders", raw_dir=camera))
    dataset = open_dataset(config("folders", raw_dir=camera, on_bad_file="skip"))
    assert len(dataset.raw.frames) == 2
    reasons = {path.split("/")[-1]: reason for path, reason in dataset.skipped}
    assert set(reasons) == {"broken.dng", "tiny.npy", "silent.npy"}
    assert "give --sensor" in reasons["silent.npy"]
    assert "--patch_size=16 need at least 17x16" not in reasons["tiny.npy"]
    assert "need at least 16x17" in reasons["tiny.npy"]


def test_what_the_reader_had_to_assume_is_told_once_also_from_the_cache(config, tmp_path):
    (tmp_path / "raw").mkdir()
    for name in ("a", "b"):
        write_dng(tmp_path / "raw" / f"{name}.dng", scene(48, 64, 70, 1000), orientation=0)
    for _ in range(2):  # decoded, and from the cache
        notes = open_dataset(config("folders", raw_dir=tmp_path / "raw")).notes
        (told,) = (note for note in notes if "Orientation 0" in note)
        assert told.startswith(f"{tmp_path / 'raw' / 'a.dng'} and 1 more: ")


def test_samples_above_white_are_told_of(config, tmp_path):
    for suffix in ("raw", "json"):
        (tmp_path / "raw").mkdir(exist_ok=True)
        shutil.copy(shared(f"raw/frames/nikon_768x512_rggb.{suffix}"), tmp_path / "raw")
    dataset = open_dataset(config("folders", raw_dir=tmp_path / "raw", patch_size=128))
    assert len(dataset.raw) == 6 * 4
    assert any("(0.13%) above the white level 15520" in note for note in dataset.notes)
    patches = dataset.preview()
    assert len(patches) == 1
    raw, reference = patches[0]
    assert raw.shape == (64, 64, 4)
    assert raw.max() <= 1
    assert reference.std() > 0.05


def test_photographs_within_the_raw_folder_are_not_taken_for_raw(
    config, camera, tmp_path, write_photographs
):
    look = write_photographs(camera / "look", 1)
    dataset = open_dataset(
        config("folders", raw_dir=camera, target_dir=look, cache_dir=camera / "cache")
    )
    again = open_dataset(
        config("folders", raw_dir=camera, target_dir=look, cache_dir=camera / "cache")
    )
    assert len(dataset.raw.frames) == len(again.raw.frames) == 2


def test_folders_without_use_are_named(config, tmp_path, camera):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"--raw_dir=.*empty: no RAW files here"):
        open_dataset(config("folders", raw_dir=tmp_path / "empty"))
    with pytest.raises(InputError, match=r"--target_dir=.*empty: no photographs here"):
        open_dataset(config("folders", raw_dir=camera, target_dir=tmp_path / "empty"))
    with pytest.raises(InputError, match=r"--sensor=.*known"):
        open_dataset(config("folders", raw_dir=camera, sensor="unheard"))


def test_how_much_is_kept_is_known_beforehand(config, camera, tmp_path, write_photographs):
    look = write_photographs(tmp_path / "look", 2, size=(50, 70))
    options = {"raw_dir": camera, "target_dir": look}
    dataset = open_dataset(config("folders", **options))
    dataset.prepare()
    taken = sum(path.stat().st_size for path in (tmp_path / "cache").rglob("*.npy"))
    assert 0 <= taken - dataset.kept_bytes <= 6 * 136  # header and checksum of each
    assert not any("--cache_gb" in note for note in dataset.notes)
    small = open_dataset(config("folders", cache_gb=1e-6, **options))
    assert any("--cache_gb=1e-06" in note and "GB would be kept" in note for note in small.notes)
    np.testing.assert_array_equal(small.raw.read(2, (1,))[1], dataset.raw.read(2, (1,))[1])
