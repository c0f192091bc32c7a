"""The survey as Markdown: costs and quality, operations and GPU, methods."""

from collections.abc import Sequence
from typing import Any

from tfisp.exporting import cost
from tfisp.exporting.markdown import table
from tfisp.surveying.methods import Method
from tfisp.surveying.options import REFERENCE, Options
from tfisp.surveying.results import Results
from tfisp.surveying.survey import Row

_MEASURES = {"psnr": 2, "ssim": 3, "lpips": 3}
_NO = "-"


def costs(rows: Sequence[Row], options: Options) -> str:
    """Sizes, costs at the full size, latency."""
    height, width = options.size
    head = ["network", "takes", "parameters", "receptive field", "MACs, G", "activations, M"]
    head += ["memory, MB", "file, kB", "mobile GPU", "CPU latency, ratio"]
    text = table(head, map(_cost_cells, rows), left=2)
    notes = [
        f"MACs, activations and memory: one picture of {height}x{width}, counted in its float32"
        " `.tflite` file. Activations are the numbers that convolutions give; memory is that of all"
        " tensors, as TensorFlow Lite lays them out. Receptive field: the side of a square of the"
        " mosaic, in pixels.",
    ]
    if options.latency:
        high, wide = options.latency
        notes.append(
            f"CPU latency: {high}x{wide} in LiteRT on one core, by its thread's clock, in"
            f" {options.rounds} turns with `{REFERENCE}` in one process; ratio of the medians."
        )
    return "\n\n".join([text, *notes])


def operations(rows: Sequence[Row]) -> str:
    """What the files consist of, and what keeps them off mobile GPUs."""
    cells = []
    for row in rows:
        if isinstance(row.converted, str):
            cells.append((f"`{row.name}`", _NO, row.converted))
        else:
            found = row.converted
            counted = cost.listed(found.operations)
            cells.append((f"`{row.name}`", counted, _reasons(found.off_gpu)))
    return table(("network", "operations", "mobile GPU"), cells, left=3)


def quality(rows: Sequence[Row], results: Results) -> str:
    """Networks after the same budget."""
    head = ("network", "parameters", "PSNR, dB", "SSIM", "LPIPS", "CIEDE2000", "seconds")
    cells = []
    for row in rows:
        name, size = f"`{row.name}`", f"{row.declared.parameters:,}"
        if isinstance(row.quality, str):
            cells.append([name, size, row.quality, *[_NO] * 4])
        else:
            found = row.quality
            measured = [*_measures(found), f"{found['delta_e']:.2f}", f"{found['seconds']:.0f}"]
            cells.append([name, size, *measured])
    budget = results.budget
    side = budget["patch_size"]
    return "\n\n".join(
        [
            table(head, cells, left=1),
            f"**One seed** ({budget['seed']}), last step: `{budget['recipe']}` for"
            f" {budget['steps']} steps of {budget['batch_size']} patches of {side}x{side}, the same"
            f" for every network; look `{budget['look']}`, contract `{budget['contract']}`, split"
            f" `{budget['split']}`. Seconds of a busy machine, reading included.",
        ]
    )


def methods(rows: Sequence[Method], results: Results) -> str:
    """Recipes, and where their last steps stand."""
    head = ["recipe", "learns from", "losses", "critics", "PSNR, dB", "SSIM", "LPIPS"]
    head += ["steps", "seeds"]
    cells = []
    for row in rows:
        words = [f"`{row.name}`", row.learns_from, ", ".join(row.losses), ", ".join(row.critics)]
        words[3] = words[3] or _NO
        if row.quality is None:
            cells.append([*words, "not run", *[_NO] * 4])
        else:
            found = row.quality
            cells.append([*words, *_measures(found), found["steps"], found["seeds"]])
    setting = results.setting
    return "\n\n".join(
        [
            table(head, cells, left=4),
            f"Last step of `{setting['network']}`, look `{setting['look']}`, contract"
            f" `{setting['contract']}`, split `{setting['split']}`: `{setting['command']}`.",
        ]
    )


def _cost_cells(row: Row) -> list[str]:
    facts, found, latency = row.declared, row.converted, row.latency
    field = "whole" if facts.field is None else str(facts.field)
    cells = [f"`{row.name}`", facts.form, f"{facts.parameters:,}", field]
    if isinstance(found, str):
        cells += [found, *[_NO] * 4]
    else:
        cells += [
            _count(found.macs, 1e9),
            _count(found.activations, 1e6),
            f"{found.memory / 1e6:.0f}",
            f"{found.bytes / 1e3:,.0f}",
            "no, see below" if found.off_gpu else "yes",
        ]
    if isinstance(latency, str):
        return [*cells, latency if latency != found else _NO]
    return [*cells, f"{latency.ratio:.2f}"]


def _count(number: int | None, unit: float) -> str:
    return "unknown" if number is None else f"{number / unit:.4g}"


def _reasons(found: Sequence[str]) -> str:
    """The first reason, and how many more there are."""
    if not found:
        return "yes"
    more = f"; and {len(found) - 1} more" if len(found) > 1 else ""
    return f"no: {found[0]}{more}"


def _measures(found: dict[str, Any]) -> list[str]:
    return [f"{found[name]:.{digits}f}" for name, digits in _MEASURES.items()]
