"""What native libraries print is held back only where it says nothing."""

import os

import pytest

from tfisp.backend import without_chatter


def test_routine_messages_are_dropped_and_others_passed_on(capfd):
    with without_chatter():
        os.write(2, b"I0000 00:00:1.2 3 port.cc:153] oneDNN is on.\n")
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n")
        os.write(2, b"E0000 00:00:1.2 3 cuda.cc:9] a real error\n")
        os.write(2, b"no end of line")
    assert capfd.readouterr().err == "E0000 00:00:1.2 3 cuda.cc:9] a real error\nno end of line"


def test_messages_are_passed_on_when_the_block_fails(capfd):
    with pytest.raises(ValueError), without_chatter():
        os.write(2, b"the reason\n")
        raise ValueError
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "the reason\nlater\n"


def test_a_process_without_stderr_is_left_alone(monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    with without_chatter():
        pass
