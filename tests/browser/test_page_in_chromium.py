"""The whole page in a headless Chromium: its pictures are the desktop's, and everything answers."""

import dataclasses
import json
import os
import time

import cv2
import numpy as np
import pytest

from tests.helpers.chromium import Browser, executable
from tests.helpers.shared import shared
from tests.helpers.web_pages import (
    decoded,
    encoded,
    load,
    open_blank,
    serving,
    write_full_dng,
)
from tfisp import models
from tfisp.browser.runtime_files import write_runtime
from tfisp.browser.site import write_site
from tfisp.errors import InputError
from tfisp.raw import read_raw
from tfisp.rendering import Renderer
from tfisp.rendering.adjustments import Adjustments
from tfisp.rendering.runtime import LiteRuntime
from tfisp.sensor import PATTERNS

# Larger than a tile, and of odd sides.
SIZE = (159, 191)
OPENED = "document.body.dataset.shown === '{}' || !document.getElementById('fault').hidden"


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    """A folder with pages of both contracts: `camera`, the shipped preset's, and `published`."""
    executable()
    folder = tmp_path_factory.mktemp("sites")
    try:
        write_runtime(folder / "fetched")
    except InputError as error:
        if os.environ.get("TFISP_REQUIRE_NPM") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))
    write_site(models.from_preset("efficient_isp_neutral"), folder / "camera", sides=(128,))
    write_site(models.create("robust_isp", seed=2), folder / "published", sides=(128,))
    return folder


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.mark.parametrize("name", ["camera", "published"])
def test_pictures_are_the_desktops_to_one_code_value(browser, sites, tmp_path, name):
    site = sites / name
    renderer = Renderer(LiteRuntime(site / "model" / "tile_128.tflite"), levels="auto")
    with serving(site) as address:
        open_blank(browser, site, address)
        load(browser, *("dng.js", "frame.js", "model.js", "runtime.js", "rendering.js"))
        browser.run(
            "startRuntime().then(loadModel).then(async (model) => { window.model = model;"
            "window.tile = await compileTile(model, model.tiles[0], 'wasm'); })"
        )
        for pattern, orientation in zip(PATTERNS, (1, 6, 3, 7), strict=True):
            # Levels that the published network was not made for are mapped onto its own.
            white = 1023 if pattern == "RGGB" else 1000
            path = write_full_dng(
                tmp_path / "photo.dng", pattern, SIZE, orientation=orientation, white=white
            )
            found = browser.run(
                f"renderFrame(model, tile, checked(readDng({encoded(path.read_bytes())}.buffer)))"
                ".then((rendered) => develop(rendered, 0))"
                ".then(({ data, width, height }) => ({ data: text(data), width, height }))"
            )
            expected = Adjustments().picture(renderer, read_raw(path)).astype(int)
            codes = decoded(found["data"], np.uint8, (found["height"], found["width"], 4))
            assert codes.shape[:2] == expected.shape[:2]
            difference = np.abs(codes[..., :3] - expected)
            assert difference.max() <= 1 and (difference > 0).mean() < 0.02, pattern
            assert expected.std() > 5


@pytest.fixture
def page(browser, sites):
    """The page with the shipped preset, ready."""
    with serving(sites / "camera") as address:
        browser.begin(address)
        browser.wait("document.body.dataset.ready === 'true'")
        yield browser
        assert [
            url for url in browser.requests if not url.startswith((address, "data:", "blob:"))
        ] == []
        # LiteRT.js tells of itself on the console; WebGPU is not there in this browser.
        noise = ("INFO: ", "WARNING: [npu_registry", "WebGPU", "No available adapters")
        assert [text for text in browser.problems if not any(word in text for word in noise)] == []


def open_file(page, path, exposure="0"):
    page.choose("#file", path)
    page.wait(OPENED.format(exposure))
    page.wait("!document.getElementById('pane-classical').hidden")
    assert page.run("document.getElementById('fault').hidden")


def text(page, element):
    return page.run(f"document.getElementById('{element}').textContent")


def test_a_file_is_opened_looked_at_and_saved(page, sites, tmp_path):
    path = write_full_dng(tmp_path / "<b>photo.dng", size=SIZE)
    open_file(page, path)
    facts = text(page, "facts-list")
    for words in (
        "Acme Synth 1",
        "191 \u00d7 159",
        "GBRG",
        "61, 62, 63, 64",
        "1023",
        "map of 4 \u00d7 3",
    ):
        assert words in facts
    assert "<b>photo.dng: " in text(page, "caption") and "CPU (WebAssembly)" in text(
        page, "caption"
    )

    # The slider and the zoom, by keyboard and by mouse.
    page.run("document.getElementById('handle').focus()")
    page.press("ArrowRight")
    assert (
        page.run("document.getElementById('pane-network').style.clipPath")
        == "inset(0px 0px 0px 52%)"
    )
    page.run("document.getElementById('stage').focus()")
    page.press("1")
    assert text(page, "percent") == "100 %"
    page.press("0")
    assert text(page, "percent") != "100 %"

    # Exposure changes both pictures; what is saved is what is shown.
    page.run(
        "(() => { const slider = document.getElementById('exposure'); slider.value = '1';"
        "slider.dispatchEvent(new Event('input')); })()"
    )
    page.wait(OPENED.format("1"))
    page.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.run("document.getElementById('save').click()")
    end = time.monotonic() + 30
    while not (found := [*tmp_path.glob("*.png")]) and time.monotonic() < end:
        time.sleep(0.05)
    picture = cv2.imread(str(found[0]))[..., ::-1]
    mosaic, sensor, capture = read_raw(path)
    brighter = dataclasses.replace(capture, baseline_exposure=1.3)
    renderer = Renderer(LiteRuntime(sites / "camera" / "model" / "tile_128.tflite"))
    expected = Adjustments().picture(renderer, (mosaic, sensor, brighter))
    assert np.abs(picture.astype(int) - expected).max() <= 1


def test_a_real_camera_file_and_then_a_wrong_one(page, tmp_path):
    open_file(page, shared("raw/dng/canon_colorchart.dng"))
    assert "Canon EOS Kiss X4" in text(page, "facts-list")
    wrong = tmp_path / "wrong.dng"
    wrong.write_bytes(b"II*\0")
    page.choose("#file", wrong)
    page.wait("!document.getElementById('fault').hidden")
    assert text(page, "fault") == "wrong.dng: not a DNG file"
    # What was refused leaves the page as it was.
    open_file(page, shared("raw/dng/canon_colorchart.dng"))


def test_the_device_is_measured(page):
    page.run("document.getElementById('measure').click()")
    page.wait("!document.getElementById('json').hidden || !document.getElementById('fault').hidden")
    found = json.loads(page.run("document.getElementById('json').value"))
    assert found["input_equals_desktop"] is True and found["wasm_threads"] is True
    wasm, *others = found["results"]
    assert wasm["output"]["passed"] and wasm["picture_largest"] <= 1
    assert wasm["tile_pixels"] == 128 and wasm["median_ms"] > 0 and wasm["runs"] >= 5
    for other in others:
        assert "median_ms" not in other and "not offered" in other["ran"]
    assert "not offered" in text(page, "results")


def test_a_narrow_dark_screen_shows_it_all(page, tmp_path):
    page.window(360, 700, dark=True, density=2)
    open_file(page, write_full_dng(tmp_path / "photo.dng", size=SIZE))
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(23, 24, 26)"
    assert page.run("document.getElementById('stage').getBoundingClientRect().width") > 300


def test_webgpu_on_a_processor_agrees_too(sites):
    # Chromium brings a GPU in software along, where it is built with one.
    words = ("--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan,WebGPU")
    with serving(sites / "camera") as address, Browser("--enable-unsafe-webgpu", *words) as browser:
        browser.open(address)
        browser.wait("document.body.dataset.ready === 'true'")
        backends = browser.run(
            "[...document.getElementById('backend').options].map((o) => o.value)"
        )
        if "webgpu" not in backends:
            pytest.skip("this Chromium starts no GPU in software")
        browser.run("document.getElementById('measure').click()")
        browser.wait("!document.getElementById('json').hidden")
        report = json.loads(browser.run("document.getElementById('json').value"))
        for result in report["results"]:
            assert result["output"]["passed"], result
            assert "fell back" not in result["ran"] and result["picture_largest"] <= 3


def test_over_plain_http_from_a_network_it_works_on_one_thread(sites, tmp_path):
    # To the browser, a name that is not localhost is another computer.
    with (
        serving(sites / "published") as address,
        Browser("--host-resolver-rules=MAP computer.test 127.0.0.1") as browser,
    ):
        browser.open(address.replace("127.0.0.1", "computer.test"))
        browser.wait("document.body.dataset.ready === 'true'")
        assert browser.run("isSecureContext") is False
        open_file(browser, write_full_dng(tmp_path / "photo.dng", size=SIZE))
        assert "one thread" in text(browser, "caption")
        browser.run("document.getElementById('measure').click()")
        browser.wait("!document.getElementById('json').hidden")
        report = json.loads(browser.run("document.getElementById('json').value"))
        assert report["wasm_threads"] is False and report["input_equals_desktop"] is True
        assert report["results"][0]["output"]["passed"]
        assert report["results"][0]["picture_largest"] <= 1
        assert "localhost or HTTPS only" in report["results"][1]["ran"]
