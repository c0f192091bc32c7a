"""The mutants: what is changed, what is left alone, and how a verdict comes about."""

import json

import mutate
import pytest

MODULE = '''"""A module of 3 lines."""
def small(x: int | None = 4, *, scale: float = 2.0) -> "int | None":
    # 5 is no code
    return None if x is None else x + 1
def call(ä: str) -> int:
    return small(int("ä" == ä), scale=1 < 2) and [1, 2][0]
'''


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    (tmp_path / "tfisp/losses").mkdir(parents=True)
    (tmp_path / "tests/losses").mkdir(parents=True)
    (tmp_path / "tfisp/losses/one.py").write_text(MODULE)
    monkeypatch.setattr(mutate, "ROOT", tmp_path)
    monkeypatch.setattr(mutate, "ELSEWHERE", {})
    return tmp_path


def test_every_mutant_changes_code_and_nothing_else(checkout):
    found = mutate.mutants("tfisp/losses/one.py")
    texts = [mutate.mutated(mutant) for mutant in found]
    assert len(set(texts)) == len(texts) == len(found) > 10
    for text in texts:
        assert text != MODULE
        compile(text, "one.py", "exec")
        lines = text.splitlines()
        assert lines[0] == '"""A module of 3 lines."""' and lines[2] == "    # 5 is no code"
        assert "int | None" in lines[1] and '"int | None"' in lines[1]  # annotations
    assert [mutant.line for mutant in found if mutant.operator == mutate.DROP] == [6]
    (without,) = (t for m, t in zip(found, texts, strict=True) if m.operator == mutate.DROP)
    assert 'return small(int("ä" == ä), ) and' in without


def test_the_tests_of_a_module_are_its_folders_the_nearest_first(checkout):
    for name, text in (
        ("a_other", ""),
        ("b_user", "from tfisp.losses import one"),
        ("one", ""),
    ):
        (checkout / f"tests/losses/test_{name}.py").write_text(text)
    assert mutate.tests_of("tfisp/losses/one.py") == (
        ["tests/losses/test_one.py", "tests/losses/test_b_user.py"],
        ["tests/losses/test_a_other.py"],
    )
    assert mutate.tests_of("tfisp/packing.py") == (["tests/test_packing.py"], [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("def test_x(): assert True", "passed"),
        ("def test_x(): assert False", "failed"),
        ("import no_such_module", "failed"),
        ("import os\ndef test_x(): os.abort()", "failed"),
        ("import time\ndef test_x(): time.sleep(60)", "too long"),
        ("", "pytest ended with 5"),
    ],
)
def test_a_verdict_is_that_of_pytest(tmp_path, body, verdict):
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "test_it.py").write_text(body)
    found, seconds = mutate.run_tests(copy, ["test_it.py"], 5.0)
    assert found == verdict
    assert (seconds >= 5.0) == (verdict == "too long")


def test_the_report_counts_and_lists_survivors(tmp_path):
    entry = {"operator": "AddNot", "occurrence": 0, "line": 7, "change": ["-a", "+b"]}
    lines = [
        {"tests": "tests/x.py", "verdict": "passed", "seconds": 1.0},
        entry | {"module": "tfisp/data/x.py", "verdict": "failed"},
        entry | {"module": "tfisp/data/y.py", "verdict": "too long"},
        entry | {"module": "tfisp/losses/z.py", "verdict": "passed"},
    ]
    path = tmp_path / "mutants.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert mutate.report(path).splitlines() == [
        "data: 2 of 2 noticed",
        "losses: 0 of 1 noticed",
        "all: 2 of 3 noticed (66.7 %)",
        "passed: tfisp/losses/z.py:7",
        "    -a",
        "    +b",
    ]
