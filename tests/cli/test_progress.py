"""Progress is told often enough on a terminal and seldom enough in a log."""

import pytest

from tfisp.cli import progress


@pytest.fixture
def clock(monkeypatch):
    times = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: times[0])
    return times


def test_short_work_leaves_a_log_clean(capsys, clock):
    report = progress.Progress()
    for done in range(1, 101):
        clock[0] += 0.01
        report(done, 100, "files")
    assert capsys.readouterr().out == ""


def test_long_work_is_told_every_ten_seconds_and_at_its_end(capsys, clock):
    report = progress.Progress()
    for done in range(1, 26):
        clock[0] += 1
        report(done, 25, "files")
    assert capsys.readouterr().out.splitlines() == [
        "files: 10 of 25",
        "files: 20 of 25",
        "files: 25 of 25",
    ]


def test_a_terminal_line_is_rewritten_and_ended(capsys, clock, monkeypatch):
    monkeypatch.setattr(progress.sys.stdout, "isatty", lambda: True, raising=False)
    report = progress.Progress()
    for done in (1, 2, 3):
        clock[0] += 1
        report(done, 3, "files")
    assert capsys.readouterr().out == "\rfiles: 1 of 3\rfiles: 2 of 3\rfiles: 3 of 3\n"


def test_it_can_be_told_on_another_stream(capsys, clock):
    report = progress.Progress(progress.sys.stderr)
    clock[0] += 11
    report(1, 2, "files")
    assert capsys.readouterr() == ("", "files: 1 of 2\n")
