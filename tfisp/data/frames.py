"""Frames: RAW captures with all that belongs to them, read when they are needed.

Every kind of data set makes frames of its files; patches and pairs are cut from frames without
knowing where they come from.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from tfisp.contract import Contract
from tfisp.data.cache import Store, digest, key
from tfisp.data.images import to_uint16
from tfisp.data.manifest import sample
from tfisp.demosaic import REFERENCE_VERSION, reference
from tfisp.errors import InputError
from tfisp.raw import check_levels
from tfisp.sensor import Capture, Sensor

# Of a reference, for each of its pixels: uint16, three colours.
REFERENCE_BYTES = 6


class Scene(NamedTuple):
    """A frame's content. Arrays may be memory-mapped and must not be written to.

    Attributes:
        mosaic: `[H, W]` samples.
        sensor: Its sensor.
        capture: The facts of its file.
        reference: uint16 `[H, W, 3]` of full scale, the reference rendering; None if not asked for.
        target: uint8 or uint16 `[H, W, 3]` of full scale, its pair; None if there is none or it was
            not asked for.
    """

    mosaic: np.ndarray
    sensor: Sensor
    capture: Capture
    reference: np.ndarray | None = None
    target: np.ndarray | None = None


class Frame(Protocol):
    """A RAW capture.

    Attributes:
        name: What it is called in reports, without folder.
        path: Its file.
        size: (height, width) in samples.
        phase: (row, column) of its red site within the 2x2 tile.
        target_path: File of its pair; None if it has none.
        content: What tells its file, with whatever describes it, from another one.
        kept_bytes: How much of the cache it takes once it has been read.
        misplaced: bool `[rows, columns]`, squares of `picture_alignment.BLOCK` samples in which its
            pair does not fit, so that no patch of them is used; None: it fits everywhere.
    """

    @property
    def name(self) -> str:
        """See the class."""
        ...

    @property
    def path(self) -> Path:
        """See the class."""
        ...

    @property
    def size(self) -> tuple[int, int]:
        """See the class."""
        ...

    @property
    def phase(self) -> tuple[int, int]:
        """See the class."""
        ...

    @property
    def target_path(self) -> Path | None:
        """See the class."""
        ...

    @property
    def content(self) -> str:
        """See the class."""
        ...

    @property
    def kept_bytes(self) -> int:
        """See the class."""
        ...

    @property
    def misplaced(self) -> np.ndarray | None:
        """See the class."""
        ...

    def load(self, *, reference: bool = True, target: bool = False) -> Scene:
        """Reads what is asked for.

        Raises:
            InputError: If a file turns out to be damaged.
        """
        ...


@dataclass(frozen=True)
class Rendering:
    """How references are made and where they are kept.

    Attributes:
        store: Where.
        method: Demosaicing method.
        contract: The generator's; part of the key.
    """

    store: Store
    method: str
    contract: Contract

    def reference(
        self, mosaic: np.ndarray, sensor: Sensor, capture: Capture, **facts: Any
    ) -> np.ndarray:
        """The reference of a frame, from the store or computed now.

        Args:
            mosaic: `[H, W]` samples.
            sensor: Its sensor.
            capture: The facts of its file.
            **facts: What the mosaic comes from: the file's hash, options.

        Returns:
            uint16 `[H, W, 3]` of full scale, sRGB-encoded.
        """
        name = key(
            kind="reference",
            how=_how(self.method, sensor, self.contract),
            capture=_capture_facts(capture),
            **facts,
        )
        return self.store.get(
            name, lambda: to_uint16(reference(mosaic, sensor, capture, self.method))
        )


def _capture_facts(capture: Capture) -> dict[str, Any]:
    """The facts of a file as JSON values, its shading map as a hash."""
    facts = vars(capture).copy()
    # References are of whole frames: neither makes a difference to them.
    del facts["default_crop"], facts["origin"]
    if capture.shading is not None:
        shading = np.ascontiguousarray(capture.shading, np.float32)
        facts["shading"] = [shading.shape, digest(shading.tobytes())]
    return facts


@lru_cache(maxsize=256)
def _how(method: str, sensor: Sensor, contract: Contract) -> str:
    """What a reference depends on besides its file, as a hash; the same for most reads."""
    return key(
        version=REFERENCE_VERSION,
        method=method,
        sensor=sensor.to_dict(),
        contract=contract.to_dict(),
    )


@dataclass(frozen=True)
class PatchFrame:
    """A small RAW file of a prepared data set, decoded whenever it is read.

    Attributes:
        name: See `Frame`.
        path: See `Frame`.
        size: See `Frame`.
        target_path: See `Frame`.
        sensor: The data set's sensor.
        rendering: For the reference.
        decode: Turns the file's bytes into a mosaic `[H, W]`; its second argument is the path, for
            messages.
        decode_target: Reads the target file: uint8 or uint16 `[H, W, 3]`.
        misplaced: See `Frame`.
    """

    name: str
    path: Path
    size: tuple[int, int]
    target_path: Path | None
    sensor: Sensor
    rendering: Rendering
    decode: Callable[[bytes, Path], np.ndarray]
    decode_target: Callable[[Path], np.ndarray]
    misplaced: None = None

    @property
    def phase(self) -> tuple[int, int]:
        """See `Frame`."""
        return self.sensor.red_site

    @property
    def content(self) -> str:
        """See `Frame`."""
        return sample(self.path)

    @property
    def kept_bytes(self) -> int:
        """See `Frame`: the reference."""
        return self.size[0] * self.size[1] * REFERENCE_BYTES

    def load(self, *, reference: bool = True, target: bool = False) -> Scene:
        """See `Frame`; samples above the white level are clipped."""
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read: {error.strerror}") from error
        mosaic, _ = check_levels(self.decode(data, self.path), self.sensor, self.path)
        capture = Capture()
        rendered = (
            self.rendering.reference(mosaic, self.sensor, capture, file=digest(data))
            if reference
            else None
        )
        paired = self.decode_target(self.target_path) if target and self.target_path else None
        return Scene(mosaic, self.sensor, capture, rendered, paired)
