"""Which photographs are left out, and how many patches each file gives: worked out by hand."""

import numpy as np
import pytest

from tfisp.preparing.choice import (
    shared_out,
    stratified,
    stratum,
    unfit_photographs,
    unfit_raws,
)
from tfisp.preparing.settings import Settings


@pytest.mark.parametrize(
    ("total", "rooms", "expected"),
    [
        (None, [3, 5], [3, 5]),
        (100, [3, 5], [3, 5]),
        (6, [10, 10, 10], [2, 2, 2]),
        (8, [10, 10, 10], [3, 3, 2]),
        (9, [1, 10, 10], [1, 4, 4]),
        (12, [1, 2, 20], [1, 2, 9]),
        (2, [5, 5, 5], [1, 1, 0]),
        (3, [], []),
    ],
)
def test_shares_are_as_equal_as_there_is_room(total, rooms, expected):
    assert shared_out(total, rooms) == expected


def test_strata_get_alike_whatever_they_hold():
    rooms = {"day1": 50, "day2": 50, "day3": 50, "night": 30, "few": 4}
    strata = dict.fromkeys(rooms, "day") | {"night": "night", "few": "dusk"}
    chosen = stratified(34, rooms, strata)
    assert dict(chosen) == {"day1": 5, "day2": 5, "day3": 5, "night": 15, "few": 4}


@pytest.mark.parametrize(
    ("iso", "time", "expected"),
    [
        (100, 1 / 64, "ISO 100, 1/64 s"),
        (125, 1 / 50, "ISO 100, 1/64 s"),
        (800, 2.0, "ISO 800, 1 s"),
        (1250, 5.0, "ISO 1600, 4 s"),
        (None, None, "ISO not stated, time not stated"),
    ],
)
def test_a_stratum_spans_a_factor_of_2_of_iso_and_4_of_time(iso, time, expected):
    assert stratum({"iso": iso, "exposure_time": time}) == expected


def photograph(number, hashed=None, faults=(), size=(64, 64)):
    bits = np.random.default_rng(number).integers(0, 256, 32, dtype=np.uint8)
    hashed = bits if hashed is None else hashed
    facts = {"size": list(size), "faults": list(faults), "hash": hashed.tobytes().hex()}
    return facts | {"sha256": f"{number}"}


def test_each_photograph_is_left_out_for_its_first_fault():
    near = np.random.default_rng(0).integers(0, 256, 32, dtype=np.uint8)
    near[:4] ^= 0xFF  # 32 of 256 bits are one eighth
    far = near.copy()
    far[4] ^= 1
    files = {
        "a": photograph(0),
        "tiny": photograph(1, size=(64, 30), faults=["clipped"]),
        "bad": photograph(2, faults=["clipped", "blurred"]),
        "soft": photograph(3, faults=["blurred"]),
        "near": photograph(4, near),
        "raw": photograph(5),
    }
    raws = {"x.png": {"sha256": "5"}}
    settings = Settings(patch_size=32)
    found = {item.name: item.fault for item in unfit_photographs(files, raws, settings)}
    assert found == {
        "tiny": "tiny",
        "bad": "clipped",
        "soft": "blurred",
        "near": "duplicate",
        "raw": "duplicate",
    }
    kept = Settings(patch_size=32, keep=("blurred", "duplicate", "clipped"))
    found = {item.name: item.fault for item in unfit_photographs(files, {}, kept)}
    assert found == {"tiny": "tiny"}
    files = {"a": photograph(0), "far": photograph(1, far)}
    assert not unfit_photographs(files, {}, settings)


def test_raw_files_must_hold_a_patch_that_begins_on_red():
    def raw(sha256, size, phase=(0, 0)):
        return {"sha256": sha256, "size": list(size), "phase": list(phase)}

    files = {
        "fits": raw("1", (32, 32)),
        "again": raw("1", (32, 32)),
        "short": raw("2", (31, 90)),
        "beside": raw("3", (32, 32), phase=(0, 1)),
        "wider": raw("4", (32, 33), phase=(0, 1)),
    }
    found = [(item.name, item.fault) for item in unfit_raws(files, Settings(patch_size=32))]
    assert found == [("again", "duplicate"), ("short", "tiny"), ("beside", "tiny")]
