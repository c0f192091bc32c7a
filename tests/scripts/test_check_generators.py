"""Every generator passes the gate, and the committed table says so."""

import importlib.util
import re
from pathlib import Path

import pytest

from tfisp import models

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location(
    "check_generators", ROOT / "scripts" / "check_generators.py"
)
check_generators = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check_generators)


def committed():
    """Generator -> the cells of its row in the document."""
    text = (ROOT / "docs" / "GPU.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z_]+)` \| (.+) \|$", text, re.M)
    return {name: cells.split(" | ") for name, cells in rows}


def test_every_generator_is_in_the_table_and_passes():
    table = committed()
    assert list(table) == models.names()
    for _, allowed, ran, difference, _ in table.values():
        assert allowed == ran == "passes"
        assert float(difference) <= 1e-5


@pytest.mark.parametrize(
    "name",
    [
        name if name in ("efficient_isp", "srcnn") else pytest.param(name, marks=pytest.mark.slow)
        for name in models.names()
    ],
)
def test_the_table_is_what_the_script_finds(name):
    generator = models.create(name, seed=check_generators.SEED)
    # Compiling the shaders of eight blocks and more takes minutes.
    run = name not in ("rmfa_net_medium", "rmfa_net_large")
    row = check_generators.check(name, generator, (64, 96), run=run)
    assert row.passed, str(row)
    operations, *_ = committed()[name]
    assert f"| `{name}` | {operations} | passes | " in str(row)
