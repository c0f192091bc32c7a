"""The smallest trainer that has everything, for tests of single features of the step."""

import numpy as np
import tensorflow as tf

from tfisp import models
from tfisp.perceptual import backbones
from tfisp.perceptual.bank import FeatureBank
from tfisp.training.config import make_stages
from tfisp.training.recipes import RECIPES
from tfisp.training.trainer import Trainer

SIZE = 48
NAMES = ("vgg19_narrow", "vit_narrow", "alexnet_narrow")


def make_networks(seed=0, dtype="float32"):
    """The frozen networks of the adversarial recipes, narrow and random."""
    return {name: backbones.create(name, "random", seed, dtype) for name in NAMES}


def make_trainer(
    recipe="unpaired",
    *,
    bank=None,
    distances=None,
    accumulate=1,
    dtype="float32",
    xla=False,
    **changes,
):
    """A trainer of the recipe's first stage.

    Args:
        recipe: Its name.
        bank: The frozen networks; None for new ones, drawn at random.
        distances: The trained distances, for recipes that have any.
        accumulate: Parts of a batch.
        dtype: Of the generator.
        xla: Whether XLA compiles the step.
        changes: Flags of the recipe.
    """
    if (back := RECIPES[recipe].way_back) is not None:
        changes["way_back"] = f"{back.network}_narrow"
    (stage,) = make_stages(
        (recipe,),
        (10,),
        content=(("vgg19_narrow", "relu3_4"),),
        backbones=(("color", "vit_narrow"), ("texture", "alexnet_narrow")),
        **changes,
    )
    bank = FeatureBank(make_networks()) if bank is None else bank
    generator = models.create("efficient_isp", seed=1, dtype=dtype)
    size = (SIZE, SIZE)
    return Trainer(generator, stage.recipe, bank, size, accumulate, 3, xla, distances)


def make_batch(count=2, seed=0):
    """Pictures of 8x8 cells, as tensors: packed RAW, reference, target."""
    rng = np.random.default_rng(seed)
    small = [rng.uniform(size=(count, SIZE // 8, SIZE // 8, c)) for c in (4, 3, 3)]
    raw, reference, target = (np.kron(x, np.ones((1, 8, 8, 1))).astype("float32") for x in small)
    return {
        "raw": tf.constant(raw[:, ::2, ::2]),
        "reference": tf.constant(reference),
        "target": tf.constant(target),
    }
