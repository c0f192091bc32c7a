"""Data sets made of photographs: roles, purity, what is stated, where targets come from."""

import json
import shutil

import numpy as np
import pytest

from tests.helpers.shared import shared
from tfisp.contract import AS_SHOT, Contract
from tfisp.data import open_dataset
from tfisp.data.images import read_photograph, to_float
from tfisp.data.unprocess import reduced_linear, unprocess
from tfisp.errors import InputError


@pytest.fixture
def photographs(tmp_path, write_photographs):
    return write_photographs(tmp_path / "photos", 6, size=(80, 96))


def splits(folder, **roles):
    path = folder / "splits.json"
    path.write_text(json.dumps(roles))
    return str(path)


def test_a_draw_gives_every_photograph_one_role(config, photographs):
    found = open_dataset(config("unprocessed", raw_dir=photographs)).splits()
    assert {role: len(names) for role, names in found.items()} == {
        "raw": 2,
        "target": 2,
        "val": 1,
        "test": 1,
    }
    assert len({name for names in found.values() for name in names}) == 6
    again = open_dataset(config("unprocessed", raw_dir=photographs, cache_dir=photographs)).splits()
    assert again == found
    seeds = [config("unprocessed", raw_dir=photographs, seed=seed) for seed in range(5)]
    assert any(open_dataset(other).splits() != found for other in seeds)


def test_a_split_list_is_followed(config, photographs):
    path = splits(photographs, source=["photo0.png", "photo3.png"], test=["photo1.png"])
    dataset = open_dataset(config("unprocessed", splits=path))
    assert dataset.splits() == {"raw": ["photo0.png", "photo3.png"], "test": ["photo1.png"]}
    assert dataset.targets is None
    assert dataset.paired
    assert dataset.contract == AS_SHOT


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"source": ["photo0.png"], "target": ["photo0.png"]}, "both source and target"),
        ({"sources": ["photo0.png"]}, "did you mean source"),
        ({"source": "photo0.png"}, "expected lists"),
        ({"source": ["missing.png"]}, r"missing\.png: cannot be read"),
        ({}, "no usable RAW file"),
        ({"source": ["photo0.png", "./photo0.png"]}, "photo0.png is there twice"),
        ({"source": ["a\0b.png"]}, r"'a\\x00b.png' cannot be the name of a file"),
        ({"source": ["\ud800.png"]}, r"'\\ud800.png' cannot be the name of a file"),
        ({"source": [""]}, "'' cannot be the name of a file"),
        ({"source": ["a" * 300 + ".png"]}, "cannot be read: File name too long"),
        ({"source": 10**400}, "expected lists"),
    ],
)
def test_a_bad_split_list_is_refused(config, photographs, roles, message):
    with pytest.raises(InputError, match=message):
        open_dataset(config("unprocessed", splits=splits(photographs, **roles)))


def test_too_few_photographs_and_none_at_all_are_refused(config, tmp_path, write_photographs):
    with pytest.raises(InputError, match=r"--raw_dir.*at least 4"):
        folder = write_photographs(tmp_path / "few", 3)
        open_dataset(config("unprocessed", raw_dir=folder))
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match=r"--raw_dir=.*no photographs here.*empty folder"):
        open_dataset(config("unprocessed", raw_dir=tmp_path / "none"))


def test_a_capture_is_a_function_of_seed_and_content_alone(config, photographs, tmp_path):
    copy = tmp_path / "elsewhere"
    copy.mkdir()
    shutil.copy(photographs / "photo2.png", copy / "renamed.png")
    here = config("unprocessed", splits=splits(photographs, source=["photo2.png"]))
    there = config(
        "unprocessed", splits=splits(copy, source=["renamed.png"]), cache_dir=tmp_path / "other"
    )
    first, second = (open_dataset(c).raw.frames[0].load(target=True) for c in (here, there))
    np.testing.assert_array_equal(first.mosaic, second.mosaic)
    np.testing.assert_array_equal(first.reference, second.reference)
    np.testing.assert_array_equal(first.target, second.target)
    assert first.capture == second.capture
    reseeded = open_dataset(here.replace(seed=1)).raw.frames[0].load()
    assert (reseeded.mosaic != first.mosaic).any()
    assert reseeded.capture.gains != first.capture.gains


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"noise": "0.01"},
        {"illuminant": "4,2,3"},
        {"reduce": 3},
        {"sensor": "ultraisp"},
    ],
)
def test_a_capture_from_a_cache_that_others_filled_is_its_own(
    config, photographs, tmp_path, change
):
    roles = splits(photographs, source=["photo2.png"])
    first = config("unprocessed", splits=roles, noise="0.002", illuminant="3,1,2")
    other = first.replace(**change)
    (scene,), (shared_cache,), (own_cache,) = (
        [frame.load() for frame in open_dataset(choices).raw.frames]
        for choices in (first, other, other.replace(cache_dir=str(tmp_path / "own")))
    )
    np.testing.assert_array_equal(shared_cache.mosaic, own_cache.mosaic)
    np.testing.assert_array_equal(shared_cache.reference, own_cache.reference)
    if shared_cache.mosaic.shape == scene.mosaic.shape:
        assert (shared_cache.mosaic != scene.mosaic).any()


def test_noise_and_gains_are_drawn_from_streams_of_their_own(config, photographs):
    """The noise must not repeat the numbers that the gains of the capture were drawn with."""
    choices = config("unprocessed", splits=splits(photographs, source=["photo2.png"]))
    (frame,) = open_dataset(choices).raw.frames
    pixels = read_photograph(frame.path)
    dither = np.random.default_rng(list(frame.photograph.dither_seed))
    linear = reduced_linear(pixels, frame.photograph.reduce, dither)
    seen = {}
    for purpose in (b"noise", b"capture", b""):
        random = np.random.default_rng([*frame.photograph.dither_seed, *purpose])
        seen[purpose] = unprocess(linear, frame.camera, frame.gains, frame.noise, random)
    found = frame.load().mosaic
    np.testing.assert_array_equal(found, seen[b"noise"])
    assert (found != seen[b"capture"]).mean() > 0.3
    assert (found != seen[b""]).mean() > 0.3


def test_the_truth_is_the_reduced_picture_of_the_mosaic(config, photographs):
    choices = config("unprocessed", raw_dir=photographs, noise="none", reference="menon2007")
    for _, raw, reference, truth in open_dataset(choices).pairs["test"]:
        assert raw.shape == (20, 24, 4)
        assert truth.shape == reference.shape == (40, 48, 3)
        inner = np.abs(reference - truth)[4:-4, 4:-4]
        assert inner.mean() < 0.01
        shifted = np.abs(np.roll(reference, 1, 1) - truth)[4:-4, 4:-4]
        assert shifted.mean() > 1.5 * inner.mean()


def test_illuminant_and_noise_are_as_asked_for(config, photographs):
    stated = config("unprocessed", raw_dir=photographs, illuminant="4,2,3", noise="0.002")
    for frame in open_dataset(stated).raw.frames:
        assert frame.capture.gains == (2.0, 1.0, 1.5)
        assert frame.capture.noise[0] == 0.002
    usual = open_dataset(config("unprocessed", raw_dir=photographs, illuminant="default"))
    assert {frame.capture.gains for frame in usual.raw.frames} == {usual.sensor.default_gains}
    drawn = open_dataset(config("unprocessed", raw_dir=photographs)).raw.frames
    assert drawn[0].capture.gains != drawn[1].capture.gains


def test_withheld_metadata_changes_what_is_stated_and_not_the_samples(config, photographs):
    recorded = open_dataset(config("unprocessed", raw_dir=photographs))
    withheld = open_dataset(config("unprocessed", raw_dir=photographs, metadata="withheld"))
    assert withheld.contract == Contract(companding="sqrt")
    assert withheld.sensor.xyz_to_camera is None
    known, unknown = (dataset.raw.frames[0].load() for dataset in (recorded, withheld))
    np.testing.assert_array_equal(known.mosaic, unknown.mosaic)
    assert unknown.capture.gains is None
    assert (known.reference != unknown.reference).any()


def test_targets_are_reduced_as_the_sources_are(config, photographs):
    dataset = open_dataset(config("unprocessed", raw_dir=photographs, reduce=3))
    assert {item.size for item in dataset.targets.photographs} == {(26, 32)}
    assert {frame.size for frame in dataset.raw.frames} == {(26, 32)}
    item = dataset.targets.photographs[0]
    assert item.pixels().shape == (26, 32, 3)


def test_a_target_folder_takes_the_place_of_the_targets(
    config, photographs, tmp_path, write_photographs
):
    other = write_photographs(tmp_path / "look", 1, size=(64, 64), seed=7)
    dataset = open_dataset(config("unprocessed", raw_dir=photographs, target_dir=other))
    assert dataset.splits()["target"] == [(other / "photo0.png").as_posix()]
    assert len(dataset.splits()["raw"]) == 4


def test_skimages_scenes_need_no_download_and_are_seen_in_one_role_each(config):
    pytest.importorskip("skimage")
    dataset = open_dataset(config("unprocessed", raw_dir="skimage:", patch_size=96))
    scenes = [name for names in dataset.splits().values() for name in names]
    assert len(scenes) == len(set(scenes)) == 5
    assert set(dataset.splits()) == {"raw", "target", "test"}
    assert len(dataset.raw) >= 4
    raw, reference, truth = dataset.preview(1)[0]
    assert (raw.shape, reference.shape, truth.shape) == ((48, 48, 4), (96, 96, 3), (96, 96, 3))


def test_without_skimage_the_message_says_what_to_install(config, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'tfisp\[demo\]'"):
        open_dataset(config("unprocessed", raw_dir="skimage:"))


def test_the_benchmarks_photographs_come_back_without_cast_or_shift(config):
    path = shared("photos/splits.json")
    choices = config("unprocessed", splits=str(path), noise="none", patch_size=128)
    dataset = open_dataset(choices.replace(reference="menon2007"))
    assert {role: len(names) for role, names in dataset.splits().items()} == {
        "raw": 14,
        "target": 14,
        "val": 2,
        "test": 6,
    }
    _, reference, truth = dataset.pairs["val"].read(1)
    difference = (reference - truth)[8:-8, 8:-8]
    assert np.abs(difference.mean((0, 1))).max() < 0.004
    errors = {
        (down, along): np.square(np.roll(reference, (down, along), (0, 1)) - truth).mean()
        for down in (-1, 0, 1)
        for along in (-1, 0, 1)
    }
    assert min(errors, key=errors.get) == (0, 0)


def test_patches_of_a_pair_show_the_same_part(config, photographs):
    dataset = open_dataset(config("unprocessed", raw_dir=photographs, noise="none", augment="flip"))
    truth = to_float(dataset.raw.frames[0].load(target=True).target)
    for position in range(6):
        _, reference, target = dataset.raw.read_pair(0, (0, position))
        assert np.abs(reference - target).mean() < 0.02
        windows = np.lib.stride_tricks.sliding_window_view(truth, (16, 16), axis=(0, 1))
        both = [target, target[:, ::-1]]
        assert any((windows == np.moveaxis(t, 2, 0)).all((2, 3, 4)).any() for t in both)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[" * 100_000, "nested too deep"),
        (b'{"source": ["\xff"]}', "not valid JSON"),
        (b'{"source": ' + b"9" * 5000 + b"}", "not valid JSON"),
        (b"", "not valid JSON"),
    ],
)
def test_a_damaged_split_list_is_one_line(config, tmp_path, text, message):
    (tmp_path / "splits.json").write_bytes(text)
    with pytest.raises(InputError, match=f"--splits=.*splits.json: .*{message}"):
        open_dataset(config("unprocessed", splits=str(tmp_path / "splits.json")))


def test_a_look_changes_truths_and_targets_alone(config, photographs, tmp_path):
    look = tmp_path / "look.cube"
    # Halves red, keeps green, turns blue into its complement.
    look.write_text("LUT_1D_SIZE 2\n0 0 1\n.5 1 0\n")
    plain = open_dataset(config("unprocessed", raw_dir=photographs))
    looked = open_dataset(config("unprocessed", raw_dir=photographs, look=str(look)))

    def changed(pixels):
        return to_float(pixels) * [0.5, 1, -1] + [0, 0, 1]

    frames = [(plain.raw.frames[0], looked.raw.frames[0])]
    frames += [(plain.pairs[s].frames[0], looked.pairs[s].frames[0]) for s in ("val", "test")]
    for pair in frames:
        before, after = (frame.load(target=True) for frame in pair)
        np.testing.assert_array_equal(before.mosaic, after.mosaic)
        np.testing.assert_array_equal(before.reference, after.reference)
        np.testing.assert_allclose(to_float(after.target), changed(before.target), atol=1.1e-5)
    before, after = (dataset.targets.photographs[0].pixels() for dataset in (plain, looked))
    np.testing.assert_allclose(to_float(after), changed(before), atol=1.1e-5)
    # Another table at the same path is another look, although both are cached.
    look.write_text("LUT_1D_SIZE 2\n0 0 0\n1 1 1\n")
    again = open_dataset(config("unprocessed", raw_dir=photographs, look=str(look)))
    np.testing.assert_array_equal(again.targets.photographs[0].pixels(), before)


def test_a_look_that_is_none_is_refused(config, photographs, tmp_path):
    with pytest.raises(InputError, match=r"--look: .*none\.cube: cannot be read"):
        choices = config("unprocessed", raw_dir=photographs, look=str(tmp_path / "none.cube"))
        open_dataset(choices)
