"""A camera known by its own RAW files, to simulate captures of it from any photograph.

Of each file are kept its sensor (pattern, levels, colour matrix for the light of the picture), its
as-shot gains, its noise (NoiseProfile where it is stated, else measured, `tfisp.data.noise`) and
its BaselineExposure. A simulated capture lies between two of them, drawn for it: gains and noise at
a place between both in their logarithms, so that the spread is that of the files; all else is the
nearer one's. Files of several sensors, as the lenses of a phone, stay apart in this way.
"""

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfisp.conversions import BAYER_ONLY, Conversions
from tfisp.data.cache import Store, file_digest, key
from tfisp.data.listing import evenly, require_files
from tfisp.data.noise import noise_of
from tfisp.data.unprocess import Noise, random_gains
from tfisp.data.workers import in_order
from tfisp.errors import InputError
from tfisp.raw import RAW_SUFFIXES, is_raw, read_raw
from tfisp.sensor import SENSORS, Gains, Sensor, smallest_one

# Raised whenever the same file would be measured to something else.
_VERSION = 1

# So many files of a folder are measured, spread over all of it.
_MOST = 64

# Below any noise of a sensor; its logarithm stands for none.
_NO_NOISE = 1e-12


class Recording(NamedTuple):
    """What one RAW file says of a camera.

    Attributes:
        sensor: Its sensor.
        gains: As-shot white balance, smallest 1; None if it states none.
        noise: Of its samples.
        exposure: BaselineExposure in EV.
    """

    sensor: Sensor
    gains: Gains | None
    noise: Noise
    exposure: float


@dataclass(frozen=True)
class MeasuredCamera:
    """A camera by its files.

    Attributes:
        recordings: What they say, in the order of the files; at least one.
        notes: Remarks for the user.
    """

    recordings: tuple[Recording, ...]
    notes: tuple[str, ...] = ()

    @property
    def sensor(self) -> Sensor:
        """The first file's, with the mean gains of all files."""
        logs = [np.log(item.gains) for item in self.recordings if item.gains]
        sensor = self.recordings[0].sensor
        if not logs:
            return sensor
        return replace(sensor, default_gains=smallest_one(np.exp(np.mean(logs, axis=0)).tolist()))

    def draw(self, random: np.random.Generator) -> Recording:
        """A capture that the camera might have made.

        Where no file states gains they are those of plausible daylight.
        """
        first, second = (self.recordings[k] for k in random.integers(len(self.recordings), size=2))
        share = float(random.random())
        nearer = first if share < 0.5 else second
        daylight = random_gains(random)
        pair = [item.gains for item in (first, second) if item.gains]
        known = pair or [item.gains for item in self.recordings if item.gains] or [daylight]
        gains = smallest_one(_between(known[0], known[-1], share))
        shot, read = _between(first.noise, second.noise, share)
        return nearer._replace(gains=gains, noise=Noise(shot, read))


def names_raw_files(name: str | None) -> bool:
    """Whether a value of `--sensor` is a RAW file or a folder, not a sensor or a JSON file."""
    if name is None or name in SENSORS:
        return False
    return is_raw(name) or Path(name).expanduser().is_dir()


@lru_cache(maxsize=4)
def measure_camera(
    name: str,
    cache_dir: str | None,
    skip: bool = False,
    convert: Conversions = BAYER_ONLY,
) -> MeasuredCamera:
    """Measures the camera of RAW files; what is measured is kept in the cache.

    Args:
        name: A RAW file, or a folder of them.
        cache_dir: As `DataConfig.cache_dir`.
        skip: Whether files that cannot be used are left out, with a note, instead of refused.
        convert: Which other frames than Bayer's are turned into it.

    Raises:
        InputError: If there is no such file, or for the first that cannot be used.
    """
    path, store = Path(name).expanduser(), Store(cache_dir)
    files, notes = [path], []
    if path.is_dir():
        found = require_files("sensor", path, RAW_SUFFIXES, "RAW files", [store.folder])
        files = evenly(found.files, _MOST)
        notes.append(found.note("RAW files"))
    recordings: list[Recording] = []

    def work(file: Path) -> Recording | InputError:
        try:
            return _measured(file, store, convert)
        except InputError as error:
            return error

    with contextlib.closing(in_order(work, files, os.cpu_count())) as results:
        for result in results:
            if not isinstance(result, InputError):
                recordings.append(result)
            elif skip:
                notes.append(f"left out of --sensor: {result}")
            else:
                raise InputError(f"--sensor={name}: {result}") from result
    if not recordings:
        raise InputError(f"--sensor={name}: none of its {len(files)} RAW files can be used")
    return MeasuredCamera(tuple(recordings), (*notes, *_remarks(name, recordings)))


def _measured(file: Path, store: Store, convert: Conversions) -> Recording:
    """What a file says, from the cache or measured now."""
    if not file.is_file():
        raise InputError(f"{file}: no such file")
    name = key(
        kind="recording",
        version=_VERSION,
        file=file_digest(file),
        suffix=file.suffix,
        **convert.for_key(),
    )
    facts = store.note(name)
    if facts is None:
        mosaic, sensor, capture = read_raw(file, convert=convert)
        facts = {
            "sensor": sensor.to_dict(),
            "gains": capture.gains,
            "noise": list(noise_of(mosaic, sensor, capture)),
            "exposure": capture.baseline_exposure,
        }
        store.write_note(name, facts)
    gains = facts["gains"]
    return Recording(
        Sensor.from_dict(facts["sensor"]),
        None if gains is None else smallest_one(gains),
        Noise(*facts["noise"]),
        facts["exposure"],
    )


def _remarks(name: str, recordings: Sequence[Recording]) -> list[str]:
    """What was measured, in a line; and what is missing or mixed."""
    shot = [item.noise.shot for item in recordings]
    gains = np.array([item.gains for item in recordings if item.gains])
    notes = [
        f"--sensor={name}: {len(recordings)} RAW files measured; shot noise {min(shot):.2g} to "
        f"{max(shot):.2g}"
        + (
            f"; gains R {gains[:, 0].min():.2f} to {gains[:, 0].max():.2f}, "
            f"B {gains[:, 2].min():.2f} to {gains[:, 2].max():.2f}"
            if len(gains)
            else "; no white balance is stated: those of daylight are drawn"
        )
    ]
    kinds = {_kind(item.sensor) for item in recordings}
    if len(kinds) > 1:
        notes.append(f"--sensor={name}: {len(kinds)} sensors; each capture is of one of them")
    if any(item.sensor.xyz_to_camera is None for item in recordings):
        notes.append(f"--sensor={name}: without a colour matrix its colours are taken for sRGB's")
    return notes


def _kind(sensor: Sensor) -> tuple[Any, ...]:
    """What tells sensors apart; black, which may be measured, but for a few counts."""
    return sensor.name, sensor.pattern, sensor.white_level


def _between(first: Sequence[float], second: Sequence[float], share: float) -> list[float]:
    """Numbers between two lots, linear in their logarithms; `share` 0 is the first."""
    logs = [np.log(np.maximum(numbers, _NO_NOISE)) for numbers in (first, second)]
    found = np.exp((1 - share) * logs[0] + share * logs[1])
    return np.where(np.minimum(first, second) > 0, found, 0.0).tolist()
