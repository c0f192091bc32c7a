"""What the paper's published code does differently, each by a name that switches it on.

`tfisp.train --compat=frozen_fc1,vgg_transposed` follows the published code in those two things;
`--compat=published` in all of them. `docs/FIDELITY.md` sets paper, published code and tfisp side by
side, with the differences that have no switch and why.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tfisp.errors import InputError
from tfisp.naming import choose

# Stands for all items that act in a program.
PUBLISHED = "published"

TRAINING, EVALUATION = "tfisp.train", "tfisp.evaluate"


@dataclass(frozen=True)
class Item:
    """One thing that the published code does and tfisp by itself does not.

    Attributes:
        name: What `--compat` calls it.
        does: What the published code does.
        source: Where in it.
        program: Which program has the switch, `TRAINING` or `EVALUATION`.
    """

    name: str
    does: str
    source: str
    program: str = TRAINING


ITEMS: dict[str, Item] = {
    item.name: item
    for item in (
        Item(
            "frozen_fc1",
            "the texture critics' first dense layer keeps its first weights",
            "models.py, helper.py",
        ),
        Item(
            "vgg_transposed",
            "every kernel of the content loss' VGG-19 has height and width exchanged",
            "vgg_loss.py",
        ),
        Item(
            "vit_unnormalised",
            "the colour critic's ViT sees 0..1 instead of the range that it was trained on",
            "gan_loss.py",
        ),
        Item(
            "zero_padded_blur",
            "beyond the border of a picture to blur there is black",
            "utils.py",
        ),
        Item(
            "fixed_permutation",
            "each RAW patch meets the same photograph in every epoch",
            "load_dataset.py",
        ),
        Item(
            "swapped_lpips_plus",
            "the generated image, not the photograph, weighs the positions of LPIPS+",
            "lpips_plus.py",
        ),
        Item(
            "clamped_distances",
            "LPIPS+ and DISTS see both pictures cut off to 0..1",
            "lpips_plus.py, dists.py",
        ),
        Item(
            "published_reference",
            "the reference keeps the black level and is stretched file by file",
            "load_dataset.py",
        ),
        Item(
            "luminance_paired_content",
            "paired recipes compare the content of L instead of RGB",
            "vgg_loss.py",
        ),
        Item(
            "truncated_uint8",
            "pictures to measure are cut off to 8 bits instead of rounded",
            "test_model.py",
            EVALUATION,
        ),
    )
}


def names(program: str) -> list[str]:
    """What `--compat` of a program may list: its items, and `published` for all of them."""
    return [*(item.name for item in ITEMS.values() if item.program == program), PUBLISHED]


def select(chosen: Iterable[str], program: str) -> tuple[str, ...]:
    """The items that a value of `--compat` stands for, in the table's order.

    Args:
        chosen: Names of items, or `published`.
        program: `TRAINING` or `EVALUATION`.

    Raises:
        InputError: for a name that there is not, with the closest ones, or one of the other
            program.
    """
    chosen = tuple(chosen)
    for name in chosen:
        choose("--compat", name, [*ITEMS, PUBLISHED])
        if name != PUBLISHED and ITEMS[name].program != program:
            raise InputError(f"--compat={name}: is a switch of {ITEMS[name].program}")
    return tuple(
        item.name
        for item in ITEMS.values()
        if item.program == program and (PUBLISHED in chosen or item.name in chosen)
    )
