"""C's stderr is held back, kept, and passed on but for the lines that are to be dropped."""

import os
import re

import pytest

from tfisp.native_stderr import held_stderr


def test_all_is_kept_and_what_is_not_dropped_is_passed_on(capfd):
    with held_stderr(re.compile(b"^noise|hum")) as held:
        os.write(2, b"noise\nno noise\na hum\nno end of line")
        assert capfd.readouterr().err == ""
    assert held.printed == b"noise\nno noise\na hum\nno end of line"
    assert capfd.readouterr().err == "no noise\nno end of line"


def test_a_block_that_fails_passes_it_on_too(capfd):
    with pytest.raises(ValueError), held_stderr(re.compile(b"noise")):
        os.write(2, b"the reason\n")
        raise ValueError
    assert capfd.readouterr().err == "the reason\n"
