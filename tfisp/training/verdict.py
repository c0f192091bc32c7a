"""Whether a stage made pictures better, as far as that can be said without pairs.

What is compared is what the generator makes of RAW patches from all over the data set, before and
after, with as many patches of the target photographs:

- colour: how far apart the distributions of colours are. Mean distance of the quantiles of R, G, B,
  luma and two opponent axes (the sliced Wasserstein distance, J. Rabin et al., SSVM 2011, over six
  fixed directions), of patches averaged over 4x4 pixels, so that noise does not count.
- content: how alike the gradients of luma are to those of the reference (their correlation, 1 at
  best), at the same scale.

A stage is better if colours came nearer and content was held.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfisp.data.base import Dataset
from tfisp.errors import InputError
from tfisp.files import read_json

if TYPE_CHECKING:
    from tfisp.models.generator import Generator

# Patches of each side, at the most.
PATCHES = 256
# Content may fall to this share of what it was.
CONTENT_HELD = 0.9

_BLOCK = 4
_QUANTILES = np.linspace(0.01, 0.99, 50)
_DIRECTIONS = np.array(
    [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.299, 0.587, 0.114], [0.5, -0.5, 0], [0.25, 0.25, -0.5]]
)

# A generator's input `[h, w, C]` -> its picture `[H, W, 3]`, 0..1.
Render = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Distance:
    """How far pictures are from what is wanted.

    Attributes:
        colour: Distance of colours from the targets', in units of full scale; 0 at best.
        content: Correlation with the reference's gradients; 1 at best.
    """

    colour: float
    content: float


@dataclass(frozen=True)
class Verdict:
    """A stage's end beside its start."""

    before: Distance
    after: Distance

    @property
    def better(self) -> bool:
        """Whether colours came nearer and content was held."""
        held = self.after.content >= CONTENT_HELD * self.before.content
        return self.after.colour < self.before.colour and held

    def __str__(self) -> str:
        """One sentence."""
        colour = (
            f"colours are {255 * self.after.colour:.1f} 8-bit steps from the photographs' on"
            f" average, {255 * self.before.colour:.1f} before"
        )
        content = f"gradients correlate {self.after.content:.3f} with the RAW's own, "
        content += f"{self.before.content:.3f} before"
        return f"{'better' if self.better else 'not better'}: {colour}; {content}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self) | {"better": self.better}


def read_verdict(path: Path) -> Verdict:
    """A verdict that a run has written down.

    Raises:
        InputError: if the file is damaged; names it.
    """
    stated = read_json(path)
    try:
        sides = (stated[side] for side in ("before", "after"))
        return Verdict(*(Distance(float(s["colour"]), float(s["content"])) for s in sides))
    except (TypeError, LookupError, ValueError) as error:
        raise InputError(f"{path}: not the verdict of a run ({error!r})") from error


class Judge:
    """Holds the patches that generators are judged on.

    Args:
        dataset: Open, with targets.
    """

    def __init__(self, dataset: Dataset) -> None:
        if dataset.targets is None:
            raise ValueError("a verdict needs target photographs")
        patches = [dataset.raw.read(index, (0, index)) for index in evenly(len(dataset.raw))]
        self._raw = [raw for raw, _ in patches]
        self._content = np.concatenate([_gradients(_averaged(seen)) for _, seen in patches])
        targets = [
            dataset.targets.read(index, (0, index)) for index in evenly(len(dataset.targets))
        ]
        self._wanted = _quantiles(np.stack([_averaged(target) for target in targets]))

    def judge(self, render: Render) -> Distance:
        """Measures what a generator makes of the patches."""
        made = [_averaged(render(raw)) for raw in self._raw]
        colour = np.abs(_quantiles(np.stack(made)) - self._wanted).mean()
        ours, theirs = np.concatenate([_gradients(picture) for picture in made]), self._content
        energy = np.sqrt(np.square(ours).sum() * np.square(theirs).sum())
        return Distance(float(colour), float((ours * theirs).sum() / max(energy, 1e-12)))


def renderer(generator: "Generator") -> Render:
    """What a generator makes of one input."""
    return lambda raw: generator(raw[None])[0].numpy()


def evenly(count: int, most: int = PATCHES) -> list[int]:
    """At most `most` numbers below `count`, evenly spread."""
    return np.linspace(0, count - 1, min(count, most)).astype(int).tolist()


def _averaged(image: np.ndarray) -> np.ndarray:
    """`[H, W, 3]` averaged over blocks."""
    height, width = (side // _BLOCK for side in image.shape[:2])
    cut = np.clip(image[: height * _BLOCK, : width * _BLOCK], 0, 1)
    return cut.reshape(height, _BLOCK, width, _BLOCK, 3).mean(axis=(1, 3))


def _quantiles(images: np.ndarray) -> np.ndarray:
    """`[directions, quantiles]` of all colours."""
    return np.quantile(images.reshape(-1, 3) @ _DIRECTIONS.T, _QUANTILES, axis=0).T


def _gradients(image: np.ndarray) -> np.ndarray:
    """All differences of neighbouring luma values."""
    luma = image @ _DIRECTIONS[3]
    return np.concatenate([np.diff(luma, axis=axis).ravel() for axis in (0, 1)])
