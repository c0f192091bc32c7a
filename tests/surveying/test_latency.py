"""Two networks in turns: the order, what counts, and a ratio that is right."""

import time

import pytest

from tfisp import models
from tfisp.surveying import latency, networks


def test_tasks_have_turns_of_a_warm_up_and_three_runs():
    calls = []
    tasks = {name: lambda name=name: calls.append(name) for name in "ab"}
    seconds = latency.interleaved(tasks, 2)
    assert calls == [*"aaaa", *"bbbb"] * 2
    assert [len(seconds[name]) for name in "ab"] == [2, 2]


def test_the_fastest_of_three_runs_counts_and_the_first_does_not():
    waits = iter([0.0, 0.05, 0.01, 0.05])
    (seconds,) = latency.interleaved({"a": lambda: time.sleep(next(waits))}, 1)["a"]
    assert 0.01 <= seconds < 0.05


def test_waiting_for_a_core_does_not_count_by_the_clock_of_the_thread():
    (seconds,) = latency.interleaved({"a": lambda: time.sleep(0.02)}, 1, time.thread_time)["a"]
    assert seconds < 0.01


def test_the_ratio_is_that_of_the_medians(tmp_path):
    paths = {}
    for name in ("efficient_isp", "srcnn"):
        paths[name] = tmp_path / f"{name}.tflite"
        networks.convert(models.create(name), (128, 192), paths[name])
    found = latency.compare(paths["srcnn"], paths["efficient_isp"], 3)
    assert found.ratio == pytest.approx(found.milliseconds / found.reference)
    assert 3 < found.ratio < 30  # 10.7 times as many multiplications, with kernels of 9x9
