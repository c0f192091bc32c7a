"""Zurich RAW-to-RGB and UltraISP: layout, splits, and every kind of bad file."""

import re
import shutil

import cv2
import numpy as np
import pytest

from tests.helpers.data_files import counts, scene
from tests.helpers.shared import shared
from tfisp.contract import PUBLISHED
from tfisp.data import open_dataset
from tfisp.data.patches import _hold_out
from tfisp.errors import InputError

RAW = {"zrr": "huawei_raw", "ultraisp": "mediatek_raw"}
TARGET = {"zrr": "canon", "ultraisp": "fujifilm"}


@pytest.mark.parametrize("kind", ["zrr", "ultraisp"])
def test_the_published_layout_is_read(config, tmp_path, write_pairs, kind):
    write_pairs(tmp_path, kind, "train", 5)
    write_pairs(tmp_path, kind, "test", 2, seed=50)
    if kind == "ultraisp":
        write_pairs(tmp_path, kind, "val", 3, seed=70)
    dataset = open_dataset(config(kind, raw_dir=tmp_path))
    kept, held_out = (5, 3) if kind == "ultraisp" else (4, 1)
    assert (len(dataset.raw), len(dataset.targets)) == (kept, kept)
    assert {split: len(pairs) for split, pairs in dataset.pairs.items()} == {
        "test": 2,
        "val": held_out,
    }
    assert dataset.contract == PUBLISHED
    assert dataset.paired
    raw, reference = dataset.raw.read(0, (0,))
    assert raw.shape == (8, 8, 4)
    assert reference.shape == (16, 16, 3)
    assert reference.min() >= 0
    assert reference.max() <= 1
    name, raw, reference, target = next(iter(dataset.pairs["test"]))
    assert name == "0"
    picture = cv2.imread(str(next((tmp_path / "test" / TARGET[kind]).glob("0.*"))))
    np.testing.assert_allclose(target, picture[..., ::-1] / 255, atol=1e-6)


def test_the_input_is_scaled_by_the_published_levels_unclipped(config, tmp_path, write_pairs):
    write_pairs(tmp_path, "ultraisp", "train", 2)
    path = tmp_path / "train" / "mediatek_raw" / "0.png"
    mosaic = np.full((16, 16), 300, np.uint16)
    mosaic[0, 0], mosaic[1, 1] = 4092, 256
    cv2.imwrite(str(path), mosaic)
    dataset = open_dataset(config("ultraisp", raw_dir=tmp_path))
    frames = [*dataset.raw.frames, *dataset.pairs["val"].frames]
    pairs = type(dataset.pairs["val"])(frames, dataset.contract, dataset.bad_files)
    index = [frame.name for frame in frames].index("0")
    raw, reference, _ = pairs.read(index)
    assert raw[0, 0, 2] == pytest.approx((4092 - 58) / 965)  # R
    assert raw[0, 0, 0] == pytest.approx((256 - 62) / 961)  # B
    assert raw[0, 0, 1] == pytest.approx((300 - 60) / 963)  # G of the red row
    assert reference[8, 8].max() < 0.2  # rendered by the sensor's own levels: 300 is nearly black


def test_the_validation_sample_follows_the_seed_and_shares_nothing_with_training(
    config, tmp_path, write_pairs
):
    write_pairs(tmp_path, "zrr", "train", 20)
    names = []
    for seed in (0, 0, 1):
        splits = open_dataset(config("zrr", raw_dir=tmp_path, seed=seed)).splits()
        assert len(splits["val"]) == 2
        assert not set(splits["val"]) & set(splits["raw"])
        assert not {name.split("/")[-1][:-4] for name in splits["val"]} & {
            name.split("/")[-1][:-4] for name in splits["target"]
        }
        names.append(splits["val"])
    assert names[0] == names[1] != names[2]
    before = set(names[0])
    (tmp_path / "train" / "huawei_raw" / "19.png").unlink()
    (tmp_path / "train" / "canon" / "19.jpg").unlink()
    after = set(open_dataset(config("zrr", raw_dir=tmp_path)).splits()["val"])
    assert len(after & before) >= len(after) - 1  # one file less moves at most one across


def test_ultraisp_without_splits_of_its_own_gives_both(config, tmp_path, write_pairs):
    write_pairs(tmp_path, "ultraisp", "train", 30)
    splits = open_dataset(config("ultraisp", raw_dir=tmp_path)).splits()
    assert {role: len(names) for role, names in splits.items()} == {
        "raw": 24,
        "target": 24,
        "val": 3,
        "test": 3,
    }
    assert len({*splits["raw"], *splits["val"], *splits["test"]}) == 30
    write_pairs(tmp_path, "ultraisp", "test", 2)
    splits = open_dataset(config("ultraisp", raw_dir=tmp_path)).splits()
    assert [len(splits[role]) for role in ("raw", "val", "test")] == [27, 3, 2]


def test_the_published_numbers_of_pairs_are_held_out():
    """1,024 for each split once a tenth of the training pairs is more than that."""
    frames = [type("Named", (), {"name": str(index)}) for index in range(20_000)]
    kept, held_out = _hold_out(frames, ("val", "test"), seed=0)
    assert [len(held_out["val"]), len(held_out["test"]), len(kept)] == [1024, 1024, 17_952]
    drawn_again = _hold_out(frames, ("val",), seed=0)[1]["val"]
    assert drawn_again == held_out["val"]


def test_a_set_that_holds_only_test_pairs_opens_for_evaluation(config, tmp_path, write_pairs):
    write_pairs(tmp_path, "zrr", "test", 2)
    dataset = open_dataset(config("zrr", raw_dir=tmp_path))
    assert len(dataset.raw) == 0
    assert len(dataset.pairs["test"]) == 2
    assert len(dataset.preview()) == 2


def damage(raw, target, what):
    """Spoils pair 1 and returns what the message must say."""
    pixels = cv2.imread(str(raw), cv2.IMREAD_UNCHANGED)
    if what == "eight bits":
        cv2.imwrite(str(raw), (pixels // 4).astype(np.uint8))
        return "1 x 8 bits; RAW is expected as a 16-bit PNG of one channel"
    if what == "three channels":
        cv2.imwrite(str(raw), np.dstack([pixels] * 3))
        return "3 x 16 bits; RAW is expected"
    if what == "truncated RAW":
        raw.write_bytes(raw.read_bytes()[:-30])
        return "truncated"
    if what == "truncated target":
        target.write_bytes(target.read_bytes()[:-30])
        return "truncated"
    if what == "odd":
        cv2.imwrite(str(raw), pixels[:15])
        return "16x15 samples; a training pair needs even sides"
    if what == "odd width":
        cv2.imwrite(str(raw), pixels[:, :15])
        return "15x16 samples; a training pair needs even sides"
    if what == "other size":
        cv2.imwrite(str(target), scene(18, 16))
        return "16x18 pixels, but its RAW file has 16x16"
    if what == "no partner":
        target.unlink()
        return "no target picture of this name"
    if what == "too small":
        cv2.imwrite(str(raw), pixels[:14])
        cv2.imwrite(str(target), scene(14, 16))
        return "16x14 .*--patch_size=16"
    raw.write_text("no picture")
    return "neither a PNG nor a JPEG"


KINDS = [
    "eight bits",
    "three channels",
    "truncated RAW",
    "truncated target",
    "odd",
    "odd width",
    "other size",
    "no partner",
    "too small",
    "text",
]


@pytest.mark.parametrize("what", KINDS)
def test_a_bad_file_stops_or_is_set_aside(config, tmp_path, write_pairs, what):
    write_pairs(tmp_path, "ultraisp", "train", 4)
    write_pairs(tmp_path, "ultraisp", "val", 1)
    raw, target = (tmp_path / "train" / x["ultraisp"] / "1.png" for x in (RAW, TARGET))
    message = damage(raw, target, what)
    with pytest.raises(InputError, match=message) as caught:
        open_dataset(config("ultraisp", raw_dir=tmp_path))
    assert "1.png" in str(caught.value)
    assert "\n" not in str(caught.value)
    dataset = open_dataset(config("ultraisp", raw_dir=tmp_path, on_bad_file="skip"))
    assert len(dataset.raw) == 3
    assert any("1.png" in path and re.search(message, reason) for path, reason in dataset.skipped)


def spoil_inside(path):
    """Damages picture data so that the header and the end still look well."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(data)


def test_damage_found_while_reading_names_the_file_or_takes_the_next(config, tmp_path, write_pairs):
    write_pairs(tmp_path, "ultraisp", "train", 4)
    write_pairs(tmp_path, "ultraisp", "val", 2)
    spoil_inside(tmp_path / "train" / "mediatek_raw" / "1.png")
    spoil_inside(tmp_path / "val" / "fujifilm" / "0.png")
    dataset = open_dataset(config("ultraisp", raw_dir=tmp_path))
    with pytest.raises(InputError, match=r"mediatek_raw/1\.png"):
        dataset.raw.read(1, (0,))
    dataset = open_dataset(config("ultraisp", raw_dir=tmp_path, on_bad_file="skip"))
    for _ in range(2):
        found, expected = dataset.raw.read(1, (0,)), dataset.raw.read(2, (0,))
        np.testing.assert_array_equal(found[0], expected[0])
    assert [path.split("/")[-1] for path, _ in dataset.skipped] == ["1.png"]
    assert [name for name, *_ in dataset.pairs["val"]] == ["1"]
    assert len(dataset.skipped) == 2


def test_nothing_left_is_an_error(config, tmp_path, write_pairs):
    write_pairs(tmp_path, "ultraisp", "train", 1)
    (tmp_path / "train" / "mediatek_raw" / "0.png").write_text("no picture")
    with pytest.raises(InputError, match=r"no usable .* is left; 1 set aside, the first: .*0\.png"):
        open_dataset(config("ultraisp", raw_dir=tmp_path, on_bad_file="skip"))


def test_missing_and_empty_folders_are_named(config, tmp_path):
    with pytest.raises(InputError, match=r"--raw_dir: not given"):
        open_dataset(config("zrr"))
    with pytest.raises(InputError, match=r"--raw_dir=.*nowhere: no such folder"):
        open_dataset(config("zrr", raw_dir=tmp_path / "nowhere"))
    with pytest.raises(InputError, match=r"no train/huawei_raw here"):
        open_dataset(config("zrr", raw_dir=tmp_path))
    (tmp_path / "train" / "huawei_raw").mkdir(parents=True)
    with pytest.raises(InputError, match=r"train/canon: no such folder"):
        open_dataset(config("zrr", raw_dir=tmp_path))
    (tmp_path / "train" / "canon").mkdir()
    (tmp_path / "train" / "huawei_raw" / "a.dng").touch()
    with pytest.raises(InputError, match=r"huawei_raw: no RAW files here .*found 1 \.dng"):
        open_dataset(config("zrr", raw_dir=tmp_path))


def test_flips_need_room(config, tmp_path, write_pairs):
    write_pairs(tmp_path, "zrr", "train", 2)
    with pytest.raises(InputError, match=r"--augment=flip\) need at least 17x16"):
        open_dataset(config("zrr", raw_dir=tmp_path, augment="flip"))
    assert len(open_dataset(config("zrr", raw_dir=tmp_path, augment="flip", patch_size=8)).raw)


def test_a_target_folder_takes_the_place_of_the_targets(
    config, tmp_path, write_pairs, write_photographs
):
    write_pairs(tmp_path, "zrr", "train", 3)
    look = write_photographs(tmp_path / "look", 2, size=(40, 48))
    dataset = open_dataset(config("zrr", raw_dir=tmp_path, target_dir=look))
    assert {path.parent for path in (i.path for i in dataset.targets.photographs)} == {look}
    with pytest.raises(InputError, match=r"--target_dir=.*no such folder"):
        open_dataset(config("zrr", raw_dir=tmp_path, target_dir=tmp_path / "nowhere"))


def test_the_manifest_lists_every_file_once_per_role(config, tmp_path, write_pairs):
    write_pairs(tmp_path, "zrr", "train", 5)
    manifest = open_dataset(config("zrr", raw_dir=tmp_path)).manifest()
    assert [entry["role"] for entry in manifest] == (
        ["raw"] * 4 + ["target"] * 4 + ["val"] + ["raw_target"] * 4 + ["val_target"]
    )
    assert all(entry["bytes"] > 0 for entry in manifest)
    assert len({(entry["role"], entry["path"]) for entry in manifest}) == 14


def test_references_are_computed_once(config, tmp_path, write_pairs):
    write_pairs(tmp_path, "zrr", "train", 3)
    seen = []
    dataset = open_dataset(config("zrr", raw_dir=tmp_path))
    dataset.prepare(lambda *args: seen.append(args), workers=2)
    assert seen[-1] == (3, 3, "references")
    entries = {path: path.stat().st_ino for path in (tmp_path / "cache").rglob("*.npy")}
    assert len(entries) == 3
    open_dataset(config("zrr", raw_dir=tmp_path)).prepare()
    assert entries == {p: p.stat().st_ino for p in (tmp_path / "cache").rglob("*.npy")}


def test_the_real_sample_of_ultraisp_is_read(config, tmp_path):
    for folder, name in (("mediatek_raw", "mediatek_raw_100"), ("fujifilm", "fujifilm_100")):
        (tmp_path / "test" / folder).mkdir(parents=True)
        shutil.copy(shared(f"samples/ultraisp/{name}.png"), tmp_path / "test" / folder / "100.png")
    dataset = open_dataset(config("ultraisp", raw_dir=tmp_path, patch_size=256))
    raw, reference, target = dataset.pairs["test"].read(0)
    assert raw.shape == (128, 128, 4)
    assert 0.2 < raw.min() < raw.max() < 4.21
    assert target.shape == reference.shape == (256, 256, 3)
    luminance = [image.mean(-1).ravel() for image in (reference, target)]
    assert np.corrcoef(*luminance)[0, 1] > 0.8


def test_samples_on_another_scale_are_refused(config, tmp_path, write_pairs):
    write_pairs(tmp_path, "zrr", "train", 3)
    path = tmp_path / "train" / "huawei_raw" / "0.png"
    cv2.imwrite(str(path), counts(16, 16) * 4)
    dataset = open_dataset(config("zrr", raw_dir=tmp_path))
    with pytest.raises(InputError, match=r"0\.png: maximum .* exceeds the white level 1023"):
        dataset.prepare()
