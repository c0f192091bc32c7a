"""What the report says of one file of an export."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict


class Figures(TypedDict, total=False):
    """Differences in code values of 8 bits, summed up.

    Attributes:
        largest: Of all, without sign.
        mean: Without sign.
        bias: Mean, with sign.
        psnr_db: None for equal pictures.
        share: Part of the pixels that are meant.
    """

    largest: float
    mean: float
    bias: float
    psnr_db: float | None
    share: float


@dataclass(frozen=True)
class Description:
    """What a file takes, gives and is for; a `.tflite` file carries it in its metadata.

    Attributes:
        name: Of the file.
        target: What it is for, `gpu` or `cpu`; None for no target of its own.
        size: Of its input: `fixed`, `free` or `tile`.
        weights: How they are stored.
        inputs: `name`, `dtype`, `shape` (None for a free side) and `meaning` of each.
        outputs: The same.
        companding: Of the contract that holds for the file.
        colour_encoding: Of the output.
        halo_pixels: Radius of the receptive field; None for the whole picture.
    """

    name: str
    target: str | None
    size: str
    weights: str
    inputs: Sequence[dict[str, Any]]
    outputs: Sequence[dict[str, Any]]
    companding: str
    colour_encoding: str
    halo_pixels: int | None


@dataclass(frozen=True)
class Comparison:
    """How far a file is from Keras.

    Attributes:
        compared_on: Names of the pictures.
        difference: `largest`, `mean` and `bias` in code values of 8 bits, and `psnr_db` (None for
            equal pictures).
        allowed: The limit that was held, `largest` or `psnr_db`.
        shadows: As `difference`, over the shadows of all pictures, and their `share`; None where
            there are none.
    """

    compared_on: Sequence[str]
    difference: Figures
    allowed: Mapping[str, float | None]
    shadows: Figures | None


@dataclass
class Entry:
    """All that the report says of one file.

    Attributes:
        description: What it takes, gives and is for.
        costs: `bytes`; of a `.tflite` file also `operations`, counted, and `macs`.
        comparison: None where there is nothing here to run the file with.
        accelerator: What LiteRT's GPU accelerator made of it; None where it was not run there.
        off_gpu: What keeps a file that was meant for the GPU off it.
        experimental: Whether an int8 file's shadows are not good yet; None for other files.
    """

    description: Description
    costs: dict[str, Any]
    comparison: Comparison | None = None
    accelerator: str | None = None
    off_gpu: Sequence[str] = field(default_factory=list)
    experimental: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """The entry as JSON values; what does not apply is left out."""
        entry = dataclasses.asdict(self.description) | self.costs
        if self.comparison is None:
            entry["compared_on"] = []
        else:
            entry |= dataclasses.asdict(self.comparison)
        if self.accelerator is not None:
            entry["accelerator"] = self.accelerator
        if self.off_gpu:
            entry["off_gpu"] = list(self.off_gpu)
        if self.experimental is not None:
            entry["experimental"] = self.experimental
        return entry
