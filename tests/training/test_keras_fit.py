"""`fit` takes the very steps that a loop takes."""

import numpy as np
import pytest

from tests.helpers.small_trainer import make_batch, make_trainer
from tfisp.training.keras_fit import FitModel


@pytest.mark.slow
def test_fit_ends_with_the_weights_of_a_loop():
    batches = [make_batch(seed=seed) for seed in range(4)]
    by_fit, by_loop = (make_trainer(critic_interval=2) for _ in range(2))
    history = FitModel(by_fit).fit(batches, steps_per_epoch=2, epochs=2, verbose=0)
    for step, batch in enumerate(batches):
        logs = by_loop.run_step(batch, step)
    assert history.history["loss/content"][-1] == float(logs["loss/content"])
    assert by_fit.step.numpy() == 4
    pairs = [(by_fit.generator, by_loop.generator), (by_fit.ema, by_loop.ema)]
    pairs += [(a.network, b.network) for a, b in zip(by_fit.critics, by_loop.critics, strict=True)]
    for ours, theirs in pairs:
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_model_is_the_generator():
    trainer = make_trainer()
    raw = make_batch()["raw"]
    np.testing.assert_array_equal(FitModel(trainer)(raw), trainer.generator(raw))
