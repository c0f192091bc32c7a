"""The switches for what the published code does: their names, and the document that explains them.

What each of them does is tested in `training/test_compat.py`.
"""

import re
from pathlib import Path

import pytest

from tfisp.compat import EVALUATION, ITEMS, TRAINING, names, select
from tfisp.errors import InputError

FIDELITY = Path(__file__).parents[1] / "docs" / "FIDELITY.md"


def table():
    """The rows of the document's first table, as lists of cells."""
    _, _, rest = FIDELITY.read_text(encoding="utf-8").partition("\n|")
    lines = rest.partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_switch_is_explained_and_every_explained_switch_exists():
    switches = [re.fullmatch(r"`(\w+)`", row[-1]) for row in table()]
    explained = [found[1] for found in switches if found]
    assert sorted(explained) == sorted(ITEMS)


def test_every_row_has_a_text_in_every_column_and_a_switch_or_the_reason_why_not():
    for row in table():
        assert len(row) == 5
        assert all(row), row
        assert re.fullmatch(r"`\w+`", row[-1]) or row[-1].startswith("none: "), row


def test_published_stands_for_all_items_of_a_program():
    for program in (TRAINING, EVALUATION):
        assert [*select(("published",), program), "published"] == names(program)
    assert set(names(TRAINING)) | set(names(EVALUATION)) == {*ITEMS, "published"}


def test_items_are_taken_in_the_order_of_the_table():
    assert select(("vgg_transposed", "frozen_fc1"), TRAINING) == ("frozen_fc1", "vgg_transposed")
    assert select((), TRAINING) == ()


def test_a_mistyped_item_gives_the_closest_and_one_of_another_program_says_which():
    with pytest.raises(InputError, match="--compat=frozen_fc2: unknown; did you mean frozen_fc1"):
        select(("frozen_fc2",), TRAINING)
    with pytest.raises(InputError, match=r"truncated_uint8: is a switch of tfisp\.evaluate"):
        select(("truncated_uint8",), TRAINING)
    with pytest.raises(InputError, match=r"frozen_fc1: is a switch of tfisp\.train"):
        select(("frozen_fc1",), EVALUATION)
