"""The same few scenes, drawn again and again while a generator learns: for the eye."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfisp.data.base import Dataset
from tfisp.data.photographs import Photographs
from tfisp.rendering.pictures import strip, write_picture
from tfisp.training.picture_signs import picture_signs

if TYPE_CHECKING:
    from tfisp.models.generator import Generator

# Folder, within that of the sheets, of the pictures of which they are made, each by itself.
SINGLE = "single"
# What a column of a sheet, or a picture by itself, is of.
REFERENCE, GENERATED, TRUTH, TARGET = "reference", "generated", "truth", "target"
# Pixels of a sheet's columns, at the least: as wide as the longest name.
_NARROWEST = 104


class Preview:
    """Draws a data set's scenes as `RUN/pictures/step-000500.png`, and its pictures one by one.

    A sheet has a row per scene: the reference, what is generated, and the truth; where that is not
    known, a photograph of the targets, which shows another scene.

    Args:
        dataset: Open. Its scenes are those of `Dataset.preview`.
        folder: Where files go; made when the first is written.
    """

    def __init__(self, dataset: Dataset, folder: Path) -> None:
        self._folder = folder
        scenes = dataset.preview()
        self._inputs = [raw for raw, *_ in scenes]
        self._references = [reference for _, reference, *_ in scenes]
        self._beside: tuple[str, list[np.ndarray]] | None = None
        if scenes and all(truth for _, _, *truth in scenes):
            self._beside = TRUTH, [truth for *_, truth in scenes]
        elif scenes and dataset.targets is not None:
            self._beside = TARGET, _photographs(dataset.targets, len(scenes))

    def draw(self, generator: "Generator") -> list[np.ndarray]:
        """What a generator makes of the scenes: float32 `[H, W, 3]` each, not clipped."""
        return [generator(raw[None])[0].numpy() for raw in self._inputs]

    def signs(self, drawn: Sequence[np.ndarray], generator: "Generator") -> dict[str, float]:
        """What shows on drawn pictures when the generator goes wrong (`picture_signs`)."""
        if not drawn:
            return {}
        return picture_signs(drawn, self._references, generator.scale * generator.multiple)

    def sheet(self, drawn: Sequence[np.ndarray]) -> np.ndarray:
        """Labelled columns of all pictures: uint8 `[H, W, 3]`."""
        columns = {REFERENCE: self._references, GENERATED: drawn}
        if self._beside:
            columns |= [self._beside]
        return strip(
            {name: [_enlarged(_eight_bits(x)) for x in column] for name, column in columns.items()}
        )

    def write(self, step: int, drawn: Sequence[np.ndarray]) -> None:
        """Writes a sheet and its pictures.

        Args:
            step: Steps of all stages up to now.
            drawn: What `draw` made.
        """
        (self._folder / SINGLE).mkdir(parents=True, exist_ok=True)
        write_picture(self._folder / sheet_name(step), self.sheet(drawn))
        known = [(REFERENCE, self._references), *([self._beside] if self._beside else [])]
        for view, pictures in ((f"step-{step:06d}", drawn), *(() if step else known)):
            for number, picture in enumerate(pictures, start=1):
                name = f"scene-{number}-{view}.png"
                write_picture(self._folder / SINGLE / name, _eight_bits(picture))


def sheet_name(step: int) -> str:
    """The file of the sheet that is drawn after so many steps of all stages."""
    return f"step-{step:06d}.png"


def _photographs(targets: Photographs, count: int) -> list[np.ndarray]:
    """Parts of photographs that lie evenly among all."""
    places = np.linspace(0, len(targets) - 1, count).astype(int).tolist()
    return [targets.read(place, (0, place)) for place in places]


def _enlarged(picture: np.ndarray) -> np.ndarray:
    """The picture as it is, or each of its pixels as several, so that names fit above it."""
    times = -(-_NARROWEST // picture.shape[1])
    return picture.repeat(times, axis=0).repeat(times, axis=1)


def _eight_bits(picture: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
