"""The page in a headless Chromium: its modules alone, and all of it with two models."""

import os

import pytest

from tests.helpers.chromium import Browser, executable
from tests.helpers.web_pages import SIZES, load, open_blank, serving
from tfisp import models
from tfisp.browser.runtime_files import write_runtime
from tfisp.browser.site import Exported, write_page, write_site
from tfisp.errors import InputError


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """A browser with `readDng` and `checked` at hand."""
    folder = tmp_path_factory.mktemp("page")
    write_page(folder)
    with serving(folder) as address, Browser() as browser:
        open_blank(browser, folder, address)
        load(browser, "dng.js", "frame.js")
        yield browser
        assert browser.problems == []


@pytest.fixture(scope="session")
def generators():
    """`camera`, the shipped preset; what it may have begun with; `published`, of that contract."""
    camera = models.from_preset("efficient_isp_neutral")
    start = camera.copy()
    start.set_weights([0.8 * weight for weight in camera.get_weights()])
    return {"camera": camera, "start": start, "published": models.create("robust_isp", seed=2)}


@pytest.fixture(scope="session")
def site(tmp_path_factory, generators):
    """A folder with a page of both, small ones: `camera` with its start."""
    executable()
    folder = tmp_path_factory.mktemp("sites")
    try:
        write_runtime(folder / "fetched")
    except InputError as error:
        if os.environ.get("TFISP_REQUIRE_NPM") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))
    models_of_page = {
        "camera": Exported(generators["camera"], generators["start"]),
        "published": Exported(generators["published"]),
    }
    assert write_site(models_of_page, folder / "page", sizes=SIZES) == []
    return folder / "page"


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture
def page(browser, site):
    """The page, ready."""
    with serving(site) as address:
        browser.begin(address)
        browser.wait("document.body.dataset.ready === 'true'")
        yield browser
        assert [
            url for url in browser.requests if not url.startswith((address, "data:", "blob:"))
        ] == []
        # LiteRT.js tells of itself on the console; WebGPU is not there in this browser.
        noise = ("INFO: ", "WARNING: [npu_registry", "WebGPU", "No available adapters")
        assert [text for text in browser.problems if not any(word in text for word in noise)] == []
