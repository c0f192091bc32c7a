"""The smallest trainer that has everything, for tests of single features of the step."""

import numpy as np
import tensorflow as tf

from tfisp import models
from tfisp.perceptual import backbones
from tfisp.perceptual.bank import FeatureBank
from tfisp.training.config import make_stages
from tfisp.training.trainer import Trainer

SIZE = 48
NAMES = ("vgg19_narrow", "vit_narrow", "alexnet_narrow")


def make_trainer(recipe="unpaired", dtype="float32", xla=False, **changes):
    (stage,) = make_stages(
        (recipe,), (10,), content=(("vgg19_narrow", "relu3_4"),),
        backbones=(("color", "vit_narrow"), ("texture", "alexnet_narrow")), **changes,
    )  # fmt: skip
    bank = FeatureBank({name: backbones.create(name, "random") for name in NAMES})
    generator = models.create("efficient_isp", seed=1, dtype=dtype)
    return Trainer(generator, stage.recipe, bank, (SIZE, SIZE), seed=3, xla=xla)


def make_batch(count=2, seed=0):
    rng = np.random.default_rng(seed)
    small = [rng.uniform(size=(count, SIZE // 8, SIZE // 8, c)) for c in (4, 3, 3)]
    raw, reference, target = (np.kron(x, np.ones((1, 8, 8, 1))).astype("float32") for x in small)
    return {
        "raw": tf.constant(raw[:, ::2, ::2]),
        "reference": tf.constant(reference),
        "target": tf.constant(target),
    }
