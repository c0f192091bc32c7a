"""The committed calibration table is what its script computes."""

import importlib.util
import re
from pathlib import Path

import pytest

from tests.helpers.shared import SHARED, shared
from tfisp import metrics
from tfisp.errors import InputError

pytest.importorskip("torch")
pytest.importorskip("skimage")

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location(
    "calibrate_metrics", ROOT / "scripts" / "calibrate_metrics.py"
)
calibrate_metrics = importlib.util.module_from_spec(spec)
spec.loader.exec_module(calibrate_metrics)


def committed():
    """`(metric, pair)` -> ours, reference, as the document has them."""
    text = (ROOT / "docs" / "CALIBRATION.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\S+)` \| ([^|]+) \| (\S+) \| (\S+) \| [+-]\S+ \|$", text, re.M)
    return {(name, pair): (float(a), float(b)) for name, pair, a, b in rows}


def test_every_metric_is_calibrated_within_its_tolerance():
    table = committed()
    assert {name for name, _ in table} == set(metrics.names())
    for (name, pair), (ours, reference) in table.items():
        assert abs(ours - reference) <= calibrate_metrics.TOLERANCES[name], (name, pair)


def test_the_sample_values_are_the_published_ones():
    table = committed()
    for pair, published in calibrate_metrics.PUBLISHED.items():
        assert round(table["lpips", pair][0], 3) == published


@pytest.mark.slow
def test_the_table_is_what_the_script_computes():
    shared("weights/dists_alpha_beta.npz")
    table = committed()
    rows = calibrate_metrics.calibrate(SHARED)
    assert {(name, pair) for name, pair, *_ in rows} == set(table)
    for name, pair, *values in rows:
        tolerance = calibrate_metrics.TOLERANCES[name]
        assert values == pytest.approx(table[name, pair], abs=tolerance), (name, pair)
        assert abs(values[0] - values[1]) <= tolerance, (name, pair)


def test_the_document_repeats_its_rows():
    rows = [("psnr", "a, b", 20.0, 20.0000001), ("lpips", "sample 0", 0.72188, 0.72188)]
    text = calibrate_metrics.document(rows)
    assert "| `psnr` | a, b | 20.000000 | 20.000000 | +0.000000 |" in text
    assert "| sample 0 | 0.7219 | 0.722 |" in text


def test_a_missing_picture_is_named(tmp_path):
    with pytest.raises(InputError, match=r"lpips_ex_ref\.png: no such picture"):
        calibrate_metrics.sample_pairs(tmp_path)
