"""The program `tfisp.inspect_raw`: what it prints, its exit codes, its one-line errors."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.helpers.dngs import gain_map, opcode_list, rationals, scene, write_dng
from tests.helpers.tiffs import LONG, SRATIONAL, write_frame
from tfisp import inspect_raw

MOSAIC = scene(64, 72, 64, 1000)


@pytest.fixture
def dng(tmp_path):
    return write_dng(
        tmp_path / "x.dng",
        MOSAIC,
        pattern="GRBG",
        black=((60, 61), (62, 63)),
        white=1023,
        neutral=(0.5, 1, 0.8),
        orientation=6,
        baseline_exposure=0.25,
        noise=(1e-4, 1e-6),
        matrices={21: np.eye(3)},
        opcodes2=opcode_list(gain_map(np.full((3, 4), 2), pitch=1, size=(64, 72))),
    )


def test_json_holds_every_fact(dng, capsys):
    assert inspect_raw.run([str(dng), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["pattern"] == "GRBG"
    assert facts["black_level"] == [[60, 61], [62, 63]]
    assert facts["white_level"] == 1023
    assert facts["gains"] == pytest.approx([2, 1, 1.25])
    assert (facts["height"], facts["width"], facts["orientation"]) == (64, 72, 6)
    assert facts["baseline_exposure"] == 0.25
    assert facts["noise"] == [[1e-4, 1e-6]]
    assert facts["shading"] == [3, 4]
    assert facts["xyz_to_camera"] == np.eye(3).tolist()
    assert facts["warnings"] == []
    assert (facts["default_crop"], facts["masked_black"], facts["unused"]) == (None, None, [])
    assert sum(sum(plane["histogram"]) for plane in facts["planes"]) == MOSAIC.size


def test_text_shows_facts_and_a_bar_per_plane(dng, capsys):
    assert inspect_raw.run([str(dng)]) == 0
    text = capsys.readouterr().out
    for words in ("GRBG", "60 61 / 62 63", "1023", "R 2.0000", "6 (to be turned", "map of 3 x 4"):
        assert words in text
    assert "Gr" in text
    assert text.count("#") > 16


def test_crop_masked_samples_and_unused_matrices_are_shown(tmp_path, capsys):
    size = (80, 96)
    frame = np.random.default_rng(0).normal(60, 2, size)
    frame[:, 16:] += scene(80, 80, 20, 900)
    tags = {
        50829: (LONG, [0, 16, 80, 96]),
        50830: (LONG, [0, 0, 80, 16]),
        50719: (LONG, [4, 6]),
        50720: (LONG, [70, 72]),
        50964: (SRATIONAL, list(rationals(np.eye(3).ravel()))),
    }
    path = write_frame(tmp_path / "x.dng", np.rint(frame).astype(np.uint16), tags=tags)
    assert inspect_raw.run([str(path)]) == 0
    text = capsys.readouterr().out
    assert "default crop   72 x 70 from row 6, column 4" in text
    assert "; stated 64 64 / 64 64: taken" in text
    assert "not used       ForwardMatrix1" in text
    assert inspect_raw.run([str(tmp_path)]) == 0  # the sensor goes by what is stated
    assert "RGGB, black 64, white 1023" in capsys.readouterr().out


def test_a_wrong_scale_is_a_warning(dng, capsys):
    assert inspect_raw.run([str(dng), "--sensor=zrr", "--white_level=255"]) == 0
    out = capsys.readouterr().out
    assert f"warning: maximum {MOSAIC.max()} exceeds the white level 255: 10-bit data?" in out


def test_several_files_give_one_line_each_and_the_bad_ones_are_named(dng, tmp_path, capsys):
    bad = tmp_path / "bad.dng"
    bad.write_bytes(dng.read_bytes()[:-100])
    assert inspect_raw.run(["--json", str(bad), str(dng), str(tmp_path / "none.dng")]) == 1
    captured = capsys.readouterr()
    first, second, third = (json.loads(line) for line in captured.out.splitlines())
    assert "truncated" in first["error"]
    assert second["pattern"] == "GRBG"
    assert third["file"].endswith("none.dng")
    assert len(captured.err.splitlines()) == 2
    assert "bad.dng: truncated" in captured.err


def test_a_headerless_file_is_described_by_flags(tmp_path, capsys):
    path = tmp_path / "x.raw"
    path.write_bytes(MOSAIC.astype(">u2").tobytes())
    flags = ["--raw_size=64x72", "--byte_order=big", "--pattern=BGGR", "--bits=10"]
    assert inspect_raw.run([str(path), *flags, "--black_level=60,61,62,63", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["pattern"], facts["white_level"]) == ("BGGR", 1023)
    assert facts["black_level"] == [[60, 61], [62, 63]]


def test_assumed_levels_are_noted(tmp_path, capsys):
    np.save(tmp_path / "x.npy", MOSAIC)
    (tmp_path / "x.json").write_text('{"pattern": "RGGB", "bits": 10}')
    assert inspect_raw.run([str(tmp_path / "x.npy")]) == 0
    assert "note: white level not stated" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], "at least one RAW file"),
        (["x.dng", "--sensor=zr"], "did you mean zrr"),
        (["x.dng", "--pattern=RGBG"], "pattern"),
        (["x.dng", "--black_level=64"], "need --pattern"),
        (["x.dng", "--pattern=RGGB"], "need --white_level"),
        (["x.dng", "--black_level=dark", "--pattern=RGGB"], "--black_level=dark"),
        (["x.dng", "--bits=10", "--white_level=1023"], "give one of them"),
        (["x.dng", "--sensor=zrr", "--black_level=2000"], "white level"),
        (["x.dng", "--raw_size=big"], "raw_size"),
    ],
)
def test_a_wrong_command_line_exits_with_two_and_one_line(flags, words, capsys):
    assert inspect_raw.run(flags) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""


def test_help_needs_neither_tensorflow_nor_a_decoder():
    code = (
        "import sys; from tfisp import inspect_raw; inspect_raw.run(['--help']);"
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'rawpy', 'cv2', 'tifffile')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "--json" in done.stdout
