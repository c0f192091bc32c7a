"""The files of a report: every picture's figures, their summary, the page, a strip of pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfisp._version import __version__
from tfisp.data.images import read_photograph
from tfisp.evaluating.kept import Kept
from tfisp.evaluating.measuring import TRUTH, Measured, Plan
from tfisp.evaluating.page import page
from tfisp.files import write_json, write_text
from tfisp.metrics import report
from tfisp.rendering.pictures import reduced, strip, write_picture

# Of pictures.png: rows, and the longer side of its pictures in pixels.
_STRIP_ROWS, _STRIP_SIDE = 8, 512

MATCHED = (
    "Exposure matched: each picture was multiplied, in linear light, by the gain that brings it"
    " nearest to its truth (least squares); not to be held against figures without."
)


@dataclass(frozen=True)
class Origin:
    """What a report is about, as it is written down.

    Attributes:
        title: A few words.
        data: The data set's configuration, or the folder of true pictures.
        split: Which held-out pairs; None for folders of pictures.
        compat: What follows the published code.
        skipped: Why files were left out, one line each.
    """

    title: str
    data: Mapping[str, Any]
    split: str | None
    compat: Sequence[str]
    skipped: Sequence[str]


def write(output: Path, plan: Plan, found: Sequence[Measured], origin: Origin, kept: Kept) -> str:
    """Writes all files of a report.

    Args:
        output: The folder.
        plan: What was measured.
        found: The results.
        origin: What it is about.
        kept: Whose pictures the page shows.

    Returns:
        The summary as Markdown.
    """
    scores = [score for measured in found for score in measured.scores(plan.systems)]
    summary, images = report.summarise(scores), len(found)
    groups = report.by_iso(scores, {measured.name: measured.iso for measured in found})
    sets = _sets(plan, found)
    protocols = {**plan.protocols, **(plan.beside.protocols() if plan.beside else {})}
    warning = report.few(images)
    notes = [f"Means {warning}."] if warning else []
    notes += [MATCHED] if plan.match_exposure else []
    notes += [f"{plan.border} pixels at each side do not count."] if plan.border else []
    table = report.to_markdown(scores, plan.protocols, summary, notes)
    if sets:
        table += report.sets_to_markdown(sets, protocols)
    write_text(output / "images.csv", report.to_csv(scores, plan.protocols))
    write_text(output / "summary.md", table)
    record = {
        "tfisp": __version__,
        "data": origin.data,
        "split": origin.split,
        "compat": origin.compat,
        "systems": {name: system.about for name, system in plan.systems.items()},
        "images": images,
        "note": warning and f"means {warning}",
        "match_exposure": plan.match_exposure,
        "border": plan.border,
        "metrics": {name: protocol.text for name, protocol in protocols.items()},
        "results": report.plain(summary),
        "by_iso": [
            {"iso": group.title, "images": group.images, "results": report.plain(group.summary)}
            for group in groups
        ],
        "sets": report.plain(sets),
        "skipped": list(origin.skipped),
    }
    write_json(output / "summary.json", record)
    notes += [f"Left out: {reason}" for reason in origin.skipped]
    text = page(plan, found, summary, groups, sets, origin.title, notes)
    write_text(output / "report.html", text)
    shown = [measured for measured in found if measured.shown]
    if shown:
        write_picture(output / "pictures.png", _strip(kept.pictures, shown[:_STRIP_ROWS]))
    files = {
        file
        for measured in found
        for entry in measured.entries.values()
        for file in (entry.picture, entry.thumbnail)
        if file
    }
    kept.forget_others(files)
    return table


def _sets(plan: Plan, found: Sequence[Measured]) -> dict[str, dict[str, dict[str, Any]]]:
    """System -> measure of sets -> its value, over the pictures of all images."""
    if plan.beside is None or not plan.beside.sets:
        return {}
    return {
        system: plan.beside.distances([row for one in found for row in one.features(system)])
        for system in plan.systems
    }


def _strip(folder: Path, shown: Sequence[Measured]) -> np.ndarray:
    """The first pictures side by side, the truth last."""
    names = [name for name in shown[0].entries if name != TRUTH]
    if TRUTH in shown[0].entries:
        names.append(TRUTH)
    columns: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for measured in shown:
        for name, column in columns.items():
            picture = read_photograph(folder / str(measured.entries[name].picture))
            column.append(reduced(picture, _STRIP_SIDE))
    return strip(columns, _STRIP_SIDE)
