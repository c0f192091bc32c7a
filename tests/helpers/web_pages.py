"""The page's folder served to a headless browser, and its modules called from a test."""

import base64
import contextlib
import threading

import numpy as np

from tests.helpers import dngs
from tfisp.browser.server import open_server
from tfisp.browser.sizes import Sizes

MATRIX = ((0.6722, -0.0635, -0.0963), (-0.4287, 1.2460, 0.2028), (-0.0908, 0.2162, 0.5668))
OTHER_MATRIX = ((0.75, -0.14, -0.09), (-0.38, 1.15, 0.27), (-0.05, 0.17, 0.60))

# Of a page's files: as small as can be cut into tiles, and all else smaller than a phone's.
SIZES = Sizes(tiles=(128,), frame=(128, 160), pictures=((130, 150), (160, 192)))

# The page has done all that was asked of it.
SETTLED = "document.body.dataset.settled === 'true' || !document.getElementById('fault').hidden"

# A page that loads nothing by itself; its scripts hand numbers over as text.
BLANK = """<!DOCTYPE html><title>blank</title><link rel="icon" href="data:,"><script type="module">
window.bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
window.text = (array) => {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  let letters = "";
  for (let k = 0; k < bytes.length; k += 8192) {
    letters += String.fromCharCode(...bytes.subarray(k, k + 8192));
  }
  return btoa(letters);
};
window.fault = async (act) => {
  const { Fault } = await import("/fault.js");
  try { await act(); return null; }
  catch (error) { return (error instanceof Fault ? "" : "UNEXPECTED ") + error.message; }
};
document.body.dataset.blank = "true";
</script><body></body>"""


@contextlib.contextmanager
def serving(folder):
    """The address at which a folder is served."""
    with open_server(folder, port=0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def open_blank(browser, folder, address):
    """Opens a blank page beside the modules of a folder."""
    (folder / "blank.html").write_text(BLANK)
    browser.open(f"{address}blank.html")
    browser.wait("document.body.dataset.blank === 'true'")


def load(browser, *names):
    """Makes what modules of the page export known by name."""
    for name in names:
        browser.run(f"import('/{name}').then((module) => void Object.assign(window, module))")


def encoded(content):
    """Bytes as a JavaScript expression of a Uint8Array."""
    return f"bytes('{base64.b64encode(content).decode()}')"


def decoded(text, dtype, shape=(-1,)):
    """What `text(array)` gave, as an array."""
    return np.frombuffer(base64.b64decode(text), dtype).reshape(shape)


def write_full_dng(path, pattern="GBRG", size=(75, 91), **options):
    """A DNG with all that a file may say, its active area of `size`, by default of odd sides."""
    height, width = size
    mosaic = dngs.scene(height + 8, width + 5, 50, 1100, seed=3)
    gains = [1 + 0.1 * np.random.default_rng(site).random((3, 4)) for site in range(4)]
    opcodes = [
        dngs.gain_map(gain, site=divmod(site, 2), size=size) for site, gain in enumerate(gains)
    ]
    options = {
        "black": ((61, 62), (63, 64)),
        "white": 1023,
        "active_area": (3, 2, 3 + height, 2 + width),
        "orientation": 6,
        "crop": ((5, 3), (width - 21, height - 8)),
        "baseline_exposure": 0.3,
        "matrices": {17: MATRIX, 21: OTHER_MATRIX},
        "opcodes2": dngs.opcode_list(*opcodes),
    } | options
    return dngs.write_dng(path, mosaic, pattern=pattern, **options)


def read_dng(browser, path):
    """Reads a DNG in the page, as `window.frame`; its facts, samples and gains as text."""
    return browser.run(
        f"(() => {{ window.frame = checked(readDng({encoded(path.read_bytes())}.buffer));"
        "const { mosaic, shading, ...facts } = window.frame;"
        "return { ...facts, mosaic: text(mosaic), shading: shading && text(shading.gains) }; })()"
    )


def open_file(page, *paths):
    """Chooses files on the page and waits for their pictures."""
    page.run("void (document.body.dataset.settled = 'false')")
    page.choose("#file", *paths)
    page.wait(SETTLED)
    page.wait("!document.getElementById('pane-classical').hidden")
    assert shown(page, "fault") == ""


def shown(page, element):
    """The text of an element that is seen; empty if it is not."""
    return page.run(
        f"(({{ hidden, textContent }}) => hidden ? '' : textContent)"
        f"(document.getElementById('{element}'))"
    )


def turn(page, control, value, event="input"):
    """Gives a control of the page another value, and waits for what comes of it."""
    page.run("void (document.body.dataset.settled = 'false')")
    page.run(
        f"(() => {{ const control = document.getElementById('{control}');"
        f"control.value = '{value}'; control.dispatchEvent(new Event('{event}')); }})()"
    )
    page.wait(SETTLED)


def picture_of(page, pane="network"):
    """What a pane of the page shows, uint8 `[H, W, 3]`."""
    found = page.run(
        f"(() => {{ const canvas = document.querySelector('#pane-{pane} canvas');"
        "const { width, height } = canvas, copy = new OffscreenCanvas(width, height);"
        "const context = copy.getContext('2d', { willReadFrequently: true });"
        "context.drawImage(canvas, 0, 0);"
        "const { data } = context.getImageData(0, 0, width, height);"
        "let letters = ''; for (let k = 0; k < data.length; k += 8192)"
        " letters += String.fromCharCode(...data.subarray(k, k + 8192));"
        "return { height, width, data: btoa(letters) }; })()"
    )
    codes = decoded(found["data"], np.uint8, (found["height"], found["width"], 4))
    assert (codes[..., 3] == 255).all()
    return codes[..., :3]
