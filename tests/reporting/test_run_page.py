"""The page of a run in a headless Chromium: it shows what the folder holds, and nothing else."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

from tests.helpers.chromium import Browser
from tests.helpers.data_files import scene
from tfisp import report
from tfisp.looks import write_cube
from tfisp.looks.look import Look
from tfisp.reporting import scenes
from tfisp.training.preview import Preview
from tfisp.training.recipes import RECIPES

# What would run, or break the page, if it were taken for markup.
NAUGHTY = "<img src=x onerror=document.title='broken'>&'\" </script>"
STEPS = {"pretrain": 40, "unpaired": 160}


def lines():
    """A log of both stages, the second of which drifts towards red."""
    for stage, (recipe, steps) in enumerate(STEPS.items()):
        for step in range(0, steps + 1, 2):
            place = {"stage": stage, "recipe": recipe, "step": step}
            yield place | {"val_ema/psnr": 20.0 + step / 10, "val_raw/psnr": 19.0}
            mean = 0.3 + 0.002 * step * stage
            colours = {f"color/{side}_{c}": 0.3 for side in ("generated", "target") for c in "rgb"}
            critic = {"critic/adv_color/margin": 0.1, "critic/adv_color/adversarial": 0.6}
            yield (
                place
                | colours
                | {
                    "loss/content": 100.0 / (step + 1),
                    "color/generated_r": mean,
                    "grad_norm/adv_color": 0.1,
                    **(critic if stage else {}),
                }
            )


def write_run(folder, only_half=False, every=40):
    """The folder of a run that is finished, or was interrupted in its second stage."""
    folder.mkdir()
    stages = [
        {"recipe": dataclasses.asdict(RECIPES[name]), "steps": steps}
        for name, steps in STEPS.items()
    ]
    data = {"name": "folders", "patch_size": 32}
    config = {"stages": stages, "data": data, "model": "efficient_isp", "batch_size": 8, "seed": 3}
    (folder / "run.json").write_text(json.dumps(config))
    kept = [line for line in lines() if not (only_half and line["stage"] and line["step"] > 30)]
    text = "".join(json.dumps(line) + "\n" for line in kept)
    (folder / "metrics.jsonl").write_text(text + ('{"stage": 1, "st' if only_half else ""))
    versions = {"notes": [f"a note {NAUGHTY}"], "backbones": {"vit": "random (seed 5)"}}
    (folder / "versions.json").write_text(json.dumps(versions))
    (folder / "flags.txt").write_text(f"--raw_dir={NAUGHTY}\n--seed=3\n")
    pictures = [scene(32, 32, seed).astype(np.float32) / 255 for seed in range(6)]
    dataset = SimpleNamespace(
        preview=lambda: [(raw, raw) for raw in pictures[:3]],
        targets=Photographs(pictures[3:]),
    )
    preview = Preview(dataset, folder / "pictures")
    for step in range(0, 201, every):
        preview.write(step, [raw * step / 200 for raw in pictures[:3]])
    if not only_half:
        distances = {"colour": 0.1, "content": 0.9}, {"colour": 0.05, "content": 0.88}
        verdict = dict(zip(("before", "after"), distances, strict=True)) | {"better": True}
        (folder / "verdict.json").write_text(json.dumps(verdict))
        time = {"seconds": 90.0, "starts": 2, "devices": ["a CPU"]}
        (folder / "time.json").write_text(json.dumps(time))
        write_cube(folder / "look.cube", Look.identity().cube())
    return folder


class Photographs(list):
    def read(self, index, seed):
        return self[index]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = write_run(tmp_path_factory.mktemp("runs") / "a<b>&run", every=20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scenes, "SHOWN", 5)
        assert report.run([str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture
def page(browser, finished):
    browser.begin(finished / "report.html")
    browser.wait("[...document.querySelectorAll('.pane img')].every(i => i.naturalWidth === 32)")
    yield browser
    assert browser.problems == []


def texts(page, selector):
    return page.run(f"[...document.querySelectorAll({selector!r})].map(e => e.textContent)")


def test_it_shows_all_and_asks_for_nothing_else(page, finished):
    assert all(url.startswith(finished.as_uri()) for url in page.requests)
    assert page.run("document.title") == "Run a<b>&run"
    assert page.run("document.querySelectorAll('img:not([alt])').length") == 0
    sick, known = texts(page, "#notes li")
    assert sick.startswith("unpaired step ") and "colours drift" in sick
    assert known == f"a note {NAUGHTY}"
    assert texts(page, "#verdict")[0].startswith("better: colours are 12.8 8-bit steps")
    assert texts(page, "h2") == [
        *("Verdict without pairs", "Pictures", "Validation", "Losses", "Colours", "Critics"),
        *("Look of the target photographs", "How it was made", "Command line"),
    ]
    facts = dict(zip(texts(page, "dt"), texts(page, "dd"), strict=True))
    assert facts["Time"] == "1.5 minutes, in 2 starts" and facts["Device"] == "a CPU"
    assert "vit: random (seed 5)" in facts["Random"] and "seed 3" in facts["Random"]
    assert NAUGHTY in texts(page, "pre")[1]


def test_the_slider_stands_between_start_and_end(page):
    views = texts(page, "#left option")
    assert page.run("document.getElementById('left').selectedOptions[0].text") == "after step 0"
    assert page.run("document.getElementById('right').selectedOptions[0].text") == "after step 200"
    assert {"after step 40", "reference", "target"} <= set(views) and len(views) == 5 + 2
    page.press("n")
    assert page.run("document.getElementById('place').textContent") == "2 of 3"
    before = page.run("document.getElementById('handle').style.left")
    page.run("document.getElementById('handle').focus()")
    page.press("ArrowRight")
    assert page.run("document.getElementById('handle').style.left") != before


@pytest.mark.parametrize("dark", [False, True])
def test_curves_can_be_read_on_any_ground(page, dark):
    page.window(500, 900, dark=dark)
    assert page.run("document.documentElement.scrollWidth") <= 500
    assert "content 0.6211" in texts(page, ".legend li")  # the last value, 100 / 161
    ground, *strokes = page.run(
        "[getComputedStyle(document.querySelector('.chart')).backgroundColor,"
        "...[...document.querySelectorAll('.chart polyline')].map(e => getComputedStyle(e).stroke)]"
    )
    light = [sum(map(int, colour[4:-1].split(","))) / 3 for colour in (ground, *strokes)]
    assert all(abs(stroke - light[0]) > 60 for stroke in light[1:])


def test_an_interrupted_run_is_shown_from_what_there_is(tmp_path):
    folder = write_run(tmp_path / "run", only_half=True)
    assert report.run([str(folder)]) == 0
    page = (folder / "report.html").read_text()
    assert "Stopped after 70 of 200 steps; the same command continues." in page
    assert "Verdict" not in page and "Look of" not in page
    assert page.count("<figure") == 4


def test_a_run_that_has_only_begun_is_shown_too(tmp_path):
    folder = write_run(tmp_path / "run")
    for name in ("metrics.jsonl", "versions.json", "flags.txt", "time.json", "verdict.json"):
        (folder / name).unlink()
    assert report.run([str(folder)]) == 0


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [([], 2, "name the folder of a run"), (["."], 1, "no run.json")],
)
def test_mistakes_get_one_line(tmp_path, monkeypatch, capsys, words, code, message):
    monkeypatch.chdir(tmp_path)
    assert report.run(words) == code
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_a_damaged_verdict_is_named(tmp_path, capsys):
    folder = write_run(tmp_path / "run")
    (folder / "verdict.json").write_text('{"before": 3}')
    assert report.run([str(folder)]) == 1
    assert "verdict.json" in capsys.readouterr().err
