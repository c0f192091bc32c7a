"""How fast and how large: `tfisp.process` on a 12-megapixel DNG beside LibRaw, and every `--help`.

    python scripts/benchmark_process.py [--rounds=5] [--output=result.json]

A DNG is made up, and then developed in turn by tfisp (read, render, write a JPEG) and by LibRaw's
default `postprocess()` (read, develop, write the same kind of JPEG with OpenCV), each round all, so
that a busy machine slows all. The generator is the paper's with fresh weights: its time does not
depend on their values. `tflite` is a run's folder, rendered by its exported file; `keras` the same
with --runtime=tensorflow.

`seconds` are those of a process that has warmed up; `folder` is the time per photo of several in
one `tfisp.process`. `process_seconds` begin with starting Python, which is what a single photo
costs at the command line; LibRaw gets a process of its own as well. Prints one JSON object.
"""

import argparse
import contextlib
import functools
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import rawpy
from benchmark_inference import write_tflite

from tfisp.backend import load_tensorflow
from tfisp.rawfiles.dng_writer import write_dng
from tfisp.rendering import Renderer
from tfisp.rendering.runtime import cores
from tfisp.sensor import Capture, Sensor

PROGRAMS = ("train", "evaluate", "export", "process", "inspect_raw")
RUNTIMES = {"tflite": "litert", "keras": "tensorflow"}
SIZE = (3000, 4000)
FOLDER = 6  # photos developed in one process

# Quality and sampling of `tfisp.process`.
JPEG = [cv2.IMWRITE_JPEG_QUALITY, 95]
JPEG += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]

LIBRAW = f"""
import sys, cv2, rawpy
with rawpy.imread(sys.argv[1]) as raw:
    rgb = raw.postprocess()
cv2.imwrite(sys.argv[2], cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), {JPEG})
"""


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

    photo = write_scene(folder / "photo.dng")
    generator = models.create("efficient_isp", contract=contract.AS_SHOT)
    run = folder / "run"
    models.save_to_preset(generator, run / "model")
    (run / "export").mkdir()
    shutil.move(write_tflite(generator, folder), run / "export" / "model.tflite")
    times = interleaved(photo, run, rounds)
    libraw = times["libraw"]["total"]
    words = [str(photo), f"--model={run}", f"--output={folder / 'pictures'}", "--format=jpg"]
    commands = {
        name: [sys.executable, "-m", "tfisp.process", *words, f"--runtime={runtime}"]
        for name, runtime in RUNTIMES.items()
    }
    commands["libraw"] = [sys.executable, "-c", LIBRAW, str(photo), str(folder / "libraw.jpg")]
    seconds = process_times(commands, rounds)
    return {
        "pixels": SIZE[0] * SIZE[1],
        "cores": cores(),
        "seconds": times,
        "ratio_to_libraw": {name: round(times[name]["total"] / libraw, 2) for name in times},
        "process_seconds": seconds,
        "peak_memory_mb": {name: peak_memory(command) for name, command in commands.items()},
        "help_seconds": {program: help_time(program, rounds) for program in PROGRAMS},
    }


def interleaved(photo: Path, run: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Median seconds of each way over the rounds, after one to warm up, and of its steps."""
    from tfisp import process
    from tfisp.raw import read_raw
    from tfisp.rendering import load
    from tfisp.rendering.pictures import write_picture

    picture = photo.with_suffix(".jpg")
    renderers = {name: load(run, runtime=runtime) for name, runtime in RUNTIMES.items()}
    several = photo.parent / "several"
    several.mkdir()
    for number in range(FOLDER):
        os.link(photo, several / f"{number}.dng")
    samples: dict[str, list[dict[str, float]]] = {}

    def develop(renderer: Renderer) -> dict[str, float]:
        marks = [time.perf_counter()]
        frame = read_raw(photo)
        marks.append(time.perf_counter())
        rgb = renderer.render_8bit(*frame)
        marks.append(time.perf_counter())
        write_picture(picture, rgb)
        marks.append(time.perf_counter())
        steps = dict(zip(("read", "render", "write"), np.diff(marks), strict=True))
        write_picture(picture.with_suffix(".png"), rgb)
        png = time.perf_counter() - marks[-1]
        return {"total": marks[-1] - marks[0], **steps, "write_png": png}

    def develop_folder() -> dict[str, float]:
        words = [str(several), f"--model={run}", f"--output={photo.parent / 'out'}", "--format=jpg"]
        start = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            if process.run(words):
                raise SystemExit("tfisp.process failed")
        return {"total": (time.perf_counter() - start) / FOLDER}

    def develop_by_libraw() -> dict[str, float]:
        marks = [time.perf_counter()]
        with rawpy.imread(str(photo)) as raw:
            rgb = raw.postprocess()
        marks.append(time.perf_counter())
        cv2.imwrite(str(picture), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), JPEG)
        marks.append(time.perf_counter())
        steps = dict(zip(("develop", "write"), np.diff(marks), strict=True))
        return {"total": marks[-1] - marks[0], **steps}

    ways: dict[str, Callable[[], dict[str, float]]] = {
        name: functools.partial(develop, renderer) for name, renderer in renderers.items()
    }
    ways |= {"folder": develop_folder, "libraw": develop_by_libraw}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            samples.setdefault(name, []).append(way())
    return {
        name: {
            step: round(statistics.median(sample[step] for sample in values[1:]), 3)
            for step in values[0]
        }
        for name, values in samples.items()
    }


def process_times(commands: dict[str, list[str]], rounds: int) -> dict[str, float]:
    """Median seconds of whole processes, run in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - start)
    return {name: round(statistics.median(values), 2) for name, values in seconds.items()}


def peak_memory(command: list[str]) -> int:
    """Peak resident memory in MB of a process."""
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    # A child of its own, for the figure is the largest of all children that have ended.
    done = subprocess.run(
        [sys.executable, "-c", code, *command],
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


def write_scene(path: Path) -> Path:
    """A DNG of a scene with edges, gradients and noise, 12 bits, RGGB."""
    rng = np.random.default_rng(0)
    rows, columns = np.ogrid[: SIZE[0], : SIZE[1]]
    scene = 0.4 + 0.3 * np.sin(rows / 97) * np.cos(columns / 131)
    scene = scene + 0.2 * ((rows // 60 + columns // 80) % 2)
    noisy = 256 + 3839 * (scene + rng.normal(0, 0.01, SIZE))
    mosaic = np.clip(noisy, 0, 4095).astype(np.uint16)
    matrix = ((0.80, -0.25, -0.07), (-0.45, 1.25, 0.22), (-0.09, 0.19, 0.61))
    sensor = Sensor("RGGB", ((256, 256), (256, 256)), 4095, xyz_to_camera=matrix)
    return write_dng(path, mosaic, sensor, Capture(gains=(2.0, 1.0, 1.5)))


if __name__ == "__main__":
    main()
