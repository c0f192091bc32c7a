"""How fast and how large: `tfisp.process` on a 12-megapixel DNG beside LibRaw, and every `--help`.

    python scripts/benchmark_process.py [--rounds=5] [--output=result.json]

A DNG is made up, and then developed in turn by tfisp (read, render, write a PNG) and by LibRaw's
default `postprocess()` (decoding apart), each round both, so that a busy machine slows both. The
generator is the smallest one with fresh weights: its time does not depend on their values. Peak
memory is that of a `tfisp.process` of its own. Prints one JSON object.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rawpy
import tifffile

from tfisp.backend import load_tensorflow

PROGRAMS = ("train", "evaluate", "export", "process", "inspect_raw")
SIZE = (3000, 4000)


def main() -> None:
    """Measures everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="How often each is timed.")
    parser.add_argument("--output", type=Path, help="Also write the result here.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), arguments.rounds)
    text = json.dumps(result, indent=2)
    print(text)
    if arguments.output:
        arguments.output.write_text(text + "\n", encoding="utf-8")


def measure(folder: Path, rounds: int) -> dict:
    """All figures, working in a folder."""
    load_tensorflow()
    from tfisp import contract, models
    from tfisp.rendering import conversion

    photo = write_dng(folder / "photo.dng")
    generator = models.create("efficient_isp", contract=contract.AS_SHOT)
    models.save_to_preset(generator, folder / "preset")
    exported = folder / "exported"
    exported.mkdir()
    conversion.build(generator, (512, 512), exported)
    kinds = {"keras": folder / "preset", "tflite": exported / "model.tflite"}
    times = interleaved(photo, kinds, rounds)
    libraw = times["libraw_postprocess"]["median"]
    return {
        "pixels": SIZE[0] * SIZE[1],
        "cores": len(os.sched_getaffinity(0)),
        "seconds": times,
        "ratio_to_libraw": {kind: round(times[kind]["median"] / libraw, 2) for kind in kinds},
        "peak_memory_mb": {kind: peak_memory(photo, model) for kind, model in kinds.items()},
        "help_seconds": {program: help_time(program, rounds) for program in PROGRAMS},
    }


def interleaved(photo: Path, kinds: dict[str, Path], rounds: int) -> dict[str, dict]:
    """Median seconds of each way over the rounds, after one to warm up, and of tfisp's steps."""
    from tfisp.raw import read_raw
    from tfisp.rendering import load
    from tfisp.rendering.pictures import write_picture

    renderers = {kind: load(model) for kind, model in kinds.items()}
    samples: dict[str, list[list[float]]] = {}
    for _ in range(rounds + 1):
        for kind, renderer in renderers.items():
            marks = [time.perf_counter()]
            frame = read_raw(photo)
            marks.append(time.perf_counter())
            picture = renderer.render_8bit(*frame)
            marks.append(time.perf_counter())
            write_picture(photo.with_suffix(".png"), picture)
            marks.append(time.perf_counter())
            samples.setdefault(kind, []).append(np.diff(marks).tolist())
        with rawpy.imread(str(photo)) as raw:
            start = time.perf_counter()
            raw.postprocess()
            samples.setdefault("libraw_postprocess", []).append([time.perf_counter() - start])
    return {name: summary(values[1:]) for name, values in samples.items()}


def summary(samples: list[list[float]]) -> dict[str, float]:
    """The median total, and the median of each step where there are several."""
    steps = dict(zip(("read", "render", "write"), zip(*samples, strict=True), strict=False))
    result = {"median": round(statistics.median(map(sum, samples)), 3)}
    if len(steps) > 1:
        result |= {name: round(statistics.median(values), 3) for name, values in steps.items()}
    return result


def peak_memory(photo: Path, model: Path) -> int:
    """Peak resident memory in MB of a process that renders one photo."""
    command = [sys.executable, "-m", "tfisp.process", photo, f"--model={model}"]
    command.append(f"--output={photo.parent / 'pictures'}")
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    # A child of its own, for the figure is the largest of all children that have ended.
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, command)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return int(done.stdout) // 1024


def help_time(program: str, rounds: int) -> float:
    """Least seconds that `--help` took."""
    command = [sys.executable, "-m", f"tfisp.{program}", "--help"]
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    return round(min(seconds), 3)


def write_dng(path: Path) -> Path:
    """A DNG of a scene with edges, gradients and noise, 12 bits, RGGB."""
    rng = np.random.default_rng(0)
    rows, columns = np.ogrid[: SIZE[0], : SIZE[1]]
    scene = 0.4 + 0.3 * np.sin(rows / 97) * np.cos(columns / 131)
    scene = scene + 0.2 * ((rows // 60 + columns // 80) % 2)
    noisy = 256 + 3839 * (scene + rng.normal(0, 0.01, SIZE))
    mosaic = np.clip(noisy, 0, 4095).astype(np.uint16)
    short, long, rational, srational, byte = 3, 4, 5, 10, 1
    matrix = (8000, -2500, -700, -4500, 12500, 2200, -900, 1900, 6100)
    tags = [
        (33421, short, 2, (2, 2), True),  # CFARepeatPatternDim
        (33422, byte, 4, bytes((0, 1, 1, 2)), True),  # CFAPattern
        (50706, byte, 4, bytes((1, 4, 0, 0)), True),  # DNGVersion
        (50713, short, 2, (2, 2), True),  # BlackLevelRepeatDim
        (50714, long, 4, (256, 256, 256, 256), True),  # BlackLevel
        (50717, long, 1, 4095, True),  # WhiteLevel
        (50721, srational, 9, tuple(v for n in matrix for v in (n, 10000)), True),  # ColorMatrix1
        (50728, rational, 3, (1, 2, 1, 1, 2, 3), True),  # AsShotNeutral
        (50778, short, 1, 21, True),  # CalibrationIlluminant1: D65
    ]
    tifffile.imwrite(path, mosaic, photometric=32803, extratags=tags)
    return path


if __name__ == "__main__":
    main()
