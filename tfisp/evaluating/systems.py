"""What is measured: anything that gives a picture of an image."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tfisp.data.cache import file_digest, tree_digest
from tfisp.data.images import read_photograph, to_float
from tfisp.errors import InputError
from tfisp.evaluating.baselines import Develop
from tfisp.evaluating.cases import Case, Frame
from tfisp.models.presets import read_preset
from tfisp.rendering.renderer import Renderer
from tfisp.rendering.runtime import to_8bit


class System(Protocol):
    """Something that gives pictures.

    Attributes:
        about: What it is, for the report.
    """

    @property
    def about(self) -> str:
        """See the class."""
        ...

    def facts(self, name: str) -> Mapping[str, Any]:
        """What its picture of an image depends on besides the image, as JSON values.

        Raises:
            InputError: A file cannot be read.
        """
        ...

    def picture(self, name: str, case: Case) -> np.ndarray:
        """Its picture of an image, uint8 `[H, W, 3]` sRGB.

        Raises:
            InputError: It cannot give one.
        """
        ...


@dataclass(frozen=True)
class Network:
    """A trained generator.

    Attributes:
        about: See `System`.
        renderer: With its weights.
        identity: What tells it from other ones, as JSON values (`network_facts`).
        truncate: Cut its pictures off to 8 bits instead of rounding them.
    """

    about: str
    renderer: Renderer
    identity: Mapping[str, Any]
    truncate: bool = False

    def facts(self, name: str) -> Mapping[str, Any]:
        """See `System`."""
        return {**self.identity, "truncate": self.truncate}

    def picture(self, name: str, case: Case) -> np.ndarray:
        """See `System`."""
        frame = _frame(case)
        if self.truncate:
            return to_8bit(self.renderer.render(*frame), truncate=True)
        return self.renderer.render_8bit(*frame)


@dataclass(frozen=True)
class Classical:
    """A classical rendering.

    Attributes:
        about: See `System`.
        develop: The function.
        identity: What it depends on, as JSON values.
    """

    about: str
    develop: Develop
    identity: Mapping[str, Any]

    def facts(self, name: str) -> Mapping[str, Any]:
        """See `System`."""
        return self.identity

    def picture(self, name: str, case: Case) -> np.ndarray:
        """See `System`."""
        return to_8bit(self.develop(*_frame(case)))


@dataclass(frozen=True)
class FinishedPictures:
    """Pictures that some tool has made.

    Attributes:
        about: See `System`.
        files: Name of an image -> file.
    """

    about: str
    files: Mapping[str, Path]

    def facts(self, name: str) -> Mapping[str, Any]:
        """See `System`."""
        return {"picture": file_digest(self.files[name])}

    def picture(self, name: str, case: Case) -> np.ndarray:
        """See `System`."""
        pixels = read_photograph(self.files[name])
        return pixels if pixels.dtype == np.uint8 else to_8bit(to_float(pixels))


def network_facts(model: str, runtime: str, levels: str) -> dict[str, Any]:
    """What a network's pictures depend on: its files, and how they are run.

    Args:
        model: As `--model` names it.
        runtime: As `--runtime`.
        levels: As `--levels`.

    Raises:
        InputError: there is no such model.
    """
    path = Path(model)
    if path.suffix == ".tflite":
        content = file_digest(path)
    else:
        path = read_preset(model).folder
        content = tree_digest(path)
    # A run may be rendered by its exported file, which rounds in another order.
    beside = path.parent / "export" / "model.tflite"
    exported = file_digest(beside) if beside.is_file() else None
    return {"model": content, "exported": exported, "runtime": runtime, "levels": levels}


def _frame(case: Case) -> Frame:
    if case.frame is None:
        raise InputError("a system that develops RAW files cannot be measured on finished pictures")
    return case.frame
