"""Which files are taken, and how many patches of each."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tfisp.checkup.likeness import COPIES, groups
from tfisp.data.crops import room_needed
from tfisp.preparing.settings import Settings
from tfisp.preparing.survey import PICTURE_FAULTS

TINY, DUPLICATE = "tiny", "duplicate"

# What photographs are left out for, in the order in which it is told.
FAULTS = (TINY, *PICTURE_FAULTS, DUPLICATE)

# A stratum spans this many EV of exposure time; of ISO one.
_TIME_STEP = 2

Facts = Mapping[str, Mapping[str, Any]]


class LeftOut(NamedTuple):
    """A file that is not taken, why in a word, and the rest of the reason."""

    name: str
    fault: str
    detail: str


def unfit_raws(files: Facts, settings: Settings) -> list[LeftOut]:
    """RAW files too small for a patch, and those whose bytes an earlier one has.

    Args:
        files: What `survey` found of each usable file, in order.
        settings: What patches are prepared for.
    """
    found, first = [], dict[str, str]()
    for name, facts in files.items():
        height, width = room_needed(settings.patch_size, tuple(facts["phase"]), flip=False)
        if facts["size"][0] < height or facts["size"][1] < width:
            found.append(LeftOut(name, TINY, "{1}x{0} samples".format(*facts["size"])))
        elif facts["sha256"] in first:
            found.append(LeftOut(name, DUPLICATE, f"the same bytes as {first[facts['sha256']]}"))
        else:
            first[facts["sha256"]] = name
    return found


def unfit_photographs(files: Facts, raws: Facts, settings: Settings) -> list[LeftOut]:
    """Photographs with a fault, RAW files among them, and those that look like an earlier one.

    Args:
        files: What `survey` found of each usable photograph, in order.
        raws: The same of RAW files.
        settings: What patches are prepared for.
    """
    played = {facts["sha256"]: name for name, facts in raws.items()}
    found, fit = [], []
    for name, facts in files.items():
        faults = [fault for fault in facts["faults"] if fault not in settings.keep]
        if min(facts["size"]) < settings.patch_size or not facts["hash"]:
            size = "{1}x{0} pixels once reduced".format(*facts["size"])
            found.append(LeftOut(name, TINY, size))
        elif facts["sha256"] in played:
            found.append(LeftOut(name, DUPLICATE, f"the RAW file {played[facts['sha256']]}"))
        elif faults:
            found.append(LeftOut(name, faults[0], ""))
        else:
            fit.append(name)
    if DUPLICATE in settings.keep or not fit:
        return found
    hashes = [np.frombuffer(bytes.fromhex(files[name]["hash"]), np.uint8) for name in fit]
    for alike in groups(np.unpackbits(np.stack(hashes), axis=1).astype(bool), COPIES):
        names = [fit[number] for number in alike]
        found += [LeftOut(name, DUPLICATE, f"looks like {names[0]}") for name in names[1:]]
    return found


def stratum(facts: Mapping[str, Any]) -> str:
    """The stratum of a RAW file in words: its ISO to a factor of 2, exposure time to one of 4."""
    iso, time = facts["iso"], facts["exposure_time"]
    words = [
        "ISO not stated" if iso is None else f"ISO {100 * 2.0 ** round(math.log2(iso / 100)):g}",
        "time not stated"
        if time is None
        else _seconds(2.0 ** (_TIME_STEP * round(math.log2(time) / _TIME_STEP))),
    ]
    return ", ".join(words)


def shared_out(total: int | None, rooms: Sequence[int]) -> list[int]:
    """Shares of a total as equal as there is room for; what cannot be divided goes to the first.

    Args:
        total: What is shared out; None for all there is room for.
        rooms: The most that each can take.
    """
    shares = [0] * len(rooms)
    left = sum(rooms) if total is None else min(total, sum(rooms))
    while left:
        open_ones = [k for k, room in enumerate(rooms) if shares[k] < room]
        each = max(left // len(open_ones), 1)
        for k in open_ones[:left]:
            taken = min(each, rooms[k] - shares[k])
            shares[k] += taken
            left -= taken
    return shares


def stratified(total: int | None, rooms: Mapping[str, int], strata: Mapping[str, str]) -> Counter:
    """How many patches each RAW file gives: strata alike, and within each its files.

    Args:
        total: Patches wanted; None for all.
        rooms: How many each file can give.
        strata: The stratum of each file.
    """
    members: dict[str, list[str]] = {}
    for name in rooms:
        members.setdefault(strata[name], []).append(name)
    ordered = sorted(members)
    room_of = [sum(rooms[name] for name in members[each]) for each in ordered]
    chosen: Counter = Counter()
    for each, share in zip(ordered, shared_out(total, room_of), strict=True):
        shares = shared_out(share, [rooms[name] for name in members[each]])
        chosen.update(dict(zip(members[each], shares, strict=True)))
    return chosen


def _seconds(time: float) -> str:
    return f"{time:g} s" if time >= 1 else f"1/{1 / time:g} s"
