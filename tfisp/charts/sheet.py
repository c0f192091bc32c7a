"""Charts as one SVG file that any viewer shows: no style sheet, no script, colours as numbers."""

import re
from collections.abc import Sequence

from tfisp.charts.chart import Chart, Curve
from tfisp.charts.markup import Markup, element, joined
from tfisp.charts.svg import HEIGHT, WIDTH, plot

# The light colours of the pages' style sheet (`tfisp/evaluating/page_files/base.css`).
_COLOURS = {
    "--accent": "#2563c9",
    "--red": "#c62f2f",
    "--green": "#22863a",
    "--blue": "#2f5fd0",
    "--violet": "#8a4fc4",
    "--soft": "#5d6673",
    "--line": "#b9c0ca",
}
_STYLE = (
    "text { font: 13px sans-serif; fill: #5d6673; } .title { font-weight: bold; fill: #1c2127; }"
    " .grid { stroke: #e3e6ea; } polyline { fill: none; stroke-width: 1.8; }"
    " .stage { stroke: #5d6673; }"
)
_HEAD, _GAP, _LINE = 84, 24, 19
_LETTER = 7.2  # pixels of a letter of the legend, about


def sheet(charts: Sequence[Chart], columns: int = 2) -> str:
    """An SVG file of charts, row by row.

    Args:
        charts: At least one.
        columns: Charts beside each other.
    """
    columns = min(columns, len(charts))
    width, height = WIDTH + _GAP, HEIGHT + _HEAD + _GAP
    panels = []
    for number, chart in enumerate(charts):
        row, column = divmod(number, columns)
        place = f"translate({column * width}, {row * height})"
        inside = element("g", {"transform": f"translate(0, {_HEAD})"}, *plot(chart))
        panels.append(element("g", {"transform": place}, *_head(chart), inside))
    rows = -(-len(charts) // columns)
    size = {"width": columns * width, "height": rows * height}
    frame = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {size['width']} {size['height']}",
    }
    ground = element("rect", {"width": "100%", "height": "100%", "fill": "#ffffff"})
    style = element("style", None, Markup(_STYLE))
    svg = element("svg", frame, style, ground, *panels)
    return re.sub(r"var\((--\w+)\)", lambda name: _COLOURS[name[1]], svg) + "\n"


def _head(chart: Chart) -> list[Markup]:
    """Title, meaning and legend."""
    lines = [
        element("text", {"x": 8, "y": _LINE, "class": "title"}, chart.title),
        element("text", {"x": 8, "y": 2 * _LINE}, chart.about),
    ]
    x, y = 8.0, 3 * _LINE
    for curve in chart.curves:
        label = f"{curve.label} {curve.y[-1]:.4g}" if chart.last else curve.label
        width = 24 + _LETTER * len(label) + 12
        if x + width > WIDTH and x > 8:
            x, y = 8.0, y + _LINE
        text = element("text", {"x": f"{x + 24:.0f}", "y": y}, label)
        lines.append(joined(_sample(curve, x, y - 5), text))
        x += width
    return lines


def _sample(curve: Curve, x: float, y: float) -> Markup:
    """A short piece of a curve, for the legend."""
    paint = f"var({curve.colour})"
    if curve.dots:
        return element("circle", {"cx": x + 9, "cy": y, "r": max(curve.dots, 2), "fill": paint})
    line = {"x1": x, "x2": x + 18, "y1": y, "y2": y, "stroke": paint, "stroke-width": 2}
    return element("line", line | ({"stroke-dasharray": "5 4"} if curve.dashed else {}))
