"""Names: the closest ones of a mistyped one, and what may be registered under which."""

from dataclasses import dataclass

import pytest

from tfisp.errors import InputError
from tfisp.naming import choose, register


def thing():
    """Something to register."""


def other():
    """Something else."""


def defined(module="a", name="f"):
    """A function as a module's lines make it, each time anew."""

    def function():
        pass

    function.__module__, function.__qualname__ = module, name
    return function


@dataclass(frozen=True)
class Kind:
    opener: object
    side: int = 1


def test_what_is_registered_can_be_chosen():
    known = {}
    register("thing", "my_thing", thing, known)
    assert known[choose("--thing", "my_thing", known)] is thing


def test_a_name_that_is_taken_is_refused_and_keeps_what_it_means():
    known = {"mine": thing}
    with pytest.raises(InputError, match=r"^thing 'mine': the name is taken; "):
        register("thing", "mine", other, known)
    assert known == {"mine": thing}


@pytest.mark.parametrize(
    "name", ["", "my-isp", "1st", "a/b", "../a", "a b", "a,b", "ä", None, "a\n"]
)
def test_what_cannot_be_a_name_is_refused(name):
    with pytest.raises(InputError, match="not a name"):
        register("thing", name, thing, {})


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (thing, thing),
        (defined(), defined()),
        (Kind(defined()), Kind(defined())),
    ],
)
def test_the_same_definition_takes_the_place_of_its_earlier_self(first, again):
    known = {"mine": first}
    register("thing", "mine", again, known)
    assert known["mine"] is again


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (defined(name="f"), defined(name="g")),
        (defined(module="a"), defined(module="b")),
        (Kind(defined()), Kind(defined(), side=2)),
        (Kind(defined(name="f")), Kind(defined(name="g"))),
        (lambda: 1, lambda: 2),
        (defined(name="make.<locals>.f"), defined(name="make.<locals>.f")),
    ],
)
def test_what_only_looks_alike_does_not(first, second):
    with pytest.raises(InputError, match="taken"):
        register("thing", "mine", second, {"mine": first})
