"""Pairs of one's own: matched by name, laid over each other, and left out where they do not fit."""

import json

import cv2
import numpy as np
import pytest

from tests.helpers.data_files import with_orientation
from tests.helpers.dngs import gain_map, opcode_list
from tests.helpers.pair_files import textured, write_picture, write_raw
from tfisp import evaluate
from tfisp.contract import AS_SHOT, normalise
from tfisp.data import DataConfig, open_dataset
from tfisp.data.crops import PatchGrid, window
from tfisp.errors import InputError
from tfisp.models.presets import DEFAULT_PRESET
from tfisp.packing import orient
from tfisp.raw import read_raw

SIZE = (192, 256)


@pytest.fixture
def pairs(tmp_path, config):
    """Opens the pairs in `raw` and `picture`."""

    def opened(**options):
        options = {"patch_size": 32, "target_dir": tmp_path / "picture"} | options
        return open_dataset(config("pairs", raw_dir=tmp_path / "raw", **options))

    return opened


def write(root, name, seed, picture=None, suffix=".png", **facts):
    """A DNG of a scene, and its picture unless another is given; the scene."""
    scene = textured(*SIZE, seed)
    write_raw(root / "raw" / f"{name}.dng", scene, **facts)
    shown = scene if picture is None else picture
    write_picture(root / "picture" / f"{name}{suffix}", shown)
    return scene


def frame_of(dataset, name):
    """A frame of any role, by name."""
    frames = [*dataset.raw.frames, *(f for p in dataset.pairs.values() for f in p.frames)]
    (found,) = (frame for frame in frames if frame.name == name)
    return found


def test_pictures_lie_as_their_raw_files_do_whatever_they_went_through(tmp_path, pairs):
    large = textured(SIZE[0] + 40, SIZE[1] + 40, 1)
    scene = large[20:212, 20:276]
    folder = tmp_path / "raw" / "train"
    write_raw(folder / "plain.dng", scene, "BGGR")
    write_raw(folder / "shifted.dng", scene, "GBRG")
    write_raw(folder / "turned.dng", scene, orientation=6)
    write_raw(folder / "cropped.dng", scene, crop=((7, 5), (240, 180)))
    shown = tmp_path / "picture" / "train"
    write_picture(shown / "plain.tif", scene)
    write_picture(shown / "shifted.png", large[24:216, 17:273])
    write_picture(shown / "cropped.webp", scene[5:185, 7:247])
    # As a phone writes it: stored as its sensor lies, with an Exif tag that turns it.
    jpeg = cv2.imencode(".jpg", scene[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()
    (shown / "turned.jpg").write_bytes(with_orientation(jpeg, 6, "big"))

    dataset = pairs()
    assert dataset.paired and dataset.contract == AS_SHOT
    areas = {"shifted": (4, 0, 188, 253), "cropped": (5, 7, 180, 240)}
    for name in ("plain", "shifted", "turned", "cropped"):
        frame = frame_of(dataset, f"train/{name}.dng")
        top, left, height, width = areas.get(name, (0, 0, *SIZE))
        wanted = scene[top : top + height, left : left + width]
        found = frame.load(target=True)
        assert frame.size == wanted.shape[:2] == found.mosaic.shape == found.reference.shape[:2]
        error = np.abs(found.target.astype(int) - wanted)
        assert error.mean() < {"turned": 4, "cropped": 6}.get(name, 1e-9)
        mosaic, sensor, _ = read_raw(frame.path)
        np.testing.assert_array_equal(found.mosaic, mosaic[top:, left:][:height, :width])
        assert found.sensor == sensor.shifted(top, left)


def test_a_picture_of_half_the_size_is_enlarged_and_told(tmp_path, pairs):
    scene = textured(*SIZE, 0)
    half = cv2.resize(scene, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    write(tmp_path, "train/a", 0, half)
    dataset = pairs()
    target = frame_of(dataset, "train/a.dng").load(target=True).target
    assert np.abs(target.astype(int) - scene).mean() < 6
    assert any(
        "1 pictures are smaller than their RAW files, up to 2 times" in n for n in dataset.notes
    )


def test_patches_of_a_picture_that_is_off_in_part_are_set_aside(tmp_path, pairs):
    scene = textured(*SIZE, 0)
    warped = scene.copy()
    warped[128:192, 0:64] = scene[120:184, 0:64]  # one square shows what lies 8 samples higher
    write(tmp_path, "train/a", 0, warped)
    write(tmp_path, "train/b", 3)
    dataset = pairs()
    (note,) = (note for note in dataset.notes if "patches are set aside" in note)
    # Of 6 x 8 patches of 32 samples those whose place may reach into the square.
    assert note.startswith("9 of 96 patches are set aside, where pictures lie more than 2 samples")
    assert note.endswith(": a.dng 9")
    assert len(dataset.raw) == 96 - 9
    for index in range(len(dataset.raw)):
        for draw in range(4):
            _, reference, target = dataset.raw.read_pair(index, (draw, index))
            assert np.corrcoef(reference.ravel(), target.ravel())[0, 1] > 0.8


def test_a_wrong_pair_stops_or_is_set_aside_by_name(tmp_path, pairs):
    write(tmp_path, "train/a", 0)
    write(tmp_path, "train/b", 1, textured(*SIZE, 9))
    with pytest.raises(InputError, match=r"picture/train/b\.png: b\.dng: does not show the same"):
        pairs()
    dataset = pairs(on_bad_file="skip")
    assert [frame.name for frame in dataset.raw.frames] == ["train/a.dng"]
    ((path, _),) = dataset.skipped
    assert path.endswith("b.png")


def test_a_picture_that_fits_in_little_of_its_frame_is_no_partner(tmp_path, pairs, monkeypatch):
    monkeypatch.setattr("tfisp.data.pair_frames._LEAST_FITTING", 0.6)
    half = textured(*SIZE, 5)
    half[:, :128] = textured(*SIZE, 0)[:, :128]
    write(tmp_path, "train/a", 0, half)
    with pytest.raises(InputError, match=r"a\.png: fits a\.dng in 50% of the frame only"):
        pairs()


def test_files_without_partner_are_counted_and_named(tmp_path, pairs):
    write(tmp_path, "train/a", 0)
    write_raw(tmp_path / "raw" / "train" / "lone.dng", textured(*SIZE, 2))
    write_picture(tmp_path / "picture" / "train" / "other.png", textured(*SIZE, 3))
    write_picture(tmp_path / "picture" / "a.png", textured(*SIZE, 4))  # of another folder
    notes = pairs().notes
    assert "1 RAW files without a picture of their name: lone.dng" in notes
    assert "2 pictures without a RAW file of their name: a.png, other.png" in notes


def test_both_may_lie_in_one_folder(tmp_path, config):
    for seed, name in enumerate("abc"):
        scene = textured(*SIZE, seed)
        write_raw(tmp_path / "both" / f"{name}.dng", scene)
        write_picture(tmp_path / "both" / f"{name}.png", scene)
    folder = tmp_path / "both"
    dataset = open_dataset(config("pairs", raw_dir=folder, target_dir=folder, patch_size=32))
    assert {role: len(files) for role, files in dataset.splits().items()} == {
        **{"raw": 1, "target": 1, "val": 1, "test": 1}
    }
    assert f"{folder}: 6 RAW files and pictures" in dataset.notes
    with pytest.raises(InputError, match=r"a\.\w+ has the same name but for its suffix"):
        write_picture(folder / "a.jpg", textured(*SIZE, 0))
        open_dataset(config("pairs", raw_dir=folder, target_dir=folder, patch_size=32))


def test_folders_named_after_splits_play_these_roles(tmp_path, pairs):
    for seed, name in enumerate(("train/a", "val/a", "test/a", "test/b")):
        write(tmp_path, name, seed)
    dataset = pairs()
    assert dataset.splits()["test"] == ["test/a.dng", "test/b.dng"]
    assert dataset.splits()["val"] == ["val/a.dng"]
    assert dataset.splits()["raw"] == ["train/a.dng"]
    again = pairs()  # from the cache
    assert again.manifest() == dataset.manifest()
    for before, after in zip(dataset.preview(), again.preview(), strict=True):
        for one, other in zip(before, after, strict=True):
            np.testing.assert_array_equal(one, other)


def test_validation_sees_the_middle_of_large_frames(tmp_path, pairs, monkeypatch):
    monkeypatch.setattr("tfisp.data.pairs._MOST_VALIDATED", 100)
    for seed, split in enumerate(("train", "val", "test")):
        write(tmp_path, f"{split}/a", seed)
    dataset = pairs()
    assert dataset.pairs["test"].frames[0].size == SIZE
    frame = dataset.pairs["val"].frames[0]
    assert frame.alignment.area == (0, 64, 100, 100)
    assert frame.misplaced.shape == (2, 2)
    np.testing.assert_array_equal(frame.load(target=True).target, textured(*SIZE, 1)[:100, 64:164])


def test_shading_finds_its_place_in_the_part_that_is_shown(tmp_path, pairs):
    """A pair of a cropped picture is the same part of the pair of the whole one."""
    scene = textured(*SIZE, 0)
    gains = np.random.default_rng(0).uniform(1, 1.5, (4, 5, 4))
    maps = [gain_map(gains[..., 2 * r + c], site=(r, c), size=SIZE) for r in (0, 1) for c in (0, 1)]
    for name, picture in (("train/whole", scene), ("train/part", scene[15:175, 21:245])):
        write(tmp_path, name, 0, picture, opcodes2=opcode_list(*maps))
    dataset = pairs()
    inputs = {}
    for name in ("whole", "part"):
        frame = frame_of(dataset, f"train/{name}.dng")
        content = frame.load()
        inputs[name] = normalise(content.mosaic, content.sensor, content.capture, AS_SHOT)
    np.testing.assert_array_equal(inputs["part"], inputs["whole"][15:175, 21:245])


def test_unpaired_training_on_folders_may_be_validated_with_pairs(tmp_path, config):
    for seed in range(2):
        write_raw(tmp_path / "raw" / f"{seed}.dng", textured(*SIZE, seed))
        write_picture(tmp_path / "look" / f"{seed}.png", textured(*SIZE, 10 + seed))
    scene = textured(*SIZE, 5)
    write_raw(tmp_path / "val" / "a.dng", scene)
    write_picture(tmp_path / "val" / "a.png", scene)
    options = {"raw_dir": tmp_path / "raw", "target_dir": tmp_path / "look", "patch_size": 32}
    dataset = open_dataset(config("folders", val_pairs=str(tmp_path / "val"), **options))
    ((_, _, _, truth),) = dataset.pairs["val"]
    np.testing.assert_array_equal(truth, scene.astype(np.float32) / np.float32(255))
    assert not dataset.paired
    (tmp_path / "raw" / "c.dng").write_bytes((tmp_path / "val" / "a.dng").read_bytes())
    with pytest.raises(InputError, match=r"c\.dng: is the same picture as .*a\.dng"):
        open_dataset(config("folders", val_pairs=str(tmp_path / "val"), **options))
    with pytest.raises(InputError, match="--val_pairs=x: only for --data=folders"):
        DataConfig("zrr", val_pairs="x")


def test_the_folder_of_pictures_must_be_named():
    with pytest.raises(InputError, match="--target_dir: not given; --data=pairs"):
        DataConfig("pairs", raw_dir="x")


def test_evaluate_measures_own_pairs(tmp_path, capsys):
    for seed, orientation in ((0, 1), (1, 8)):
        scene = textured(*SIZE, seed)
        write_raw(tmp_path / "raw/test" / f"{seed}.dng", scene, orientation=orientation)
        shown = orient(scene[10:170, 12:252], orientation)
        write_picture(tmp_path / "picture/test" / f"{seed}.png", shown)
    words = [f"--model={DEFAULT_PRESET}", "--data=pairs", "--reference=bilinear", "--shown=1"]
    places = {"raw_dir": "raw", "target_dir": "picture", "cache_dir": "cache", "output": "report"}
    flags = [f"--{name}={tmp_path / folder}" for name, folder in places.items()]
    assert evaluate.run([*words, *flags, "--metrics=psnr"]) == 0, capsys.readouterr().err
    summary = json.loads((tmp_path / "report" / "summary.json").read_text())
    assert summary["images"] == 2
    psnr = summary["results"][DEFAULT_PRESET]["psnr"]["mean"]
    assert psnr > 15


@pytest.mark.parametrize("size", [(40, 40), (64, 97), (130, 75)])
def test_no_patch_of_a_cell_in_use_touches_a_barred_square(size):
    random = np.random.default_rng(size[0])
    squares = random.random((-(-size[0] // 16), -(-size[1] // 16))) < 0.1
    barred = np.kron(squares, np.ones((16, 16), bool))[: size[0], : size[1]]
    for phase, patch in (((0, 0), 8), ((1, 1), 8), (None, 10)):
        grid = PatchGrid([size, (20, 20)], patch, [squares, None], 16)
        every = PatchGrid([size], patch)
        assert len(grid) == len(every) - grid.left_out(0) + 4
        assert grid.left_out(1) == 0
        for index in range(len(grid)):
            cell = grid.cell(index)
            if cell.frame:
                continue
            for where in (None, *random.random((30, 2)).tolist(), [0, 0], [0.9999, 0.9999]):
                place = window(cell, size, patch, where and tuple(where), phase=phase)
                assert not place.of(barred[..., None]).any()
