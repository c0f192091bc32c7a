"""`--gain_map`: lens shading from a file does what the same map in a DNG does, and only there."""

import json

import numpy as np
import pytest

from tests.helpers.dngs import gain_map, opcode_list, scene, write_dng
from tfisp import inspect_raw, process
from tfisp.contract import Contract, normalise
from tfisp.data import DataConfig, open_dataset
from tfisp.errors import InputError
from tfisp.models.presets import DEFAULT_PRESET
from tfisp.raw import read_raw
from tfisp.rawfiles.gainmap import read_gain_map

SIZE = (64, 96)
SITES = ((0, 0), (0, 1), (1, 0), (1, 1))
GAINS = np.random.default_rng(3).uniform(1, 2.5, (4, 5, 4)).astype(np.float32)
LEVELS = {"black": ((60, 61), (62, 63)), "white": 1023}


@pytest.fixture
def files(tmp_path):
    """The same frame with a map of its own, and without, beside the map's file."""
    maps = (gain_map(GAINS[..., k], site=site, size=SIZE) for k, site in enumerate(SITES))
    mosaic = scene(*SIZE, 64, 500)
    for folder, more in (("own", {"opcodes2": opcode_list(*maps)}), ("bare", {})):
        (tmp_path / folder).mkdir()
        write_dng(tmp_path / folder / "a.dng", mosaic, pattern="GRBG", **LEVELS, **more)
    np.save(tmp_path / "map.npy", GAINS)
    return tmp_path


def test_a_map_from_a_file_is_that_of_the_dng(files):
    own = read_raw(files / "own" / "a.dng")[2]
    bare = read_raw(files / "bare" / "a.dng", gain_map=read_gain_map(files / "map.npy"))[2]
    np.testing.assert_array_equal(own.shading, bare.shading)
    assert own.frame_size == bare.frame_size == SIZE


def test_one_plane_holds_for_all_sites(files):
    np.save(files / "one.npy", GAINS[..., 2].astype(np.float64))
    found = read_gain_map(files / "one.npy")
    np.testing.assert_array_equal(found, np.repeat(GAINS[..., 2:3], 4, axis=2))


def test_a_shaded_frame_without_metadata_comes_out_flat(tmp_path):
    """A grey surface behind a lens whose light falls off linearly in both directions."""
    y, x = np.abs(np.linspace(-1, 1, 64))[:, None], np.abs(np.linspace(-1, 1, 64))
    gain = 1 + 0.5 * y + 0.25 * x
    np.save(tmp_path / "a.npy", np.rint(64 + 800 / gain).astype(np.uint16))
    (tmp_path / "a.json").write_text(
        json.dumps({"pattern": "RGGB", "black_level": 64, "white_level": 1023})
    )
    at = np.abs(np.linspace(-1, 1, 33))
    np.save(tmp_path / "map.npy", 1 + 0.5 * at[:, None] + 0.25 * at)
    mosaic, sensor, capture = read_raw(
        tmp_path / "a.npy", gain_map=read_gain_map(tmp_path / "map.npy")
    )
    plain = Contract(shading=True)
    whole = normalise(mosaic, sensor, capture, plain)
    np.testing.assert_allclose(whole, 800 / 959, rtol=0.012)
    # A part of the frame finds its place in the map.
    part = normalise(mosaic[32:, 10:], sensor, capture, plain, (32, 10))
    np.testing.assert_array_equal(part, whole[32:, 10:])


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.ones((4, 5, 3)), "expected gains [rows, columns, 4]"),
        (np.ones(4), "expected gains [rows, columns, 4]"),
        (np.zeros((4, 5)), "not a number above 0"),
        (np.full((2, 2), np.nan), "not a number above 0"),
    ],
)
def test_what_is_no_map_is_refused(tmp_path, array, words):
    np.save(tmp_path / "map.npy", array)
    with pytest.raises(InputError) as caught:
        read_gain_map(tmp_path / "map.npy")
    assert words in str(caught.value) and str(tmp_path / "map.npy") in str(caught.value)


def test_a_file_with_a_map_of_its_own_is_refused_by_name(files):
    with pytest.raises(InputError, match=r"own/a\.dng: states a lens shading map of its own"):
        read_raw(files / "own" / "a.dng", gain_map=GAINS)
    data = {"cache_dir": str(files / "cache"), "patch_size": 32, "reference": "bilinear"}
    config = DataConfig(
        "folders", raw_dir=str(files / "own"), gain_map=str(files / "map.npy"), **data
    )
    with pytest.raises(InputError, match=r"own/a\.dng: states a lens shading map"):
        open_dataset(config)


def test_training_reads_the_same_patches_as_from_the_dng_with_the_map(files):
    def patches(folder, **options):
        config = DataConfig(
            "folders",
            raw_dir=str(files / folder),
            cache_dir=str(files / "cache"),
            patch_size=32,
            reference="bilinear",
            **options,
        )
        raw = open_dataset(config).raw
        return raw.frames[0].content, [raw.read(k, (0, k)) for k in range(3)]

    plain, without = patches("bare")
    mapped, found = patches("bare", gain_map=str(files / "map.npy"))
    _, expected = patches("own")
    assert plain != mapped
    for k in range(3):
        for mine, wanted, before in zip(found[k], expected[k], without[k], strict=True):
            np.testing.assert_array_equal(mine, wanted)
            assert np.abs(mine - before).max() > 0.05
    assert patches("bare")[0] == plain  # samples in the cache serve both


def test_only_files_that_state_their_sensor_have_shading():
    with pytest.raises(InputError, match=r"--gain_map=x\.npy: --data=zrr has no lens shading"):
        DataConfig("zrr", gain_map="x.npy")


def test_programs_take_the_flag(files, capsys):
    pictures = []
    for folder, flags in (("own", []), ("bare", [f"--gain_map={files / 'map.npy'}"])):
        output = files / f"{folder}_out"
        words = [str(files / folder / "a.dng"), f"--output={output}", *flags]
        assert process.run([*words, f"--model={DEFAULT_PRESET}"]) == 0
        pictures.append((output / "a.png").read_bytes())
        assert inspect_raw.run([str(files / folder / "a.dng"), *flags]) == 0
        shown = capsys.readouterr().out
        assert "map of 4 x 5" in shown and "(gains, corners over centre)" in shown
    assert pictures[0] == pictures[1]
    assert process.run([*words[:2], f"--gain_map={files / 'none.npy'}"]) == 1
    assert "--gain_map: " in capsys.readouterr().err
