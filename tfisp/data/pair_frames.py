"""A RAW file and its picture, laid over each other: the part that both show."""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tfisp.data.cache import file_digest, key
from tfisp.data.frames import Scene
from tfisp.data.images import READ_VERSION, read_photograph
from tfisp.data.picture_alignment import ALIGNMENT_VERSION, BLOCK, Alignment, align
from tfisp.data.placement import Placement, place
from tfisp.data.raw_frames import RawFrame
from tfisp.errors import InputError
from tfisp.packing import disorient
from tfisp.sensor import Capture, Sensor

# A picture with fewer pixels than one for so many samples along a side, or that fits in less than
# this share of its frame, is no partner.
_MOST_SCALE, _LEAST_FITTING = 4, 0.5


@dataclass(frozen=True)
class PairFrame:
    """The part of a RAW file that its picture shows.

    Attributes:
        raw: The RAW file.
        target_path: See `tfisp.data.frames.Frame`.
        target_sha256: Hash of the picture's file.
        alignment: Where the picture lies.
    """

    raw: RawFrame
    target_path: Path
    target_sha256: str
    alignment: Alignment

    @property
    def name(self) -> str:
        """See `Frame`."""
        return self.raw.name

    @property
    def path(self) -> Path:
        """See `Frame`."""
        return self.raw.path

    @property
    def size(self) -> tuple[int, int]:
        """See `Frame`."""
        return self.alignment.area[2:]

    @cached_property
    def sensor(self) -> Sensor:
        """Of that part."""
        return self.raw.sensor.shifted(*self.alignment.area[:2])

    @cached_property
    def capture(self) -> Capture:
        """The facts of the RAW file, for that part."""
        whole = self.raw.capture
        frame_size = whole.frame_size or self.raw.size
        first = self.alignment.area[:2]
        return replace(whole, frame_size=frame_size, origin=first, default_crop=None)

    @property
    def phase(self) -> tuple[int, int]:
        """See `Frame`."""
        return self.sensor.red_site

    @property
    def misplaced(self) -> np.ndarray:
        """See `Frame`."""
        return self.alignment.misplaced

    @property
    def content(self) -> str:
        """See `Frame`."""
        return self.raw.content

    @property
    def kept_bytes(self) -> int:
        """See `Frame`: those of the RAW file, and its picture laid over it."""
        return self.raw.kept_bytes + 3 * self.size[0] * self.size[1]

    def load(self, *, reference: bool = True, target: bool = False) -> Scene:
        """See `Frame`."""
        scene = self.raw.load(reference=reference)
        top, left, height, width = self.alignment.area
        part = (slice(top, top + height), slice(left, left + width))
        return Scene(
            scene.mosaic[part],
            self.sensor,
            self.capture,
            None if scene.reference is None else scene.reference[part],
            self.raw.rendering.store.get(self._laid, self._lay) if target else None,
        )

    def middle(self, most: int) -> "PairFrame":
        """Its middle of at most so many samples a side, from a border of squares on."""
        first, size, squares = [], [], []
        for start, side in zip(self.alignment.area[:2], self.size, strict=True):
            before = max(0, side - most) // 2 // BLOCK
            first.append(start + before * BLOCK)
            size.append(min(side, most))
            squares.append(slice(before, before + math.ceil(size[-1] / BLOCK)))
        alignment = self.alignment._replace(
            area=(first[0], first[1], size[0], size[1]),
            misplaced=self.misplaced[squares[0], squares[1]],
        )
        return replace(self, alignment=alignment)

    @cached_property
    def _laid(self) -> str:
        """Key of the picture as it is laid: everything it depends on."""
        return key(
            kind="laid",
            version=[READ_VERSION, ALIGNMENT_VERSION],
            file=self.target_sha256,
            placement=list(self.alignment.placement),
            area=list(self.alignment.area),
            orientation=self.raw.capture.orientation,
        )

    def _lay(self) -> np.ndarray:
        picture = read_photograph(self.target_path)
        placement, (top, left, *size) = self.alignment.placement, self.alignment.area
        if placement.turned == "upright":
            picture = disorient(picture, self.raw.capture.orientation)
        within = placement._replace(top=placement.top - top, left=placement.left - left)
        return place(np.ascontiguousarray(picture), within, tuple(size))


def open_pair(raw: RawFrame, target: Path) -> PairFrame:
    """A pair, once its picture is laid over its RAW file.

    Raises:
        InputError: If the picture cannot be read, or does not fit.
    """
    sha256 = file_digest(target)
    return PairFrame(raw, target, sha256, _alignment(raw, target, sha256))


def _alignment(raw: RawFrame, target: Path, sha256: str) -> Alignment:
    """Where a picture lies, from the cache or found now.

    Raises:
        InputError: If it cannot be read, or does not fit.
    """
    name = key(
        kind="alignment",
        version=[READ_VERSION, ALIGNMENT_VERSION],
        decoded=raw.decoded,
        sensor=raw.sensor.to_dict(),
        target=sha256,
    )
    facts = raw.rendering.store.note(name)
    if facts is None:
        try:
            found = align(
                raw.load(reference=False).mosaic, raw.sensor, raw.capture, read_photograph(target)
            )
        except InputError as error:
            text = str(error)
            text = text if text.startswith(str(target)) else f"{target}: {raw.path.name}: {text}"
            raise InputError(text) from error
        facts = _as_facts(found)
        raw.rendering.store.write_note(name, facts)
    found = _of_facts(facts)
    fitting = 1 - float(found.misplaced.mean())
    if found.placement.scale > _MOST_SCALE:
        raise InputError(
            f"{target}: has less than 1/{_MOST_SCALE} of the size of {raw.path.name}: a thumbnail?"
        )
    if fitting < _LEAST_FITTING:
        raise InputError(
            f"{target}: fits {raw.path.name} in {fitting:.0%} of the frame only, expected "
            f"{_LEAST_FITTING:.0%}"
        )
    return found


def _as_facts(found: Alignment) -> dict[str, Any]:
    """An alignment as JSON values."""
    rows = ["".join(map(str, row)) for row in found.misplaced.astype(int)]
    return {
        "placement": list(found.placement),
        "likeness": found.likeness,
        "area": list(found.area),
        "misplaced": rows,
    }


def _of_facts(facts: dict[str, Any]) -> Alignment:
    """The inverse of `_as_facts`."""
    rows = [[digit == "1" for digit in row] for row in facts["misplaced"]]
    top, left, height, width = facts["area"]
    area = (top, left, height, width)
    return Alignment(Placement(*facts["placement"]), facts["likeness"], area, np.array(rows))
