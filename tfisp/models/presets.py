"""Generators on disk: a preset is a folder with everything needed to use one, and no code.

    config.json         the network, its settings, its contract, the sensor it was trained for
    model.weights.h5    its weights, as Keras writes them
    README.md           the model card: where it comes from, what it was trained on, how good it is
    SHA256SUMS          hashes of the three, in the format of `sha256sum --check`

Loading is strict: every file is hashed first, the network is looked up among tfisp's own and those
that the caller has registered, its weights must fit exactly, and no name in the folder is followed
out of it. Nothing is imported because a preset names it: `module`, which says where a network that
is not tfisp's own was defined, is for the reader only.
"""

import difflib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfisp._version import __version__
from tfisp.contract import Contract
from tfisp.errors import InputError, first_line
from tfisp.files import atomic_folder, read_json
from tfisp.models import registry
from tfisp.naming import is_module
from tfisp.perceptual.arrays import read_arrays
from tfisp.sensor import Sensor

if TYPE_CHECKING:
    from tfisp.models.generator import Generator

CONFIG, WEIGHTS, CARD, SUMS = "config.json", "model.weights.h5", "README.md", "SHA256SUMS"
# Raised when an older tfisp could no longer read what a newer one writes.
FORMAT = 1
# Of those that tfisp ships, the one that develops RAW files where no other model is named.
DEFAULT_PRESET = "efficient_isp_neutral"
# Where a run keeps the generator that it exports.
RUN_SUBFOLDER = "model"

# Each a folder as a run leaves it: its generator, and the same as a file for LiteRT.
_PACKAGED = Path(__file__).resolve().parent.parent / "presets"


@dataclass(frozen=True)
class Preset:
    """What a preset's `config.json` says.

    Attributes:
        folder: Where it lies.
        model: Name of the generator, as in `tfisp.models.create`.
        config: Its settings.
        contract: What it expects at its input.
        sensor: What it was trained for, None if unknown.
        version: The version of tfisp that wrote it.
        module: The Python module that defines the generator; "" for tfisp's own.
    """

    folder: Path
    model: str
    config: Mapping[str, Any]
    contract: Contract
    sensor: Sensor | None
    version: str
    module: str = ""


def preset_names() -> list[str]:
    """Names of the presets that come with tfisp."""
    return sorted(path.parent.parent.name for path in _PACKAGED.glob(f"*/{RUN_SUBFOLDER}/{CONFIG}"))


def save_to_preset(
    generator: "Generator",
    folder: str | os.PathLike,
    sensor: Sensor | None = None,
    card: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Writes a generator as a preset: the whole folder at once, or nothing.

    Args:
        generator: To be written, with its present weights.
        folder: To be made; its parents are made as well.
        sensor: That it was trained for; None keeps the generator's own note.
        card: Text of the model card, Markdown; None writes a short one.
        overwrite: Replaces a folder that is already there, provided that it is a preset.

    Returns:
        The folder.

    Raises:
        InputError: if the folder exists and may not be replaced.
    """
    folder = Path(folder)
    if folder.exists() and not (overwrite and (folder / CONFIG).is_file()):
        hint = "it is no preset" if overwrite else "give another name"
        raise InputError(f"{folder}: already exists; {hint}")
    sensor = sensor if sensor is not None else generator.sensor
    config = generator.get_config()
    contract = config.pop("contract")
    record = {
        "format": FORMAT,
        "tfisp": __version__,
        "model": registry.name_of(generator),
        "config": config,
        "contract": contract,
        "sensor": None if sensor is None else sensor.to_dict(),
    }
    module = type(generator).__module__
    if module.partition(".")[0] != __package__.partition(".")[0]:
        record["module"] = module
    if card is None:
        card = _short_card(record, generator.count_params())
    with atomic_folder(folder) as temporary:
        (temporary / CONFIG).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        (temporary / CARD).write_text(card.rstrip("\n") + "\n", encoding="utf-8")
        # A copy, for a compiled generator would store its optimizer as well.
        generator.copy().save_weights(temporary / WEIGHTS)
        sums = [f"{_sha256(temporary / name)}  {name}\n" for name in (CONFIG, WEIGHTS, CARD)]
        (temporary / SUMS).write_text("".join(sums), encoding="utf-8")
    return folder


def from_preset(name_or_folder: str | os.PathLike) -> "Generator":
    """A generator as it was saved.

    Args:
        name_or_folder: A name from `preset_names()`, a preset's folder, or a run's folder, whose
            generator lies in its sub-folder `model`.

    Returns:
        The generator, with its weights, contract and sensor.

    Raises:
        InputError: if there is no such preset, or if any of its files is missing, changed, or does
            not fit.
    """
    preset = read_preset(name_or_folder)
    kind = generator_class(preset)
    try:
        generator = kind.from_config(
            {**preset.config, "contract": preset.contract, "sensor": preset.sensor}
        )
    except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError) as error:
        raise InputError(
            f"{preset.folder / CONFIG}: settings that {preset.model} does not take"
            f" ({first_line(error)})"
        ) from error
    _load_weights(generator, preset.folder / WEIGHTS)
    return generator


def generator_class(preset: Preset) -> type["Generator"]:
    """The class of a preset's generator.

    Raises:
        InputError: if it is not registered; it names the module that defines it, if not tfisp's.
    """
    path = preset.folder / CONFIG
    if preset.module and preset.model not in registry.names():
        raise InputError(
            f"{path}: the generator {preset.model} is not tfisp's own but defined in"
            f" {preset.module}; if you trust that code, import it first (--imports={preset.module})"
        )
    try:
        return registry.generator_class(preset.model)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def read_preset(name_or_folder: str | os.PathLike) -> Preset:
    """What a preset says about itself, after checking all its hashes; loads no network.

    Raises:
        InputError: as `from_preset`.
    """
    folder = _find(name_or_folder)
    _check_sums(folder)
    path = folder / CONFIG
    try:
        record = read_json(path, "not a preset's configuration")
        if record["format"] != FORMAT:
            raise InputError(f"format {record['format']}, this version of tfisp reads {FORMAT}")
        module = record.get("module", "")
        if module and not is_module(module):  # it gets into a command that users are told
            raise InputError(f"module {module!r} is not the name of a Python module")
        return Preset(
            folder=folder,
            model=str(record["model"]),
            config=dict(record["config"]),
            contract=Contract.from_dict(record["contract"]),
            sensor=None if record["sensor"] is None else Sensor.from_dict(record["sensor"]),
            version=record["tfisp"],
            module=module,
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as e:
        raise InputError(f"{path}: not a preset's configuration ({e!r})") from e


def _find(name_or_folder: str | os.PathLike) -> Path:
    """The folder of a preset: a path that exists comes before a packaged name."""
    folder = Path(name_or_folder)
    for candidate in (folder, folder / RUN_SUBFOLDER):
        if (candidate / CONFIG).is_file():
            return candidate
    if folder.is_dir():
        raise InputError(
            f"{folder}: neither a preset nor a run with a finished model "
            f"(no {CONFIG} in it or in {RUN_SUBFOLDER}/)"
        )
    if folder.exists():
        raise InputError(f"{folder}: a preset is a folder, this is a file")
    packaged = preset_names()
    if str(name_or_folder) in packaged:
        return _PACKAGED / folder / RUN_SUBFOLDER
    neighbours = [path.name for path in folder.parent.iterdir()] if folder.parent.is_dir() else []
    close = difflib.get_close_matches(folder.name, [*packaged, *neighbours], n=3)
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    raise InputError(
        f"{name_or_folder}: no such folder, and no preset of that name (tfisp ships:"
        f" {', '.join(packaged)}){hint}"
    )


def _check_sums(folder: Path) -> None:
    """Compares every file of a preset with its recorded hash."""
    root = folder.resolve()
    recorded: dict[str, str] = {}
    if not (folder / SUMS).is_file():
        raise InputError(f"{folder / SUMS}: missing; the preset is incomplete")
    for line in (folder / SUMS).read_text(encoding="utf-8", errors="replace").splitlines():
        digest, _, name = line.partition("  ")
        recorded[name] = digest
    # Only these three are ever opened, so a line that names anything else is a sign of tampering,
    # not of a new feature.
    if set(recorded) != {CONFIG, WEIGHTS, CARD}:
        raise InputError(
            f"{folder / SUMS}: must list exactly {CONFIG}, {WEIGHTS} and {CARD}, "
            f"lists {', '.join(recorded) or 'nothing'}"
        )
    for name, digest in recorded.items():
        path = folder / name
        if not path.is_file():
            raise InputError(f"{path}: missing; the preset is incomplete")
        if path.resolve().parent != root:
            raise InputError(f"{path}: leads out of the preset's folder")
        if _sha256(path) != digest:
            raise InputError(
                f"{path}: does not match its hash in {SUMS}; the file was changed or cut off"
            )


def _sha256(path: Path) -> str:
    """Hash of a file's contents, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _load_weights(generator: "Generator", path: Path) -> None:
    """Loads weights that must fit exactly.

    Keras raises for weights that are missing or of another shape but passes over those that it has
    no place for, so their number is compared as well.
    """
    arrays = read_arrays(path)
    broken = next((name for name, array in arrays.items() if not np.isfinite(array).all()), None)
    if broken:
        raise InputError(f"{path}: {broken} holds values that are not finite")
    stored = sum(array.size for array in arrays.values())
    if stored != generator.count_params():
        raise InputError(
            f"{path}: holds {stored:,} numbers, {type(generator).__name__} has "
            f"{generator.count_params():,} parameters"
        )
    try:
        generator.load_weights(path)
    except (ValueError, OSError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: not weights of {type(generator).__name__} ({first_line(error)})"
        ) from error


def _short_card(record: Mapping[str, Any], parameters: int) -> str:
    """A model card for who wrote none: only what is known."""
    sensor = record["sensor"]
    trained_for = (sensor["name"] or sensor["pattern"]) if sensor else "not stated"
    return (
        f"# {record['model']}\n\n"
        f"{parameters:,} parameters; written by tfisp {record['tfisp']}.\n\n"
        f"- Input: {record['contract']['form']} RAW, normalised by the contract in `{CONFIG}`\n"
        f"- Sensor: {trained_for}\n"
        "- Training data, quality, licence: not stated\n"
    )
