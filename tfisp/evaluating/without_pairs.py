"""Measures that need no truth: pictures beside photographs of other scenes.

`niqe` of each picture; `kid` and `frechet` of all pictures of a system together, by features of a
frozen network. For these, a picture's middle square is averaged to 224 x 224 pixels, as many as the
networks were trained on, so that sizes and shapes of pictures do not count.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from tfisp.data.cache import file_digest, key
from tfisp.data.images import IMAGE_SUFFIXES, read_photograph, to_float
from tfisp.data.listing import evenly, require_files, require_folder
from tfisp.errors import InputError
from tfisp.metrics import distributions, niqe
from tfisp.metrics.registry import OF_SETS, WITHOUT_TRUTH, Protocol

if TYPE_CHECKING:
    from tfisp.perceptual.base import Backbone

# Photographs of a folder that are looked at, spread over all.
MOST = 1000
_SIDE = 224

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Beside:
    """Photographs, and what of them is needed.

    Attributes:
        folder: Of the photographs.
        count: How many were looked at.
        identity: What figures depend on besides the picture, as JSON values.
        sets: Which measures of sets are wanted.
        backbone: The network of these; None without them.
        features: float64 `[photographs, width]`.
        model: Of `niqe`; None if that is not wanted.
    """

    folder: str
    count: int
    identity: Mapping[str, Any]
    sets: tuple[str, ...] = ()
    backbone: "Backbone | None" = None
    features: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    model: niqe.Model | None = None

    def values(self, picture: np.ndarray) -> dict[str, float]:
        """The measures of one picture, float32 `[H, W, 3]` sRGB 0..1."""
        return {} if self.model is None else {"niqe": niqe.distance(picture, self.model)}

    def describe(self, picture: np.ndarray) -> list[float] | None:
        """A picture's features; None if no measure of sets is wanted."""
        if self.backbone is None:
            return None
        return distributions.set_features([squared(picture)], self.backbone)[0].tolist()

    def protocols(self) -> dict[str, Protocol]:
        """What each measure computes here."""
        found = {}
        if self.model is not None:
            text = f"{WITHOUT_TRUTH['niqe'].protocol}; photographs: {self.model.origin}"
            found["niqe"] = Protocol(text)
        network = self.backbone
        if network is None:
            return found
        for name in self.sets:
            text = (
                f"{OF_SETS[name].protocol} of {network.name}, tap {network.taps[-1]}, middle"
                f" squares at {_SIDE}x{_SIDE}, to {self.count} photographs in {self.folder};"
                f" weights from {network.weights}"
            )
            warning = "RANDOM WEIGHTS, the values mean nothing: " * network.is_random
            found[name] = Protocol(warning + text, network.is_random)
        return found

    def distances(self, described: Sequence[Sequence[float]]) -> dict[str, dict[str, Any]]:
        """The measures of a set of pictures.

        Args:
            described: Features of each picture.

        Returns:
            Measure -> `value` and `interval`, both None for fewer than two pictures.
        """
        ours = np.array(described, np.float64)
        found: dict[str, dict[str, Any]] = {}
        for name in self.sets:
            if len(ours) < 2:
                found[name] = {"value": None, "interval": None}
                continue
            value = (
                distributions.kid(ours, self.features).value
                if name == "kid"
                else distributions.frechet_distance(ours, self.features)
            )
            interval = distributions.interval(name, ours, self.features)
            found[name] = {"value": value, "interval": list(interval)}
        return found


def beside(
    folder: str | None,
    measures: Sequence[str],
    backbone: "Backbone | None",
    niqe_model: str | None,
    progress: Progress,
) -> Beside:
    """Looks at photographs as far as the measures need it.

    Args:
        folder: Of photographs; None where a model of `niqe` is all that is needed.
        measures: Which are wanted, of `WITHOUT_TRUTH` and `OF_SETS`.
        backbone: Network of the measures of sets; None without them.
        niqe_model: File of `niqe`'s parameters; None fits them to the photographs.
        progress: Called as progress(done, total, what).

    Raises:
        InputError: there are too few photographs, or one is damaged.
    """
    files: list[Path] = []
    if folder is not None:
        root = require_folder("photographs", folder)
        found = require_files("photographs", root, IMAGE_SUFFIXES, "photographs")
        files = evenly(found.files, MOST)
    sets = tuple(name for name in measures if name in OF_SETS)
    if sets and len(files) < 2:
        raise InputError(
            f"--photographs={folder}: a distance of sets needs two photographs or more"
        )
    fitted = "niqe" in measures and niqe_model is None
    features: list[list[float]] = []
    network = Beside("", 0, {}, sets, backbone)

    def look(counted: str) -> Any:
        for done, path in enumerate(files, start=1):
            photograph = to_float(read_photograph(path))
            if backbone is not None:
                features.append(network.describe(photograph) or [])
            yield photograph
            progress(done, len(files), counted)

    model = None
    seen = look("photographs looked at")
    if fitted:
        model = niqe.fit(seen, f"{len(files)} in {folder}")
    elif "niqe" in measures:
        model = niqe.read_model(Path(str(niqe_model)))
    if sets:
        for _ in seen:  # what is left of them
            pass
    identity = {
        "photographs": key(files=[file_digest(path) for path in files]) if fitted else None,
        "niqe_model": file_digest(Path(niqe_model)) if niqe_model else None,
        "backbone": None if backbone is None else [backbone.name, backbone.weights],
        "measures": list(measures),
    }
    return Beside(
        str(folder), len(files), identity, sets, backbone, np.array(features, np.float64), model
    )


def squared(picture: np.ndarray) -> np.ndarray:
    """The middle square of a picture at the networks' size: float32 `[224, 224, 3]`."""
    side = min(picture.shape[:2])
    top, left = ((length - side) // 2 for length in picture.shape[:2])
    square = np.asarray(picture[top : top + side, left : left + side], np.float32)
    method = cv2.INTER_AREA if side >= _SIDE else cv2.INTER_CUBIC
    return np.clip(cv2.resize(square, (_SIDE, _SIDE), interpolation=method), 0, 1)
