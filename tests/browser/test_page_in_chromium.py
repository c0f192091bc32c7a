"""The whole page in a headless Chromium: its pictures are the desktop's, and everything answers."""

import json
import shutil
import time

import cv2
import numpy as np
import pytest

from tests.helpers.shared import shared
from tests.helpers.web_pages import (
    SETTLED,
    open_file,
    picture_of,
    serving,
    shown,
    turn,
    write_full_dng,
)
from tfisp.looks.cube import Cube, write_cube
from tfisp.models.strength import interpolated
from tfisp.raw import read_raw
from tfisp.rendering import Renderer
from tfisp.rendering.adjustments import Adjustments
from tfisp.rendering.runtime import LiteRuntime

# Larger than a tile, and of odd sides.
SIZE = (159, 191)

# Reds become blue, greens darker.
LOOK = Cube(np.stack(np.meshgrid(*[np.linspace(0, 1, 3) ** 2] * 3, indexing="ij"), -1)[..., ::-1])


def desktop(site, path, number=0, **asked):
    """The desktop's picture of a file by the page's model of a number."""
    runtime = LiteRuntime(site / "models" / str(number) / "tile_128.tflite")
    renderer = Renderer(runtime, levels="auto")
    return Adjustments(**asked).picture(renderer, read_raw(path)).astype(int)


def assert_one_code_value(codes, expected):
    difference = np.abs(codes.astype(int) - expected)
    assert codes.shape == expected.shape and expected.std() > 5
    assert difference.max() <= 1 and (difference > 0).mean() < 0.02


def test_a_file_is_opened_and_looked_at(page, site, tmp_path):
    path = write_full_dng(tmp_path / "<b>photo.dng", size=SIZE)
    open_file(page, path)
    facts = shown(page, "facts-list")
    for words in (
        "Acme Synth 1",
        "191 \u00d7 159",
        "GBRG",
        "61, 62, 63, 64",
        "1023",
        "map of 4 \u00d7 3",
    ):
        assert words in facts
    assert shown(page, "caption").startswith("<b>photo.dng: ")
    assert "CPU (WebAssembly, threads)" in shown(page, "caption")
    assert_one_code_value(picture_of(page), desktop(site, path))

    # The slider and the zoom, by keyboard and by mouse.
    page.run("document.getElementById('handle').focus()")
    page.press("ArrowRight")
    assert (
        page.run("document.getElementById('pane-network').style.clipPath")
        == "inset(0px 0px 0px 52%)"
    )
    page.run("document.getElementById('stage').focus()")
    page.press("1")
    assert shown(page, "percent") == "100 %"
    page.press("0")
    assert shown(page, "percent") != "100 %"


def test_controls_do_what_the_desktops_flags_do(page, site, tmp_path):
    path, cube = write_full_dng(tmp_path / "photo.dng", size=SIZE), tmp_path / "a look.cube"
    write_cube(cube, LOOK)
    open_file(page, path)
    assert shown(page, "command").endswith("tfisp.process photo.dng --model=camera")
    turn(page, "exposure", "1")
    turn(page, "balance", "1.9, 1 ,2.4", "change")
    asked = {"gains": (1.9, 1, 2.4), "exposure": 1.0}
    assert_one_code_value(picture_of(page), desktop(site, path, **asked))

    open_file(page, cube)
    assert shown(page, "look-name") == "a look.cube"
    looked = desktop(site, path, look=LOOK, **asked)
    assert_one_code_value(picture_of(page), looked)
    turn(page, "look-strength", "0.35")
    partly = desktop(site, path, look=LOOK, look_strength=0.35, **asked)
    assert np.abs(partly - looked).mean() > 5
    assert_one_code_value(picture_of(page), partly)
    assert shown(page, "command").endswith(
        "--model=camera --white_balance=1.9,1,2.4 --exposure=1 '--look=a look.cube'"
        " --look_strength=0.35"
    )

    # By the sliders: half an EV between red and blue; the field shows the gains.
    open_file(page, path)
    assert shown(page, "exposure-text") == "0.0 EV"
    before = np.array(page.run("document.getElementById('balance').value").split(","), float)
    turn(page, "warmth", "0.5")
    after = page.run("document.getElementById('balance').value")
    moved = before * [2**0.25, 1, 2**-0.25]
    np.testing.assert_allclose(np.array(after.split(","), float), moved / moved.min(), rtol=2e-4)
    page.run("void (document.body.dataset.settled = 'false')")
    page.run("document.getElementById('look-remove').click()")
    page.wait(SETTLED)
    gains = tuple(map(float, after.split(",")))
    assert_one_code_value(picture_of(page), desktop(site, path, gains=gains))
    page.run("void (document.body.dataset.settled = 'false')")
    page.run("document.getElementById('as-shot').click()")
    page.wait(SETTLED)
    assert_one_code_value(picture_of(page), desktop(site, path))


def test_mistakes_in_the_controls_get_one_line(page, tmp_path):
    open_file(page, write_full_dng(tmp_path / "photo.dng", size=SIZE))
    (tmp_path / "short.cube").write_text("LUT_1D_SIZE 2\n0 0 0\n")
    page.choose("#file", tmp_path / "short.cube")
    page.wait("!document.getElementById('fault').hidden")
    assert shown(page, "fault") == "short.cube: LUT_1D_SIZE 2 needs 2 entries, there are 1"
    assert shown(page, "look-name") == "none"
    turn(page, "balance", "2,0,1", "change")
    assert "2,0,1: expected three numbers above 0" in shown(page, "fault")
    assert page.run("document.getElementById('balance').getAttribute('aria-invalid')") == "true"
    turn(page, "exposure", "0.5")
    assert shown(page, "fault") == ""


def test_weights_lie_between_the_last_stages_start_and_its_end(page, generators, tmp_path):
    path = write_full_dng(tmp_path / "photo.dng", size=SIZE)
    open_file(page, path)
    whole = picture_of(page).astype(int)
    turn(page, "strength", "0.25")
    between = Renderer(interpolated(generators["start"], generators["camera"], 0.25))
    expected = Adjustments().picture(between, read_raw(path)).astype(int)
    assert np.abs(expected - whole).mean() > 5
    assert_one_code_value(picture_of(page), expected)
    assert shown(page, "command").endswith("--model=camera --strength=0.25")


def test_another_model_is_chosen(page, site, tmp_path):
    path = write_full_dng(tmp_path / "photo.dng", size=SIZE)
    open_file(page, path)
    turn(page, "exposure", "1")
    # Levels that the published network was not made for are mapped onto its own; it heeds no gains.
    turn(page, "model", "1", "change")
    assert_one_code_value(picture_of(page), desktop(site, path, number=1))
    assert "robust_isp, " in shown(page, "model-facts")
    assert shown(page, "command").endswith("--model=published")
    for group in ("exposure-group", "balance-group"):
        assert page.run(f"document.querySelector('#{group} input').disabled")
    assert page.run("document.getElementById('strength-group').hidden")
    turn(page, "model", "0", "change")
    assert_one_code_value(picture_of(page), desktop(site, path))


def test_the_histogram_is_the_pictures(page, tmp_path):
    open_file(page, write_full_dng(tmp_path / "photo.dng", size=SIZE))
    turn(page, "exposure", "2")
    codes = picture_of(page)
    shares = [(codes == end).mean(axis=(0, 1)) for end in (0, 255)]
    assert shares[1].max() > 0.05
    white = ", ".join(
        f"{name} {100 * share:.{2 if share < 0.1 else 1}f} %" if share else f"{name} none"
        for name, share in zip("RGB", shares[1], strict=True)
    )
    assert shown(page, "clipped").endswith(f"at 255: {white}")
    # The marks of what is clipped to white, in the upper right corner.
    marks = page.run(
        "(() => { const canvas = document.getElementById('histogram');"
        "const { data } = canvas.getContext('2d').getImageData(canvas.width - 30, 5, 30, 1);"
        "return [2, 12, 22].map((x) => [...data.slice(4 * x, 4 * x + 3)]); })()"
    )
    assert [np.argmax(mark) if max(mark) > 99 else None for mark in marks] == [
        channel if share else None for channel, share in enumerate(shares[1])
    ]


@pytest.mark.parametrize("kind, suffix, apart", [("png", ".png", 0), ("jpeg", ".jpg", 6)])
def test_what_is_saved_is_what_is_shown(page, tmp_path, kind, suffix, apart):
    open_file(page, write_full_dng(tmp_path / "photo.dng", size=SIZE))
    page.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.run(f"document.getElementById('save-{kind}').click()")
    end = time.monotonic() + 30
    while not (found := [*tmp_path.glob(f"*{suffix}")]) and time.monotonic() < end:
        time.sleep(0.05)
    assert found[0].name == f"photo{suffix}"
    saved = cv2.imread(str(found[0]))[..., ::-1]
    assert np.abs(saved.astype(int) - picture_of(page)).mean() <= apart


def test_what_looks_wrong_stands_above_the_notes(page, tmp_path):
    open_file(page, write_full_dng(tmp_path / "photo.dng", size=SIZE, neutral=None, white=870))
    warnings = "[...document.querySelectorAll('#notes .warning')].map((one) => one.textContent)"
    above, cast = page.run(warnings)
    assert "exceed the white level 870, up to" in above
    assert cast == "no usable white balance is stated: colours will have a cast"


def test_a_real_camera_file_and_then_a_wrong_one(page, tmp_path):
    open_file(page, shared("raw/dng/canon_colorchart.dng"))
    assert "Canon EOS Kiss X4" in shown(page, "facts-list")
    wrong = tmp_path / "wrong.dng"
    wrong.write_bytes(b"II*\0")
    page.choose("#file", wrong)
    page.wait("!document.getElementById('fault').hidden")
    assert shown(page, "fault") == "wrong.dng: not a DNG file"
    # What was refused leaves the page as it was.
    open_file(page, shared("raw/dng/canon_colorchart.dng"))


@pytest.mark.parametrize("width, dark", [(360, True), (1280, False)])
def test_screens_of_any_width_and_colour_show_it_all(page, tmp_path, width, dark):
    page.window(width, 700, dark=dark, density=2)
    open_file(page, write_full_dng(tmp_path / "photo.dng", size=SIZE))
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    assert page.run("getComputedStyle(document.body).backgroundColor") == (
        "rgb(23, 24, 26)" if dark else "rgb(246, 246, 245)"
    )
    assert page.run("document.getElementById('stage').getBoundingClientRect().width") > 300
    # Whatever can be touched is large enough for a finger, and has a name.
    small, nameless = page.run(
        "(() => { const controls = [...document.querySelectorAll('button, select, input, .button')]"
        ".filter((one) => one.offsetParent && !one.classList.contains('hidden-input'));"
        "return [controls.filter((one) => one.getBoundingClientRect().height < 30),"
        "controls.filter((one) => !one.labels?.length && !one.textContent.trim())]"
        ".map((found) => found.map((one) => one.outerHTML)); })()"
    )
    assert small == [] and nameless == []


def test_a_look_that_was_shipped_is_there_at_first(browser, site, tmp_path):
    # As `write_site(look=...)` leaves it.
    shipped = shutil.copytree(site, tmp_path / "page")
    write_cube(shipped / "models" / "look.cube", LOOK)
    listed = shipped / "models" / "models.json"
    listed.write_text(json.dumps({**json.loads(listed.read_text()), "look": "warm.cube"}))
    path = write_full_dng(tmp_path / "photo.dng", size=SIZE)
    with serving(shipped) as address:
        browser.begin(address)
        browser.wait("document.body.dataset.ready === 'true'")
        open_file(browser, path)
        assert shown(browser, "look-name") == "warm.cube"
        assert_one_code_value(picture_of(browser), desktop(site, path, look=LOOK))
        # It belongs to no model: once taken away, it stays away.
        browser.run("document.getElementById('look-remove').click()")
        browser.wait("document.getElementById('look-name').textContent === 'none'")
        turn(browser, "model", "1", "change")
        assert_one_code_value(picture_of(browser), desktop(site, path, number=1))
