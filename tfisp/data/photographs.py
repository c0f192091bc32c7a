"""Photographs of the wanted look, of any size, cut into patches."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tfisp.data.bad_files import BadFiles
from tfisp.data.cache import Store, file_digest, key
from tfisp.data.crops import PatchGrid, places, window
from tfisp.data.headers import probe
from tfisp.data.images import READ_VERSION, read_photograph, to_float, to_uint16
from tfisp.data.manifest import sample
from tfisp.data.profiles import describe
from tfisp.data.unprocess import REDUCTION_VERSION, reduced_size, reduced_srgb
from tfisp.errors import InputError
from tfisp.looks.cube import Cube

# A photograph is kept decoded once it is so many times larger than a patch: decoding all of it for
# one patch would take longer than all else together.
_KEEP_DECODED = 2


class Picture(Protocol):
    """A photograph, or a part of one, that patches are cut from; members as of `Photograph`."""

    @property
    def path(self) -> Path:
        """See the class."""
        ...

    @property
    def size(self) -> tuple[int, int]:
        """See the class."""
        ...

    @property
    def reduce(self) -> int:
        """See the class."""
        ...

    @property
    def keep(self) -> bool:
        """See the class."""
        ...

    @property
    def colours(self) -> str:
        """See the class."""
        ...

    @property
    def content(self) -> str:
        """See the class."""
        ...

    @property
    def kept_bytes(self) -> int:
        """See the class."""
        ...

    def pixels(self) -> np.ndarray:
        """See the class.

        Raises:
            InputError: If the file is damaged.
        """
        ...


@dataclass(frozen=True)
class Photograph:
    """A photograph's file.

    Attributes:
        path: The file.
        size: (height, width) in pixels, upright and reduced.
        store: Where it is kept decoded.
        reduce: Factor by which it is reduced in linear light; 1 leaves it as it is.
        keep: Whether it is kept decoded at all.
        seed: Of the dither that goes with a reduction.
        colours: How its colours are treated, in words; empty for sRGB.
        look: A table that its colours pass through, once it is reduced; None for none.
    """

    path: Path
    size: tuple[int, int]
    store: Store
    reduce: int = 1
    keep: bool = True
    seed: int = 0
    colours: str = ""
    look: Cube | None = None

    @cached_property
    def sha256(self) -> str:
        """Hash of the file's content; read once."""
        return file_digest(self.path)

    @property
    def dither_seed(self) -> tuple[int, int]:
        """Seed of whatever is drawn for this photograph: a function of `seed` and its content."""
        return self.seed, int(self.sha256[:16], 16)

    @property
    def content(self) -> str:
        """What tells its file from another one: the hash, where that is needed anyway."""
        return self.sha256 if self.keep else sample(self.path)

    @property
    def kept_bytes(self) -> int:
        """How much of the cache it takes once it has been read: 8 bits a sample, 16 if changed."""
        width = 1 if self.reduce == 1 and self.look is None else 2
        return 3 * width * self.size[0] * self.size[1] if self.keep else 0

    def pixels(self) -> np.ndarray:
        """uint8 or uint16 `[H, W, 3]` of full scale, sRGB-encoded, upright; not to be written to.

        Raises:
            InputError: If the file is damaged.
        """
        return self.store.get(self._decoded, self._read) if self.keep else self._read()

    @cached_property
    def _decoded(self) -> str:
        """Key of the pixels: everything they depend on."""
        facts: dict[str, Any] = {}
        if self.reduce > 1:
            facts = {"reduce": self.reduce, "version": REDUCTION_VERSION, "seed": self.seed}
        if self.look is not None:
            facts |= {"look": self.look.sha256}
        return key(kind="photograph", file=self.sha256, read=READ_VERSION, **facts)

    def _read(self) -> np.ndarray:
        pixels = read_photograph(self.path)
        if self.reduce > 1:
            pixels = reduced_srgb(pixels, self.reduce, self.dither_seed)
        return pixels if self.look is None else to_uint16(self.look.apply(to_float(pixels)))


class Photographs:
    """Patches of photographs. Reading is a pure function of its arguments and of the files.

    Args:
        photographs: Where patches come from.
        patch_size: Their side.
        flip: Whether half of them are mirrored left to right.
        fixed: Whether a cell's patch always lies at the same place, instead of a random one.
        bad_files: Receives photographs that cannot be used.

    Raises:
        InputError: If a photograph is smaller than a patch (and bad files are not skipped).
    """

    def __init__(
        self,
        photographs: Sequence[Picture],
        *,
        patch_size: int,
        flip: bool = False,
        fixed: bool = False,
        bad_files: BadFiles,
    ) -> None:
        self._flip, self._bad_files, self.patch_size = flip, bad_files, patch_size
        self._fixed = fixed
        self.photographs = [item for item in photographs if self._fits(item)]
        self._grid = PatchGrid([item.size for item in self.photographs], patch_size)

    def __len__(self) -> int:
        """Number of patches that do not overlap; an epoch reads so many."""
        return len(self._grid)

    def source_of(self, index: int) -> int:
        """Number of the photograph that patch `index` lies in."""
        return self._grid.cell(index).frame

    @property
    def repeats(self) -> bool:
        """Whether every epoch reads the same patches again, but for mirroring."""
        return self._fixed or all(
            places(item.size, self.patch_size) == 1 for item in self.photographs
        )

    def read(self, index: int, seed: Sequence[int]) -> np.ndarray:
        """A patch in cell `index`; where exactly, and whether it is mirrored, follows from `seed`.

        Args:
            index: 0 to `len(self) - 1`.
            seed: Non-negative integers.

        Returns:
            float32 `[patch_size, patch_size, 3]`, sRGB-encoded, 0..1.

        Raises:
            InputError: If the file is damaged (with bad files skipped: if all are).
        """
        random = np.random.default_rng(list(seed))
        drawn, mirrored = tuple(random.random(2)), self._flip and bool(random.integers(2))
        where = None if self._fixed else drawn
        cell = self._grid.cell(index)
        for _ in range(len(self.photographs)):
            photograph = self.photographs[cell.frame]
            place = window(cell, photograph.size, self.patch_size, where, mirrored=mirrored)
            try:
                return to_float(place.of(photograph.pixels()))
            except InputError as error:
                self._bad_files.report(photograph.path, error)
                following = (cell.frame + 1) % len(self.photographs)
                cell = self._grid.same_place(cell, following)
        raise InputError(f"{self.photographs[0].path.parent}: no photograph here can be read")

    def _fits(self, photograph: Picture) -> bool:
        if min(photograph.size) >= self.patch_size:
            return True
        height, width = photograph.size
        self._bad_files.report(
            photograph.path,
            InputError(
                f"{photograph.path}: {width}x{height} pixels"
                + (f" after --reduce={photograph.reduce}" if photograph.reduce > 1 else "")
                + f", smaller than a patch of --patch_size={self.patch_size}"
            ),
        )
        return False


def open_photograph(
    path: Path,
    store: Store,
    patch_size: int,
    reduce: int = 1,
    seed: int = 0,
    look: Cube | None = None,
) -> Photograph:
    """A photograph after a look at its header.

    Raises:
        InputError: If it is not a whole file of a kind that is read.
    """
    info = probe(path)
    size = reduced_size(info.upright_size, reduce)
    if min(size) < 4:
        raise InputError(f"{path}: too small a picture")
    keep = reduce > 1 or size[0] * size[1] > _KEEP_DECODED * patch_size**2
    return Photograph(path, size, store, reduce, keep, seed, describe(info), look)
