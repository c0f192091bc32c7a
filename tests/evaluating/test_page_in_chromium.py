"""The page of a report in a headless Chromium: nothing asked of a network, everything answers."""

import csv
import json
import re
import time

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.helpers.chromium import Browser
from tfisp import evaluate
from tfisp.evaluating.page import filled

# What would run, or break the page, if it were taken for markup.
NAUGHTY = "<img src=x onerror=document.title='broken'>&'\" </script>"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Twelve pictures of 80 x 60 by two systems; the later an image, the worse `soft` is.

    The first three say that they were taken at ISO 200.
    """
    root = tmp_path_factory.mktemp("report")
    rng = np.random.default_rng(0)
    names = [*(f"image {number}" for number in range(11)), NAUGHTY.replace("/", "")]
    for number, name in enumerate(names):
        truth = cv2.GaussianBlur(rng.integers(0, 256, (60, 80, 3)).astype(np.uint8), (0, 0), 1)
        for folder, picture in (
            ("truth", truth),
            ("noisy", np.clip(truth + rng.normal(0, 8, truth.shape), 0, 255).astype(np.uint8)),
            ("so<b>ft", cv2.GaussianBlur(truth, (0, 0), 0.5 + 0.2 * number)),
        ):
            (root / folder).mkdir(exist_ok=True)
            exif = Image.Exif()
            exif[0x0112] = 1
            exif.get_ifd(0x8769)[0x8827] = 200
            Image.fromarray(picture).save(
                root / folder / f"{name}.png",
                exif=exif if folder == "truth" and number < 3 else None,
            )
    code = evaluate.run(
        [
            f"--pictures={root / 'so<b>ft'},{root / 'noisy'}",
            f"--truth={root / 'truth'}",
            f"--output={root / 'out'}",
        ]
    )
    assert code == 0
    return root / "out/report.html"


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture
def page(browser, report):
    browser.begin(report)
    browser.wait("[...document.querySelectorAll('.pane img')].every(i => i.naturalWidth === 80)")
    yield browser
    assert browser.problems == []


def column(page, table, number):
    """The texts of a column, from the first row on."""
    return page.run(
        f"[...document.querySelectorAll('#{table} tbody tr')]"
        f".map(row => row.children[{number}].textContent)"
    )


def middle(page, element):
    """The middle of an element, in the window."""
    return tuple(
        page.run(
            f"(() => {{ const e = document.getElementById('{element}');"
            "e.scrollIntoView({ block: 'center' }); const box = e.getBoundingClientRect();"
            "return [box.left + box.width / 2, box.top + box.height / 2]; })()"
        )
    )


def click_head(page, table, number):
    page.run(f"document.querySelectorAll('#{table} thead button')[{number}].click()")


def transforms(page):
    return page.run("[...document.querySelectorAll('.pane img')].map(i => i.style.transform)")


def test_nothing_is_asked_of_a_network_and_names_stay_text(page, report):
    assert page.requests[0] == report.as_uri() and len(page.requests) > 3
    assert all(url.startswith(report.parent.as_uri()) for url in page.requests)
    assert page.run("document.title") == f"Pictures beside {report.parents[1] / 'truth'}"
    assert page.run("document.querySelectorAll('b:not(.reach b), img:not([alt])').length") == 0
    assert "so<b>ft" in column(page, "summary", 0)
    assert NAUGHTY.replace("/", "") in column(page, "images", 0)
    # Of large pictures only those that are seen are fetched, and the next ones.
    assert sum(url.endswith(".png") for url in page.requests) <= 4


def test_heads_sort_and_the_worst_comes_first(page):
    expected = [f"image {number}" for number in range(10, -1, -1)]
    assert column(page, "images", 0)[1:] == expected  # by the first system
    first = column(page, "images", 1)
    assert [float(x) for x in first] == sorted(map(float, first))
    click_head(page, "images", 1)
    assert column(page, "images", 1) == first[::-1]
    click_head(page, "images", 0)
    assert column(page, "images", 0)[1:] == expected[::-1]  # 2 before 10
    before = column(page, "summary", 0)
    cells = column(page, "summary", 1)
    assert ["\u0394" in cell for cell in cells] == [False, True]
    signed = r"[+\u2212]\d+\.\d+"
    assert re.search(rf"\u0394 {signed} \[{signed}, {signed}\]", cells[1])
    click_head(page, "summary", 1)
    assert column(page, "summary", 0) == before[::-1]
    assert page.run("document.querySelectorAll('#summary [aria-sort]').length") == 1
    # Of another measure less is better: the worst is the greatest.
    page.run(
        "{const s = document.getElementById('measure'); s.value = 2;"
        "s.dispatchEvent(new Event('change'))}"
    )
    values = [float(x) for x in column(page, "images", 1)]
    assert values == sorted(values, reverse=True)


def test_means_by_sensitivity(page, report):
    assert column(page, "groups", 0) == ["ISO 101 to 400 (3*)", "", "ISO unknown (9*)", ""]
    assert column(page, "groups", 1)[:2] == ["so<b>ft", "noisy"]
    stated = json.loads((report.parent / "summary.json").read_text())["by_iso"]
    with (report.parent / "images.csv").open() as file:
        psnr = [
            float(row["psnr"])
            for row in csv.DictReader(file)
            if row["system"] == "noisy" and row["image"] in ("image 0", "image 1", "image 2")
        ]
    assert stated[0]["images"] == 3
    assert stated[0]["results"]["noisy"]["psnr"]["mean"] == pytest.approx(np.mean(psnr))
    assert column(page, "groups", 2)[1].startswith(f"{np.mean(psnr):.2f}[")


def test_the_slider_moves_by_pointer_and_keyboard(page):
    x, y = middle(page, "handle")
    clip = "document.getElementById('pane-b').style.clipPath"
    assert page.run(clip) == "inset(0px 0px 0px 50%)"
    page.drag((x, y), (x - 300, y))
    width = page.run("document.getElementById('stage').clientWidth")
    share = page.run("Number(document.getElementById('handle').getAttribute('aria-valuenow'))")
    assert share == pytest.approx(50 - 100 * 300 / width, abs=1)
    page.run("document.getElementById('handle').focus()")
    page.press("Home")
    assert page.run(clip) == "inset(0px 0px 0px 0%)"
    for _ in range(3):
        page.press("ArrowRight")
    assert page.run(clip) == "inset(0px 0px 0px 6%)"


def test_both_pictures_zoom_together_to_one_to_one(page):
    page.run("document.getElementById('stage').focus()")
    page.press("1")
    assert page.run("document.getElementById('percent').textContent") == "100 %"
    one, other = transforms(page)
    assert one == other and "scale(1)" in one
    page.window(1200, 900, density=2)
    page.press("1")
    assert "scale(0.5)" in transforms(page)[0]  # a pixel of the picture on one of the screen
    page.press("0")
    fitted = transforms(page)
    x, y = middle(page, "stage")
    page.mouse("mouseWheel", x + 100, y, deltaX=0, deltaY=-200)
    page.wait(f"document.querySelector('.pane img').style.transform !== {fitted[0]!r}")
    zoomed = transforms(page)
    assert zoomed[0] == zoomed[1] != fitted[0]
    page.press("ArrowLeft")
    assert transforms(page)[0] == transforms(page)[1] != zoomed[0]
    page.press("b")  # side by side: each in its own pane, the same part
    page.press("1")
    numbers = [[float(x) for x in re.findall(r"[-.\d]+", one)] for one in transforms(page)]
    assert numbers[0] == pytest.approx(numbers[1], abs=0.5)  # but for pixels of the screen
    lefts = page.run(
        "[...document.querySelectorAll('.pane img')].map(i => 2 * i.getBoundingClientRect().left)"
    )
    assert lefts == pytest.approx([round(left) for left in lefts], abs=1e-3)
    # Two fingers, apart by twice as much as before.
    page.press("0")
    x, y = middle(page, "stage")
    scale = "new DOMMatrix(document.querySelector('.pane img').style.transform).a"
    before = page.run(scale)
    for kind, reach in (("touchStart", 40), ("touchMove", 80), ("touchEnd", None)):
        ways = (-1, 1) if reach else ()
        points = [{"x": x - 200 + way * reach, "y": y, "id": 1 + way} for way in ways]
        page.send("Input.dispatchTouchEvent", type=kind, touchPoints=points)
    assert page.run(scale) == pytest.approx(2 * before, rel=0.05)


def test_the_keyboard_goes_through_images_and_views(page):
    caption = "document.getElementById('caption').textContent"
    worst = NAUGHTY.replace("/", "")
    assert page.run(caption).startswith(f"{worst}, 80\u00d760. A: so<b>ft (psnr ")
    page.press("n")
    assert page.run(caption).startswith("image 10, 80\u00d760")
    assert page.run("document.querySelector('[aria-current] th').textContent") == "image 10"
    page.press("x")
    assert "A: truth. B: so<b>ft (psnr" in page.run(caption)
    page.press("d")
    layers = "getComputedStyle(document.getElementById('layers'))"
    assert page.run(f"{layers}.filter") == "brightness(8)"
    assert page.run("getComputedStyle(document.getElementById('pane-b')).mixBlendMode") == (
        "difference"
    )
    fitted = transforms(page)
    page.press("h")
    assert page.run("document.querySelectorAll('#chart polygon').length") == 3
    assert page.run(f"{layers}.visibility") == "hidden"
    page.press("p")
    page.press("s")
    assert page.run(f"{layers}.visibility") == "visible" and transforms(page) == fitted
    assert page.run("document.getElementById('previous').disabled")
    # A figure in the table shows that picture.
    page.run("document.querySelector('#images tbody tr:last-child td:nth-child(3) button').click()")
    assert page.run(caption).startswith("image 0, 80\u00d760. A: noisy")
    assert page.run("document.activeElement.id") == "stage"


@pytest.mark.parametrize("dark", [False, True])
def test_a_narrow_window_has_no_second_scroll_bar_and_colours_follow_the_system(page, dark):
    page.window(360, 700, dark=dark)
    root = "document.documentElement"
    assert page.run(f"{root}.scrollWidth") == 360
    page.press("b")
    boxes = page.run(
        "['pane-a', 'pane-b'].map(id => document.getElementById(id).getBoundingClientRect().left)"
    )
    assert boxes[0] == boxes[1]  # below one another
    colour = "getComputedStyle(document.body).backgroundColor"
    light, night = "rgb(246, 246, 245)", "rgb(23, 24, 26)"
    assert page.run(colour) == (night if dark else light)
    theme = "document.getElementById('theme').click()"
    page.run(theme)
    assert page.run(colour) == light
    page.run(theme)
    assert page.run(colour) == night


def test_two_hundred_images_stay_fluent(browser, tmp_path):
    """Hundreds of rows and large pictures: opening, sorting and going on take a moment each."""
    random = np.random.default_rng(0)
    (tmp_path / "pictures").mkdir()
    large = np.kron(random.integers(0, 256, (30, 40, 3)), np.ones((50, 50, 1))).astype(np.uint8)
    for number in range(4):
        assert cv2.imwrite(str(tmp_path / f"pictures/{number}.png"), large)
    systems = [f"system {number}" for number in range(4)]
    cell = {"mean": 1.0, "interval": [0.5, 1.5], "least": 0.0, "greatest": 2.0}
    images = [
        {
            "name": f"image {number}",
            "size": [1500, 2000],
            "values": random.uniform(0, 40, (4, 1)).tolist(),
            "gains": None,
            "thumbnail": "0.png",
            "pictures": [f"{view % 4}.png?{number}-{view}" for view in range(5)],
            "histograms": [[[100] * 64] * 3] * 5,
        }
        for number in range(200)
    ]
    measure = {"name": "psnr", "hint": "dB", "lower": False, "protocol": "RGB"}
    data = {
        "version": "0",
        "over": "",
        "notes": [],
        "measures": [measure],
        "folder": "pictures",
        "systems": [{"name": name, "about": ""} for name in systems],
        "views": ["truth", *systems],
        "groups": [],
        "sets": [],
        "results": {name: [cell] for name in systems},
        "images": images,
        "whole": 10_000,
    }
    (tmp_path / "report.html").write_text(filled("many", data), encoding="utf-8")
    browser.problems.clear()
    browser.requests.clear()
    browser.window(1200, 900)
    start = time.monotonic()
    browser.open(tmp_path / "report.html")
    opened = time.monotonic() - start
    took = browser.run(
        "(async () => { const found = [];"
        "const tick = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));"
        "const key = name => document.dispatchEvent(new KeyboardEvent('keydown', { key: name }));"
        "for (const act of [() => document.querySelector('#images thead button').click(),"
        " ...Array(20).fill(() => key('n')), ...Array(10).fill(() => key('+'))]) {"
        "const start = performance.now(); act(); await tick();"
        "found.push(performance.now() - start); } return found; })()"
    )
    assert opened < 10
    assert np.median(took) < 100 and max(took) < 1000, took
    # Two pictures of each image that was passed, the two after it, and thumbnails near the window.
    assert len({url for url in browser.requests if "?" in url}) <= 2 * 22 + 2
