"""Prepared patches as a data set: equal to their files, in the same order each time, checked."""

import json
import shutil

import numpy as np
import pytest

from tests.helpers.prepared_files import PATCH, write_photographs, write_raws
from tfisp import prepare
from tfisp.contract import AS_SHOT, Contract
from tfisp.data import DataConfig, batches, open_dataset
from tfisp.data.manifest import changes
from tfisp.data.noise import noise_of
from tfisp.data.simulation import simulated
from tfisp.errors import InputError
from tfisp.looks import Look
from tfisp.raw import read_raw


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folders of RAW files and photographs, and what was prepared of them, in several shards."""
    root = tmp_path_factory.mktemp("made")
    write_raws(root / "raw")
    write_photographs(root / "look")
    words = [f"--raw_dir={root / 'raw'}", f"--target_dir={root / 'look'}", "--workers=1"]
    words += [f"--output={root / 'out'}", f"--patch_size={PATCH}", "--seed=3"]
    assert prepare.run(words) == 0
    return root


@pytest.fixture
def config(made, tmp_path):
    def make(**options):
        options = {"patch_size": PATCH, "data_dir": str(made / "out")} | options
        return DataConfig("prepared", cache_dir=str(tmp_path / "cache"), **options)

    return make


def stream(dataset, start, stop):
    options = {"batch_size": 4, "seed": 5, "stage": 0, "start": start, "stop": stop}
    return [{k: v.numpy() for k, v in batch.items()} for batch in batches(dataset, **options)]


def test_a_patch_is_what_its_file_gives(made, config, tmp_path):
    dataset = open_dataset(config())
    paths = {"raw_dir": str(made / "raw"), "cache_dir": str(tmp_path)}
    whole = open_dataset(DataConfig("folders", **paths, patch_size=PATCH)).raw
    frame = next(frame for frame in whole.frames if frame.name == "0.npy")  # lies upright
    assert dataset.contract == AS_SHOT
    balanced = open_dataset(config(contract=Contract(white_balance="as_shot"))).raw
    found = 0
    for index, own in enumerate(dataset.raw.frames):
        source, place = own.name.rsplit(" ", 1)
        if source != "0.npy":
            continue
        top, left = map(int, place.split(","))
        raw, reference = dataset.raw.read(index, (0, 0))
        scene = frame.load()
        np.testing.assert_array_equal(
            reference,
            scene.reference[top : top + PATCH, left : left + PATCH] / np.float32(65535),
        )
        assert raw.shape == (PATCH // 2, PATCH // 2, 4)
        # Plane 2 is red: black 64, white 1023, a gain of 2.
        red = scene.mosaic[top : top + PATCH : 2, left : left + PATCH : 2].astype(float)
        raw, _ = balanced.read(index, (0, 0))
        np.testing.assert_allclose(raw[..., 2], (red - 64) / 959 * 2, atol=1e-5)
        found += 1
    assert found == 6


def test_batches_are_the_same_each_time_and_from_any_step(config):
    first = stream(open_dataset(config()), 0, 4)
    again = stream(open_dataset(config()), 2, 4)
    for found, expected in zip(again, first[2:], strict=True):
        assert set(found) == {"raw", "reference", "target"}
        for name in found:
            np.testing.assert_array_equal(found[name], expected[name])


def test_smaller_patches_are_cut_and_mirrored_from_larger_ones(config):
    dataset = open_dataset(config(patch_size=16, augment="flip"))
    assert len(dataset.raw) == 8 * 6 * 4 and len(dataset.targets) == 4 * 4 * 4
    for batch in stream(dataset, 0, 3):
        assert batch["reference"].shape == batch["target"].shape == (4, 16, 16, 3)


def test_captures_are_simulated_with_the_noise_of_each_source(made, config):
    dataset = open_dataset(config())
    measured = {}
    for frame in dataset.raw.frames:
        source = frame.name.split(" ")[0]
        measured.setdefault(source, noise_of(*read_raw(made / "raw" / source)))
        assert frame.load().capture.noise == measured[source]
    assert len(set(measured.values())) == 8
    patches = simulated(dataset, Look.identity()).raw
    for index in range(len(patches)):
        patches.read_pair(index, (0,))
    assert {camera.noise for camera in patches._cameras.values()} == set(measured.values())


def test_files_of_the_data_set_are_its_shards(made, config):
    dataset = open_dataset(config())
    assert dataset.splits() == {
        "raw": ["raw-00000-of-00001.tfrecord"],
        "target": ["target-00000-of-00001.tfrecord"],
    }
    manifest = dataset.manifest()
    assert changes(manifest, open_dataset(config()).manifest()) == []
    other = [dict(entry, content="x") if entry["role"] == "raw" else entry for entry in manifest]
    assert changes(other, manifest) == ["raw: 1 changed (raw-00000-of-00001.tfrecord)"]
    assert dataset.kept_bytes == 0


def test_damage_is_found_when_a_record_is_read(made, config, tmp_path):
    shutil.copytree(made / "out", tmp_path / "out")
    path = tmp_path / "out" / "raw-00000-of-00001.tfrecord"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    dataset = open_dataset(config(data_dir=str(tmp_path / "out")))
    with pytest.raises(InputError, match=r"raw-00000.*damaged, the record at byte"):
        for frame in dataset.raw.frames:
            frame.load()
    dataset = open_dataset(config(data_dir=str(tmp_path / "out"), on_bad_file="skip"))
    for index in range(len(dataset.raw)):
        dataset.raw.read(index, (0,))
    assert [name for name, _ in dataset.skipped] == [str(path)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"patch_size": 64}, "--patch_size=64: .* was prepared with --patch_size=32"),
        ({"reference": "bilinear"}, "--reference=bilinear: .* prepared with --reference=menon2007"),
        ({"data_dir": None}, "--data_dir: not given"),
        ({"data_dir": "/"}, "nothing is prepared here; see python -m tfisp.prepare"),
    ],
)
def test_what_it_was_prepared_for_is_checked(config, change, message):
    with pytest.raises(InputError, match=message):
        open_dataset(config(**change))


@pytest.mark.parametrize("flag", ["raw_dir", "sensor", "gain_map", "quad_bayer"])
def test_flags_of_raw_files_are_refused(config, flag):
    with pytest.raises(InputError, match=f"--{flag}=(x|bin): --data=prepared takes all"):
        config(**{flag: "bin" if flag == "quad_bayer" else "x"})
    with pytest.raises(InputError, match="--data_dir=x: only for --data=prepared"):
        DataConfig("folders", data_dir="x")


def test_a_set_that_is_not_whole_is_refused(made, config, tmp_path):
    folder = tmp_path / "out"
    shutil.copytree(made / "out", folder)
    described = json.loads((folder / "prepared.json").read_text())
    index = json.loads((folder / "raw-00000-of-00001.json").read_text())

    def refused(message):
        with pytest.raises(InputError, match=message):
            open_dataset(config(data_dir=str(folder)))

    (folder / "raw-00000-of-00001.json").write_text(json.dumps(index | {"sha256": "0"}))
    refused("of another shard than prepared.json names")
    (folder / "raw-00000-of-00001.json").write_text(json.dumps(index | {"bytes": 7}))
    refused("raw-00000-of-00001.json says otherwise")
    (folder / "prepared.json").write_text(json.dumps(described | {"format": 99}))
    refused("records of format 99, this tfisp reads 1; prepare")
    (folder / "prepared.json").write_text("[]")
    refused("not written by tfisp.prepare")
    (folder / "prepared.json").unlink()
    refused("preparing was not finished; run again")


def test_an_older_reference_is_told_of(made, config, tmp_path):
    folder = tmp_path / "out"
    shutil.copytree(made / "out", folder)
    described = json.loads((folder / "prepared.json").read_text())
    described["settings"]["reference_version"] = 1
    (folder / "prepared.json").write_text(json.dumps(described))
    dataset = open_dataset(config(data_dir=str(folder)))
    assert any("references are of version 1" in note for note in dataset.notes)
