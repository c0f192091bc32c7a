"""The terms of the generator's loss, made from a recipe's words."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import tensorflow as tf

from tfisp import losses
from tfisp.naming import choose
from tfisp.perceptual.bank import Feature
from tfisp.perceptual.distance_registry import Distance
from tfisp.training.recipes import CriticSpec, ObjectiveSpec, Recipe

Features = Mapping[Feature, tf.Tensor]
# (generated image, its features, what it is compared with, that one's features) -> [B]
PerImageLoss = Callable[[tf.Tensor, Features, tf.Tensor | None, Features | None], tf.Tensor]


@dataclass(frozen=True)
class Objective:
    """A loss of the generated image, ready to compute.

    Attributes:
        name: as in the recipe.
        weight: factor of its normalised gradient.
        compares: the member of the batch that it reads, `""` for none.
        features: what it needs to know of the generated image and of the one compared with.
        loss: the computation, `[B]`.
    """

    name: str
    weight: float
    compares: str
    features: tuple[Feature, ...]
    loss: PerImageLoss


Distances = Mapping[str, Distance]
Maker = Callable[[ObjectiveSpec, Recipe, Distances], Objective]


def _content(spec: ObjectiveSpec, recipe: Recipe, distances: Distances) -> Objective:
    features = tuple(Feature(backbone, spec.view, tap) for backbone, tap in recipe.content)

    def loss(
        generated: tf.Tensor, seen: Features, other: tf.Tensor | None, other_seen: Features | None
    ) -> tf.Tensor:
        return tf.add_n([losses.feature_mse(seen[f], other_seen[f]) for f in features])

    return Objective(spec.name, spec.weight, spec.compares, features, loss)


def _lpips(spec: ObjectiveSpec, recipe: Recipe, distances: Distances) -> Objective:
    view = spec.view or "rgb"

    def loss(
        generated: tf.Tensor, seen: Features, other: tf.Tensor | None, other_seen: Features | None
    ) -> tf.Tensor:
        return losses.lpips(distances[spec.loss], seen, other_seen, view)

    return Objective(spec.name, spec.weight, spec.compares, losses.lpips_features(view), loss)


def _swapped_lpips_plus(spec: ObjectiveSpec, recipe: Recipe, distances: Distances) -> Objective:
    """LPIPS+ whose positions the generated image weighs, as in the published code."""
    view = spec.view or "rgb"

    def loss(
        generated: tf.Tensor, seen: Features, other: tf.Tensor | None, other_seen: Features | None
    ) -> tf.Tensor:
        return losses.lpips(distances["lpips+"], other_seen, seen, view)

    return Objective(spec.name, spec.weight, spec.compares, losses.lpips_features(view), loss)


def _dists(spec: ObjectiveSpec, recipe: Recipe, distances: Distances) -> Objective:
    view = spec.view or "rgb"

    def loss(
        generated: tf.Tensor, seen: Features, other: tf.Tensor | None, other_seen: Features | None
    ) -> tf.Tensor:
        return losses.dists(distances[spec.loss], generated, seen, other, other_seen, view)

    return Objective(spec.name, spec.weight, spec.compares, losses.dists_features(view), loss)


def _of_pixels(compare: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]) -> Maker:
    """A loss of two images, which needs no features."""

    def make(spec: ObjectiveSpec, recipe: Recipe, distances: Distances) -> Objective:
        def loss(
            generated: tf.Tensor,
            seen: Features,
            other: tf.Tensor | None,
            other_seen: Features | None,
        ) -> tf.Tensor:
            return compare(generated, other)

        return Objective(spec.name, spec.weight, spec.compares, (), loss)

    return make


def _tv(spec: ObjectiveSpec, recipe: Recipe, distances: Distances) -> Objective:
    def loss(
        generated: tf.Tensor, seen: Features, other: tf.Tensor | None, other_seen: Features | None
    ) -> tf.Tensor:
        return losses.total_variation(generated)

    return Objective(spec.name, spec.weight, "", (), loss)


# What `ObjectiveSpec.loss` may be.
LOSSES: dict[str, Maker] = {
    "content": _content,
    "lpips": _lpips,
    "lpips+": _lpips,
    "lpips+_swapped": _swapped_lpips_plus,
    "dists": _dists,
    "blur_mse": _of_pixels(losses.blur_mse),
    "blur_mse_zero": _of_pixels(functools.partial(losses.blur_mse, padding="zero")),
    "mse": _of_pixels(losses.mse),
    "l1": _of_pixels(losses.l1),
    "huber": _of_pixels(losses.huber),
    "charbonnier": _of_pixels(losses.charbonnier),
    "ssim": _of_pixels(losses.ssim_loss),
    "ms_ssim": _of_pixels(losses.ms_ssim_loss),
    "tv": _tv,
}


def make_objectives(recipe: Recipe, distances: Distances | None = None) -> tuple[Objective, ...]:
    """All objectives of a recipe, in its order.

    Args:
        recipe: names the losses.
        distances: by name, the trained distances among those; not needed to learn what features
            the objectives read.

    Raises:
        InputError: for a loss that does not exist.
    """
    return tuple(
        LOSSES[choose("loss", spec.loss, LOSSES)](spec, recipe, distances or {})
        for spec in recipe.objectives
    )


def features_of(recipe: Recipe) -> list[Feature]:
    """Every feature that a recipe's losses and critics read, each listed once."""
    features = [feature for objective in make_objectives(recipe) for feature in objective.features]
    features += [critic_feature(spec, recipe) for spec in recipe.critics]
    return list(dict.fromkeys(features))


def critic_feature(spec: CriticSpec, recipe: Recipe) -> Feature:
    """What the critic of that specification looks at."""
    return Feature(recipe.backbone(spec.role), spec.view, spec.tap)
