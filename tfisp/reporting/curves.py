"""Which curves a report shows, from the lines of a run's log."""

from collections.abc import Callable, Iterable

import numpy as np

from tfisp.charts.chart import Chart, Curve
from tfisp.looks.cube import Cube
from tfisp.metrics.registry import METRICS
from tfisp.metrics.report import hint
from tfisp.reporting.record import Record

# Colours of the page's style sheet, for curves that have none of their own.
PALETTE = ("--accent", "--red", "--green", "--violet")
_RGB = (("r", "red", "--red"), ("g", "green", "--green"), ("b", "blue", "--blue"))


def charts(record: Record) -> dict[str, list[Chart]]:
    """Heading -> the charts under it; only what was logged."""
    tags = list(dict.fromkeys(tag for line in record.lines for tag in line))
    curve = _reader(record)
    validated = [tag.removeprefix("val_ema/") for tag in tags if tag.startswith("val_ema/")]
    critics = [tag.split("/")[1] for tag in tags if tag.endswith("/margin")]
    found = {
        "Validation": [
            _chart(
                name,
                hint(name) if name in METRICS else "",
                (
                    curve(f"val_ema/{name}", "averaged weights", "--accent"),
                    curve(f"val_raw/{name}", "weights of the step", "--soft", dashed=True),
                ),
            )
            for name in validated
        ],
        "Losses": [
            _chart(
                tag.removeprefix("loss/"),
                "before its gradient is scaled",
                (curve(tag, tag.removeprefix("loss/"), "--accent"),),
                ratios=True,
            )
            for tag in tags
            if tag.startswith("loss/")
        ],
        "Colours": [
            _chart(
                "mean colours of batches",
                "generated pictures; dashed: the targets. Drift shows here first",
                [
                    curve(f"color/{side}_{channel}", f"{name}, {side}", colour, side == "target")
                    for channel, name, colour in _RGB
                    for side in ("generated", "target")
                    if f"color/{side}_{channel}" in tags
                ],
            )
        ]
        if "color/generated_r" in tags
        else [],
        "Critics": [
            _chart(
                "margins",
                "how much higher photographs score than generated pictures; 0: told apart not at"
                " all, or not yet",
                [
                    curve(f"critic/{name}/margin", name, PALETTE[number % len(PALETTE)])
                    for number, name in enumerate(critics)
                ],
            )
        ]
        if critics
        else [],
    }
    kept = {heading: [chart for chart in shown if chart.curves] for heading, shown in found.items()}
    return {heading: shown for heading, shown in kept.items() if shown}


def look_chart(look: Cube) -> Chart:
    """What a look makes of greys from black to white."""
    greys = np.linspace(0, 1, 65)
    made = look.apply(greys[:, None].repeat(3, 1))
    curves = [
        Curve(name, greys, made[:, index], colour) for index, (_, name, colour) in enumerate(_RGB)
    ]
    about = "what becomes of greys, from black to white; dashed: no change"
    same = Curve("no change", greys, greys, "--soft", dashed=True)
    return Chart("curves of the look", about, (*curves, same))


def _reader(record: Record) -> Callable[..., Curve]:
    """Makes the curve of a tag."""

    def read(tag: str, label: str, colour: str, dashed: bool = False) -> Curve:
        points = {record.place(line): line[tag] for line in record.lines if tag in line}
        finite = [(x, y) for x, y in points.items() if np.isfinite(y)]
        x, y = np.array(finite, float).reshape(-1, 2).T
        return Curve(label, x, y, colour, dashed)

    return read


def _chart(title: str, about: str, curves: Iterable[Curve], ratios: bool = False) -> Chart:
    """A chart of the curves that have points."""
    return Chart(title, about, tuple(curve for curve in curves if len(curve.x)), ratios)
