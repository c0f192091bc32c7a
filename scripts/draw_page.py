r"""Draws the documentation's picture of the page that runs networks in a browser.

    python scripts/demo.py --output=demo
    python scripts/draw_page.py --page=demo/page --raw=demo/raw/astronaut.raw \
        --output=docs/images/web.jpg

A headless Chromium opens the page, as the tests do, and the file on it. `--width=390 --dark` shows
a phone in the dark.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import cv2

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.helpers.chromium import NAMES, Browser
from tests.helpers.web_pages import open_file, serving, turn
from tfisp.files import atomic_file

WINDOW_HEIGHT = 760  # in CSS pixels; the page's picture takes two thirds of it


def main() -> None:
    """Draws it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--page", type=Path, required=True, help="what tfisp.export --web wrote")
    parser.add_argument("--raw", type=Path, required=True, help="with the .json beside it, if any")
    parser.add_argument("--output", type=Path, required=True, help="the JPEG")
    parser.add_argument("--width", type=int, default=1100, help="of the window, in CSS pixels")
    parser.add_argument("--height", type=int, default=970, help="how much of the page is kept")
    parser.add_argument("--dark", action="store_true", help="in the system's dark colours")
    parser.add_argument("--warmth", type=float, default=0.0, help="of the page's control, in EV")
    options = parser.parse_args()
    if not any(map(shutil.which, NAMES)):
        parser.error(f"needs a browser, one of {', '.join(NAMES)}")
    beside = options.raw.with_suffix(".json")
    files = [options.raw, *([beside] if beside.is_file() else [])]
    with serving(options.page) as address, Browser() as browser:
        browser.begin(address)
        browser.window(options.width, WINDOW_HEIGHT, dark=options.dark)
        browser.wait("document.body.dataset.ready === 'true'")
        open_file(browser, *(file.resolve() for file in files))
        if options.warmth:
            turn(browser, "warmth", options.warmth)
        with tempfile.TemporaryDirectory() as folder:
            shot = Path(folder) / "page.png"
            browser.screenshot(shot, whole=True)
            picture = cv2.imread(str(shot))[: options.height]
    options.output.parent.mkdir(parents=True, exist_ok=True)
    coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 70])[1]
    with atomic_file(options.output) as temporary:
        temporary.write_bytes(coded.tobytes())
    print(f"{options.output}  {picture.shape[1]}x{picture.shape[0]}, {coded.size:,} bytes")


if __name__ == "__main__":
    main()
