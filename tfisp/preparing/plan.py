"""What is prepared: files, patches and shards, as one value that follows from files and settings.

Files are taken in an order drawn from their names, so that a shard holds a sample of all of them.
Consecutive ones share a shard until it is full; a shard is what one worker makes at a time.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tfisp.data.cache import key
from tfisp.data.crops import PatchGrid
from tfisp.data.listing import drawn
from tfisp.data.prepared import ROLES
from tfisp.data.prepared_records import RAW_BYTES, TARGET_BYTES
from tfisp.preparing.choice import (
    Facts,
    LeftOut,
    stratified,
    stratum,
    unfit_photographs,
    unfit_raws,
)
from tfisp.preparing.settings import Settings

_SAMPLE_BYTES = {"raw": RAW_BYTES, "target": TARGET_BYTES}


class Source(NamedTuple):
    """A file whose patches are prepared.

    Attributes:
        name: Relative to the folder of its role.
        sha256: Of its content.
        size: (height, width), upright and, of a photograph, reduced.
        cells: Which of its patches, see `tfisp.data.crops.PatchGrid`.
    """

    name: str
    sha256: str
    size: tuple[int, int]
    cells: list[int]


@dataclass(frozen=True)
class Plan:
    """What is prepared.

    Attributes:
        settings: What for.
        shards: Of each role, shards by name.
        left_out: Of each role, the files that are not taken, but for unreadable ones.
        strata: ISO and exposure time, in words, to (patches there are, patches taken).
        files: Every file that was looked at: "role", "path", "bytes", "content".
    """

    settings: Settings
    shards: dict[str, dict[str, list[Source]]]
    left_out: dict[str, list[LeftOut]]
    strata: dict[str, tuple[int, int]]
    files: list[dict[str, Any]]

    @property
    def key(self) -> str:
        """What tells it from other plans."""
        files = [[entry["role"], entry["path"], entry["content"]] for entry in self.files]
        taken = [
            [name, source.name, len(source.cells)]
            for shards in self.shards.values()
            for name, shard in shards.items()
            for source in shard
        ]
        return key(settings=self.settings.to_dict(), files=files, taken=taken)

    def patches(self, role: str) -> int:
        """How many patches of a role there will be."""
        return sum(len(source.cells) for shard in self.shards[role].values() for source in shard)

    def sources(self, role: str) -> int:
        """How many files they come from."""
        return sum(len(shard) for shard in self.shards[role].values())

    def size_bytes(self) -> int:
        """How large all shards will be, about."""
        area = self.settings.patch_size**2
        return sum(self.patches(role) * area * _SAMPLE_BYTES[role] for role in ROLES)


def make_plan(settings: Settings, found: Mapping[str, Facts], files: list[dict[str, Any]]) -> Plan:
    """Plans shards.

    Args:
        settings: What for.
        found: Of each role, what `survey` found of each usable file, in order.
        files: See `Plan`.
    """
    left_out = {
        "raw": unfit_raws(found["raw"], settings),
        "target": unfit_photographs(found["target"], found["raw"], settings),
    }
    fit: dict[str, Facts] = {}
    for role in ROLES:
        unfit = {item.name for item in left_out[role]}
        names = drawn((name for name in found[role] if name not in unfit), settings.seed)
        fit[role] = {name: found[role][name] for name in names}
    rooms = {
        role: {name: len(_grid(facts, settings)) for name, facts in fit[role].items()}
        for role in ROLES
    }
    strata = {name: stratum(facts) for name, facts in fit["raw"].items()}
    # Photographs are of one stratum: their patches are shared out among files alone.
    chosen = {
        "raw": stratified(settings.raw_patches, rooms["raw"], strata),
        "target": stratified(
            settings.target_patches, rooms["target"], dict.fromkeys(rooms["target"], "")
        ),
    }
    return Plan(
        settings,
        {role: _shards(role, fit[role], rooms[role], chosen[role], settings) for role in ROLES},
        left_out,
        _strata(strata, rooms["raw"], chosen["raw"]),
        files,
    )


def _grid(facts: Mapping[str, Any], settings: Settings) -> PatchGrid:
    return PatchGrid([tuple(facts["size"])], settings.patch_size)


def _strata(
    strata: Mapping[str, str], rooms: Mapping[str, int], chosen: Counter
) -> dict[str, tuple[int, int]]:
    """See `Plan`."""
    there, taken = Counter[str](), Counter[str]()
    for name, each in strata.items():
        there[each] += rooms[name]
        taken[each] += chosen[name]
    return {each: (there[each], taken[each]) for each in sorted(there)}


def _shards(
    role: str, fit: Facts, rooms: Mapping[str, int], chosen: Counter, settings: Settings
) -> dict[str, list[Source]]:
    """Files in shards."""
    most = max(settings.shard_mb * 10**6 // (settings.patch_size**2 * _SAMPLE_BYTES[role]), 1)
    shards: list[list[Source]] = []
    held = most
    for name, facts in fit.items():
        if not chosen[name]:
            continue
        if held >= most:
            shards.append([])
            held = 0
        cells = drawn(map(str, range(rooms[name])), settings.seed)[: chosen[name]]
        source = Source(name, facts["sha256"], tuple(facts["size"]), sorted(map(int, cells)))
        shards[-1].append(source)
        held += len(cells)
    return {f"{role}-{k:05}-of-{len(shards):05}": shard for k, shard in enumerate(shards)}
