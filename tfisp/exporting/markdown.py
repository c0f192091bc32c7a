"""The report of an export as a page for people (`report.md`)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Report = Mapping[str, Any]


def markdown(report: Report) -> str:
    """The page that shows a report of `report.compose`."""
    sections = (_head, _files, _notes, _operations, _activations, _memory)
    return "\n\n".join(filter(None, (section(report) for section in sections))) + "\n"


def _head(report: Report) -> str:
    height, width = report["output"][1:3]
    halo = report["halo_pixels"]
    reach = "the whole picture" if halo is None else f"{halo} pixels to each side"
    return (
        f"# {report['model']} at {height}x{width} pixels\n\n"
        f"{report['parameters']:,} parameters, {report['macs'] / 1e9:.3f} billion"
        f" multiply-accumulates for a picture; an output pixel depends on {reach}.\n"
        f"Input {report['input']}, output {report['output']}; {report['colour_encoding']}."
    )


def _files(report: Report) -> str:
    whole = ("file", "for", "bytes", "largest", "mean", "PSNR")
    head = (*whole, "shadows: largest", "mean", "bias", "PSNR")
    files = table(head, map(_file_row, report["files"]), left=2)
    return (
        f"{files}\n\nDifferences are to Keras in float32, in code values of 8 bits; PSNR in dB."
        f" Shadows are 2x2 cells of the mosaic wholly below {report['shadows_below']:.0%} of white."
    )


def _file_row(entry: Mapping[str, Any]) -> list[str]:
    name = entry["name"] + (" (experimental)" if entry.get("experimental") else "")
    row = [name, entry["target"] or "-", f"{entry['bytes']:,}"]
    for figures, keys in (
        (entry.get("difference"), ("largest", "mean", "psnr_db")),
        (entry.get("shadows"), ("largest", "mean", "bias", "psnr_db")),
    ):
        values = [figures[key] if figures else None for key in keys]
        row += ["-" if value is None else f"{value:.3g}" for value in values]
    return row


def _notes(report: Report) -> str:
    lines = [f"- Warning: {warning}." for warning in report["warnings"]]
    lines += [f"- {name} is not written: {why}." for name, why in report["missing"].items()]
    for entry in report["files"]:
        if "accelerator" in entry:
            lines.append(f"- {entry['name']} on LiteRT's GPU accelerator: {entry['accelerator']}.")
        if "off_gpu" in entry:
            lines.append(f"- {entry['name']} is kept off the GPU by {'; '.join(entry['off_gpu'])}.")
        if not entry["compared_on"]:
            lines.append(f"- {entry['name']} was not run: onnxruntime is not installed.")
    return "\n".join(lines)


def _operations(report: Report) -> str:
    rows = [
        (entry["name"], ", ".join(f"{count} {name}" for name, count in entry["operations"].items()))
        for entry in report["files"]
        if "operations" in entry
    ]
    return table(("file", "operations"), rows, left=2)


def _activations(report: Report) -> str:
    found = report["activations"]
    rows = [
        (entry["layer"], entry["operation"], f"{entry['largest']:.4g}") for entry in found["layers"]
    ]
    return (
        f"Largest activations; float16 ends at {found['float16_largest']:,.0f}. Seen on"
        f" {', '.join(found['seen_on'])}.\n\n"
        + table(("layer", "operation", "largest"), rows, left=2)
    )


def _memory(report: Report) -> str:
    found = report["memory"]
    rows = [
        [str(row["megapixels"]), *(_megabytes(row[key]) for key in ("frame", "whole", "tiled"))]
        for row in found["rows"]
    ]
    head = ("megapixels", "mosaic and picture", "activations, whole", "activations, in tiles")
    lines = [
        f"- Measured on the CPU (XNNPACK): one run of {name} takes {_megabytes(count)} MB."
        for name, count in found["measured"].items()
        if count is not None
    ]
    sizes = table(head, rows, left=0)
    return "\n\n".join(filter(None, (f"Memory in MB, {found['how']}:", sizes, "\n".join(lines))))


def _megabytes(count: int | None) -> str:
    return "-" if count is None else f"{count / 1e6:.0f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, left: int) -> str:
    """A table whose first `left` columns hold text, the others numbers."""
    ruler = ["---" if column < left else "---:" for column in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ruler, *rows))
