"""Watching a decoder: its remarks on stderr, and memory it never wrote."""

import ctypes
import os

import numpy as np

from tfisp.rawfiles.libraw_guard import unwritten, watched


def test_remarks_of_libraw_are_caught_and_other_output_is_passed_on(capfd):
    with watched() as watch:
        os.write(2, b"x.nef: Unexpected end of file\nsomeone else's line\n")
    assert watch.complained
    assert capfd.readouterr().err == "someone else's line\n"


def test_silence_is_no_complaint(capfd):
    with watched() as watch:
        pass
    assert not watch.complained
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_new_memory_is_recognised_as_unwritten_and_only_within_the_block():
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    size = 64 * 256
    with watched():
        address = libc.malloc(2 * size)
    memory = np.ctypeslib.as_array((ctypes.c_uint16 * size).from_address(address)).reshape(64, 256)
    assert unwritten(memory) == 1
    memory[:32] = 7
    assert unwritten(memory) == 0.5
    libc.free(address)


def test_single_samples_of_that_value_are_no_gap():
    mosaic = np.zeros((64, 256), np.uint16)
    mosaic[:, ::2] = 0xA5A5
    assert unwritten(mosaic) == 0
    assert unwritten(mosaic[:, :16]) == 0
