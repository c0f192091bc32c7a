"""What patches are prepared for."""

import importlib.metadata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tfisp.conversions import BAYER_ONLY, Conversions
from tfisp.data.cache import key
from tfisp.data.images import READ_VERSION
from tfisp.data.prepared_records import FORMAT
from tfisp.data.raw_frames import DECODE_VERSION, gain_map_hash
from tfisp.data.unprocess import REDUCTION_VERSION
from tfisp.demosaic import REFERENCE_VERSION
from tfisp.raw import read_raw
from tfisp.sensor import Capture, Sensor

# Libraries that decode files: others may decode them to other values.
_DECODERS = ("rawpy", "imagecodecs", "simplejpeg", "opencv-python-headless", "pillow")


@dataclass(frozen=True)
class Settings:
    """All that decides what records hold, besides the files.

    Attributes:
        patch_size: Side of patches, even.
        reference: Demosaicing method of references.
        target_scale: By how much photographs are reduced, in linear light.
        raw_patches: How many RAW patches; None for all that do not overlap.
        target_patches: How many patches of photographs; None for all that do not overlap.
        keep: Faults of photographs that do not matter, of `choice.FAULTS`.
        shard_mb: Size of a shard in megabytes, about.
        seed: Of the order of files and the choice of patches.
        sensor: Instead of what RAW files state.
        convert: Which frames besides Bayer's are taken, and how.
        gain_map: Lens shading of RAW files that state none, `[rows, columns, 4]`.
    """

    patch_size: int = 256
    reference: str = "menon2007"
    target_scale: int = 2
    raw_patches: int | None = None
    target_patches: int | None = None
    keep: tuple[str, ...] = ()
    shard_mb: int = 128
    seed: int = 0
    sensor: Sensor | None = None
    convert: Conversions = BAYER_ONLY
    gain_map: np.ndarray | None = field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, with the versions of everything that decides as well."""
        return vars(self) | {
            "keep": sorted(self.keep),
            "sensor": self.sensor.to_dict() if self.sensor else None,
            "gain_map": gain_map_hash(self.gain_map),
            "convert": self.convert._asdict(),
            "format": FORMAT,
            "reference_version": REFERENCE_VERSION,
            "decoders": self._decoders(),
        }

    def survey_key(self, role: str, content: str) -> str:
        """The name of what is known of a file, by all that it depends on.

        Args:
            role: "raw" or "target".
            content: What tells the file from others.
        """
        facts = self.to_dict()
        names = ("sensor", "gain_map", "convert") if role == "raw" else ("target_scale", "seed")
        chosen = {name: facts[name] for name in (*names, "format", "decoders")}
        return key(kind="prepare", role=role, content=content, **chosen)

    def read_raw(self, path: Path) -> tuple[np.ndarray, Sensor, Capture]:
        """Reads a RAW file (`tfisp.raw.read_raw`).

        Raises:
            InputError: If it cannot be used.
        """
        return read_raw(path, self.sensor, gain_map=self.gain_map, convert=self.convert)

    def _decoders(self) -> list[Any]:
        versions = [importlib.metadata.version(name) for name in _DECODERS]
        return [DECODE_VERSION, READ_VERSION, REDUCTION_VERSION, *versions]
