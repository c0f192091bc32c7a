"""Errors for the user: one line, and not longer than can be read."""

from tfisp.errors import InputError, UsageError, first_line


def test_a_message_keeps_both_ends_of_what_it_quotes():
    for kind in (InputError, UsageError):
        text = str(kind("config.json: format " + "x" * 100_000 + " is not known"))
        assert len(text) < 8000
        assert text.startswith("config.json: format xxx") and text.endswith("xxx is not known")
        assert str(kind("short")) == "short"


def test_an_error_that_says_nothing_is_called_by_its_kind():
    assert first_line(KeyError()) == "KeyError()"
    assert first_line(ValueError("one\ntwo")) == "one"
