"""The plan of a run: its arithmetic, with steps of known duration."""

import re
import resource
import time

import pytest

from tests.helpers.small_trainer import make_batch, make_trainer
from tfisp.training import dry_run


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (3569, "59 min"),
        (3571, "1 h 0 min"),
        (12_000, "3 h 20 min"),
    ],
)
def test_durations_in_words(seconds, words):
    assert dry_run._duration(seconds) == words


def test_the_peak_is_that_of_the_process_in_bytes():
    assert dry_run.peak_memory() == 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class Timed:
    """A trainer whose plain steps take 10 ms and those of critics 50 ms."""

    def __init__(self, interval):
        self.recipe = make_trainer(critic_interval=interval).recipe
        self.critics, self.steps, self._interval = ["one"], [], interval

    def run_step(self, batch, step):
        self.steps.append(step)
        time.sleep(0.05 if step % self._interval == 0 else 0.01)
        return {}


def test_steps_with_and_without_critics_are_timed_apart():
    trainer = Timed(interval=4)
    plain, with_critics = dry_run._time_steps(trainer, make_batch())
    assert 0.01 <= plain < 0.04 and 0.05 <= with_critics < 0.09
    assert trainer.steps == [0, 0, 1, 1]


def test_where_critics_learn_at_every_step_there_is_no_other_kind():
    plain, with_critics = dry_run._time_steps(Timed(interval=1), make_batch())
    assert plain >= 0.05 and with_critics >= 0.05


def test_the_plan_adds_up(monkeypatch, tmp_path):
    """10 steps of 2 s and, with critics at every fourth of 8, 6 of 1 s and 2 of 5 s."""
    from tfisp.data import DataConfig
    from tfisp.training.config import TrainConfig, make_stages

    stages = make_stages(
        ("pretrain", "unpaired"),
        (10, 8),
        content=(("vgg19_narrow", "relu1_2"),),
        backbones=(("color", "vit_narrow"), ("texture", "alexnet_narrow")),
        critic_interval=4,
    )
    data = DataConfig("unprocessed", raw_dir="skimage:", patch_size=64, cache_dir=str(tmp_path))
    config = TrainConfig(data=data, stages=stages, batch_size=1)
    times = iter([(2.0, 0.0), (1.0, 5.0)])
    monkeypatch.setattr(dry_run, "_time_steps", lambda *_: next(times))
    lines = "\n".join(dry_run.dry_run(config))
    assert "2.00 s a step: about 20 s" in lines
    assert "1.00 s a step, 5.00 s where critics learn: about 16 s" in lines
    assert "total time about 36 s" in lines
    (told,) = re.findall(r"memory +([\d,]+) MiB", lines)
    assert int(told.replace(",", "")) == pytest.approx(dry_run.peak_memory() / 2**20, rel=0.02)
