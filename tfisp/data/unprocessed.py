"""Photographs turned into RAW: exactly paired data for benchmarks, demos and tests.

Which photograph plays which role comes from a JSON file (`--splits`), else from a draw among the
photographs in `--raw_dir`:

    source    becomes RAW, to train on        target    gives only its colours and textures
    val, test become RAW, never trained on

The captures are of the camera that `--sensor` names, or of the one whose RAW files it names
(`tfisp.data.measured_camera`). With `--look` truths and targets pass through that table; the
captures and so the references are those of the photographs as they are, and training has a look to
learn.

No photograph plays two roles. Each capture is a function of the seed and of the photograph's
content. Targets are reduced as the sources are, so that both have the same sharpness.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from tfisp.data.base import Dataset, Progress
from tfisp.data.builder import DatasetBuilder
from tfisp.data.cache import key
from tfisp.data.config import DataConfig
from tfisp.data.frames import REFERENCE_BYTES, Rendering, Scene
from tfisp.data.images import IMAGE_SUFFIXES, READ_VERSION, read_photograph
from tfisp.data.listing import drawn, require_folder
from tfisp.data.measured_camera import Recording
from tfisp.data.photographs import Photograph
from tfisp.data.skimage_scenes import SKIMAGE, skimage_scenes
from tfisp.data.unprocess import (
    REDUCTION_VERSION,
    UNPROCESS_VERSION,
    Noise,
    random_gains,
    random_noise,
    read_noise,
    reduced_linear,
    unprocess,
)
from tfisp.errors import InputError
from tfisp.files import read_json
from tfisp.naming import choose
from tfisp.sensor import Capture, Gains, Sensor, resolve_gains, smallest_one

ROLES = ("source", "target", "val", "test")

# Parts of a draw: one in so many photographs is held out for each of val and test.
_HELD_OUT_SHARE = 10


@dataclass(frozen=True)
class UnprocessedFrame:
    """A photograph and the capture made of it.

    Attributes:
        photograph: Reduced and, with `--look`, in that look; what the capture is made of.
        truth: The same, or an edited version of it.
        camera: The sensor that recorded it.
        sensor: What is stated of that sensor.
        gains: The illuminant's white balance.
        noise: Of the recording.
        capture: What is stated of the recording.
        rendering: For the reference.
        exposure: EV that the recording is darker than the photograph, which its rendering makes up
            for.
        measured: Whether the camera was measured on RAW files, so that its facts are content.
        misplaced: See `tfisp.data.frames.Frame`.
    """

    photograph: Photograph
    truth: Photograph
    camera: Sensor
    sensor: Sensor
    gains: Gains
    noise: Noise
    capture: Capture
    rendering: Rendering
    exposure: float = 0.0
    measured: bool = False
    misplaced: None = None

    @property
    def name(self) -> str:
        """See `tfisp.data.frames.Frame`."""
        return self.photograph.path.stem

    @property
    def path(self) -> Path:
        """The photograph's file."""
        return self.photograph.path

    @property
    def target_path(self) -> Path:
        """The truth's file."""
        return self.truth.path

    @property
    def sha256(self) -> str:
        """Hash of that file."""
        return self.photograph.sha256

    @property
    def size(self) -> tuple[int, int]:
        """See `Frame`."""
        return self.photograph.size

    @property
    def phase(self) -> tuple[int, int]:
        """See `Frame`."""
        return self.sensor.red_site

    @property
    def content(self) -> str:
        """See `Frame`."""
        return f"{self.sha256} {self._recorded}" if self.measured else self.sha256

    @property
    def kept_bytes(self) -> int:
        """See `Frame`: samples, reference, and the photograph itself."""
        return self.size[0] * self.size[1] * (2 + REFERENCE_BYTES) + self.photograph.kept_bytes

    def load(self, *, reference: bool = True, target: bool = False) -> Scene:
        """See `Frame`."""
        mosaic = self.rendering.store.get(self._recorded, self._record)
        rendered = (
            self.rendering.reference(mosaic, self.sensor, self.capture, file=self._recorded)
            if reference
            else None
        )
        truth = self.truth.pixels() if target else None
        return Scene(mosaic, self.sensor, self.capture, rendered, truth)

    @cached_property
    def _recorded(self) -> str:
        """Key of the samples: everything they depend on."""
        exposed = {"exposure": self.exposure} if self.exposure else {}
        return key(
            kind="unprocessed",
            version=[READ_VERSION, REDUCTION_VERSION, UNPROCESS_VERSION],
            file=self.sha256,
            camera=self.camera.to_dict(),
            gains=self.gains,
            noise=self.noise,
            reduce=self.photograph.reduce,
            seed=self.photograph.seed,
            **exposed,
        )

    def _record(self) -> np.ndarray:
        dither = np.random.default_rng(list(self.photograph.dither_seed))
        pixels = read_photograph(self.photograph.path)
        linear = reduced_linear(pixels, self.photograph.reduce, dither)
        if self.exposure:
            linear = np.minimum(linear * np.float32(2.0**-self.exposure), 1)
        random = _random(self.photograph, "noise")
        return unprocess(linear, self.camera, self.gains, self.noise, random)


def open_dataset(config: DataConfig, progress: Progress | None = None) -> Dataset:
    """Opens `unprocessed`.

    Raises:
        InputError: If the folder or the split list is missing or of no use, or for the first bad
            file.
    """
    builder = DatasetBuilder.of(config, progress)
    if camera := config.measured_camera():
        builder.notes.extend(camera.notes)
    root, roles = _roles(config, builder)
    override = builder.target_files()
    look = config.resolved_look()
    found = {
        role: builder.open_photographs(paths, config.reduce, look)
        for role, paths in (roles | ({"target": override} if override else {})).items()
    }
    shown = dict(found)
    if config.edited_dir is not None:
        replaced = [role for role in found if not (override and role == "target")]
        shown |= {role: _edited(builder, root, found[role]) for role in replaced}
    frames = {
        role: _record_all(builder, found.get(role, ()), shown.get(role, ()))
        for role in ("source", "val", "test")
    }
    targets = builder.photographs(shown["target"]) if shown.get("target") else None
    source = frames.pop("source")
    return builder.dataset(
        source,
        targets,
        frames,
        paired=True,
        sensor=_stated(builder.stated_sensor(), config),
        root=root,
    )


def _roles(config: DataConfig, builder: DatasetBuilder) -> tuple[Path, dict[str, list[Path]]]:
    """The folder that names are relative to, and the files of each role."""
    if config.raw_dir == SKIMAGE:
        return skimage_scenes()
    if config.splits:
        return _read_splits(Path(config.splits).expanduser())
    root = require_folder("raw_dir", config.raw_dir)
    others = [Path(config.target_dir)] if config.target_dir else []
    paths = builder.files("raw_dir", root, IMAGE_SUFFIXES, "photographs", others)
    names = [path.relative_to(root).as_posix() for path in paths]
    return root, _draw_roles(root, names, config)


def _draw_roles(root: Path, names: Sequence[str], config: DataConfig) -> dict[str, list[Path]]:
    """A tenth each for val and test; the rest in equal parts source and target, or all source."""
    need = 3 if config.target_dir else 4
    if len(names) < need:
        raise InputError(
            f"--raw_dir={root}: {len(names)} photographs; at least {need} are needed, for none may "
            "play two roles"
        )
    order = drawn(names, config.seed)
    held_out = max(len(order) // _HELD_OUT_SHARE, 1)
    rest = order[2 * held_out :]
    source = rest if config.target_dir else rest[: (len(rest) + 1) // 2]
    parts = {
        "source": source,
        "target": rest[len(source) :],
        "val": order[:held_out],
        "test": order[held_out : 2 * held_out],
    }
    return {role: [root / name for name in sorted(part)] for role, part in parts.items()}


def _read_splits(path: Path) -> tuple[Path, dict[str, list[Path]]]:
    """Reads a split list.

    Raises:
        InputError: If it is not one, or gives a photograph two roles.
    """
    roles = read_json(path, f"--splits={path}")
    if not isinstance(roles, dict) or not all(
        isinstance(names, list) and all(isinstance(name, str) for name in names)
        for names in roles.values()
    ):
        raise InputError(f"--splits={path}: expected lists of file names under {', '.join(ROLES)}")
    owner: dict[str, str] = {}
    for role, names in roles.items():
        choose(f"--splits={path}: role", role, ROLES)
        for name in names:
            _check_name(name, path)
            # A picture is the same one by another spelling; links and copies are found later.
            before = owner.setdefault(os.path.normpath(name), role)
            if before != role:
                raise InputError(f"--splits={path}: {name} is both {before} and {role}")
    repeated = [name for names in roles.values() for name in _repeated(names)]
    if repeated:
        raise InputError(f"--splits={path}: {repeated[0]} is there twice")
    return path.parent, {
        role: [path.parent / name for name in names] for role, names in roles.items()
    }


def _check_name(name: str, path: Path) -> None:
    """Refuses what no file can be called.

    Raises:
        InputError: If it is empty, holds a NUL or half a character.
    """
    try:
        usable = name.strip() and b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        usable = False
    if not usable:
        raise InputError(f"--splits={path}: {name!a} cannot be the name of a file")


def _repeated(names: Sequence[str]) -> list[str]:
    """The names that are in a list more than once, however they are spelled."""
    counts = Counter(os.path.normpath(name) for name in names)
    return [name for name, count in counts.items() if count > 1]


def _edited(
    builder: DatasetBuilder, root: Path, photographs: Sequence[Photograph]
) -> list[Photograph]:
    """The edited version of each photograph.

    Raises:
        InputError: If one has none, or it has another size.
    """
    config = builder.config
    folder = require_folder("edited_dir", config.edited_dir)
    paths = []
    for photograph in photographs:
        name = photograph.path.relative_to(root)
        found = [folder / name.with_suffix(suffix) for suffix in IMAGE_SUFFIXES]
        found = [path for path in found if path.is_file()]
        if not found:
            raise InputError(f"--edited_dir={folder}: has no edited version of {name}")
        paths.append(found[0])
    edited = builder.open_photographs(paths, config.reduce, config.resolved_look())
    if len(edited) < len(paths):
        raise InputError(f"--edited_dir={folder}: {len(paths) - len(edited)} files are unusable")
    for original, version in zip(photographs, edited, strict=True):
        if original.size != version.size:
            raise InputError(
                f"{version.path}: {version.size} pixels, {original.size} before editing"
            )
    return edited


def _record_all(
    builder: DatasetBuilder, photographs: Sequence[Photograph], truths: Sequence[Photograph]
) -> list[UnprocessedFrame]:
    """The captures that would be made of photographs; nothing is computed yet."""
    config, measured = builder.config, builder.config.measured_camera()
    frames = []
    for photograph, truth in zip(photographs, truths, strict=True):
        random = _random(photograph, "capture")
        drawn_one = measured.draw(random) if measured else None
        camera = drawn_one.sensor if drawn_one else builder.stated_sensor()
        gains = _choose_gains(config, builder.stated_sensor(), random, drawn_one)
        noise = _choose_noise(config, random, drawn_one)
        recorded = config.metadata == "recorded"
        exposure = drawn_one.exposure if drawn_one and recorded else 0.0
        frames.append(
            UnprocessedFrame(
                photograph=photograph,
                truth=truth,
                camera=camera,
                sensor=_stated(camera, config),
                gains=gains,
                noise=noise,
                capture=Capture(gains=gains, noise=tuple(noise), baseline_exposure=exposure)
                if recorded
                else Capture(),
                rendering=builder.rendering,
                exposure=exposure,
                measured=measured is not None,
            )
        )
    return frames


def _stated(camera: Sensor, config: DataConfig) -> Sensor:
    """What is stated of the sensor: all, or everything but its colours."""
    return camera if config.metadata == "recorded" else replace(camera, xyz_to_camera=None)


def _choose_gains(
    config: DataConfig, camera: Sensor, random: np.random.Generator, recording: Recording | None
) -> Gains:
    drawn_gains = random_gains(random)  # drawn in any case: the noise must not depend on it
    gains = config.illuminant_gains()
    if gains == "random":
        return recording.gains if recording and recording.gains else drawn_gains
    return smallest_one(resolve_gains(camera, Capture())) if gains == "default" else gains


def _choose_noise(
    config: DataConfig, random: np.random.Generator, recording: Recording | None
) -> Noise:
    shot = config.shot_noise()
    if shot == "random":
        return recording.noise if recording else random_noise(random)
    return Noise(shot, read_noise(shot))


def _random(photograph: Photograph, purpose: str) -> np.random.Generator:
    """Random numbers that are a function of seed, photograph and purpose."""
    return np.random.default_rng([*photograph.dither_seed, *purpose.encode()])
