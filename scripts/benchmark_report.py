"""The quality benchmark's table, curves and picture strip."""

import json
from pathlib import Path

import cv2
import matplotlib
import numpy as np

from tfisp.files import atomic_file, write_text

MEASURES = {"psnr": 2, "ssim": 3, "lpips": 3, "delta_e": 2, "psnr_affine": 2}
# Resamplings of a bootstrap.
_DRAWS = 2000


def write_report(folder: Path, rows: list[dict]) -> None:
    """Writes `summary.md`, `curves.png` and `pictures.png` for what is measured so far."""
    lines = [
        "Last step, held-out scenes; mean [95 % bootstrap interval over scenes and seeds]. Swing:"
        " the largest less the smallest validation PSNR of the averaged weights in the last quarter"
        " of the steps, the largest over the seeds.",
        "",
        "| contract | look | arm | seeds | PSNR, dB | SSIM | LPIPS | CIEDE2000"
        " | PSNR after an affine fit | swing, dB | seconds |",
        "|---|---|---|---:|---|---|---|---|---|---:|---:|",
    ]
    for (contract, look, arm), group in _grouped(rows).items():
        cells = [f"{interval([row[name] for row in group], d)}" for name, d in MEASURES.items()]
        swings = [swing for row in group if (swing := _swing(row)) is not None]
        swing = f"{max(swings):.2f}" if swings else "-"
        seconds = f"{np.mean([row['seconds'] for row in group]):.0f}"
        lines.append(
            f"| {contract} | {look} | {arm} | {len(group)} | {' | '.join(cells)} | {swing}"
            f" | {seconds} |"
        )
    write_text(folder / "summary.md", "\n".join(lines) + "\n")
    _draw_curves(folder / "curves.png", rows)
    _draw_pictures(folder / "pictures.png", rows)


def _grouped(rows: list[dict]) -> dict[tuple[str, str, str], list[dict]]:
    groups: dict[tuple[str, str, str], list[dict]] = {}
    for row in rows:
        groups.setdefault((row["contract"], row["look"], row["arm"]), []).append(row)
    return groups


def interval(values: list[list[float]], digits: int) -> str:
    """`24.51 [24.20, 24.80]` of values by seed and scene."""
    table = np.array(values)
    random = np.random.default_rng(0)
    means = [
        table[random.integers(len(table), size=len(table))][
            :, random.integers(table.shape[1], size=table.shape[1])
        ].mean()
        for _ in range(_DRAWS)
    ]
    low, high = np.quantile(means, (0.025, 0.975))
    return f"{table.mean():.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _curve(row: dict) -> tuple[list[int], list[float]]:
    """Validation PSNR of the averaged weights, by step."""
    file = Path(row["run"]) / "metrics.jsonl"
    if row["arm"] in ("classical", "look_map", "start") or not file.is_file():
        return [], []
    entries = [json.loads(line) for line in file.read_text().splitlines()]
    last = entries[-1]["stage"]
    points = [
        (e["step"], e["val_ema/psnr"])
        for e in entries
        if "val_ema/psnr" in e and e["stage"] == last
    ]
    steps, values = zip(*points, strict=True)
    return list(steps), list(values)


def _swing(row: dict) -> float | None:
    steps, values = _curve(row)
    late = [v for s, v in zip(steps, values, strict=True) if s >= 0.75 * steps[-1]]
    return max(late) - min(late) if late else None


def _draw_curves(path: Path, rows: list[dict]) -> None:
    """PSNR over wall-clock time, a panel for each contract and look."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    cells = list(dict.fromkeys((row["contract"], row["look"]) for row in rows))
    figure, panels = pyplot.subplots(
        1, len(cells), figsize=(4 * len(cells), 3.2), squeeze=False, layout="constrained"
    )
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    for panel, cell in zip(panels[0], cells, strict=True):
        for row in rows:
            steps, values = _curve(row)
            if (row["contract"], row["look"]) == cell and steps:
                seconds = np.array(steps) / steps[-1] * row["seconds"]
                panel.plot(
                    seconds,
                    values,
                    color=f"C{arms.index(row['arm'])}",
                    label=row["arm"] if row["seed"] == rows[0]["seed"] else None,
                )
        panel.set(title=" ".join(cell), xlabel="seconds", ylabel="PSNR, dB (val)")
        panel.legend()
    with atomic_file(path) as temporary:
        figure.savefig(temporary, format="png", dpi=100)
    pyplot.close(figure)


def _draw_pictures(path: Path, rows: list[dict]) -> None:
    """A row for each look and scene, a column for each arm, of the first seed."""
    seed, contract = rows[0]["seed"], rows[0]["contract"]
    chosen = [row for row in rows if (row["seed"], row["contract"]) == (seed, contract)]
    arms = list(dict.fromkeys(row["arm"] for row in chosen))
    strips = []
    for look in dict.fromkeys(row["look"] for row in chosen):
        shown = {row["arm"]: row["shown"] for row in chosen if row["look"] == look}
        for scene in zip(*(shown[arm] for arm in arms), strict=True):
            pictures = [np.array(picture, np.uint8)[:160, :160] for picture in scene]
            strips.append(np.concatenate(pictures, axis=1))
    width = max(strip.shape[1] for strip in strips)
    sheet = np.concatenate([np.pad(s, ((0, 2), (0, width - s.shape[1]), (0, 0))) for s in strips])
    caption = np.full((18, width, 3), 255, np.uint8)
    for index, arm in enumerate(arms):
        cv2.putText(
            caption,
            arm,
            (160 * index + 4, 13),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.42,
            (0, 0, 0),
            1,
            cv2.LINE_AA,
        )
    image = np.concatenate([caption, sheet])[..., ::-1]
    with atomic_file(path) as temporary:
        temporary.write_bytes(cv2.imencode(".png", image)[1].tobytes())
