"""A run stops where any loss, gradient or critic is no number."""

import math

import pytest

from tfisp.errors import InputError
from tfisp.training.finite_checks import overflowed, require_sound
from tfisp.training.scaling import SMALLEST

SOUND = {
    "loss/content": 1.0,
    "grad_norm/content": 2.0,
    "weight/content": 0.5,
    "critic/adv_lin0/r1": 3.0,
    "critic/adv_lin0/grad_norm": 0.0,
}


def test_a_sound_step_passes():
    require_sound(SOUND, "unpaired step 3")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("tag", [tag for tag in SOUND if not tag.startswith("weight")])
def test_whatever_is_no_number_is_named(tag, value):
    with pytest.raises(InputError, match=rf"unpaired step 3: {tag} became .*learning_rate"):
        require_sound(SOUND | {tag: value}, "unpaired step 3")


def test_an_overflow_is_let_pass_but_at_the_smallest_scale():
    skipped = SOUND | {
        "overflow/content": 1.0,
        "scale/content": 4 * SMALLEST,
        "grad_norm/content": math.inf,
    }
    assert overflowed(skipped) == {"content": 4 * SMALLEST}
    assert overflowed(SOUND | {"overflow/content": 0.0, "scale/content": 1.0}) == {}
    require_sound(skipped, "step 3")
    with pytest.raises(InputError, match="overflows float16 at the smallest scale"):
        require_sound(skipped | {"scale/content": SMALLEST}, "step 3")
