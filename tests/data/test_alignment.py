"""Shifts between the pictures of a pair: planted ones are found, and the worst pairs left out."""

import cv2
import numpy as np
import pytest

from tests.helpers.data_files import scene
from tests.helpers.shared import shared
from tfisp.color import decode_srgb
from tfisp.data import alignment, open_dataset
from tfisp.data.alignment import misalignment
from tfisp.errors import InputError
from tfisp.sensor import get_sensor

# Of the planted shift, in samples: the means over tiles that see a little more or less of it.
EXACT = 0.1


def texture(side, seed):
    """A colour picture with the spectrum of photographs, float `[side, side, 3]`, 0..1."""
    noise = np.random.default_rng(seed).normal(size=(side, side, 4))
    noise = noise[..., :3] + 2 * noise[..., 3:]  # colours have most of their structure in common
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)) + 1 / side
    spectrum = np.fft.fft2(noise, axes=(0, 1)) / frequency[..., None]
    picture = np.fft.ifft2(spectrum, axes=(0, 1)).real
    return np.clip(0.5 + 0.15 * (picture - picture.mean()) / picture.std(), 0.05, 0.95)


def moved(picture, down, right):
    """The picture shifted by a fraction of a pixel around its borders, exactly, by its spectrum."""
    rows, columns = (np.fft.fftfreq(side) for side in picture.shape[:2])
    turn = np.exp(-2j * np.pi * (rows[:, None] * down + columns * right))[..., None]
    return np.fft.ifft2(np.fft.fft2(picture, axes=(0, 1)) * turn, axes=(0, 1)).real


def as_pair(picture, down=0.0, right=0.0, sensor="ultraisp"):
    """What a camera makes of a picture, and the picture itself after a shift, 8 bits."""
    facts = get_sensor(sensor)
    linear = decode_srgb(picture)
    mosaic = linear[..., 1].copy()
    mosaic[::2, ::2] = linear[::2, ::2, 0]
    mosaic[1::2, 1::2] = linear[1::2, 1::2, 2]
    black = np.tile(np.array(facts.black_level), [side // 2 for side in mosaic.shape])
    noise = np.random.default_rng(0).normal(0, 4, mosaic.shape)
    counts = black + mosaic * (facts.white_level - black) + noise
    shifted = np.rint(np.clip(moved(picture, down, right), 0, 1) * 255)
    return np.clip(counts, 0, facts.white_level).astype(np.uint16), shifted.astype(np.uint8)


@pytest.mark.parametrize("side", [128, 256])
@pytest.mark.parametrize("shift", [(0, 0), (0, 1), (-2, 0), (0.4, 0), (0.3, -0.6), (3, 4), (-9, 7)])
def test_a_planted_shift_is_found(side, shift):
    mosaic, target = as_pair(texture(side, 1), *shift)
    assert misalignment(mosaic, get_sensor("ultraisp"), target) == pytest.approx(
        np.hypot(*shift), abs=EXACT
    )


def test_parts_shifted_in_opposite_directions_do_not_cancel():
    mosaic, left = as_pair(texture(256, 2), 0, -2)
    _, right = as_pair(texture(256, 2), 0, 2)
    torn = np.concatenate([left[:, :128], right[:, 128:]], axis=1)
    assert misalignment(mosaic, get_sensor("ultraisp"), torn) == pytest.approx(2, abs=EXACT)


def test_of_flat_and_unrelated_pictures_nothing_is_told():
    mosaic, target = as_pair(texture(128, 3))
    assert misalignment(mosaic, get_sensor("ultraisp"), np.full_like(target, 90)) is None
    _, other = as_pair(texture(128, 4))
    assert misalignment(mosaic, get_sensor("ultraisp"), other) is None


def test_the_real_pair_of_ultraisp_fits_and_its_shifted_copy_does_not():
    paths = [shared(f"samples/ultraisp/{name}_100.png") for name in ("mediatek_raw", "fujifilm")]
    mosaic, target = (cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in paths)
    sensor = get_sensor("ultraisp")
    assert misalignment(mosaic, sensor, target[..., ::-1]) < 0.2
    # Two more columns in front: a shift to the right by two.
    moved_right = np.pad(target, ((0, 0), (2, 0), (0, 0)), "edge")[:, :-2, ::-1]
    assert misalignment(mosaic, sensor, moved_right) == pytest.approx(2, abs=0.2)


@pytest.fixture
def tree(tmp_path):
    """UltraISP as it is published: 30 training pairs, shifted by a tenth of their number each."""
    root = tmp_path / "ultraisp"
    for folder in ("train/mediatek_raw", "train/fujifilm", "val/mediatek_raw"):
        (root / folder).mkdir(parents=True)
    for index in range(30):
        mosaic, target = as_pair(texture(64, 10 + index), 0, index / 10)
        cv2.imwrite(str(root / f"train/mediatek_raw/{index}.png"), mosaic)
        cv2.imwrite(str(root / f"train/fujifilm/{index}.png"), target[..., ::-1])
    cv2.imwrite(str(root / "val/mediatek_raw/0.png"), mosaic)
    return root


def numbers(names):
    return sorted(int(name.split("/")[-1].split(".")[0]) for name in names)


def test_the_share_of_the_most_shifted_is_left_out_before_splits_are_drawn(config, tree):
    dataset = open_dataset(config("ultraisp", raw_dir=tree, misaligned=0.176))
    splits = dataset.splits()
    found = {role: numbers(names) for role, names in splits.items()}
    # round(0.176 * 30) = 5: those with the five largest planted shifts, and no other.
    assert sorted(found["raw"] + found["val"] + found["test"]) == list(range(25))
    assert found["raw"] == found["target"]
    assert (len(found["val"]), len(found["test"])) == (2, 2)
    note = next(note for note in dataset.notes if "misaligned" in note)
    assert note.startswith(
        "--misaligned=0.176: left out 5 of 30 training pairs, those shifted by 2."
    )
    assert any("val/mediatek_raw: left out, without fujifilm" in note for note in dataset.notes)
    again = open_dataset(config("ultraisp", raw_dir=tree, misaligned=0.176)).splits()
    other = open_dataset(config("ultraisp", raw_dir=tree, misaligned=0.176, seed=1)).splits()
    assert again == splits != other
    assert numbers(other["raw"] + other["val"] + other["test"]) == list(range(25))


def test_shifts_are_measured_once(config, tree, monkeypatch):
    open_dataset(config("ultraisp", raw_dir=tree, misaligned=0.1))
    monkeypatch.setattr(alignment, "misalignment", None)
    dataset = open_dataset(config("ultraisp", raw_dir=tree, misaligned=0.5))
    assert sum(len(dataset.splits()[role]) for role in ("raw", "val", "test")) == 15


def test_a_damaged_pair_is_named_or_set_aside(config, tree):
    path = tree / "train" / "mediatek_raw" / "3.png"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"mediatek_raw/3\.png"):
        open_dataset(config("ultraisp", raw_dir=tree, misaligned=0.1))
    dataset = open_dataset(config("ultraisp", raw_dir=tree, misaligned=0.1, on_bad_file="skip"))
    assert [path.split("/")[-1] for path, _ in dataset.skipped] == ["3.png"]


def test_pairs_without_structure_stay_in_the_order_that_the_seed_gives(config, tmp_path):
    for folder in ("train/huawei_raw", "train/canon"):
        (tmp_path / folder).mkdir(parents=True)
    for index in range(10):
        flat = np.full((16, 16), 100 + index, np.uint16)  # no two files are the same picture
        flat[0, 0] += 1  # and none is empty
        cv2.imwrite(str(tmp_path / f"train/huawei_raw/{index}.png"), flat)
        cv2.imwrite(str(tmp_path / f"train/canon/{index}.jpg"), scene(16, 16, index))
    left = [
        open_dataset(config("zrr", raw_dir=tmp_path, misaligned=0.4, seed=seed))
        for seed in (0, 0, 1)
    ]
    names = [{*dataset.splits()["raw"], *dataset.splits()["val"]} for dataset in left]
    assert [len(each) for each in names] == [6, 6, 6]
    assert names[0] == names[1] != names[2]
    assert any("of 10 nothing can be told" in note for note in left[0].notes)


@pytest.mark.parametrize(
    "name, share, message",
    [
        ("zrr", 1.0, r"--misaligned=1: must be at least 0 and below 1"),
        ("folders", 0.1, r"--misaligned=0\.1: --data=folders has no training pairs to compare"),
    ],
)
def test_a_share_that_cannot_be_is_refused(config, name, share, message):
    with pytest.raises(InputError, match=message):
        config(name, misaligned=share)
