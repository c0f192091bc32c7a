"""Every recipe of `--recipe` as a row: what it learns from, and where its last step stands."""

from dataclasses import asdict, dataclass
from typing import Any

from tfisp.surveying.results import Results
from tfisp.training.recipes import RECIPES, Recipe


@dataclass(frozen=True)
class Method:
    """One recipe.

    Attributes:
        name: What `--recipe` calls it.
        learns_from: What its pictures are held against.
        losses: By name.
        critics: By name.
        frozen: Names of the frozen networks that it reads.
        quality: PSNR, SSIM, LPIPS, steps and seeds of the benchmark; None where it was not run.
    """

    name: str
    learns_from: str
    losses: list[str]
    critics: list[str]
    frozen: list[str]
    quality: dict[str, Any] | None

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


def methods(results: Results) -> list[Method]:
    """All recipes, in the order of their table."""
    return [
        Method(
            name=recipe.name,
            learns_from=learns_from(recipe),
            losses=[objective.loss for objective in recipe.objectives],
            critics=[critic.name for critic in recipe.critics],
            frozen=recipe.frozen_networks(),
            quality=results.methods.get(recipe.name),
        )
        for recipe in RECIPES.values()
    ]


def learns_from(recipe: Recipe) -> str:
    """What a recipe's pictures are held against, in words."""
    if recipe.simulated:
        also = ", look of photographs" if recipe.needs_photographs else ""
        return f"simulated pairs{also}"
    if recipe.paired:
        return "true pairs"
    return "RAW files, photographs" if recipe.needs_photographs else "RAW files"
