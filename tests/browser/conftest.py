"""The page's modules in a headless Chromium, without model and runtime."""

import pytest

from tests.helpers.chromium import Browser
from tests.helpers.web_pages import load, open_blank, serving
from tfisp.browser.site import write_page


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
