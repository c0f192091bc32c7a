"""The recipes, by name: training stages as data."""

import dataclasses

from tfisp.errors import InputError
from tfisp.naming import choose
from tfisp.training.levels import LEVELS
from tfisp.training.methods import METHODS
from tfisp.training.specification import CRITICS, CriticSpec, ObjectiveSpec, Recipe

_TV = ObjectiveSpec("tv", "tv")

_PAIRED = (
    ObjectiveSpec("content", "content", compares="target", view="rgb"),
    ObjectiveSpec("lpips_plus", "lpips+", compares="target"),
    ObjectiveSpec("dists", "dists", compares="target"),
    _TV,
    ObjectiveSpec("blur_mse", "blur_mse", compares="target"),
)
_UNPAIRED = (ObjectiveSpec("content", "content", compares="reference", view="luminance"), _TV)


def _critics(*names: str) -> tuple[CriticSpec, ...]:
    return tuple(CRITICS[name] for name in names)


RECIPES: dict[str, Recipe] = {
    # Eq. 12: learn to demosaic, so that the adversarial stage starts from sound structure.
    "pretrain": Recipe(
        name="pretrain",
        objectives=(
            ObjectiveSpec("content", "content", compares="reference", view="rgb"),
            ObjectiveSpec("mse", "mse", compares="reference"),
            _TV,
        ),
    ),
    # Eq. 10 without its critics: the photograph shows the scene of the RAW.
    "paired": Recipe(name="paired", objectives=_PAIRED, paired=True),
    # Eq. 10.
    "paired_adversarial": Recipe(
        name="paired_adversarial",
        objectives=_PAIRED,
        critics=_critics("adv_lin0", "adv_lin3"),
        paired=True,
    ),
    # Eq. 11: content from the RAW itself, look from photographs of other scenes.
    "unpaired": Recipe(
        name="unpaired",
        objectives=_UNPAIRED,
        critics=_critics("adv_color", "adv_lin0", "adv_lin3"),
    ),
    # The same with critics of pixels, for comparison: only the critics differ. WESPE itself also
    # learns the inverse mapping, as `wespe_cycle` does.
    "wespe": Recipe(
        name="wespe",
        objectives=_UNPAIRED,
        critics=_critics("adv_color_pixels", "adv_texture_pixels"),
    ),
}

# Plain regression with a large rate that falls to zero, found on the benchmark of
# docs/UNPAIRED_PLUS.md; the recipes that end in `_plus` differ only in their pairs.
_REGRESSION = Recipe(
    name="",
    objectives=(ObjectiveSpec("mse", "mse", compares="target"),),
    paired=True,
    learning_rate=4e-3,
    betas=(0.9, 0.999),
    normalised=False,
    schedule="cosine",
    ema_decay=0.98,
)
_CLEAN = (ObjectiveSpec("mse", "mse", compares="reference"),)
RECIPES |= {
    recipe.name: recipe
    for recipe in (
        # Simulated captures to their clean pictures: a neutral rendering.
        dataclasses.replace(_REGRESSION, name="pretrain_plus", objectives=_CLEAN, simulated=True),
        # Simulated captures to their clean pictures in the look of the target photographs.
        dataclasses.replace(_REGRESSION, name="unpaired_plus", simulated=True),
        # True pairs.
        dataclasses.replace(_REGRESSION, name="paired_plus"),
        # Simulated captures to their clean pictures in the look of true pairs: ahead of
        # `paired_plus`.
        dataclasses.replace(_REGRESSION, name="lut3d_plus", simulated=True, look="lut3d"),
        dataclasses.replace(_REGRESSION, name="nilut_plus", simulated=True, look="nilut"),
    )
}
RECIPES |= METHODS | LEVELS


def get_recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        InputError: if there is none, naming the closest.
    """
    return RECIPES[choose("--recipe", name, RECIPES)]


def parse_content(text: str) -> tuple[tuple[str, str], ...]:
    """Reads `vgg19:relu5_4,alexnet_imagenet:relu2` into `(backbone, tap)` pairs.

    Raises:
        InputError: if a part is not of the form `backbone:tap`.
    """
    pairs = []
    for part in text.split(","):
        backbone, colon, tap = part.strip().rpartition(":")  # a backbone's name may hold one
        if not (backbone and colon and tap):
            raise InputError(
                f"--content={text}: {part!r} is not of the form backbone:tap, as in vgg19:relu5_4"
            )
        pairs.append((backbone, tap))
    return tuple(pairs)
