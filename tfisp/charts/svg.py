"""Charts as SVG: plain lines in the colours of the page, so that dark and light both suit them."""

import math
from collections.abc import Sequence

import numpy as np

from tfisp.charts.chart import Chart, Curve
from tfisp.charts.markup import Markup, element, joined

WIDTH, HEIGHT = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 68, 24, 10, 26
# Columns that a curve is thinned to: its mean as a line, its ends as a band.
_COLUMNS = 240
# From this ratio of the largest to the smallest value on, ratios have a logarithmic axis.
_LOGARITHMIC = 30.0


def draw(chart: Chart, stages: Sequence[int] = ()) -> Markup:
    """The chart with its legend, in which the last value of each curve may stand.

    Args:
        chart: What to draw.
        stages: Places at which a line from top to bottom says that a stage ends.
    """
    told = "; ".join(f"{c.label} from {c.y[0]:.4g} to {c.y[-1]:.4g}" for c in chart.curves)
    svg = element(
        "svg",
        {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "role": "img", "aria-label": told},
        *plot(chart, stages),
    )
    heading = element("figcaption", None, element("strong", None, chart.title), _about(chart))
    return element("figure", {"class": "chart"}, heading, svg, _legend(chart))


def plot(chart: Chart, stages: Sequence[int] = ()) -> list[Markup]:
    """The shapes of a chart, in a field of `WIDTH` x `HEIGHT`; arguments as for `draw`."""
    columns = [_thinned(curve) for curve in chart.curves]
    lows, highs = (np.concatenate([c[i] for c in columns]) for i in (2, 3))
    low, high = float(lows.min()), float(highs.max())
    far_apart = chart.ratios and low > 0 and high / low > _LOGARITHMIC
    down = _Axis(low, high, HEIGHT - _BOTTOM, _TOP, far_apart or chart.logarithmic)
    places = np.concatenate([c[0] for c in columns])
    ends = float(places.min()), float(places.max())
    across = _Axis(*ends, _LEFT, WIDTH - _RIGHT, chart.logarithmic or chart.x_ratios)
    shapes = [*_frame(across, down), *(_mark(across(x)) for x in stages if across.holds(x))]
    for curve, (x, mean, least, greatest) in zip(chart.curves, columns, strict=True):
        paint = f"var({curve.colour})"
        if curve.dots:
            round_line = {"fill": "none", "stroke-linecap": "round", "stroke-width": 2 * curve.dots}
            path = " ".join(
                f"M{across(a):.1f} {down(b):.1f}h0" for a, b in zip(x, mean, strict=True)
            )
            shapes.append(element("path", round_line | {"d": path, "stroke": paint}))
            continue
        if np.any(greatest > least):
            outline = [*zip(x, least, strict=True), *zip(x[::-1], greatest[::-1], strict=True)]
            band = {"points": _points(outline, across, down), "fill": paint, "opacity": 0.18}
            shapes.append(element("polygon", band))
        line = {"points": _points(list(zip(x, mean, strict=True)), across, down), "stroke": paint}
        shapes.append(
            element("polyline", line | ({"stroke-dasharray": "5 4"} if curve.dashed else {}))
        )
    return shapes


def _about(chart: Chart) -> Markup:
    return element("span", {"class": "small"}, f" {chart.about}")


def _legend(chart: Chart) -> Markup:
    """Each curve's name, and its last value."""
    entries = []
    for curve in chart.curves:
        kind = "dotted" if curve.dots else "dashed" if curve.dashed else "solid"
        style = f"border-top: 3px {kind} var({curve.colour})"
        label = f"{curve.label} {curve.y[-1]:.4g}" if chart.last else curve.label
        entries.append(element("li", None, element("i", {"style": style}), label))
    return element("ul", {"class": "legend small"}, *entries)


class _Axis:
    """From values to places in the picture.

    Args:
        low: Least value.
        high: Greatest value.
        start: Where the least lies.
        end: Where the greatest lies.
        logarithmic: Whether equal ratios are equally far apart.
    """

    def __init__(
        self, low: float, high: float, start: float, end: float, logarithmic: bool = False
    ) -> None:
        self.logarithmic = logarithmic
        self.low, self.high = low, high
        if high == low:  # a level line in the middle
            self.low, self.high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
        self._start, self._end = start, end

    def __call__(self, value: float) -> float:
        """The place of a value."""
        low, high, at = self.low, self.high, value
        if self.logarithmic:
            low, high, at = (math.log(x) for x in (low, high, at))
        return self._start + (at - low) / (high - low) * (self._end - self._start)

    def holds(self, value: float) -> bool:
        """Whether a value lies between the ends, but not at one."""
        return self.low < value < self.high

    def ticks(self, wanted: int) -> list[tuple[float, str]]:
        """Round values within the axis, about so many, and their texts."""
        if self.logarithmic:
            first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
            steps = (1, 2, 5) if last - first <= 2 else (1,)
            found = [step * 10.0**power for power in range(first, last + 1) for step in steps]
            every = max(len(found) // (2 * wanted), 1)
            return [(x, f"{x:.6g}") for x in found[::every] if self.low <= x <= self.high]
        rough = (self.high - self.low) / wanted
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        decimals = max(-math.floor(math.log10(step) + 1e-9), 0)
        return [(n * step, f"{n * step:.{decimals}f}") for n in range(first, last + 1)]


def _frame(across: _Axis, down: _Axis) -> list[Markup]:
    """Lines of the grid and their values."""
    shapes = []
    for value, text in down.ticks(4):
        y = f"{down(value):.1f}"
        shapes.append(
            element("line", {"x1": _LEFT, "x2": WIDTH - _RIGHT, "y1": y, "y2": y, "class": "grid"})
        )
        at = {"x": _LEFT - 6, "y": y, "text-anchor": "end", "dominant-baseline": "middle"}
        shapes.append(element("text", at, text))
    for value, text in across.ticks(6):
        at = {"x": f"{across(value):.1f}", "y": HEIGHT - 8, "text-anchor": "middle"}
        shapes.append(element("text", at, text))
    return shapes


def _mark(x: float) -> Markup:
    """The end of a stage."""
    title = element("title", None, "a stage ends")
    ends = {"x1": f"{x:.1f}", "x2": f"{x:.1f}", "y1": _TOP, "y2": HEIGHT - _BOTTOM}
    return element("line", ends | {"class": "stage"}, title)


def _points(points: Sequence[tuple[float, float]], across: _Axis, down: _Axis) -> str:
    return joined(" ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in points))


def _thinned(curve: Curve) -> tuple[np.ndarray, ...]:
    """Places, means, least and greatest values of a curve, in columns if it has many points."""
    if curve.dots:
        return curve.x, curve.y, curve.y, curve.y
    parts = np.array_split(np.arange(len(curve.x)), min(len(curve.x), _COLUMNS))
    places = np.array([curve.x[part].mean() for part in parts])
    means, least, greatest = (
        np.array([of(curve.y[part]) for part in parts]) for of in (np.mean, np.min, np.max)
    )
    return places, means, least, greatest
