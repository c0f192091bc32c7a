"""What must be known about a generator to run it, and how it travels with a `.tflite` file.

A preset holds this metadata in its configuration. A `.tflite` file has no place for it, so the
exporter appends it as a ZIP archive with one entry, `tfisp.json`: the way in which TensorFlow
Lite itself bundles files with a model
(https://ai.google.dev/edge/litert/conversion/tensorflow/metadata). Interpreters ignore what follows
the model; any ZIP tool, on a phone too, can read the entry. For files that other tools wrote, such
as `tflite_convert`, the same JSON may lie beside: `NAME.json`, or `model.json` as the exporter
writes it. Inside a file of the exporter the JSON also has an entry `file`: what that very file
takes and gives, and what it is for (`tfisp.exporting.report.describe`), and an entry `model`: size
and SHA-256 of the bytes in front of the archive. They are checked on opening, since a model with
damaged weights runs all the same and makes wrong pictures.
"""

import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfisp._version import __version__
from tfisp.contract import Contract
from tfisp.errors import InputError
from tfisp.files import parse_json
from tfisp.sensor import Sensor

if TYPE_CHECKING:
    from tfisp.models.generator import Generator

ENTRY = "tfisp.json"
BESIDE = "model.json"

# What generators give, by their contract's output; all references and photographs are sRGB.
COLOUR_ENCODINGS = {
    "srgb": "sRGB, IEC 61966-2-1: channels R, G, B, encoded by its transfer curve",
    "camera": "white-balanced camera RGB under the curve of companding sqrt: to be expanded,"
    " multiplied by the camera's matrix to linear sRGB, and encoded by the sRGB transfer curve",
}

# The record that ends a ZIP archive, and how long it is at the most (without a comment).
_END_OF_ARCHIVE, _LONGEST_END = b"PK\x05\x06", 22

# Raised when an older tfisp could no longer understand what a newer one writes.
FORMAT = 1


@dataclass(frozen=True)
class ModelMetadata:
    """What a renderer must know about a generator.

    Attributes:
        name: What it is called in messages.
        contract: How its input is arranged and scaled.
        halo: Radius of its receptive field in input samples; None if every output depends on the
            whole picture, which then cannot be rendered in tiles.
        multiple: Input height and width must be divisible by it.
        minimum: Smallest input height and width.
        sensor: The sensor it was trained for, None if unknown; a note, nothing is computed from it.
    """

    name: str
    contract: Contract
    halo: int | None
    multiple: int = 1
    minimum: int = 1
    sensor: Sensor | None = None

    @classmethod
    def of(cls, generator: "Generator") -> "ModelMetadata":
        """The metadata that a Keras generator declares."""
        from tfisp.models.registry import name_of

        return cls(
            name=name_of(generator),
            contract=generator.contract,
            halo=generator.halo,
            multiple=generator.multiple,
            minimum=generator.minimum,
            sensor=generator.sensor,
        )

    @property
    def step(self) -> int:
        """Mosaic samples, and so output pixels, per input sample along each axis."""
        return self.contract.input_form.step

    @property
    def channels(self) -> int:
        """Channels of the input."""
        return self.contract.input_form.channels

    @property
    def colour_encoding(self) -> str:
        """What the output's numbers mean, in words."""
        return COLOUR_ENCODINGS[self.contract.output]

    def to_dict(self) -> dict[str, Any]:
        """The metadata as JSON values, with a description for readers who do not have tfisp."""
        return {
            "format": FORMAT,
            "tfisp": __version__,
            "name": self.name,
            "input": f"float32 [1, h, w, {self.channels}], a mosaic in {self.contract.form} form,"
            " arranged and scaled by the contract",
            "output": f"float32 [1, {self.step}h, {self.step}w, 3], R G B,"
            " nominally 0..1, to be clipped by who shows it",
            "colour_encoding": self.colour_encoding,
            "contract": self.contract.to_dict(),
            "halo": self.halo,
            "multiple": self.multiple,
            "minimum": self.minimum,
            "sensor": None if self.sensor is None else self.sensor.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Any, where: str) -> "ModelMetadata":
        """Reads what `to_dict` gave.

        Args:
            values: The parsed JSON.
            where: The file it comes from, for messages.

        Raises:
            InputError: something is missing, of the wrong type, or from a newer format.
        """
        try:
            if values["format"] != FORMAT:
                raise InputError(f"{where}: format {values['format']}, this tfisp reads {FORMAT}")
            sensor, halo = values["sensor"], values["halo"]
            return cls(
                name=str(values["name"]),
                contract=Contract.from_dict(values["contract"]),
                halo=None if halo is None else int(halo),
                multiple=int(values["multiple"]),
                minimum=int(values["minimum"]),
                sensor=None if sensor is None else Sensor.from_dict(sensor),
            )
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{where}: not the metadata of a generator ({error!r})") from None


def attach(
    path: str | os.PathLike, metadata: ModelMetadata, file: Mapping[str, Any] | None = None
) -> None:
    """Appends the metadata to a `.tflite` file; equal models give equal bytes.

    Args:
        path: The file.
        metadata: To be found by `read`.
        file: What else is to be said about this file, as JSON values (`describe_file`).
    """
    model = Path(path).read_bytes()
    own = {"model": {"bytes": len(model), "sha256": hashlib.sha256(model).hexdigest()}}
    values = metadata.to_dict() | ({} if file is None else {"file": dict(file)}) | own
    entry = zipfile.ZipInfo(ENTRY, date_time=(1980, 1, 1, 0, 0, 0))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(entry, json.dumps(values, indent=2))


def read(path: str | os.PathLike, content: bytes | None = None) -> ModelMetadata:
    """The metadata that came with a `.tflite` file: inside it, else beside it.

    Args:
        path: The file.
        content: Its bytes, if they are read already.

    Raises:
        InputError: there are none, they cannot be read, or the file is damaged.
    """
    path = Path(path)
    content = path.read_bytes() if content is None else content
    text, where = _inside(path, content), f"{path}({ENTRY})"
    if text is None:
        beside = [path.with_suffix(".json"), path.with_name(BESIDE)]
        found = next((file for file in beside if file.is_file()), None)
        if found is None:
            raise InputError(
                f"{path}: says nothing about the input it expects; put the {BESIDE} that"
                f" tfisp.export wrote beside it, as {beside[0].name} or {BESIDE}"
            )
        return ModelMetadata.from_dict(parse_json(found.read_bytes(), str(found)), str(found))
    values = parse_json(text, where)
    metadata = ModelMetadata.from_dict(values, where)
    _check_model(content, values.get("model"), path, where)
    return metadata


def _inside(path: Path, content: bytes) -> bytes | None:
    """The entry within a file; None where no archive was appended.

    Raises:
        InputError: there is an archive, or what is left of one.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.read(ENTRY)
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, OSError, RuntimeError) as error:
        # NotImplementedError, of a damaged method or version, is a RuntimeError.
        if ENTRY.encode() in content or _END_OF_ARCHIVE in content[-_LONGEST_END:]:
            raise InputError(
                f"{path}: damaged: what tfisp.export appended cannot be read ({error}); export it"
                " again"
            ) from None
        return None


def _check_model(content: bytes, said: Any, path: Path, where: str) -> None:
    """Compares the model's bytes with what was written down about them, where anything was."""
    if said is None:
        return
    try:
        count, expected = int(said["bytes"]), str(said["sha256"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{where}: not the metadata of a generator ({error!r})") from None
    if hashlib.sha256(content[:count]).hexdigest() != expected:
        raise InputError(
            f"{path}: damaged: its model has not the SHA-256 that was written with it; copy or"
            " export it again"
        )
