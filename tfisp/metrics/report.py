"""What was measured, as tables: every picture (CSV), the summary (JSON), and a page (Markdown)."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfisp.metrics.measures import METRICS, Protocol

# Below so many pictures a mean says more about them than about a model; the report says so.
FEW = 10


@dataclass(frozen=True)
class Score:
    """One picture by one model.

    Attributes:
        model: What the model is called.
        image: What the picture is called.
        values: Measure -> value.
    """

    model: str
    image: str
    values: dict[str, float]


def to_csv(scores: Sequence[Score], protocols: Mapping[str, Protocol]) -> str:
    """A line per picture and model: model, image, then each measure in full precision.

    Args:
        scores: At least one.
        protocols: As in `to_markdown`; of a network with random weights the column says so.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["model", "image", *(_label(name, protocols) for name in scores[0].values)])
    for score in scores:
        writer.writerow([score.model, score.image, *map(repr, score.values.values())])
    return text.getvalue()


def summarise(scores: Sequence[Score]) -> dict[str, dict[str, dict[str, float]]]:
    """Model -> measure -> its mean, least and greatest value over the pictures."""
    summary: dict[str, dict[str, dict[str, float]]] = {}
    for model in dict.fromkeys(score.model for score in scores):
        own = [score.values for score in scores if score.model == model]
        columns = {name: np.array([values[name] for values in own]) for name in own[0]}
        summary[model] = {
            name: {
                "mean": float(column.mean()),
                "least": float(column.min()),
                "greatest": float(column.max()),
            }
            for name, column in columns.items()
        }
    return summary


def few(images: int) -> str | None:
    """A warning where means are over few pictures; None where they are over enough."""
    if images >= FEW:
        return None
    return (
        f"over {images} picture{'s' if images != 1 else ''} only: too few to say which of two"
        " models is better on others"
    )


def to_markdown(scores: Sequence[Score], protocols: Mapping[str, Protocol]) -> str:
    """A table of the means, a row per model, and what each measure computes.

    Args:
        scores: At least one.
        protocols: Measure -> what it computes (`tfisp.metrics.describe`).
    """
    summary = summarise(scores)
    names = list(scores[0].values)
    images = len({score.image for score in scores})
    head = [f"{_label(name, protocols)} ({_hint(name)})" for name in names]
    lines = [f"| {' | '.join(['model', *head])} |", f"| --- {'| ---: ' * len(names)}|"]
    for model, measures in summary.items():
        means = [f"{measures[name]['mean']:.4g}" for name in names]
        lines.append(f"| {' | '.join([model, *means])} |")
    lines += ["", f"Means over {images} picture{'s' if images != 1 else ''}, rounded to 8 bits."]
    warning = few(images)
    lines += [f"**Means {warning}.**"] if warning else []
    lines += [f"- {name}: {protocols[name].text}" for name in names]
    return "\n".join(lines) + "\n"


def plain(value: Any) -> Any:
    """The value with infinite and undefined numbers as text: JSON has no words for them."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _label(name: str, protocols: Mapping[str, Protocol]) -> str:
    return f"{name} of random weights" if protocols[name].is_random else name


def _hint(name: str) -> str:
    """The unit of a measure and which way is better."""
    metric = METRICS[name]
    better = "lower is better" if metric.lower_better else "higher is better"
    return f"{metric.unit}, {better}" if metric.unit else better
