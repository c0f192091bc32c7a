"""PyNET's training, level by level, as recipes with the numbers of its published code.

Stage by stage, from the lowest level up: the generator becomes one that stops at the stage's level,
with the weights of the level before (`Recipe.level`), and its picture is compared with the target
at that level's own size. A pyramid shows such a picture enlarged by repetition, so views of means
give back its pixels, and the target in the same size.

From https://github.com/aiff22/PyNET (`train_model.py`, `README.md`), the code of arXiv 2002.05509.
"""

from tfisp.training.specification import ObjectiveSpec, Recipe


def _level(level: int, *losses: tuple[str, float]) -> Recipe:
    """The recipe of a level.

    Args:
        level: 0 for the picture in full size.
        *losses: Names and weights.
    """
    view = f"mean{2**level}" if level else "rgb"
    return Recipe(
        name=f"pynet_{level}",
        objectives=tuple(
            ObjectiveSpec(name, name, "target", view, weight) for name, weight in losses
        ),
        paired=True,
        learning_rate=5e-5,
        betas=(0.9, 0.999),
        normalised=False,
        level=level,
    )


LEVELS = {
    recipe.name: recipe
    for recipe in (
        _level(5, ("mse", 100.0)),
        _level(4, ("mse", 100.0)),
        _level(3, ("mse", 100.0), ("content", 1.0)),
        _level(2, ("mse", 100.0), ("content", 1.0)),
        _level(1, ("mse", 50.0), ("content", 1.0)),
        _level(0, ("mse", 20.0), ("content", 1.0), ("ssim", 20.0)),
    )
}
