"""The order of batches: a pure function of (seed, stage, step), and what follows from that."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
import tensorflow as tf

from tfisp.data import batches, open_dataset, pipeline
from tfisp.data.pipeline import Stream, shuffled
from tfisp.errors import InputError


def order(count, positions, seed=0, stage=0, stream=Stream.RAW):
    dataset = tf.data.Dataset.from_tensor_slices(np.array(positions, np.int64))
    return [int(i) for i in dataset.map(lambda p: shuffled(p, count, seed, stage, stream))]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 50])
def test_an_epoch_reads_every_element_once(count):
    for epoch in (0, 1, 5):
        found = order(count, range(epoch * count, (epoch + 1) * count))
        assert sorted(found) == list(range(count))


def test_epochs_stages_seeds_and_streams_have_orders_of_their_own():
    first = order(50, range(50))
    assert first == order(50, range(50))
    others = [
        order(50, range(50, 100)),
        order(50, range(50), seed=1),
        order(50, range(50), stage=1),
        order(50, range(50), stream=Stream.TARGET),
    ]
    for other in others:
        assert sum(a == b for a, b in zip(first, other, strict=True)) < 8  # 1 expected by chance


def test_every_element_comes_first_equally_often():
    epochs, count = 600, 4
    firsts = np.bincount(order(count, range(0, epochs * count, count)), minlength=count)
    assert np.abs(firsts - epochs / count).max() < 4 * np.sqrt(epochs / count)


def test_graph_and_eager_agree():
    eager = [int(shuffled(tf.constant(p, tf.int64), 11, 0, 0, Stream.RAW)) for p in range(30)]
    assert order(11, range(30)) == eager


@pytest.fixture
def pairs(config, tmp_path, write_pairs):
    write_pairs(tmp_path, "ultraisp", "train", 7, size=20)
    write_pairs(tmp_path, "ultraisp", "val", 1, size=20)

    def make(**options):
        return open_dataset(config("ultraisp", raw_dir=tmp_path, **options))

    return make


def collect(dataset, start, stop, **options):
    options = {"batch_size": 3, "seed": 0, "stage": 0} | options
    return [
        {name: value.numpy() for name, value in batch.items()}
        for batch in batches(dataset, start=start, stop=stop, **options)
    ]


def test_a_batch_holds_float_patches_of_the_three_kinds(pairs):
    (batch,) = collect(pairs(), 0, 1)
    assert {name: value.shape for name, value in batch.items()} == {
        "raw": (3, 8, 8, 4),
        "reference": (3, 16, 16, 3),
        "target": (3, 16, 16, 3),
    }
    assert {value.dtype for value in batch.values()} == {np.dtype(np.float32)}


def test_nothing_in_the_graph_keeps_deterministic_runs_from_reading_in_parallel(pairs):
    load = tf.function(pipeline._Loader(pairs(), 0, 0, paired=False).load)
    graph = load.get_concrete_function(tf.TensorSpec([], tf.int64)).graph
    assert not [op.name for op in graph.get_operations() if op.op_def.is_stateful]


@pytest.mark.parametrize("paired", [False, True])
def test_starting_at_any_step_gives_the_batches_of_an_unbroken_run(pairs, paired):
    dataset = pairs(augment="flip")
    whole = collect(dataset, 0, 8, paired=paired)  # three epochs and a bit of 7 in batches of 3
    for start in (1, 3, 6):
        part = collect(pairs(augment="flip"), start, 8, paired=paired)
        assert len(part) == 8 - start
        for expected, found in zip(whole[start:], part, strict=True):
            for name in expected:
                np.testing.assert_array_equal(expected[name], found[name])


def test_the_number_of_threads_changes_nothing(pairs):
    one, many = (collect(pairs(), 0, 5, workers=workers) for workers in (1, 8))
    for expected, found in zip(one, many, strict=True):
        for name in expected:
            np.testing.assert_array_equal(expected[name], found[name])


@pytest.mark.parametrize("augment", ["none", "flip"])
def test_fixed_patches_are_the_same_in_every_epoch_but_for_mirroring(pairs, augment):
    seen = {"random": [], "fixed": []}
    for placement, epochs in seen.items():
        dataset = pairs(placement=placement, augment=augment)
        assert dataset.repeats == (placement == "fixed")
        for epoch in range(6):
            (batch,) = collect(dataset, epoch, epoch + 1, batch_size=len(dataset.raw))
            epochs.append({x.tobytes() for x in (*batch["reference"], *batch["target"])})
    count = 2 * len(pairs().raw)
    assert len(set.union(*seen["random"])) > 2.5 * count
    kept = len(set.union(*seen["fixed"]))
    assert kept == count if augment == "none" else count < kept <= 2 * count


def test_files_as_large_as_the_patch_repeat_by_themselves(pairs):
    assert pairs(patch_size=20).repeats
    assert not pairs(patch_size=18).repeats


def test_unpaired_targets_are_drawn_anew_each_epoch(config, tmp_path, write_pairs):
    write_pairs(tmp_path, "ultraisp", "train", 6)
    write_pairs(tmp_path, "ultraisp", "val", 1)
    dataset = open_dataset(config("ultraisp", raw_dir=tmp_path))
    epochs = []
    for epoch in range(4):
        (batch,) = collect(dataset, epoch, epoch + 1, batch_size=6)
        meets = zip(batch["raw"], batch["target"], strict=True)
        epochs.append({raw.tobytes(): target.tobytes() for raw, target in meets})
        assert len(set(epochs[-1])) == len(set(epochs[-1].values())) == 6
    assert len({tuple(sorted(epoch.items())) for epoch in epochs}) == 4


def test_a_pair_keeps_its_place_under_crop_and_mirror(config, tmp_path, write_pairs):
    """RAW and target both say from which row and column each sample comes."""
    write_pairs(tmp_path, "ultraisp", "train", 3, size=24)
    write_pairs(tmp_path, "ultraisp", "val", 1, size=24)
    row, column = np.indices((24, 24))
    mosaic = (300 + 24 * row + column).astype(np.uint16)
    place = np.dstack([np.zeros_like(row), column * 8, row * 8]).astype(np.uint8)
    for index in range(3):
        cv2.imwrite(str(tmp_path / "train" / "mediatek_raw" / f"{index}.png"), mosaic)
        cv2.imwrite(str(tmp_path / "train" / "fujifilm" / f"{index}.png"), place)
    dataset = open_dataset(config("ultraisp", raw_dir=tmp_path, augment="flip"))
    starts, mirrored = set(), 0
    for batch in collect(dataset, 0, 10, paired=True):
        for raw, target in zip(batch["raw"], batch["target"], strict=True):
            for plane, (down, along, black) in enumerate(
                [(1, 1, 62), (0, 1, 60), (0, 0, 58), (1, 0, 61)]
            ):
                value = np.rint(raw[..., plane] * (1023 - black) + black) - 300
                seen = np.rint(target[down::2, along::2] * 255 / 8)
                np.testing.assert_array_equal(value // 24, seen[..., 0])
                np.testing.assert_array_equal(value % 24, seen[..., 1])
            steps = np.diff(target[0, :, 1])
            mirrored += steps[0] < 0
            starts.add((target[0, 0, 0], target[0, 0, 1]))
    assert 5 < mirrored < 25
    assert len(starts) > 8


def test_paired_recipes_need_pairs_and_training_needs_patches(
    config, tmp_path, write_photographs, write_pairs
):
    write_pairs(tmp_path, "zrr", "test", 1)
    dataset = open_dataset(config("zrr", raw_dir=tmp_path))
    with pytest.raises(InputError, match="--data=zrr: nothing to train on"):
        collect(dataset, 0, 1)
    np.save(tmp_path / "a.npy", np.random.default_rng(0).integers(64, 900, (20, 20), np.uint16))
    dataset = open_dataset(
        config("folders", raw_dir=tmp_path, sensor="ntire26", on_bad_file="skip")
    )
    with pytest.raises(InputError, match="--data=folders: has no paired targets"):
        collect(dataset, 0, 1, paired=True)
    (batch,) = collect(dataset, 0, 1)
    assert set(batch) == {"raw", "reference"}


def spoil(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(data)


def test_the_error_of_a_damaged_file_arrives_as_it_is(pairs, tmp_path):
    spoil(tmp_path / "train" / "mediatek_raw" / "4.png")
    with pytest.raises(InputError, match=r"mediatek_raw/4\.png: the picture data is damaged"):
        collect(pairs(), 0, 4)


def test_with_bad_files_skipped_the_run_goes_on_and_stays_deterministic(pairs, tmp_path):
    spoil(tmp_path / "train" / "mediatek_raw" / "4.png")
    dataset = pairs(on_bad_file="skip")
    first = collect(dataset, 0, 5)
    assert [path.split("/")[-1] for path, _ in dataset.skipped] == ["4.png"]
    for expected, found in zip(first, collect(pairs(on_bad_file="skip"), 0, 5), strict=True):
        np.testing.assert_array_equal(expected["raw"], found["raw"])


def test_other_failures_keep_their_kind(pairs, monkeypatch):
    dataset = pairs()

    def fail(*args):
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(dataset.raw, "read", fail)
    with pytest.raises(ZeroDivisionError, match="a defect"):
        collect(dataset, 0, 1)


LEAVING = """
import sys
from tfisp.data import DataConfig, batches, open_dataset

dataset = open_dataset(DataConfig("ultraisp", raw_dir=sys.argv[1], cache_dir=sys.argv[2]))
plain = dataset.raw.read

def slow(index, seed):
    sum(range(1_000_000))  # holds Python's lock
    return plain(index, seed)

dataset.raw.read = slow
source = batches(dataset, batch_size=2, seed=0, stage=0, start=0, stop=10**6, workers=8)
next(source)
raise ValueError("nobody catches this")
"""


@pytest.mark.slow
def test_a_program_that_fails_while_batches_are_made_ready_ends(tmp_path, write_pairs):
    write_pairs(tmp_path, "ultraisp", "train", 7, size=256)
    write_pairs(tmp_path, "ultraisp", "val", 1, size=256)
    words = [sys.executable, "-c", LEAVING, str(tmp_path), str(tmp_path / "cache")]
    ended = subprocess.run(words, timeout=60, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.endswith("ValueError: nobody catches this\n")
