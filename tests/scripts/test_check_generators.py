"""Every generator passes the gate, and the committed table says so."""

import importlib.util
import re
from pathlib import Path

import pytest

from tests.helpers.network_cases import CASES, DISTINCT
from tfisp import models

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location(
    "check_generators", ROOT / "scripts" / "check_generators.py"
)
check_generators = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check_generators)

# Not in the slow suite alone.
QUICK = ("efficient_isp", "srcnn")


def committed():
    """Generator -> the cells of its row in the document."""
    text = (ROOT / "docs" / "GPU.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9_]+)` \| (.+) \|$", text, re.M)
    return {name: cells.split(" | ") for name, cells in rows}


def test_every_generator_is_in_the_table_and_passes():
    table = committed()
    assert list(table) == models.names()
    for case in CASES:
        found, allowed, ran, *differences = table[case.name]
        assert set(re.findall("[A-Z][A-Z0-9_]+", found)) <= case.operations
        assert allowed == "passes"
        if case.parts_of and case.reduced:  # only wider
            assert ran == f"as `{case.parts_of}`"
            assert found == table[case.parts_of][0]
        elif ran == "passes":
            assert float(differences[0]) <= 1e-5
        else:
            assert not case.on_gpu


@pytest.mark.parametrize(
    "case",
    [
        case if case.name in QUICK else pytest.param(case, marks=pytest.mark.slow)
        for case in DISTINCT
    ],
    ids=str,
)
def test_the_table_is_what_the_script_finds(case):
    generator = case.create(seed=check_generators.SEED)
    row = check_generators.check(case.name, generator, (64, 96), run=case.on_gpu)
    assert row.passed, str(row)
    operations, *_ = committed()[case.name]
    assert f"| `{case.name}` | {operations} | passes | " in str(row)
