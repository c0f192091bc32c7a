"""Losses, critics and recipes of one's own, each known by name once it is registered.

The same for generators is `tfisp.models.register`, for data sets `tfisp.data.register`; all five
are shown in docs/EXTENDING.md.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import keras
import tensorflow as tf

from tfisp import naming
from tfisp.perceptual import backbones
from tfisp.perceptual.bank import Feature
from tfisp.training.critics import NETWORKS
from tfisp.training.objectives import LOSSES, Distances, Maker, OfPixels, PerImageLoss, Sides
from tfisp.training.recipes import RECIPES
from tfisp.training.specification import (
    CRITICS,
    LOSS_NETWORKS,
    CriticSpec,
    ObjectiveSpec,
    Recipe,
)


@dataclass(frozen=True)
class _OfFeatures:
    """The `Maker` of a loss of two images and of what frozen networks see of them."""

    compare: Callable[..., tf.Tensor]
    features: tuple[Feature, ...]

    def __call__(
        self, spec: ObjectiveSpec, recipe: Recipe, distances: Distances
    ) -> tuple[tuple[Feature, ...], PerImageLoss]:
        def loss(sides: Sides) -> tf.Tensor:
            seen = (sides.features, sides.other_features) if spec.compares else (sides.features,)
            lists = ([found[feature] for feature in self.features] for found in seen)
            return self.compare(sides.generated, sides.other, *lists)

        return self.features, loss


def register_loss(
    name: str, loss: Callable[..., tf.Tensor], features: Iterable[Feature] = ()
) -> None:
    """Makes a loss of your own known by name: to `ObjectiveSpec.loss`.

    Args:
        name: Letters, digits and underscores.
        loss: Of generated images and the member of the batch that they are held against, both
            `[B, H, W, 3]` float32, nominally 0..1 but not clipped, to `[B]`. Its gradient must be
            finite everywhere, at exact zeros too. Where the objective compares with nothing, the
            second argument is None.
        features: What it reads of frozen networks besides, which the step computes once for all
            who read it. If there are any, `loss` also gets them of the generated images, and of the
            others where it compares with some: two lists of `[B, ...]`, in this order.

    Raises:
        InputError: if the name is taken, or there is no such frozen network.
    """
    features = tuple(features)
    networks = tuple(dict.fromkeys(feature.backbone for feature in features))
    for network in networks:
        backbones.weights_key(network)  # raises for an unknown one
    maker: Maker = _OfFeatures(loss, features) if features else OfPixels(loss)
    naming.register("loss", name, maker, LOSSES)
    LOSS_NETWORKS[name] = networks


def register_critic(spec: CriticSpec, network: Callable[..., keras.Model] | None = None) -> None:
    """Makes a critic of your own known by its name: to `Recipe.with_critics` and `--critics`.

    Args:
        spec: What it judges, and by which network.
        network: A discriminator that gets the name `spec.network`, made as `network(feature_shape,
            seed=..., name=...)` with the shape of one image's features; features `[B, ...]` float32
            -> scores `[B]` float32, or `[B, ...]` of an image's parts, higher for what seems real,
            each of its own sample alone. All
            its weights exist once it is made, and it is differentiable twice. None where
            `spec.network` is there already.

    Raises:
        InputError: if either name is taken, or there is no such network.
    """
    if network is not None:
        naming.register("critic network", spec.network, network, NETWORKS)
    naming.choose("critic network", spec.network, NETWORKS)
    naming.register("critic", spec.name, spec, CRITICS)


def register_recipe(recipe: Recipe) -> None:
    """Makes a training stage of your own known by its name: to `make_stages` and `--recipe`.

    Args:
        recipe: With a name of letters, digits and underscores.

    Raises:
        InputError: if the name is taken.
    """
    naming.register("recipe", recipe.name, recipe, RECIPES)
