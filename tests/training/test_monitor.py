"""What a run says of its progress."""

import io

import pytest

from tfisp.training import monitor as module
from tfisp.training.monitor import RunMonitor


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until it is moved."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_the_time_left_does_not_count_compilation_in(tmp_path, clock):
    screen = io.StringIO()
    monitor = RunMonitor(tmp_path / "metrics.jsonl", tmp_path / "events", screen)
    monitor.begin_stage(0, "unpaired", 100, 0, 0)
    shown = []
    for step in range(1, 101):
        seconds = {1: 60.0, 2: 30.0}.get(step, 2.0)  # both kinds of step are compiled
        clock[0] += seconds
        monitor.step_done(step, 4, seconds, 0.0, {})
        monitor.log(step, {"loss/content": 1.0})
        shown.append(screen.getvalue().splitlines()[-1].rpartition("left ")[2])
    monitor.close()
    assert shown[:2] == ["?", "?"]
    for step in (3, 10, 50, 99):
        left = 2 * (100 - step)
        assert shown[step - 1] == f"0:{left // 60:02d}:{left % 60:02d}"
    assert shown[-1] == "0:00:00"


def test_validation_between_steps_counts(tmp_path, clock):
    screen = io.StringIO()
    monitor = RunMonitor(tmp_path / "metrics.jsonl", tmp_path / "events", screen)
    monitor.begin_stage(0, "pretrain", 30, 0, 10)  # a continued stage
    for step in range(11, 21):
        clock[0] += 3.0  # one of them on something else than the step
        monitor.step_done(step, 4, 2.0, 0.0, {})
    monitor.log(20, {"loss/content": 1.0})
    monitor.close()
    assert screen.getvalue().rstrip().endswith("left 0:00:30")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_is_drawn_on_five_times_a_second_and_at_the_end(tmp_path, clock):
    screen = Terminal()
    monitor = RunMonitor(tmp_path / "metrics.jsonl", tmp_path / "events", screen)
    monitor.begin_stage(0, "unpaired", 10, 0, 0)
    drawn = []
    for step in range(1, 11):
        clock[0] += 0.15
        monitor.step_done(step, 1, 0.15, 0.0, {})
        drawn.append(screen.getvalue().count("\r"))
    monitor.close()
    assert drawn == [1, 1, 2, 2, 3, 3, 4, 4, 5, 6]
    assert screen.getvalue().endswith("\n")


def test_what_is_no_terminal_gets_a_line_at_what_is_logged_only(tmp_path, clock):
    screen = io.StringIO()
    monitor = RunMonitor(tmp_path / "metrics.jsonl", tmp_path / "events", screen)
    monitor.begin_stage(0, "unpaired", 10, 0, 0)
    for step in range(1, 11):
        clock[0] += 1.0
        monitor.step_done(step, 1, 1.0, 0.0, {})
    assert screen.getvalue() == ""
    monitor.log(10, {"loss/content": 1.0})
    monitor.close()
    assert screen.getvalue().count("\n") == 1 and "\r" not in screen.getvalue()
