"""Turns the chosen items of `tfisp.compat` into changes of recipes and data.

Items name other parts for a recipe to be made of: the parts themselves are registered where their
kind is (`perceptual.backbones`, `perceptual.views`, `objectives.LOSSES`, `critics`). Only
`fixed_permutation` is read as it is, by who makes the batches.
"""

import dataclasses
from collections.abc import Callable

from tfisp.compat import TRAINING, select
from tfisp.data.config import DataConfig
from tfisp.errors import InputError
from tfisp.perceptual.backbones import TRANSPOSED, UNSCALED
from tfisp.perceptual.backbones import names as backbone_names
from tfisp.training.config import Stage
from tfisp.training.specification import CriticSpec, ObjectiveSpec, Recipe

FIXED_PERMUTATION = "fixed_permutation"


def follow(
    chosen: tuple[str, ...], stages: tuple[Stage, ...], data: DataConfig
) -> tuple[tuple[str, ...], tuple[Stage, ...], DataConfig]:
    """Follows the published code in the chosen things.

    Args:
        chosen: items' names, or `published` for all of them.
        stages: Of the run, otherwise complete.
        data: Likewise.

    Returns:
        The items that change something in this run, and stages and data changed by them.

    Raises:
        InputError: for an unknown name, or an item asked for by its name that changes nothing in
            this run.
    """
    followed = []
    for item in select(chosen, TRAINING):
        before = stages, data
        stages = tuple(
            dataclasses.replace(stage, recipe=_RECIPES[item](stage.recipe))
            if item in _RECIPES
            else stage
            for stage in stages
        )
        if item == "published_reference" and _any(_reads_references, stages):
            data = data.replace(reference="published")
        if (stages, data) != before or (item == FIXED_PERMUTATION and _any(_draws_targets, stages)):
            followed.append(item)
        elif item in chosen:
            recipes = ", ".join(stage.recipe.name for stage in stages)
            raise InputError(f"--compat={item}: changes nothing in this run of {recipes}")
    return tuple(followed), stages, data


def _any(holds: Callable[[Recipe], bool], stages: tuple[Stage, ...]) -> bool:
    return any(holds(stage.recipe) for stage in stages)


def _reads_references(recipe: Recipe) -> bool:
    return any(objective.compares == "reference" for objective in recipe.all_objectives)


def _draws_targets(recipe: Recipe) -> bool:
    return recipe.needs_photographs and not recipe.paired


def _frozen_fc1(recipe: Recipe) -> Recipe:
    def change(critic: CriticSpec) -> CriticSpec:
        if critic.network != "texture_cnn":
            return critic
        return dataclasses.replace(critic, network="texture_cnn_frozen_fc1")

    return dataclasses.replace(recipe, critics=tuple(map(change, recipe.critics)))


def _vgg_transposed(recipe: Recipe) -> Recipe:
    if not recipe.content_networks():
        return recipe
    content = tuple((_other(name, TRANSPOSED), tap) for name, tap in recipe.content)
    return dataclasses.replace(recipe, content=content)


def _vit_unnormalised(recipe: Recipe) -> Recipe:
    if not any(critic.role == "color" for critic in recipe.critics):
        return recipe
    networks = tuple(
        (role, _other(name, UNSCALED) if role == "color" else name)
        for role, name in recipe.backbones
    )
    return dataclasses.replace(recipe, backbones=networks)


def _other(name: str, prefix: str) -> str:
    """The variant of a backbone, itself if there is none."""
    return prefix + name if prefix + name in backbone_names() else name


def _zero_padded_blur(recipe: Recipe) -> Recipe:
    def blurred(critic: CriticSpec) -> CriticSpec:
        if critic.view not in ("blur", "blur224"):
            return critic
        return dataclasses.replace(critic, view=f"{critic.view}_zero")

    recipe = dataclasses.replace(recipe, critics=tuple(map(blurred, recipe.critics)))
    return _with_loss(recipe, "blur_mse", "blur_mse_zero")


def _swapped_lpips_plus(recipe: Recipe) -> Recipe:
    return _with_loss(recipe, "lpips+", "lpips+_swapped")


def _clamped_distances(recipe: Recipe) -> Recipe:
    def change(objective: ObjectiveSpec) -> ObjectiveSpec:
        if objective.loss not in ("lpips+", "lpips+_swapped", "dists"):
            return objective
        return dataclasses.replace(objective, view="clipped")

    return dataclasses.replace(recipe, objectives=tuple(map(change, recipe.objectives)))


def _luminance_paired_content(recipe: Recipe) -> Recipe:
    def change(objective: ObjectiveSpec) -> ObjectiveSpec:
        if (objective.loss, objective.compares) != ("content", "target"):
            return objective
        return dataclasses.replace(objective, view="luminance")

    return dataclasses.replace(recipe, objectives=tuple(map(change, recipe.objectives)))


def _with_loss(recipe: Recipe, old: str, new: str) -> Recipe:
    """The recipe with one loss in the place of another, under the same name in logs."""
    objectives = tuple(
        dataclasses.replace(objective, loss=new) if objective.loss == old else objective
        for objective in recipe.objectives
    )
    return dataclasses.replace(recipe, objectives=objectives)


_RECIPES: dict[str, Callable[[Recipe], Recipe]] = {
    "frozen_fc1": _frozen_fc1,
    "vgg_transposed": _vgg_transposed,
    "vit_unnormalised": _vit_unnormalised,
    "zero_padded_blur": _zero_padded_blur,
    "swapped_lpips_plus": _swapped_lpips_plus,
    "clamped_distances": _clamped_distances,
    "luminance_paired_content": _luminance_paired_content,
}
