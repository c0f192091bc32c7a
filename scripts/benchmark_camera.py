"""Times the camera on a 12-megapixel frame and prints one JSON line of seconds and ratios.

    python scripts/benchmark_camera.py [--repeats=5]

Target: packing with normalisation takes less than 0.15 s on 2 cores (`pack/target` below 1). Times
depend on the machine, so each is also given as a multiple of `copy`: converting the same frame to
float32.
"""

import argparse
import json
import time
from collections.abc import Callable

import numpy as np

from tfisp.contract import AS_SHOT, PUBLISHED
from tfisp.demosaic import demosaic
from tfisp.packing import pack
from tfisp.rawfiles.frame import check_levels
from tfisp.sensor import Capture, Sensor

SHAPE = (3000, 4000)
PACK_TARGET = 0.15  # seconds


def fastest(function: Callable[[], object], repeats: int) -> float:
    """The shortest of several runs, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def measure(repeats: int) -> dict[str, float]:
    """Seconds of each step, and their ratios."""
    rng = np.random.default_rng(0)
    mosaic = rng.integers(60, 1024, SHAPE).astype(np.uint16)
    rggb, bggr = (Sensor(pattern, ((60, 61), (62, 63)), 1023) for pattern in ("RGGB", "BGGR"))
    shading = rng.uniform(1, 3, (13, 17, 4)).astype(np.float32)
    plain, shaded = Capture(gains=(2, 1, 1.5)), Capture(gains=(2, 1, 1.5), shading=shading)
    steps = {
        "copy": lambda: mosaic.astype(np.float32),
        "check_levels": lambda: check_levels(mosaic, rggb, "frame"),
        "pack_published": lambda: pack(mosaic, rggb, PUBLISHED, plain),
        "pack_as_shot": lambda: pack(mosaic, rggb, AS_SHOT, plain),
        "pack_as_shot_padded": lambda: pack(mosaic, bggr, AS_SHOT, plain),
        "pack_as_shot_shaded": lambda: pack(mosaic, bggr, AS_SHOT, shaded),
    }
    seconds = {name: fastest(step, repeats) for name, step in steps.items()}
    scaled = (mosaic / np.float32(1023)).astype(np.float32)
    demosaic(scaled[:64, :64], "RGGB")  # imports the package
    seconds["menon2007"] = fastest(lambda: demosaic(scaled, "RGGB"), 1)
    seconds["bilinear"] = fastest(lambda: demosaic(scaled, "RGGB", "bilinear"), 1)
    result = {name: round(value, 4) for name, value in seconds.items()}
    for name in seconds:
        if name.startswith("pack"):
            result[f"{name}/target"] = round(seconds[name] / PACK_TARGET, 3)
        if name != "copy":
            result[f"{name}/copy"] = round(seconds[name] / seconds["copy"], 2)
    return result


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="runs of each step (default 5)")
    print(json.dumps(measure(parser.parse_args().repeats)))


if __name__ == "__main__":
    main()
