"""The program `tfisp.zoo`: its tables, its JSON, its page in the documentation."""

import json
import re
from pathlib import Path

import pytest

from tests.helpers.network_cases import BY_NAME
from tfisp import models, zoo
from tfisp.surveying.results import Results

ROOT = Path(__file__).resolve().parents[1]


def rows(text, title):
    """Name in the first cell -> the other cells, of the table under a heading."""
    section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.M | re.S)[1]
    found = re.findall(r"^\| `(\w+)` \| (.+) \|$", section, re.M)
    return {name: [cell.strip() for cell in cells.split(" | ")] for name, cells in found}


def test_tables_and_json_say_the_same(capsys, tmp_path):
    path = tmp_path / "zoo.json"
    words = ["--model=efficient_isp,rmfa_net_medium", "--size=64x96", f"--json={path}"]
    assert zoo.run([*words, "--latency", "--latency_size=64x96", "--rounds=2"]) == 0
    printed = capsys.readouterr().out
    facts = json.loads(path.read_text())
    first, second = facts["networks"]
    # 3 layers of 9 places, 12 channels each, of 4, 12 and 12, at 32x48 packed samples.
    assert first["converted"]["macs"] == 32 * 48 * 9 * 12 * 28
    ratio = first["latency"]["ratio"]
    assert 0.3 < ratio < 3  # with itself
    table = rows(printed, "Networks")
    assert table["efficient_isp"][:4] == ["packed", "3,060", "14", "0.004645"]
    assert table["efficient_isp"][-2:] == ["yes", f"{ratio:.2f}"]
    assert second["converted"] == {"why_not": "not converted: --export=all"}
    assert table["rmfa_net_medium"][:3] == ["split", "107,283", "whole"]
    assert "not converted: --export=all" in table["rmfa_net_medium"]
    operations = rows(printed, "Operations")
    assert operations["efficient_isp"] == ["CONV_2D x3, TANH, DEPTH_TO_SPACE", "yes"]
    assert "**One seed** (0)" in printed
    assert rows(printed, "Methods")["unpaired_plus"][3] == "25.27"  # docs/UNPAIRED_PLUS.md
    assert printed.splitlines()[-1] == str(path)


def test_an_interrupted_survey_goes_on_and_a_finished_one_is_made_anew(capsys, tmp_path):
    path = tmp_path / "zoo.json"
    words = ["--model=dh_isp,robust_isp", "--export=none", f"--json={path}"]
    assert zoo.run(words) == 0
    whole = json.loads(path.read_text())
    assert whole["finished"] and len(whole["networks"]) == 2
    cut = whole | {"finished": False, "networks": whole["networks"][:1]}
    cut["networks"][0]["declared"]["parameters"] = 77  # to be seen that it is taken
    path.write_text(json.dumps(cut))
    capsys.readouterr()
    assert zoo.run([*words[:2], "--size=64x96", words[2]]) == 0  # other options: all anew
    path.write_text(json.dumps(cut))
    assert "| 77 |" not in capsys.readouterr().out
    assert zoo.run(words) == 0
    assert "| `dh_isp` | packed | 77 |" in capsys.readouterr().out
    assert zoo.run(words) == 0
    assert "| `dh_isp` | packed | 4,652 |" in capsys.readouterr().out


def test_another_file_is_not_overwritten(capsys, tmp_path):
    path = tmp_path / "other.json"
    path.write_text("[1]")
    assert zoo.run(["--model=dh_isp", "--export=none", f"--json={path}"]) == 2
    assert "holds something else, and is not overwritten" in capsys.readouterr().err
    assert path.read_text() == "[1]"


@pytest.mark.parametrize(
    "words, message",
    [
        (["--model=efficent_isp"], "--model=efficent_isp: unknown; did you mean efficient_isp?"),
        (["--rounds=3"], "--rounds: has no effect without --latency"),
        (["--latency", "--export=none"], "--latency: needs converted networks"),
        (["--json=."], "--json=.: is a folder, expected a file"),
        (["efficient_isp"], "unexpected argument 'efficient_isp'"),
    ],
)
def test_mistakes_are_told_before_the_work(words, message, capsys):
    assert zoo.run(words) == 2
    assert message in capsys.readouterr().err


def test_networks_cannot_be_timed_at_a_size_that_the_reference_cannot_give(capsys):
    assert zoo.run(["--model=lan", "--latency", "--latency_size=63x64"]) == 1
    assert "--size=63x64: efficient_isp needs sides divisible by 2" in capsys.readouterr().err


def test_the_page_shows_every_network_and_the_results_that_are_kept():
    text = (ROOT / "docs" / "ZOO.md").read_text(encoding="utf-8")
    costs = rows(text, "Networks")
    assert list(costs) == list(rows(text, "Operations")) == models.names()
    for name, (form, parameters, *_) in costs.items():
        assert int(parameters.replace(",", "")) == BY_NAME[name].parameters
        assert form in ("packed", "split", "mosaic")
    kept = Results.kept()
    for name, (_, psnr, ssim, *_) in rows(text, "Quality after the same budget").items():
        found = kept.networks.get(name)
        expected = [f"{found['psnr']:.2f}", f"{found['ssim']:.3f}"] if found else ["not run", "-"]
        assert [psnr, ssim] == expected
