"""The program `tfisp.doctor`: planted faults are named, each alone, and a clean set is not."""

import json
import re
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.helpers.checkup_files import (
    COUNT,
    SRGB,
    natural,
    write_photographs,
    write_raw,
    write_raws,
)
from tests.helpers.chromium import Browser
from tests.helpers.pair_files import BLACK, GAINS, WHITE, mosaic_of
from tfisp import doctor
from tfisp.checkup import survey


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """Folders of clean RAW files and photographs."""
    root = tmp_path_factory.mktemp("clean")
    write_raws(root / "raw")
    write_photographs(root / "look")
    return root


@pytest.fixture
def examine(clean, tmp_path):
    """Examines folders: exit code and findings by name."""

    def run(raw=clean / "raw", look=clean / "look", *more):
        words = [f"--raw_dir={raw}", f"--target_dir={look}", f"--output={tmp_path / 'out'}"]
        code = doctor.run([*words, f"--cache_dir={tmp_path / 'cache'}", "--cache_gb=0", *more])
        facts = json.loads((tmp_path / "out" / doctor.FACTS).read_text())
        return code, {item["name"]: item for item in facts["findings"]}

    return run


@pytest.fixture
def no_look(monkeypatch):
    """Leaves out the fit of a look, which takes longest and is off where anything else is."""
    monkeypatch.setattr(survey, "fit_populations", lambda *sides, **options: None)


def test_a_clean_set_gives_no_finding(examine, tmp_path, capsys):
    code, found = examine()
    assert (code, found) == (0, {})
    assert capsys.readouterr().out == f"nothing found: {tmp_path / 'out' / doctor.PAGE}\n"
    facts = json.loads((tmp_path / "out" / doctor.FACTS).read_text())
    assert facts["scenes"] == {"raw": 26, "target": 26}
    assert facts["sensors"][0]["patterns"] == {"RGGB": 26}
    np.testing.assert_allclose(facts["sensors"][0]["gains"]["red"], 1, atol=1e-3)  # log2 of 2
    assert len(facts["references"]["spectrum"]) == len(facts["frequencies"]) == 16
    assert facts["look"]["spread_db"]["matrix"] > 30


def shaded(picture, number):
    """Corners with a sixth of the light."""
    at = np.linspace(-1, 1, len(picture))
    light = 1 / (1 + 2.5 * (at[:, None] ** 2 + at**2))
    return np.rint(picture * light[..., None] ** (1 / 2.2)).astype(np.uint8)


def lit(picture, number):
    """White balance that is wrong by a random amount."""
    gains = 2.0 ** np.array([*np.random.default_rng(number).normal(0, 1, 2), 0])[[0, 2, 1]]
    return np.rint(np.clip(picture * gains ** (1 / 2.2), 0, 255)).astype(np.uint8)


# What is changed, whether that makes training pointless, and what else follows from it.
RAW_FAULTS = {
    "black_level": ({"black": 0}, True),
    "black_level too high": ({"black": 250}, True),
    "clipped": ({"light": 5}, True, "exposure_gap"),
    "exposure_gap": ({"light": 0.3}, False, "white_level"),
    "white_level": ({"white": 16383}, True, "exposure_gap"),
    "no_white_balance": ({"neutral": None}, False),
    "cast": ({"neutral": (0.8, 1, 0.35)}, False),
    "shading": ({"change": shaded}, False),
    "one_scene": ({"change": lambda picture, number: natural(0)}, True),
    "few_scenes": ({"change": lambda picture, number: natural(number % 5)}, False),
}


@pytest.mark.parametrize("fault", RAW_FAULTS)
def test_a_fault_of_the_raw_files_is_named(fault, examine, tmp_path, no_look):
    options, pointless, *follows = RAW_FAULTS[fault]
    code, found = examine(write_raws(tmp_path / "raw", **options))
    name = fault.split()[0]
    assert found.keys() == {name, *follows}
    assert any(item["pointless"] for item in found.values()) == pointless
    assert code == int(pointless)
    assert "--" in found[name]["advice"]


PHOTOGRAPH_FAULTS = {
    "monochrome": (lambda picture, number: picture[..., 1:2].repeat(3, axis=2), True),
    "smooth": (lambda picture, number: cv2.GaussianBlur(picture, (0, 0), 1.2), False),
    "jpeg_blocks": (
        lambda picture, number: cv2.imdecode(cv2.imencode(".jpg", picture, [1, 8])[1], 1),
        False,
    ),
    "dark_or_bright": (lambda picture, number: picture // (40 if number < 3 else 1), False),
    "copies": (lambda picture, number: natural(1000 + number % 20), False),
    "same_pictures": (lambda picture, number: natural(number) if number < 3 else picture, False),
    "white_balance_scatter": (lit, False),
}


@pytest.mark.parametrize("fault", PHOTOGRAPH_FAULTS)
def test_a_fault_of_the_photographs_is_named(fault, examine, tmp_path, clean, no_look):
    change, pointless = PHOTOGRAPH_FAULTS[fault]
    code, found = examine(clean / "raw", write_photographs(tmp_path / "look", change))
    assert found.keys() == {fault}
    assert found[fault]["pointless"] == pointless
    assert code == int(pointless)


def write_described(folder, number, **facts):
    """A mosaic with a description beside it."""
    folder.mkdir(exist_ok=True)
    np.save(folder / f"{number}.npy", mosaic_of(natural(number)))
    levels = {"pattern": "RGGB", "black_level": BLACK, "white_level": WHITE, "white_balance": GAINS}
    (folder / f"{number}.json").write_text(json.dumps(levels | {"xyz_to_camera": SRGB} | facts))


def test_extreme_iso_and_mixed_sensors_are_named(examine, tmp_path, clean, no_look):
    for number in range(COUNT):
        write_described(tmp_path / "raw", number, iso=50 if number else 12800)
    code, found = examine(tmp_path / "raw")
    assert (code, found.keys()) == (0, {"iso_spread"})
    assert "from 50 to 12800" in found["iso_spread"]["text"]
    assert found["iso_spread"]["files"][0] == "0.npy"
    for number in range(3):
        write_described(tmp_path / "raw", number, iso=50, name="other")
    code, found = examine(tmp_path / "raw", clean / "look", "--strict")
    assert (code, found.keys()) == (1, {"mixed_sensors"})
    assert (found["mixed_sensors"]["count"], found["mixed_sensors"]["files"][0]) == (3, "0.npy")


def test_files_in_two_roles_are_named(examine, tmp_path, clean, no_look):
    pairs = tmp_path / "val"
    for number in (100, 101):
        write_raw(pairs, f"{number}", natural(number))
        cv2.imwrite(str(pairs / f"{number}.png"), natural(number)[..., ::-1])
    look = write_photographs(tmp_path / "look")
    shutil.copy(pairs / "100.png", look / "copy.png")  # the same file
    brighter = np.clip(natural(101) * 1.1, 0, 255).astype(np.uint8)
    cv2.imwrite(str(look / "alike.png"), brighter[..., ::-1])
    _, found = examine(clean / "raw", look, f"--val_pairs={pairs}")
    assert found.keys() == {"two_roles", "held_out_seen"}
    assert found["two_roles"]["files"] == [str(look / "copy.png")]
    assert found["held_out_seen"]["files"][0].endswith(f"101.dng and {look / 'alike.png'}")


def test_what_cannot_be_read_or_converted_is_listed(examine, tmp_path, capsys, no_look):
    raw, look = write_raws(tmp_path / "raw"), write_photographs(tmp_path / "look")
    (raw / "cut.dng").write_bytes((raw / "0.dng").read_bytes()[:500])
    (look / "empty.png").touch()
    odd = Image.fromarray(natural(1000))
    odd.save(look / "0.png", icc_profile=b"no profile" * 20)
    code, found = examine(raw, look)
    assert (code, found.keys()) == (0, {"set_aside", "colour_profile"})
    assert set(found["set_aside"]["files"]) == {str(raw / "cut.dng"), str(look / "empty.png")}
    assert found["colour_profile"]["files"] == ["0.png"]
    out, err = capsys.readouterr()
    assert err.count("skipped: ") == err.count("\n") == 2
    assert [line.split(":")[1].strip() for line in out.splitlines()[:2]] == [
        "colour_profile",
        "set_aside",
    ]


def test_a_raw_file_alone_is_one_scene(tmp_path):
    write_raw(tmp_path / "raw", "only", natural(0), orientation=6)
    words = [f"--raw_dir={tmp_path / 'raw'}", f"--cache_dir={tmp_path / 'cache'}"]
    code = doctor.run([*words, f"--output={tmp_path / 'out'}"])
    facts = json.loads((tmp_path / "out" / doctor.FACTS).read_text())
    assert code == 1
    assert [item["name"] for item in facts["findings"]] == ["one_scene"]
    assert facts["photographs"] is facts["look"] is None
    assert facts["sensors"][0]["orientations"] == {"6": 1}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--raw_dir=none"], 1, "--raw_dir=none"),
        ([], 1, "--raw_dir: not given"),
        (["--scenes=0"], 2, "--scenes=0"),
        (["--output=FILE"], 2, "not a folder"),
    ],
)
def test_mistakes_are_one_line(words, code, message, tmp_path, capsys):
    (tmp_path / "file").touch()
    words = [word.replace("FILE", str(tmp_path / "file")) for word in words]
    assert doctor.run([f"--output={tmp_path / 'out'}", *words]) == code
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


# What would run, or break the page, if it were taken for markup.
NAUGHTY = "<img src=x onerror=document.title='broken'>&'\" <script>"


def test_the_page_makes_text_of_names_and_asks_for_nothing(examine, tmp_path, clean, no_look):
    look = write_photographs(tmp_path / "look")
    for number in range(6):
        (look / f"{number}.png").rename(look / f"{NAUGHTY}{number}.png")
        Image.open(look / f"{NAUGHTY}{number}.png").convert("L").save(
            look / f"{NAUGHTY}{number}.png"
        )
    examine(clean / "raw", look)
    page = tmp_path / "out" / doctor.PAGE
    text = page.read_text(encoding="utf-8")
    assert "<img src=x" not in text
    assert not re.findall(r"(?:src|href)=[\"']?(?:http|//)", text)
    with Browser() as browser:
        browser.open(page)
        browser.wait("document.querySelectorAll('.strip img').length === 24")
        assert browser.run("document.title") == "Checkup of raw and look"
        assert NAUGHTY in browser.run("document.querySelector('#findings').textContent")
        assert "monochrome" in browser.run("document.querySelector('#findings').textContent")
        assert browser.run("document.querySelectorAll('svg polyline').length") == 7
        assert browser.problems == []
        others = [one for one in browser.requests if not one.startswith("data:")]
        assert others == [page.resolve().as_uri()]


def test_tensorflow_is_not_loaded(clean, tmp_path):
    code = (
        "import sys\nfrom tfisp import doctor\ncode = doctor.run(sys.argv[1:])\n"
        "heavy = [name for name in ('tensorflow', 'keras') if name in sys.modules]\n"
        "assert not heavy, heavy\nsys.exit(code)"
    )
    words = [f"--raw_dir={clean / 'raw'}", f"--target_dir={clean / 'look'}", "--cache_gb=0"]
    command = [sys.executable, "-c", code, *words, f"--output={tmp_path / 'out'}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
