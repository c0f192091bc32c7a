"""What the page computes is what the desktop does: input bits, tiles, the classical rendering."""

import dataclasses
import json

import numpy as np
import pytest

from tests.helpers.web_pages import decoded, read_dng, write_full_dng
from tfisp.contract import AS_SHOT, PUBLISHED, Contract
from tfisp.demosaic import reference
from tfisp.packing import orient, prepare
from tfisp.raw import read_raw
from tfisp.rendering.tiles import spans
from tfisp.sensor import PATTERNS

PRESETS = Contract(
    white_balance="as_shot", shading=True, clip="highlights", companding="sqrt", output="camera"
)
CONTRACTS = {
    "published": PUBLISHED,
    "presets": PRESETS,
    "as shot": AS_SHOT,
    "split": dataclasses.replace(AS_SHOT, form="split", companding="none"),
    "mosaic": dataclasses.replace(PUBLISHED, form="mosaic", clip="shadows"),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_input_has_the_desktops_bits(modules, tmp_path, pattern):
    path = write_full_dng(tmp_path / "photo.dng", pattern)
    read_dng(modules, path)
    frame = read_raw(path)
    assert frame[0].shape == (75, 91) and frame[2].shading is not None
    for name, contract in CONTRACTS.items():
        expected = prepare(*frame, contract)
        height, width, _ = expected.shape
        # In parts, as tiles are cut, and past the end, where whole cells are reflected.
        down = [(0, height), (6, 20), (height - 8, height + 2)]
        across = [(0, width), (2, 18), (width - 12, width + 4)]
        script = (
            "Promise.all([import('/packing.js'), import('/contract.js')])"
            ".then(([{ packer }, { scalingOf }]) => {"
            f"const contract = {json.dumps(contract.to_dict())};"
            "const cut = packer(frame, scalingOf(frame, contract), contract.form);"
            "const span = ([start, stop]) => ({ start, stop });"
            f"const down = {json.dumps(down)}, across = {json.dumps(across)};"
            "return down.map((rows, k) => text(cut(span(rows), span(across[k])))); })"
        )
        for part, rows, columns in zip(modules.run(script), down, across, strict=True):
            given = expected[rows[0] : rows[1], columns[0] : columns[1]]
            missing = [rows[1] - rows[0] - given.shape[0], columns[1] - columns[0] - given.shape[1]]
            given = np.pad(given, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="reflect")
            np.testing.assert_array_equal(
                decoded(part, "<u4"), np.ravel(given).view("<u4"), f"{name} {rows}"
            )


def test_tiles_are_cut_as_on_the_desktop(modules):
    cases = [
        (length, window, halo, multiple)
        for length in (64, 66, 130, 500)
        for window in (64, 32)
        for halo, multiple in ((3, 1), (7, 2), (0, 1))
    ]
    found = modules.run(
        "import('/tiles.js').then(({ spans }) =>"
        f"{json.dumps(cases)}.map((case_) => spans(...case_)"
        ".map(({ start, stop, first, last }) => [start, stop, first, last])))"
    )
    for case, mine in zip(cases, found, strict=True):
        assert mine == [list(span) for span in spans(*case, exact=True)], case


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("orientation", [1, 4, 7])
def test_the_classical_rendering_is_the_desktops(modules, tmp_path, pattern, orientation):
    path = write_full_dng(tmp_path / "photo.dng", pattern, orientation=orientation)
    mosaic, sensor, capture = read_raw(path)
    read_dng(modules, path)
    found = modules.run(
        "Promise.all([import('/classical.js'), import('/adjustments.js')])"
        ".then(([{ renderClassically }, { NONE }]) => renderClassically(frame, NONE))"
        ".then(({ data, width, height }) => ({ data: text(data), width, height }))"
    )
    top, left, height, width = capture.default_crop
    picture = reference(mosaic, sensor, capture, "bilinear")[top:, left:][:height, :width]
    picture = orient(picture, orientation)
    codes = decoded(found["data"], np.uint8, (found["height"], found["width"], 4))
    assert np.abs(codes[..., :3] - 255 * picture).max() < 1
    assert (codes[..., 3] == 255).all()
