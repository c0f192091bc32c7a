"""The terms of the generator's loss, made from a recipe's words."""

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import tensorflow as tf

from tfisp import losses
from tfisp.naming import choose
from tfisp.perceptual.bank import Feature
from tfisp.perceptual.distance_registry import Distance
from tfisp.perceptual.dists import DISTS
from tfisp.perceptual.lpips import LPIPS
from tfisp.perceptual.views import view
from tfisp.training import replicas
from tfisp.training.specification import CriticSpec, CycleSpec, ObjectiveSpec, Recipe

Features = Mapping[Feature, tf.Tensor]
Distances = Mapping[str, Distance]
Kind = TypeVar("Kind", LPIPS, DISTS)


class Sides(NamedTuple):
    """The two images that a loss holds against each other; the second may be absent.

    Attributes:
        generated: `[B, H, W, 3]`, or packed RAW where the way back made it.
        features: What the frozen networks see of it.
        other: The member of the batch that it is compared with, of the same shape.
        other_features: What they see of that one.
    """

    generated: tf.Tensor
    features: Features
    other: tf.Tensor | None = None
    other_features: Features = {}  # noqa: RUF012, never written to


# Returns one value per image, `[B]`.
PerImageLoss = Callable[[Sides], tf.Tensor]


@dataclass(frozen=True)
class Objective:
    """A loss of the generated image, ready to compute.

    Attributes:
        name: As in the recipe.
        weight: Factor of its normalised gradient.
        compares: The member of the batch that it reads, `""` for none.
        features: What it needs to know of the generated image and of the one compared with.
        loss: The computation.
        of: Which of the images made (`made.IMAGES`) it is a loss of.
    """

    name: str
    weight: float
    compares: str
    features: tuple[Feature, ...]
    loss: PerImageLoss
    of: str = "generated"

    def weight_at(self, step: tf.Tensor) -> float | tf.Tensor:
        """The factor at a step, counted from 0."""
        return self.weight


# A specification -> the features that the loss reads, and the loss.
Maker = Callable[[ObjectiveSpec, Recipe, Distances], tuple[tuple[Feature, ...], PerImageLoss]]


def _of(kind: type[Kind], distances: Distances, name: str) -> Kind:
    """The trained distance of that name and kind."""
    distance = distances[name]
    if not isinstance(distance, kind):
        raise TypeError(f"{name} is a {type(distance).__name__}, expected {kind.__name__}")
    return distance


@dataclass(frozen=True)
class _OfContent:
    """The `Maker` of a loss of the recipe's content features, added up over them."""

    compare: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

    def __call__(
        self, spec: ObjectiveSpec, recipe: Recipe, distances: Distances
    ) -> tuple[tuple[Feature, ...], PerImageLoss]:
        """As `Maker`."""
        features = tuple(Feature(backbone, spec.view, tap) for backbone, tap in recipe.content)

        def loss(sides: Sides) -> tf.Tensor:
            pairs = [(sides.features[f], sides.other_features[f]) for f in features]
            return tf.add_n([self.compare(made, wanted) for made, wanted in pairs])

        return features, loss


def _lpips(
    spec: ObjectiveSpec, recipe: Recipe, distances: Distances
) -> tuple[tuple[Feature, ...], PerImageLoss]:
    view = spec.view or "rgb"

    def loss(sides: Sides) -> tf.Tensor:
        return losses.lpips(
            _of(LPIPS, distances, spec.loss), sides.features, sides.other_features, view
        )

    return losses.lpips_features(view), loss


def _swapped_lpips_plus(
    spec: ObjectiveSpec, recipe: Recipe, distances: Distances
) -> tuple[tuple[Feature, ...], PerImageLoss]:
    """LPIPS+ whose positions the generated image weighs, as in the published code."""
    view = spec.view or "rgb"

    def loss(sides: Sides) -> tf.Tensor:
        return losses.lpips(
            _of(LPIPS, distances, "lpips+"), sides.other_features, sides.features, view
        )

    return losses.lpips_features(view), loss


def _dists(
    spec: ObjectiveSpec, recipe: Recipe, distances: Distances
) -> tuple[tuple[Feature, ...], PerImageLoss]:
    view = spec.view or "rgb"

    def loss(sides: Sides) -> tf.Tensor:
        made, wanted = (sides.generated, sides.features), (sides.other, sides.other_features)
        return losses.dists(_of(DISTS, distances, spec.loss), *made, *wanted, view)

    return losses.dists_features(view), loss


@dataclass(frozen=True)
class OfPixels:
    """The `Maker` of a loss of two images, which needs no features."""

    compare: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

    def __call__(
        self, spec: ObjectiveSpec, recipe: Recipe, distances: Distances
    ) -> tuple[tuple[Feature, ...], PerImageLoss]:
        """As `Maker`."""
        if not spec.view:
            return (), lambda sides: self.compare(sides.generated, sides.other)
        return (), lambda sides: self.compare(
            view(spec.view, sides.generated),
            None if sides.other is None else view(spec.view, sides.other),
        )


def _alone(loss: Callable[[tf.Tensor], tf.Tensor]) -> OfPixels:
    """The `Maker` of a loss of one image."""
    return OfPixels(lambda images, _: loss(images))


# What `ObjectiveSpec.loss` may be.
LOSSES: dict[str, Maker] = {
    "content": _OfContent(losses.feature_mse),
    "gram": _OfContent(losses.gram),
    "lpips": _lpips,
    "lpips+": _lpips,
    "lpips+_swapped": _swapped_lpips_plus,
    "dists": _dists,
    "blur_mse": OfPixels(losses.blur_mse),
    "blur_mse_zero": OfPixels(functools.partial(losses.blur_mse, padding="zero")),
    "mse": OfPixels(losses.mse),
    "l1": OfPixels(losses.l1),
    "huber": OfPixels(losses.huber),
    "charbonnier": OfPixels(losses.charbonnier),
    "ssim": OfPixels(losses.ssim_loss),
    "ms_ssim": OfPixels(losses.ms_ssim_loss),
    "tv": _alone(losses.total_variation),
    "tv_l1": _alone(losses.absolute_variation),
    "moments": OfPixels(functools.partial(losses.moments, over_replicas=replicas.mean)),
    "luma_histogram": OfPixels(losses.luma_histogram),
    "chroma_histogram": OfPixels(losses.chroma_histogram),
}


def make_objectives(recipe: Recipe, distances: Distances | None = None) -> tuple[Objective, ...]:
    """All objectives of a recipe, in its order, the way back's last.

    Args:
        recipe: Names the losses.
        distances: By name, the trained distances among those; not needed to learn what features
            the objectives read.

    Raises:
        InputError: for a loss that does not exist.
    """
    made = []
    for spec in recipe.all_objectives:
        features, loss = LOSSES[choose("loss", spec.loss, LOSSES)](spec, recipe, distances or {})
        of = spec.of if isinstance(spec, CycleSpec) else "generated"
        made.append(Objective(spec.name, spec.weight, spec.compares, features, loss, of))
    return tuple(made)


def features_of(recipe: Recipe) -> list[Feature]:
    """Every feature that a recipe's losses and critics read, each listed once."""
    features = [feature for objective in make_objectives(recipe) for feature in objective.features]
    features += [critic_feature(spec, recipe) for spec in recipe.all_critics]
    return list(dict.fromkeys(features))


def by_image(read: Iterable[tuple[str, Iterable[Feature]]]) -> dict[str, list[Feature]]:
    """Image -> what is read of it, each feature listed once, from pairs in any order."""
    found: dict[str, dict[Feature, None]] = {}
    for image, features in read:
        found.setdefault(image, {}).update(dict.fromkeys(features))
    return {image: list(features) for image, features in found.items()}


def critic_feature(spec: CriticSpec, recipe: Recipe) -> Feature:
    """What the critic of that specification judges."""
    return Feature(recipe.backbone(spec.role), spec.view, spec.tap)
