"""`--imports`: only what the command line itself names is run, and failures say where."""

import sys

import pytest

from tfisp import cli
from tfisp.cli import flags, imports


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """Writes a module into the current folder: `modules(name, code)`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)

    def write(name, code):
        (tmp_path / f"{name}.py").write_text(code)

    yield write
    for name in set(sys.modules) - before:
        if name.startswith("imported_"):
            del sys.modules[name]


KNOWN = ["plain"]


def define(values):
    flags.choice(values, "kind", "plain", KNOWN, "A name that modules may add to.")
    imports.define(values)


def run(*words):
    """Exit code, and the value of --kind (None if the program was not reached)."""
    found = []
    code = cli.run(
        define,
        lambda values, _: found.append((values.kind, values.imports)),
        "Tries.",
        words,
        tensorflow=False,
    )
    return code, found[0] if found else None


def error_of(capsys, *words):
    """Exit code and the single error line."""
    code, found = run(*words)
    (line,) = capsys.readouterr().err.splitlines()
    assert found is None
    return code, line.partition(": error: ")[2]


@pytest.fixture
def adding(modules, monkeypatch):
    """A module that adds the name `mine`, and leaves a mark that it was run."""
    monkeypatch.setattr(sys.modules[__name__], "KNOWN", ["plain"])
    code = f"import sys\nsys.modules[{__name__!r}].KNOWN.append('mine')"
    modules("imported_adding", code)


@pytest.mark.parametrize("form", [["--imports=imported_adding"], ["--imports", "imported_adding"]])
def test_a_module_is_imported_before_other_flags_are_read(adding, form):
    assert run("--kind=mine", *form) == (0, ("mine", ("imported_adding",)))


def test_help_knows_what_it_adds(adding, capsys):
    assert run("--imports=imported_adding", "--help")[0] == 0
    shown = capsys.readouterr().out
    assert "--imports=NAME,..." in shown and "One of: plain, mine. Default: plain." in shown


def test_a_flag_file_alone_runs_nothing(adding, tmp_path, capsys):
    (tmp_path / "run.flags").write_text("--imports=imported_adding\n--kind=mine\n")
    code, message = error_of(capsys, "--flagfile=run.flags")
    assert code == 2 and KNOWN == ["plain"]
    assert message == (
        "run.flags:1: --imports=imported_adding: no code is run because a flag file names it;"
        " if you trust it, put --imports=imported_adding on the command line"
    )
    assert run("--imports=imported_adding", "--flagfile=run.flags")[0] == 0


def test_what_stands_after_two_dashes_is_no_flag(adding, capsys):
    assert error_of(capsys, "--", "--imports=imported_adding")[0] == 2
    assert KNOWN == ["plain"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("1 / 0", "{file}:1: ZeroDivisionError: division by zero"),
        ("x = = 1", "SyntaxError: invalid syntax (imported_wrong.py, line 1)"),
        ("import imported_absent", "{file}:1: No module named 'imported_absent'"),
    ],
)
def test_a_module_that_fails_names_file_and_line(modules, tmp_path, capsys, code, message):
    modules("imported_wrong", code)
    expected = message.format(file=tmp_path / "imported_wrong.py")
    assert error_of(capsys, "--imports=imported_wrong") == (
        1,
        f"--imports=imported_wrong: {expected}",
    )


@pytest.mark.parametrize("name", ["a/b", "imported.py", "../x", "1st"])
def test_a_path_is_no_module(modules, capsys, name):
    code, message = error_of(capsys, f"--imports={name}")
    assert code == 2 and message.startswith(f"--imports={name}: expected the name of a module")


def test_a_module_that_is_not_there(modules, capsys):
    assert error_of(capsys, "--imports=imported_gone") == (
        2,
        "--imports=imported_gone: no such module; expected one that is installed, or"
        " imported_gone.py in the current folder",
    )
