"""The NTIRE 2026 layout: packed arrays become the mosaic they came from."""

import cv2
import numpy as np
import pytest

from tests.helpers.data_files import counts, scene
from tfisp.contract import Contract
from tfisp.data import open_dataset
from tfisp.data.ntire26 import unpack_planes
from tfisp.errors import InputError


def packed(mosaic):
    """R, G (red row), G (blue row), B, as the challenge stores them."""
    return np.dstack(
        [mosaic[0::2, 0::2], mosaic[0::2, 1::2], mosaic[1::2, 0::2], mosaic[1::2, 1::2]]
    )


@pytest.fixture
def challenge(tmp_path):
    for folder in ("raws", "jpegs"):
        (tmp_path / "train" / folder).mkdir(parents=True)
    for index in range(3):
        np.save(tmp_path / "train" / "raws" / f"{index}.npy", packed(counts(16, 24, seed=index)))
        cv2.imwrite(str(tmp_path / "train" / "jpegs" / f"look{index}.jpg"), scene(32, 32, index))
    return tmp_path


def test_planes_go_back_to_their_sites():
    mosaic = counts(6, 8)
    np.testing.assert_array_equal(unpack_planes(packed(mosaic)), mosaic)


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32, np.float64])
def test_whole_numbers_of_any_type_become_the_same_mosaic(config, challenge, kind):
    for path in (challenge / "train" / "raws").glob("*.npy"):
        np.save(path, np.load(path).astype(kind))
    dataset = open_dataset(config("ntire26", raw_dir=challenge))
    scene_ = dataset.raw.frames[1].load()
    assert scene_.mosaic.dtype == np.uint16
    np.testing.assert_array_equal(scene_.mosaic, counts(16, 24, seed=1))
    assert dataset.contract == Contract()
    raw, _ = dataset.raw.read(0, (0,))
    assert raw.max() <= 900 / 1023  # no black level is stated, so none is subtracted
    assert not dataset.paired
    assert dataset.pairs == {}
    assert len(dataset.targets) == 3 * 4


def test_values_between_whole_numbers_are_kept(config, challenge):
    path = challenge / "train" / "raws" / "0.npy"
    np.save(path, np.load(path) + np.float32(0.25))
    mosaic = open_dataset(config("ntire26", raw_dir=challenge)).raw.frames[0].load().mosaic
    np.testing.assert_array_equal(mosaic, counts(16, 24, seed=0) + np.float32(0.25))


def test_held_out_splits_with_both_halves_are_pairs(config, challenge):
    for split, folders in (("val", ("raws", "jpegs")), ("test", ("raws",))):
        for folder in folders:
            (challenge / split / folder).mkdir(parents=True)
        np.save(challenge / split / "raws" / "7.npy", packed(counts(16, 24, seed=77)))
    cv2.imwrite(str(challenge / "val" / "jpegs" / "7.jpg"), scene(16, 24, seed=77))
    dataset = open_dataset(config("ntire26", raw_dir=challenge))
    assert list(dataset.pairs) == ["val"]
    raw, reference, target = dataset.pairs["val"].read(0)
    assert (raw.shape, reference.shape, target.shape) == ((8, 12, 4), (16, 24, 3), (16, 24, 3))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (
            lambda path: np.save(path, np.zeros((4, 4, 3), np.uint16)),
            r"expected numbers \[h, w, 4\]",
        ),
        (lambda path: np.save(path, np.array([{}], object)), "no array of plain numbers"),
        (lambda path: path.write_bytes(path.read_bytes()[:-50]), r"too few .* truncated"),
        (lambda path: path.write_bytes(b""), r"not a \.npy file"),
        (lambda path: path.write_bytes(b"PK\3\4 an archive"), r"not a \.npy file"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b")", b"(")), "header is damaged"),
        (lambda path: np.save(path, np.full((8, 12, 4), np.nan)), "not finite"),
        (lambda path: np.save(path, np.full((8, 12, 4), -1)), "not within"),
        (
            lambda path: np.save(path, np.linspace(0, 1, 384).reshape(8, 12, 4)),
            "divided by the white level",
        ),
    ],
)
def test_bad_arrays_are_refused_or_set_aside(config, challenge, write, message):
    path = challenge / "train" / "raws" / "1.npy"
    write(path)
    with pytest.raises(InputError, match=rf"1\.npy: .*{message}"):
        open_dataset(config("ntire26", raw_dir=challenge)).prepare()
    dataset = open_dataset(config("ntire26", raw_dir=challenge, on_bad_file="skip"))
    dataset.prepare()
    assert [bad.split("/")[-1] for bad, _ in dataset.skipped] == ["1.npy"]


def test_missing_parts_are_named(config, tmp_path, challenge):
    with pytest.raises(InputError, match=r"no train/raws here"):
        open_dataset(config("ntire26", raw_dir=challenge / "train"))
    for path in (challenge / "train" / "jpegs").iterdir():
        path.unlink()
    with pytest.raises(InputError, match=r"jpegs: no photographs here; --target_dir"):
        open_dataset(config("ntire26", raw_dir=challenge))
