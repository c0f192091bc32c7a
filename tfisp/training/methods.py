"""Published methods of unpaired training as recipes, with the numbers of their papers or code.

Each trains the generator that ships, on the same data and by the same command as the paper's own
recipe; docs/RECIPES.md says what had to be decided for that. None of them scales gradients
(`Recipe.normalised`): their weights are those of a plain sum of losses.
"""

import dataclasses

from tfisp.training.specification import (
    CRITICS,
    CriticSpec,
    CycleSpec,
    ObjectiveSpec,
    Recipe,
    WayBack,
)

# WESPE, arXiv 1709.01118, section 3: content of the picture that went there and back, colour and
# texture critics of pixels, total variation. Adam as DPED's code has it.
_WESPE = Recipe(
    name="wespe_cycle",
    objectives=(ObjectiveSpec("tv", "tv", weight=10.0),),
    critics=(
        CriticSpec("adv_color_pixels", "pixels", "blur", "pixels", "pixel_cnn", weight=5e-3),
        CriticSpec("adv_texture_pixels", "pixels", "gray", "pixels", "pixel_cnn", weight=5e-3),
    ),
    way_back=WayBack(
        "dped",
        "reference",
        (CycleSpec("cycle_content", "content", compares="reference", view="rgb"),),
    ),
    adversarial="standard",
    critic_learning_rate=5e-4,
    critic_interval=1,
    betas=(0.9, 0.999),
    gamma=0.0,
    critic_clip=None,
    normalised=False,
)

_CYCLE, _SAME = 10.0, 5.0

# CycleGAN, arXiv 1703.10593, section 4 and appendix, and github.com/junyanz/CycleGAN.
_CYCLEGAN = Recipe(
    name="cyclegan",
    objectives=(),
    critics=(CRITICS["adv_patches"],),
    way_back=WayBack(
        "resnet",
        "raw",
        (
            CycleSpec("cycle_raw", "l1", "raw", weight=_CYCLE, of="restored"),
            CycleSpec("cycle_target", "l1", "target", weight=_CYCLE, of="rerendered"),
            CycleSpec("same_target", "l1", "target", weight=_SAME, of="same_target"),
            CycleSpec("same_raw", "l1", "raw", weight=_SAME, of="same_raw"),
        ),
        (CriticSpec("adv_raw_patches", "pixels", "rgb", "pixels", "patchgan", 2.0),),
    ),
    adversarial="least_squares",
    learning_rate=2e-4,
    critic_learning_rate=2e-4,
    critic_interval=1,
    betas=(0.5, 0.999),
    gamma=0.0,
    critic_clip=None,
    normalised=False,
    schedule="linear",
    pool=50,
)

# The fourth place of NTIRE 2026's unpaired ISP challenge, arXiv 2605.07495: statistics of the
# pictures against those of photographs. There the network only maps colours of a finished picture;
# here it makes the picture, and `structure` is added so that it stays one.
_STATISTICS = Recipe(
    name="statistics",
    objectives=(
        ObjectiveSpec("structure", "ssim", compares="reference"),
        ObjectiveSpec("moments", "moments", compares="target"),
        ObjectiveSpec("luma", "luma_histogram", compares="target"),
        ObjectiveSpec("chroma", "chroma_histogram", compares="target", weight=1.5),
        ObjectiveSpec("gram", "gram", compares="target", view="clipped"),
        ObjectiveSpec("tv_l1", "tv_l1", weight=0.05),
    ),
    content=tuple(("vgg19_torchvision", f"relu{block}_1") for block in range(1, 6)),
    learning_rate=1e-4,
    critic_learning_rate=1e-4,
    betas=(0.9, 0.999),
    normalised=False,
)
# Its second stage: the same under a light critic.
_STATISTICS_ADVERSARIAL = dataclasses.replace(
    _STATISTICS,
    name="statistics_adversarial",
    critics=(CRITICS["adv_unet"],),
    adversarial="hinge",
    critic_interval=1,
    gamma=0.0,
    critic_clip=None,
)

METHODS = {
    recipe.name: recipe for recipe in (_WESPE, _CYCLEGAN, _STATISTICS, _STATISTICS_ADVERSARIAL)
}
