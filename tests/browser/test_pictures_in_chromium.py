"""Pictures of the page's modules are the desktop's: all Bayer phases, adjustments and looks."""

import json

import numpy as np
import pytest

from tests.helpers.web_pages import (
    decoded,
    encoded,
    load,
    open_blank,
    read_dng,
    serving,
    write_full_dng,
)
from tfisp.demosaic import reference
from tfisp.looks.cube import Cube, write_cube
from tfisp.packing import orient
from tfisp.raw import read_raw
from tfisp.rendering import Renderer
from tfisp.rendering.adjustments import Adjustments
from tfisp.rendering.runtime import LiteRuntime
from tfisp.sensor import PATTERNS

# Larger than a tile, and of odd sides.
SIZE = (159, 191)

RANDOM = np.random.default_rng(5)
# A rough table whose domain is wider than the picture's, and a smooth one that is narrower.
WIDE = Cube(RANDOM.random((4, 4, 4, 3), np.float32), (-0.2, 0, 0), (1.4, 1, 1.2))
NARROW = Cube(np.linspace(0.1, 0.8, 9)[:, None] ** [1.0, 1.5, 0.6], (0.1, 0.1, 0), (0.9, 1, 1))

ASKED = (
    {},
    {"gains": (2.4, 1.0, 1.2), "exposure": 0.7},
    {"look": WIDE},
    {"look": NARROW, "look_strength": 0.4, "exposure": 1.5},
)


def as_text(cube, folder):
    write_cube(folder / "look.cube", cube)
    return (folder / "look.cube").read_text()


def in_page(asked, folder):
    """Adjustments as a JavaScript expression."""
    look = "null"
    if "look" in asked:
        text, strength = json.dumps(as_text(asked["look"], folder)), asked.get("look_strength", 1)
        look = f"{{ cube: parseCube({text}), strength: {strength} }}"
    gains = json.dumps(asked.get("gains"))
    return f"{{ gains: {gains}, exposure: {asked.get('exposure', 0)}, look: {look} }}"


@pytest.mark.parametrize("number", [0, 1])
def test_they_are_the_desktops_to_one_code_value(browser, site, tmp_path, number):
    runtime = LiteRuntime(site / "models" / str(number) / "tile_128.tflite")
    renderer = Renderer(runtime, levels="auto")
    with serving(site) as address:
        open_blank(browser, site, address)
        modules = ("dng", "frame", "model", "runtime", "rendering", "cube")
        load(browser, *(f"{name}.js" for name in modules))
        browser.run(
            f"startRuntime().then(listModels).then(({{ models }}) => loadModel(models[{number}]))"
            ".then(async (model) => { window.model = model;"
            "window.tile = await compileTile(model, model.tiles[0], 'wasm'); })"
        )
        for pattern, orientation, asked in zip(PATTERNS, (1, 6, 3, 7), ASKED, strict=True):
            # Levels that the published network was not made for are mapped onto its own.
            white = 1023 if pattern == "RGGB" else 1000
            path = write_full_dng(
                tmp_path / "photo.dng", pattern, SIZE, orientation=orientation, white=white
            )
            found = browser.run(
                f"(async () => {{ const asked = {in_page(asked, tmp_path)};"
                f"const frame = checked(readDng({encoded(path.read_bytes())}.buffer));"
                "const rendered = await renderFrame(model, tile, frame, asked);"
                "const { data, width, height } = await develop(rendered, asked);"
                "return { data: text(data), width, height }; })()"
            )
            expected = Adjustments(**asked).picture(renderer, read_raw(path)).astype(int)
            codes = decoded(found["data"], np.uint8, (found["height"], found["width"], 4))
            assert codes.shape[:2] == expected.shape[:2]
            difference = np.abs(codes[..., :3] - expected)
            assert difference.max() <= 1 and (difference > 0).mean() < 0.02, (pattern, asked)
            assert expected.std() > 5


@pytest.mark.parametrize("asked", ASKED[1:])
def test_the_classical_rendering_is_adjusted_too(modules, tmp_path, asked):
    path = write_full_dng(tmp_path / "photo.dng", "GRBG")
    mosaic, sensor, capture = read_raw(path)
    read_dng(modules, path)
    load(modules, "classical.js", "cube.js")
    found = modules.run(
        f"renderClassically(frame, {in_page(asked, tmp_path)})"
        ".then(({ data, width, height }) => ({ data: text(data), width, height }))"
    )
    changes = Adjustments(**asked)
    top, left, height, width = capture.default_crop
    picture = reference(mosaic, sensor, changes.adjusted(capture), "bilinear")
    picture = picture[top:, left:][:height, :width]
    if changes.look is not None:
        share = changes.look_strength
        picture = share * changes.look.apply(picture) + (1 - share) * picture
    codes = decoded(found["data"], np.uint8, (found["height"], found["width"], 4))
    assert np.abs(codes[..., :3] - 255 * orient(picture, capture.orientation)).max() < 1


@pytest.mark.parametrize("cube", [WIDE, NARROW])
def test_looks_are_looked_up_as_on_the_desktop(modules, tmp_path, cube):
    # Also on the faces between tetrahedra, on entries, and outside the domain.
    corners = np.stack(np.meshgrid(*[[-0.3, 0, 0.25, 0.5, 1, 1.5]] * 3), -1).reshape(-1, 3)
    colours = np.concatenate([corners, RANDOM.uniform(-0.5, 1.6, (400, 3))]).astype(np.float32)
    load(modules, "cube.js")
    found = modules.run(
        f"(() => {{ const replace = lookUp(parseCube({json.dumps(as_text(cube, tmp_path))}));"
        f"const colours = new Float32Array({encoded(colours.tobytes())}.buffer);"
        "for (let k = 0; k < colours.length; k += 3) replace(colours.subarray(k, k + 3));"
        "return text(colours); })()"
    )
    written = Cube(np.round(cube.table, 6), cube.low, cube.high)
    np.testing.assert_allclose(
        decoded(found, "<f4", colours.shape), written.apply(colours), atol=2e-6
    )


FAULTS = {
    "": "expected one LUT_3D_SIZE or LUT_1D_SIZE before its entries, found 0",
    "LUT_1D_SIZE 2\n0 0 0\n": "LUT_1D_SIZE 2 needs 2 entries, there are 1",
    "LUT_1D_SIZE 2\n0 0 0\n0 0 0\n0 0 0\n": "line 4: more than the 2 entries",
    "LUT_1D_SIZE 2\n0 0\n": "line 2: expected 3 finite numbers, found 0 0",
    "LUT_1D_SIZE 2\n0 0 nan\n": "line 2: expected 3 finite numbers",
    "LUT_1D_SIZE 2\n0 0 0x10\n": "line 2: expected 3 finite numbers",
    "LUT_1D_SIZE 2\n0 0 1e999\n": "line 2: expected 3 finite numbers",
    "LUT_3D_SIZE 256\n0 0 0\n": "256 needs 16777216 entries, more than the file has room for",
    "LUT_3D_SIZE 999\n": "line 1: LUT_3D_SIZE 999; expected 2 to 256",
    "LUT_3D_SIZE 2.5\n": "line 1: LUT_3D_SIZE 2.5; expected 2 to 256",
    "LUT_3D_SIZE 2\nLUT_3D_SIZE 2\n": "line 2: a second LUT_3D_SIZE",
    "<script>alert(1)</script>\n": "line 1: expected 3 finite numbers",
    "script 1\n": "line 1: unknown keyword script",
    "LUT_1D_SIZE 2\n0 0 0\nTITLE x\n1 1 1\n": "line 3: TITLE after the first entry",
    "LUT_1D_SIZE 2\nDOMAIN_MIN 1 1 1\n0 0 0\n1 1 1\n": "lowest colour 1, 1, 1 is not below",
    "LUT_1D_SIZE 2\nLUT_3D_INPUT_RANGE 0 1\n0 0 0\n1 1 1\n": "line 2: LUT_3D_INPUT_RANGE beside",
}


def test_each_fault_of_a_look_has_its_line(modules):
    load(modules, "cube.js")
    for text, words in FAULTS.items():
        said = modules.run(f"fault(() => parseCube({json.dumps(text)}))")
        assert said and words in said and not said.startswith("UNEXPECTED"), (text, said)
    # Resolve's range, a byte order mark, comments, and the line ends of Windows are in order.
    fine = "\ufeff# x\r\nLUT_1D_SIZE 2\r\nLUT_1D_INPUT_RANGE 0 2\r\n0 0 0\r\n1 1 1\r\n"
    found = modules.run(f"parseCube({json.dumps(fine)})")
    assert found["high"] == [2, 2, 2] and found["size"] == 2
