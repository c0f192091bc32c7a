"""What a run publishes: its end, unless the verdict says that it is worse than its start."""

import numpy as np
import pytest

from tfisp import models
from tfisp.data import DataConfig
from tfisp.training.config import TrainConfig, make_stages
from tfisp.training.monitor import Monitor
from tfisp.training.publisher import Publisher
from tfisp.training.run_folder import RunFolder


class Said(Monitor):
    """Keeps what it is told."""

    def __init__(self):
        self.lines = []

    def say(self, message):
        self.lines.append(message)


def network(scenes, seed, factor=1.0):
    generator = models.create("efficient_isp", contract=scenes.contract, seed=seed)
    generator.set_weights([factor * weight for weight in generator.get_weights()])
    return generator


def publish(scenes, folder, keep_if_worse=False):
    """A run of two stages, the second of which makes all black: its folder, what was said."""
    stages = make_stages(("pretrain_plus", "unpaired_plus"), (7, 9))
    config = TrainConfig(data=DataConfig("unprocessed", raw_dir="skimage:"), stages=stages)
    run, said = RunFolder(folder), Said()
    initial = network(scenes, 1)
    publisher = Publisher(config, run, scenes, initial, keep_if_worse, ["a note"])
    assert publisher.start_of(0) is initial
    publisher.publish(0, network(scenes, 2), said)
    assert not run.model.exists()  # only the last stage is the run's model
    publisher.publish(1, network(scenes, 3, factor=0.0), said)
    return run, said.lines


def weights_of(folder):
    return models.from_preset(folder).get_weights()


@pytest.mark.parametrize("keep_if_worse", [False, True])
def test_an_end_that_is_worse_is_published_only_if_asked_for(scenes, tmp_path, keep_if_worse):
    run, lines = publish(scenes, tmp_path / "run", keep_if_worse)
    assert lines[0].startswith("verdict: not better")
    assert len(lines) == (1 if keep_if_worse else 2)
    start, end = run.stage(0, "pretrain_plus"), run.stage(1, "unpaired_plus")
    kept = weights_of(end if keep_if_worse else start)
    assert not any(np.any(weight) for weight in weights_of(end))
    for found, expected in zip(weights_of(run.model), kept, strict=True):
        np.testing.assert_array_equal(found, expected)
    card = (run.model / "README.md").read_text()
    assert "7 steps of `pretrain_plus`" in card and "a note" in card
    assert ("9 steps of `unpaired_plus`" in card) == keep_if_worse
