"""One process of a few steps on one or several replicas, for test_replicas.py.

    python replica_run.py single|mirrored|multiworker OUTPUT.npz [FAULT:]GAME ...

For each game it takes five steps of plain gradient descent, in which all critics learn, and keeps
what every step logs and all weights at the end, under `[FAULT:]GAME/...`. A FAULT breaks one thing
that several replicas need:

    share    what is added up over the replicas is not divided by their number first
    means    a mean over scores is that of the replica's own part of the batch
"""

import contextlib
import sys
from types import SimpleNamespace
from unittest import mock

import keras
import numpy as np
import tensorflow as tf

from tfisp import models
from tfisp.perceptual import backbones
from tfisp.perceptual.bank import FeatureBank
from tfisp.training import critics, replicas, strategies, trainer
from tfisp.training.config import make_stages

STEPS, SIZE, COUNT = 5, 48, 4
NAMES = ("vit_narrow", "alexnet_narrow")


def batch(step, workers):
    """A worker's part of the step's four images."""
    rng = np.random.default_rng(step)
    shapes = {"raw": (SIZE // 2, 4), "reference": (SIZE, 3), "target": (SIZE, 3)}
    # One is brighter than the other, so that no part of a batch is like the whole.
    brightness = np.linspace(0.1, 1.0, COUNT)[:, None, None, None]
    size = COUNT // workers.count
    part = slice(workers.index * size, (workers.index + 1) * size)
    found = {}
    for name, (side, planes) in shapes.items():
        whole = brightness * rng.uniform(size=(COUNT, side, side, planes))
        found[name] = tf.constant(whole[part], tf.float32)
    return found


def descent(variables, rate):
    """Gradient descent as it is: Adam would hide a gradient that is twice as large."""
    optimizer = keras.optimizers.SGD(rate)
    optimizer.build(variables)
    return optimizer


@contextlib.contextmanager
def broken(fault):
    """Breaks one thing while a step is traced; an empty name breaks nothing."""

    changed = {
        "": {},
        "share": {"share": lambda gradients: gradients},
        "means": {"mean": lambda tensors: tensors},
    }[fault]
    seen = SimpleNamespace(**(vars(replicas) | changed))
    with contextlib.ExitStack() as stack:
        for module in (critics, trainer) if fault == "share" else (critics,):
            stack.enter_context(mock.patch.object(module, "replicas", seen))
        yield


def run(game, workers, bank):
    """Five steps: tag -> array."""
    (stage,) = make_stages(
        ("unpaired",),
        (STEPS,),
        content=(("alexnet_narrow", "relu3"),),
        backbones=(("color", "vit_narrow"), ("texture", "alexnet_narrow")),
        critics=("adv_color", "adv_lin0"),
        adversarial=game,
        critic_interval=1,
    )
    with workers.strategy.scope():
        generator = models.create("efficient_isp", seed=1)
        learner = trainer.Trainer(generator, stage.recipe, bank, (SIZE, SIZE), seed=3)
        learner.optimizer = descent(learner.generator.trainable_variables, 1e-3)
        for critic in learner.critics:
            critic.optimizer = descent(critic.network.trainable_variables, 1e-2)
    train_step = learner.train_step
    images = []

    def counted(part, critics_learn):
        images.append(part["raw"].shape[0])
        return train_step(part, critics_learn)

    learner.train_step = counted
    found = {}
    # Steps are taken outside of the scope, as the loop does.
    for step in range(STEPS):
        for tag, value in learner.run_step(batch(step, workers), step).items():
            found[f"step {step}/{tag}"] = value.numpy()
    found["images of each replica"] = np.array(images)
    networks = {"generator": learner.generator, "ema": learner.ema}
    networks |= {critic.name: critic.network for critic in learner.critics}
    for name, network in networks.items():
        for index, variable in enumerate(network.weights):
            found[f"weights/{name}/{index}"] = np.asarray(variable)
    return found


def main():
    mode, output, *tasks = sys.argv[1:]
    if mode == "mirrored":
        (cpu,) = tf.config.list_physical_devices("CPU")
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(cpu, two)
    workers = strategies.create(mode)
    found = {}
    with workers.strategy.scope():
        bank = FeatureBank({name: backbones.create(name, "random") for name in NAMES})
    for task in tasks:
        fault, _, game = task.rpartition(":")
        with broken(fault):
            tags = run(game, workers, bank)
        found |= {f"{task}/{tag}": value for tag, value in tags.items()}
    np.savez(output, **found)
    workers.barrier()  # who leaves before the others looks lost to them


if __name__ == "__main__":
    main()
