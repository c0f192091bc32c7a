"""Cutting a long axis into overlapping windows whose rendered middles join without a seam.

An output sample depends on the input up to `halo` samples away. A window therefore gives right
results only at a distance of `halo` from a cut, but right up to a true border of the picture: there
the network pads each layer with zeros exactly as it does when it sees the whole picture. So windows
are never padded, they end where the picture ends:

    picture  |==================================|
    window 0 |oooooooooooooo..|                        o kept, . thrown away
    window 1            |..oooooooooooo..|
    window 2                     |..ooooooooooooo|

All windows of one axis are equally long, so that a compiled network meets a single shape.
"""

from typing import NamedTuple


class Span(NamedTuple):
    """One window of an axis: it reads [start, stop) and its result is right in [first, last)."""

    start: int
    stop: int
    first: int
    last: int


def spans(
    length: int, window: int, halo: int, multiple: int = 1, *, exact: bool = False
) -> list[Span]:
    """Windows that cover an axis.

    Args:
        length: Of the axis in samples, divisible by `multiple`.
        window: The longest window allowed, at least `2 * (halo + multiple) + multiple`.
        halo: Radius of the network's receptive field in samples.
        multiple: Windows start and end at a multiple of it, so that strides inside the network
            fall on the same samples as in the whole.
        exact: Whether every window must be just `window` long (a multiple, at most `length`);
            otherwise they may be shorter, so that they repeat less.

    Returns:
        Windows of equal length in order, whose kept parts join to [0, length).
    """
    if length <= window:
        return [Span(0, length, 0, length)]
    halo = _round_up(halo, multiple)
    inner = length - 2 * halo  # what the windows' middles must cover
    step = window // multiple * multiple - 2 * halo
    if not exact:
        step = _round_up(_divide_up(inner, _divide_up(inner, step)), multiple)
    window = step + 2 * halo
    count = _divide_up(inner, step)
    found, first = [], 0
    for index in range(count):
        stop = min(index * step + window, length)
        last = length if index == count - 1 else stop - halo
        found.append(Span(stop - window, stop, first, last))
        first = last
    return found


def _divide_up(value: int, divisor: int) -> int:
    return -(-value // divisor)


def _round_up(value: int, multiple: int) -> int:
    return _divide_up(value, multiple) * multiple
