"""Colour lookup tables in the `.cube` format, which photo and film editors open.

Adobe, "Cube LUT Specification", version 1.0, 2013; the format comes from IRIDAS. A text file:

    TITLE "a name"
    LUT_3D_SIZE 33              or LUT_1D_SIZE, one curve for each channel
    DOMAIN_MIN 0.0 0.0 0.0      what the first and last entries stand for; 0 and 1 if not given
    DOMAIN_MAX 1.0 1.0 1.0
    0.0 0.0 0.0                 R G B of each entry; of a 3D table red changes fastest
    ...

Lines that begin with # are comments. `LUT_3D_INPUT_RANGE` and `LUT_1D_INPUT_RANGE`, DaVinci
Resolve's way to state the domain, are read as well. Any other keyword is refused, for it may change
what the numbers mean.
"""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tfisp.errors import InputError
from tfisp.files import write_text

SIZE = 33  # entries along each axis of what is written: enough for editors, 36,000 lines

# The specification's limits.
_LARGEST = {"LUT_1D_SIZE": 65536, "LUT_3D_SIZE": 256}

# Colours looked up at a time: what is computed on the way stays in the cache.
_CHUNK = 1 << 15


@dataclass(frozen=True, eq=False)
class Cube:
    """A lookup table.

    Attributes:
        table: float32 `[N, N, N, 3]`, indexed by R, G, B, or `[N, 3]` for a curve per channel.
        low: Colour that the first entry stands for.
        high: Colour that the last entry stands for.
        title: A name; empty if there is none.
    """

    table: np.ndarray
    low: tuple[float, float, float] = (0.0, 0.0, 0.0)
    high: tuple[float, float, float] = (1.0, 1.0, 1.0)
    title: str = ""
    _flat: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        shape = self.table.shape
        if len(shape) not in (2, 4) or shape[-1] != 3 or len({*shape[:-1]}) > 1 or shape[0] < 2:
            raise InputError(f"a lookup table of shape {shape}; expected [N, N, N, 3] or [N, 3]")
        flat = np.ascontiguousarray(self.table, np.float32).reshape(-1, 3)
        object.__setattr__(self, "_flat", flat)

    @property
    def size(self) -> int:
        """Entries along each axis."""
        return self.table.shape[0]

    @property
    def sha256(self) -> str:
        """Hash of what the table does: of domain and entries, not of title and spelling."""
        domain = np.array([self.low, self.high], "<f8").tobytes()
        shape = f"{self.table.shape}".encode()
        return hashlib.sha256(shape + domain + self._flat.astype("<f4").tobytes()).hexdigest()

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Looks up every colour, between entries by tetrahedral interpolation.

        A cell of a 3D table is cut into six tetrahedra along its grey diagonal, so greys are
        interpolated between greys (as in OpenColorIO and ICC colour engines).

        Args:
            image: Float `[..., 3]`; what lies outside the domain is moved to its border first.

        Returns:
            float32 of the same shape.
        """
        colours = np.asarray(image, np.float32).reshape(-1, 3)
        out = np.empty_like(colours)
        for start in range(0, len(colours), _CHUNK):
            part = slice(start, start + _CHUNK)
            out[part] = self._look_up(colours[part])
        return out.reshape(np.shape(image))

    def _look_up(self, colours: np.ndarray) -> np.ndarray:
        """`apply` for float32 `[M, 3]`."""
        low = np.array(self.low, np.float32)
        scale = np.float32(self.size - 1) / (np.array(self.high, np.float32) - low)
        place = np.clip((colours - low) * scale, 0, self.size - 1)
        cell = np.minimum(place.astype(np.int32), self.size - 2)
        part = place - cell
        if self.table.ndim == 2:
            channel = np.arange(3)
            first, second = self._flat[cell, channel], self._flat[cell + 1, channel]
            return first + part * (second - first)
        (last, *corners), (least, *weights) = tetrahedra(cell, part, self.size)
        out = np.take(self._flat, last, axis=0)
        out *= least[:, None]
        for corner, weight in zip(corners, weights, strict=True):
            entries = np.take(self._flat, corner, axis=0)
            entries *= weight[:, None]
            out += entries
        return out


def tetrahedra(
    cell: np.ndarray, part: np.ndarray, size: int
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Which four entries of a 3D table a colour lies between, and the share of each.

    Args:
        cell: int32 `[M, 3]`, the entry below along each axis, at most `size - 2`.
        part: `[M, 3]` within 0..1, how far the colour lies beyond it.
        size: Entries along each axis.

    Returns:
        Four arrays `[M]` of places in the table, flattened, and four of shares, which add up to 1.
    """
    steps = np.array([size**2, size, 1], np.int32)
    first = cell @ steps
    # From the cell's first corner to its last along the edges, in order of the largest share.
    # Where two shares are equal, the corner between them has no weight.
    least, most = part.min(axis=1), part.max(axis=1)
    middle = part.sum(axis=1) - least - most
    last = first + steps.sum()
    corners = [first, first + steps[part.argmax(axis=1)], last - steps[part.argmin(axis=1)]]
    return [last, *corners], [least, 1 - most, most - middle, middle - least]


def read_cube(path: str | os.PathLike) -> Cube:
    """Reads a `.cube` file, 3D or 1D.

    Raises:
        InputError: It cannot be read, or is not such a file: the message names the line.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a .cube file: not text") from None
    facts: dict[str, list[str]] = {}
    rows: list[list[float]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        where = f"{path}, line {number}"
        if words[0][0].isalpha() and words[0].lower() not in ("nan", "inf", "infinity"):
            _keyword(facts, words, line, where)
            if rows:
                raise InputError(f"{where}: {words[0]} after the first entry of the table")
        else:
            rows.append(_numbers(words, 3, where))
    return _table(facts, rows, path)


def write_cube(path: str | os.PathLike, cube: Cube, comments: tuple[str, ...] = ()) -> None:
    """Writes a `.cube` file, atomically.

    Args:
        path: The file.
        cube: What to write; entries with six decimals.
        comments: Lines to put at the head.

    Raises:
        InputError: The title has a quotation mark or a line break.
    """
    if any(sign in cube.title for sign in '"\r\n'):
        raise InputError(f"the title {cube.title!r} of a .cube file cannot hold quotes or lines")
    lines = [f"# {line}" for comment in comments for line in comment.splitlines()]
    lines += [f'TITLE "{cube.title}"'] if cube.title else []
    lines.append(f"LUT_{1 if cube.table.ndim == 2 else 3}D_SIZE {cube.size}")
    for name, values in (("DOMAIN_MIN", cube.low), ("DOMAIN_MAX", cube.high)):
        lines.append(" ".join([name, *(str(float(value)) for value in values)]))
    entries = cube.table if cube.table.ndim == 2 else cube.table.transpose(2, 1, 0, 3)
    lines += [f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in entries.reshape(-1, 3).tolist()]
    write_text(path, "\n".join(lines) + "\n")


def _keyword(facts: dict[str, list[str]], words: list[str], line: str, where: str) -> None:
    """Notes what a line with a keyword states."""
    name = words[0]
    known = (*_LARGEST, "TITLE", "DOMAIN_MIN", "DOMAIN_MAX")
    if name not in (*known, "LUT_1D_INPUT_RANGE", "LUT_3D_INPUT_RANGE"):
        raise InputError(f"{where}: unknown keyword {name[:40]}; known are {', '.join(known)}")
    if name in facts:
        raise InputError(f"{where}: a second {name}")
    facts[name] = [line.strip()[len(name) :].strip(), where] if name == "TITLE" else words[1:]
    facts[name + " at"] = [where]


def _numbers(words: list[str], count: int, where: str) -> list[float]:
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(abs(number) < float("inf") for number in numbers):
        raise InputError(f"{where}: expected {count} finite numbers, found {' '.join(words)[:60]}")
    return numbers


def _table(facts: dict[str, list[str]], rows: list[list[float]], path: Path) -> Cube:
    """What a file's lines amount to."""
    found = [name for name in _LARGEST if name in facts]
    if len(found) != 1:
        raise InputError(f"{path}: expected one LUT_3D_SIZE or LUT_1D_SIZE, found {len(found)}")
    kind, where = found[0], facts[found[0] + " at"][0]
    size = _numbers(facts[kind], 1, where)[0]
    if size != int(size) or not 2 <= size <= _LARGEST[kind]:
        raise InputError(f"{where}: {kind} {size:g}; expected 2 to {_LARGEST[kind]}")
    size = int(size)
    low, high = _domain(facts, kind)
    expected = size if kind == "LUT_1D_SIZE" else size**3
    if len(rows) != expected:
        raise InputError(f"{path}: {kind} {size} needs {expected} entries, there are {len(rows)}")
    table = np.array(rows, np.float32)
    if kind == "LUT_3D_SIZE":
        table = np.ascontiguousarray(table.reshape(size, size, size, 3).transpose(2, 1, 0, 3))
    title = facts.get("TITLE", [""])[0]
    if len(title) >= 2 and title[0] == title[-1] == '"':
        title = title[1:-1]
    return Cube(table, low, high, title)


def _domain(facts: dict[str, list[str]], kind: str) -> tuple[tuple, tuple]:
    """(lowest, highest) colour of the domain."""
    low, high = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    if "DOMAIN_MIN" in facts:
        red, green, blue = _numbers(facts["DOMAIN_MIN"], 3, facts["DOMAIN_MIN at"][0])
        low = (red, green, blue)
    if "DOMAIN_MAX" in facts:
        red, green, blue = _numbers(facts["DOMAIN_MAX"], 3, facts["DOMAIN_MAX at"][0])
        high = (red, green, blue)
    where = (facts.get("DOMAIN_MAX at") or facts.get("DOMAIN_MIN at") or [""])[0]
    for name in ("LUT_1D_INPUT_RANGE", "LUT_3D_INPUT_RANGE"):
        if name in facts:
            where = facts[name + " at"][0]
            if name[:6] != kind[:6] or "DOMAIN_MIN" in facts or "DOMAIN_MAX" in facts:
                raise InputError(f"{where}: {name} beside {kind} or a DOMAIN that it contradicts")
            least, most = _numbers(facts[name], 2, where)
            low, high = (least,) * 3, (most,) * 3
    if not all(first < last for first, last in zip(low, high, strict=True)):
        raise InputError(f"{where}: the domain's lowest colour {low} is not below {high}")
    return low, high
