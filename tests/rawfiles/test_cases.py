"""The shared cases: RAW files that were read wrongly once, with what is right."""

import json

import numpy as np
import pytest

from tests.helpers.shared import SHARED, shared
from tfisp.errors import InputError
from tfisp.raw import decode, read_raw

RAW, FAULTS = SHARED / "cases" / "raw", SHARED / "cases" / "faults"


def names(folder, suffixes):
    """The files of a folder; one entry that skips or fails where it is absent."""
    found = (
        sorted(p.name for p in folder.iterdir() if p.suffix in suffixes) if folder.is_dir() else []
    )
    return found or ["none"]


@pytest.fixture(scope="module")
def expected():
    stated = json.loads(shared("cases/raw/expected.json").read_text())
    with np.load(shared("cases/raw/mosaics.npz")) as mosaics:
        return stated, dict(mosaics)


@pytest.mark.parametrize("name", names(RAW, {".dng", ".npy"}))
def test_a_case_is_read_right_or_refused(name, expected):
    path = shared(f"cases/raw/{name}")
    facts, mosaics = expected[0].get(name, {}), expected[1]
    try:
        mosaic, sensor, capture = read_raw(path)
    except InputError as error:
        assert str(error).startswith(f"{path}: ")
        assert not any(word in str(error) for word in ("damaged", "truncated", "unknown"))
        assert name in REFUSED, error
        assert REFUSED[name] in str(error)
        return
    assert name not in REFUSED
    if name in mosaics:
        np.testing.assert_array_equal(mosaic, mosaics[name])
    for fact, found in (
        ("pattern", sensor.pattern),
        ("black_level", np.ravel(sensor.black_level).tolist()),
        ("white_level", sensor.white_level),
    ):
        assert facts.get(fact, found) == found
    if "gains" in facts:
        np.testing.assert_allclose(capture.gains, facts["gains"], rtol=1e-5)
    if facts.get("shading"):
        assert capture.shading is None
        assert capture.notes
    assert capture.notes or "note" not in facts


REFUSED = {
    "colinterleave2.dng": "ColumnInterleaveFactor",
    "comp_jxl.dng": "compression 52546 (JPEG XL)",
    "pi_stride.npy": "state the width, 128",
    "pi_u8.npy": ".view(np.uint16)",
    "rowinterleave2_true.dng": "RowInterleaveFactor",
}

# Read in full, with a word on what is odd; everything else is refused.
NOTED = {
    "orientation0_turned_90.dng": "Orientation 0",
    "unreadable_tags_gainmap_and_matrix_dropped_silently.dng": "unusual type: 277",
}


@pytest.mark.parametrize("name", names(FAULTS, {".dng", ".npy", ".raw"}))
def test_a_fault_is_refused_by_name_or_noted(name):
    path = shared(f"cases/faults/{name}")
    if name in NOTED:
        _, _, capture = read_raw(path)
        assert NOTED[name] in capture.notes[0]
        assert capture.orientation == 1
        np.testing.assert_allclose(capture.shading.max(), 1.498605, rtol=1e-6)
        return
    with pytest.raises(InputError) as caught:
        read_raw(path)
    assert str(caught.value).startswith((f"{path}: ", f"{path.with_suffix('.json')}: "))
    assert "\n" not in str(caught.value)
    if "hole" not in name:  # of that inspect_raw shows what it finds
        with pytest.raises(InputError):
            decode(path)
