"""How fast `tfisp.prepare` makes patches, beside demosaicking each patch with colour-demosaicing.

    python scripts/benchmark_prepare.py [--patches=2000] [--photographs=4] [--workers=2]

DNGs and JPEGs of 12 megapixels are made up in a temporary folder: scenes whose power falls as that
of natural ones, with noise, from a sensor of 12 bits. One JSON object tells:

    colour_demosaicing_seconds  demosaicking alone, patch after patch in one process
    prepare_seconds             the whole program from its start to the last shard on disk
    ratio                       of the two
    cpu_ratio                   of their processor times, all processes together
    demosaic_cpu_ratio          of the processor times of demosaicking alone, patch after patch
    photographs_seconds         the same program for the photographs alone
    different                   reference samples (of 16 bits) that are not those that follow from
                                colour-demosaicing's result, and the largest difference
    peak_mb                     the most memory that one process held, RAW files and photographs
"""

import argparse
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import cv2
import numpy as np

from tfisp.color import apply_matrix, camera_to_srgb, encode_srgb
from tfisp.contract import Contract, normalise
from tfisp.data import DataConfig, open_dataset
from tfisp.data.images import to_uint16
from tfisp.menon import menon2007
from tfisp.packing import crop_mosaic
from tfisp.raw import read_raw
from tfisp.rawfiles.dng_writer import write_dng
from tfisp.sensor import SENSORS, Capture

PATCH = 256
HEIGHT, WIDTH = 3000, 4000
PER_FILE = (HEIGHT // PATCH) * (WIDTH // PATCH)

# Samples around a patch that Menon's method may look at.
MARGIN = 8

GAINS = (2.0, 1.0, 1.5)

# The program; then processor seconds, and the most MB that it or one of its workers held.
MEASURED = """
if __name__ == "__main__":
    import resource, sys
    from tfisp.prepare import run
    code = run()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(each.ru_utime + each.ru_stime for each in used)
    print(cpu, max(each.ru_maxrss for each in used) // 1024)
    sys.exit(code)
"""


def main() -> None:
    """Makes files, prepares them, and compares."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patches", type=int, default=2000, help="RAW patches.")
    parser.add_argument("--photographs", type=int, default=4, help="Photographs.")
    parser.add_argument("--workers", type=int, default=2, help="Processes of tfisp.prepare.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own: a child's peak begins with what its parent holds.
        raws = -(-arguments.patches // PER_FILE)
        writer = multiprocessing.get_context("spawn").Process(
            target=write_files, args=(folder, raws, arguments.photographs)
        )
        writer.start()
        writer.join()
        if writer.exitcode:
            raise SystemExit("no files to measure with")
        raw_words = [f"--raw_dir={folder / 'raw'}", f"--raw_patches={arguments.patches}"]
        seconds, cpu, peak = prepared(folder / "patches", arguments.workers, raw_words)
        looks = [f"--target_dir={folder / 'look'}"]
        photographs, _, looks_peak = prepared(folder / "targets", arguments.workers, looks)
        theirs, their_cpu, our_cpu, different, largest = compared(folder)
    result = {
        "patches": arguments.patches,
        "workers": arguments.workers,
        "colour_demosaicing_seconds": round(theirs, 1),
        "prepare_seconds": round(seconds, 1),
        "ratio": round(theirs / seconds, 1),
        "cpu_ratio": round(their_cpu / cpu, 1),
        "demosaic_cpu_ratio": round(their_cpu / our_cpu, 1),
        "photographs_seconds": round(photographs, 1),
        "different": different,
        "largest": largest,
        "peak_mb": [peak, looks_peak],
    }
    print(json.dumps(result))


def prepared(output: Path, workers: int, words: list[str]) -> tuple[float, float, int]:
    """Seconds from start to end, processor seconds, and MB of the largest process."""
    command = [sys.executable, "-c", MEASURED, f"--output={output}", f"--workers={workers}", *words]
    start = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    cpu, peak = done.stdout.splitlines()[-1].split()
    return time.perf_counter() - start, float(cpu), int(peak)


def compared(folder: Path) -> tuple[float, float, float, int, int]:
    """Seconds and processor seconds of colour-demosaicing, ours, and how references differ."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*Matplotlib.*")
        from colour_demosaicing import demosaicing_CFA_Bayer_Menon2007 as menon

    dataset = open_dataset(DataConfig("prepared", data_dir=str(folder / "patches")))
    seconds, cpu, own_cpu, different, largest, name = 0.0, 0.0, 0.0, 0, 0, ""
    contract = Contract(white_balance="as_shot")
    for frame in dataset.raw.frames:
        source, place = frame.name.rsplit(" ", 1)
        if source != name:
            mosaic, sensor, capture = read_raw(folder / "raw" / source)
            name, linear = source, np.clip(normalise(mosaic, sensor, capture, contract), 0, 1)
        top, left = map(int, place.split(","))
        first, second = max(top - MARGIN, 0), max(left - MARGIN, 0)
        rows, columns = top + PATCH + MARGIN - first, left + PATCH + MARGIN - second
        rows, columns = min(rows, HEIGHT - first), min(columns, WIDTH - second)
        around, own = crop_mosaic(linear, sensor, first, second, rows, columns)
        start, cpu_start = time.perf_counter(), time.process_time()
        rgb = menon(around, own.pattern)
        seconds += time.perf_counter() - start
        cpu += time.process_time() - cpu_start
        cpu_start = time.process_time()
        menon2007(around, own.pattern)
        own_cpu += time.process_time() - cpu_start
        rgb = rgb[top - first :, left - second :][:PATCH, :PATCH].astype(np.float32)
        rgb = apply_matrix(rgb, camera_to_srgb(sensor.xyz_to_camera))
        expected = to_uint16(encode_srgb(np.clip(rgb, 0, 1)))
        off = np.abs(frame.load().reference.astype(int) - expected)
        different, largest = different + int((off > 0).sum()), max(largest, int(off.max()))
    return seconds, cpu, own_cpu, different, largest


def write_files(folder: Path, raws: int, photographs: int) -> None:
    """Writes RAW files and photographs."""
    for part in ("raw", "look"):
        (folder / part).mkdir(parents=True)
    sensor = SENSORS["demo"]
    random = np.random.default_rng(0)
    scenes = [scene(seed) for seed in range(2)]
    for number in range(raws):
        shifted = np.roll(scenes[number % 2], 211 * number, axis=(0, 1))
        values = shifted[..., 1] * (sensor.white_level - 256) + 256
        values += random.normal(0, 8, values.shape)
        mosaic = np.clip(values, 0, sensor.white_level).astype(np.uint16)
        write_dng(folder / "raw" / f"{number}.dng", mosaic, sensor, Capture(gains=GAINS))
    for number in range(photographs):
        picture = np.rint(255 * np.roll(scene(100 + number), 97 * number, axis=1))
        cv2.imwrite(str(folder / "look" / f"{number}.jpg"), picture.astype(np.uint8))


def scene(seed: int) -> np.ndarray:
    """A picture float32 `[H, W, 3]`, 0..1, whose amplitudes fall by 1/f."""
    random = np.random.default_rng(seed)
    down, along = np.fft.fftfreq(HEIGHT)[:, None], np.fft.rfftfreq(WIDTH)[None]
    frequency = np.hypot(down, along)
    frequency[0, 0] = np.inf
    planes = []
    for _ in range(3):
        phases = np.exp(2j * np.pi * random.random(frequency.shape))
        plane = np.fft.irfft2(phases / frequency, (HEIGHT, WIDTH))
        planes.append(plane / plane.std())
    light, red, blue = planes
    colours = 0.06 * np.stack([red, -red / 2, blue], axis=-1)
    return np.clip(0.45 + 0.2 * light[..., None] + colours, 0, 1).astype(np.float32)


if __name__ == "__main__":
    main()
