"""What was measured, as tables: every picture (CSV), the summary (JSON, Markdown)."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfisp.metrics.bootstrap import mean_interval
from tfisp.metrics.registry import Protocol, find

# Below so many pictures a mean says more about them than about a model; the report says so.
FEW = 10

# Groups of ISO speeds, two stops each, and the last speed of each.
_ISO = {
    "ISO to 100": 100.0,
    "ISO 101 to 400": 400.0,
    "ISO 401 to 1600": 1600.0,
    "ISO 1601 to 6400": 6400.0,
    "ISO above 6400": math.inf,
}
_UNKNOWN = "ISO unknown"

# System -> measure -> what its values are like (`summarise`).
Summary = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Score:
    """One picture by one system.

    Attributes:
        system: What the system is called: a model, a classical rendering, a folder of pictures.
        image: What the picture is called.
        values: Measure -> value.
        gain: What the picture was multiplied by in linear light; None if it was left as it is.
    """

    system: str
    image: str
    values: dict[str, float]
    gain: float | None = None


@dataclass(frozen=True)
class Group:
    """Pictures that have something in common.

    Attributes:
        title: What.
        images: How many there are.
        summary: Of these alone.
    """

    title: str
    images: int
    summary: Summary


def to_csv(scores: Sequence[Score], protocols: Mapping[str, Protocol]) -> str:
    """A line per picture and system: system, image, then each measure in full precision.

    Where pictures were matched in exposure, a last column has the gain of each.

    Args:
        scores: At least one.
        protocols: As in `to_markdown`; of a network with random weights the column says so.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    matched = any(score.gain is not None for score in scores)
    names = [label(name, protocols) for name in scores[0].values]
    writer.writerow(["system", "image", *names, *(["exposure gain"] if matched else [])])
    for score in scores:
        gain = [repr(score.gain)] if matched else []
        writer.writerow([score.system, score.image, *map(repr, score.values.values()), *gain])
    return text.getvalue()


def summarise(scores: Sequence[Score]) -> dict[str, dict[str, dict[str, Any]]]:
    """System -> measure -> what its values over the pictures are like.

    Args:
        scores: At least one; of each system for the same pictures in the same order.

    Returns:
        Of each, over the pictures for which the measure is defined (not NaN): `mean`, NaN if there
        is none; `interval`, the bootstrap interval of the mean as [low, high], None for a
        single picture (`tfisp.metrics.bootstrap`); `least` and `greatest`; and `to_best`, mean and
        interval of the differences, picture by picture, to the system of the best mean, None for
        that system itself. Where that interval holds 0, the two cannot be told apart; the
        intervals of their means may overlap and they can.
    """
    systems = dict.fromkeys(score.system for score in scores)
    summary: dict[str, dict[str, dict[str, Any]]] = {system: {} for system in systems}
    for name in scores[0].values:
        columns = {
            system: np.array([score.values[name] for score in scores if score.system == system])
            for system in systems
        }
        best = _best(name, columns)
        for system, column in columns.items():
            defined = ~(np.isnan(column) | np.isnan(columns[best]))
            apart = _difference(column[defined], columns[best][defined])
            known = column[~np.isnan(column)]
            summary[system][name] = {
                **_mean(known),
                "least": float(known.min()) if len(known) else math.nan,
                "greatest": float(known.max()) if len(known) else math.nan,
                "to_best": None if system == best else _mean(apart),
            }
    return summary


def by_iso(scores: Sequence[Score], speeds: Mapping[str, float | None]) -> list[Group]:
    """Pictures of like sensitivity, two stops to a group.

    Args:
        scores: As `summarise` takes them.
        speeds: Image -> ISO speed; None where it is not known.

    Returns:
        From low to high speeds, those of unknown speed last. Empty if no speed is known.
    """
    titles = {image: _iso_title(speed) for image, speed in speeds.items()}
    if set(titles.values()) <= {_UNKNOWN}:
        return []
    found = []
    for title in (*_ISO, _UNKNOWN):
        chosen = [score for score in scores if titles[score.image] == title]
        if chosen:
            count = list(titles.values()).count(title)
            found.append(Group(title, count, summarise(chosen)))
    return found


def _iso_title(speed: float | None) -> str:
    if speed is None:
        return _UNKNOWN
    return next(title for title, most in _ISO.items() if speed <= most)


def _best(name: str, columns: Mapping[str, np.ndarray]) -> str:
    """The system of the best mean; the first of several."""
    sign = 1 if find(name).lower_better else -1

    def rank(system: str) -> tuple[bool, float]:
        mean = _mean(columns[system][~np.isnan(columns[system])])["mean"]
        return math.isnan(mean), sign * mean

    return min(columns, key=rank)


def _difference(values: np.ndarray, best: np.ndarray) -> np.ndarray:
    """Differences; 0 where both are the same infinity."""
    return np.subtract(values, best, out=np.zeros(len(values)), where=values != best)


def _mean(values: np.ndarray) -> dict[str, Any]:
    if not len(values):
        return {"mean": math.nan, "interval": None}
    interval = mean_interval(values)
    return {"mean": float(values.mean()), "interval": interval and list(interval)}


def few(images: int) -> str | None:
    """A warning where means are over few pictures; None where they are over enough."""
    if images >= FEW:
        return None
    return (
        f"over {images} picture{'s' if images != 1 else ''} only: too few to say which of two"
        " systems is better on others"
    )


def to_markdown(
    scores: Sequence[Score],
    protocols: Mapping[str, Protocol],
    summary: Summary,
    notes: Sequence[str] = (),
) -> str:
    """A table of the means with their intervals, a row per system, and what each measure computes.

    Args:
        scores: At least one.
        protocols: Measure -> what it computes (`tfisp.metrics.describe`).
        summary: What `summarise` says of the scores.
        notes: Sentences that must not be overlooked.
    """
    names = list(scores[0].values)
    images = len({score.image for score in scores})
    head = [f"{label(name, protocols)} ({hint(name)})" for name in names]
    lines = [f"| {' | '.join(['system', *head])} |", f"| --- {'| ---: ' * len(names)}|"]
    for system, measures in summary.items():
        cells = [_cell(measures[name]) for name in names]
        lines.append(f"| {' | '.join([_escaped(system), *cells])} |")
    lines += ["", f"{means_over(images)}, rounded to 8 bits."]
    lines += [f"**{note}**" for note in notes]
    lines += [f"- {name}: {protocols[name].text}" for name in names]
    return "\n".join(lines) + "\n"


def sets_to_markdown(
    sets: Mapping[str, Mapping[str, Mapping[str, Any]]], protocols: Mapping[str, Protocol]
) -> str:
    """A table of the measures of sets, a row per system, and what each computes.

    Args:
        sets: System -> measure -> `value` and `interval`, None where there are too few pictures.
        protocols: As in `to_markdown`.
    """
    names = list(next(iter(sets.values())))
    head = [f"{label(name, protocols)} ({hint(name)})" for name in names]
    lines = ["", f"| {' | '.join(['system', *head])} |", f"| --- {'| ---: ' * len(names)}|"]
    for system, of in sets.items():
        cells = ["-" if of[n]["value"] is None else _numbers(**of[n]) for n in names]
        lines.append(f"| {' | '.join([_escaped(system), *cells])} |")
    lines += ["", "All pictures of a system together, with 95 % bootstrap intervals over pictures."]
    lines += [f"- {name}: {protocols[name].text}" for name in names]
    return "\n".join(lines) + "\n"


def means_over(images: int) -> str:
    """What the figures of a table are, in words."""
    if images == 1:
        return "Of 1 picture"
    return f"Means over {images} pictures, with 95 % bootstrap intervals over pictures"


def _escaped(name: str) -> str:
    """A name that ends neither its cell nor its row."""
    return " ".join(name.replace("|", "\\|").splitlines())


def _cell(column: Mapping[str, Any]) -> str:
    """`26.01 [24.5, 27.2]`."""
    return _numbers(column["mean"], column["interval"])


def _numbers(value: float, interval: Sequence[float] | None) -> str:
    if interval is None:
        return f"{value:.4g}"
    low, high = interval
    return f"{value:.4g} [{low:.4g}, {high:.4g}]"


def plain(value: Any) -> Any:
    """The value with infinite and undefined numbers as text: JSON has no words for them."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def label(name: str, protocols: Mapping[str, Protocol]) -> str:
    """A measure's name for the head of a column."""
    return f"{name} of random weights" if protocols[name].is_random else name


def hint(name: str) -> str:
    """The unit of a measure and which way is better."""
    metric = find(name)
    better = "lower is better" if metric.lower_better else "higher is better"
    return f"{metric.unit}, {better}" if metric.unit else better
