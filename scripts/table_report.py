"""A table of the paper as Markdown and JSON: measured figures beside the published ones."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from paper_tables import PRETRAIN_STEPS, Row, Table
from seed_statistics import Spread

from tfisp._version import __version__
from tfisp.files import write_json, write_text
from tfisp.metrics.report import few

# Digits behind the point; the paper's own number of them is as good as unknown.
_DIGITS = {"psnr": 2, "color_error": 2}
_NOT_KNOWN = "not known"


@dataclass(frozen=True)
class Measured:
    """What one training reached on one split.

    Attributes:
        row: Name of the row.
        split: The split.
        seed: Of the training.
        images: How many pictures the means are over.
        means: Measure -> mean.
    """

    row: str
    split: str
    seed: int
    images: int
    means: dict[str, float]


def write_table(
    output: Path,
    table: Table,
    rows: Sequence[Row],
    measured: Sequence[Measured],
    metrics: Sequence[str],
    other: Sequence[str],
) -> Path:
    """Writes what is measured so far.

    Args:
        output: Folder.
        table: The table.
        rows: Those of its rows that were asked for.
        measured: What is known.
        metrics: The measures, a pair of columns each.
        other: In what the setting is another than the paper's; empty if it is the paper's.

    Returns:
        The Markdown file. A JSON file beside it holds every seed's figures.
    """
    name = f"table{table.number}{'-other_setting' if other else ''}"
    record = {
        "tfisp": __version__,
        "table": table.number,
        "data": table.data,
        "other_setting": list(other),
        "measured": [dataclasses.asdict(each) for each in measured],
    }
    write_json(output / f"{name}.json", record)
    write_text(output / f"{name}.md", markdown(table, rows, measured, metrics, other))
    return output / f"{name}.md"


def markdown(
    table: Table,
    rows: Sequence[Row],
    measured: Sequence[Measured],
    metrics: Sequence[str],
    other: Sequence[str],
) -> str:
    """The page; arguments as of `write_table`."""
    lines = [f"# Table {table.number}: {table.title}", ""]
    if other:
        lines += [
            f"**NOT THE PAPER'S TABLE: another setting ({'; '.join(other)}). The figures say that"
            " the commands work, not how good the method is.**",
            "",
        ]
    label = " of another setting" if other else ""
    columns = [c for m in metrics for c in (f"{m}{label}", f"{m}, published")]
    lines += [
        f"| {' | '.join(['row', 'pairs', 'seeds', *columns])} |",
        f"|---|---|---:|{'---:|' * len(columns)}",
    ]
    for row in rows:
        for split in _splits(table, row):
            lines.append(_line(row, split, measured, metrics))
    return "\n".join([*lines, "", *_notes(table, rows, measured)]) + "\n"


def _splits(table: Table, row: Row) -> list[str]:
    """The splits that a row has figures of."""
    if row.reason:
        return list(dict.fromkeys(split for split, _ in row.published))
    return list(table.splits)


def _line(row: Row, split: str, measured: Sequence[Measured], metrics: Sequence[str]) -> str:
    own = [each for each in measured if (each.row, each.split) == (row.name, split)]
    cells = [row.title, split, str(len(own))]
    for metric in metrics:
        values = [each.means[metric] for each in own]
        waiting = "not in tfisp" if row.reason else "not run yet"
        cells.append(Spread.of(values).text(_DIGITS.get(metric, 4)) if values else waiting)
        figure = row.published.get((split, metric))
        cells.append(figure.text if figure else _NOT_KNOWN)
    return f"| {' | '.join(cells)} |"


def _notes(table: Table, rows: Sequence[Row], measured: Sequence[Measured]) -> list[str]:
    """What a reader must know of the figures."""
    steps = "; ".join(f"{row.title} {row.steps:,}" for row in rows if not row.reason)
    notes = [
        "Measured: weights of the last step, averaged; nothing was chosen by pairs. Mean and, of"
        " several seeds, standard deviation.",
        f"The table's steps: {steps}; before every adversarial stage {PRETRAIN_STEPS:,} of"
        " `pretrain`.",
    ]
    notes += [f"{row.title}: not run: {row.reason}." for row in rows if row.reason]
    notes += [f"{row.title}: {row.remark}." for row in rows if row.remark]
    sources: dict[str, list[str]] = {}
    for row in rows:
        for source in dict.fromkeys(figure.source for figure in row.published.values()):
            sources.setdefault(source, []).append(row.title)
    notes += [f"Published by {source}: {', '.join(titles)}." for source, titles in sources.items()]
    notes += table.notes
    for images in sorted({each.images for each in measured}):
        warning = few(images)
        notes += [f"Means {warning}."] if warning else []
    return [f"- {note}" for note in notes]
