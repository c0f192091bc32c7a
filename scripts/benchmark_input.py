"""How fast batches come from each kind of data set, and how long a training step waits for them.

    python scripts/benchmark_input.py [--data=zrr,folders] [--batch_size=32] [--steps=0.1,0.3,1]

Files of the published sizes are made up in a temporary folder and read as training reads them. Each
data set gives one JSON line:

    open_seconds        listing and checking the files (per 1,000 of them, too)
    prepare_seconds     computing all references, once
    batches_per_second  as fast as they come, with everything prepared
    cpu_seconds         processor time of a batch, all cores together: holds on a busy machine, too
    waiting             for each length of a step in seconds: the share of the time it is waited for
                        batches. Steps are slept through, as while an accelerator works.

Target: `waiting` below 0.05. The files lie in the system's file cache; a slow disk adds its time.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from tfisp import prepare
from tfisp.backend import load_tensorflow
from tfisp.data import DataConfig, batches, open_dataset
from tfisp.data.base import Dataset

# Pairs in a prepared data set; enough for two batches of different files.
PAIRS = 64
# Steps timed at each length, after some that fill the queue.
TIMED, FILLING = 20, 4


def main() -> None:
    """Measures the data sets that were asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default=",".join(WRITERS), help="Kinds, comma separated.")
    parser.add_argument("--batch_size", type=int, default=32, help="Patches per batch.")
    parser.add_argument("--steps", default="0.1,0.3,1", help="Lengths of a step, in seconds.")
    parser.add_argument("--workers", type=int, help="Patches read at a time.")
    arguments = parser.parse_args()
    load_tensorflow()
    steps = [float(step) for step in arguments.steps.split(",")]
    for name in arguments.data.split(","):
        with tempfile.TemporaryDirectory() as folder:
            config = WRITERS[name](Path(folder)).replace(cache_dir=str(Path(folder) / "cache"))
            result = measure(config, arguments.batch_size, steps, arguments.workers)
        print(json.dumps({"data": name} | result), flush=True)


def measure(config: DataConfig, batch_size: int, steps: list[float], workers: int | None) -> dict:
    """All figures of one data set."""
    dataset, opened = timed(lambda: open_dataset(config))
    _, prepared = timed(lambda: dataset.prepare(workers=workers))

    def stream(count: int) -> Iterator:
        return batches(
            dataset,
            batch_size=batch_size,
            seed=0,
            stage=0,
            start=0,
            stop=FILLING + count,
            workers=workers,
        )

    busy = time.process_time()
    _, free = timed(lambda: drain(stream(TIMED), 0.0))
    busy = time.process_time() - busy
    waiting = {f"{step:g}": round(drain(stream(TIMED), step), 4) for step in steps}
    files = sum(len(found) for found in dataset.splits().values())
    return {
        "patch_size": config.patch_size,
        "batch_size": batch_size,
        "processors": os.cpu_count(),
        "files": files,
        "open_seconds": round(opened, 3),
        "open_seconds_per_1000": round(1000 * opened / files, 3),
        "prepare_seconds": round(prepared, 2),
        "prepared_megabytes": round(cache_size(config) / 1e6, 1),
        "batches_per_second": round((FILLING + TIMED) / free, 2),
        "cpu_seconds": round(busy / (FILLING + TIMED), 3),
        "patches_per_second": round(batch_size * (FILLING + TIMED) / free, 1),
        "waiting": waiting,
    }


def timed(work: Callable[[], Dataset | None]) -> tuple[Dataset | None, float]:
    """What a call returns, and the seconds it took."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def drain(source: Iterator, step: float) -> float:
    """Reads all batches with steps between them; returns the share of the time spent waiting."""
    waited = total = 0.0
    last = time.perf_counter()
    for number in range(FILLING + TIMED):
        before = time.perf_counter()
        next(source)
        after = time.perf_counter()
        time.sleep(step)
        end = time.perf_counter()
        if number >= FILLING:
            waited, total = waited + after - before, total + end - last
        last = end
    return waited / total


def cache_size(config: DataConfig) -> int:
    """Bytes that references and decoded frames take."""
    return sum(path.stat().st_size for path in Path(config.cache_dir).rglob("*.npy"))


def mosaic(size: tuple[int, int], bits: int, shift: int, seed: int) -> np.ndarray:
    """A noisy capture, which compresses about as badly as a real one."""
    values = np.random.default_rng(seed).normal(0.3, 0.03, size) + scene(size, seed)[..., 1] / 1000
    return (np.clip(values, 0.07, 0.99) * (2**bits - 1)).astype(np.uint16) << shift


def scene(size: tuple[int, int], seed: int) -> np.ndarray:
    """A picture uint8 `[H, W, 3]` of clouds."""
    small = np.random.default_rng(seed).uniform(0, 255, (size[0] // 16 + 1, size[1] // 16 + 1, 3))
    return cv2.resize(small, size[::-1], interpolation=cv2.INTER_CUBIC).clip(0, 255).astype("uint8")


def save(path: Path, image: np.ndarray) -> None:
    """Writes a PNG or JPEG file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


def write_zrr(folder: Path) -> DataConfig:
    """448 x 448, 10 bit."""
    for index in range(PAIRS):
        save(folder / f"train/huawei_raw/{index}.png", mosaic((448, 448), 10, 0, index))
        save(folder / f"train/canon/{index}.jpg", scene((448, 448), index))
    return DataConfig("zrr", raw_dir=str(folder))


def write_ultraisp(folder: Path) -> DataConfig:
    """256 x 256, 10 bit shifted left by two."""
    for index in range(PAIRS):
        save(folder / f"train/mediatek_raw/{index}.png", mosaic((256, 256), 10, 2, index))
        save(folder / f"train/fujifilm/{index}.png", scene((256, 256), index))
    return DataConfig("ultraisp", raw_dir=str(folder))


def write_ntire26(folder: Path) -> DataConfig:
    """Packed arrays of 256 x 256 x 4."""
    (folder / "train/raws").mkdir(parents=True)
    for index in range(PAIRS):
        planes = [mosaic((256, 256), 10, 0, 4 * index + plane) for plane in range(4)]
        np.save(folder / f"train/raws/{index}.npy", np.dstack(planes))
        save(folder / f"train/jpegs/{index}.jpg", scene((512, 512), index))
    return DataConfig("ntire26", raw_dir=str(folder))


def write_folders(folder: Path) -> DataConfig:
    """12-megapixel frames and photographs."""
    levels = {"pattern": "BGGR", "black_level": 64, "white_level": 1023}
    for index in range(4):
        save(folder / f"raw/{index}.png", mosaic((3000, 4000), 10, 0, index))
        (folder / f"raw/{index}.json").write_text(json.dumps(levels), encoding="utf-8")
        save(folder / f"look/{index}.jpg", scene((3000, 4000), index))
    return DataConfig(
        "folders",
        raw_dir=str(folder / "raw"),
        target_dir=str(folder / "look"),
        reference="bilinear",  # Menon's method would take most of the benchmark's time
    )


def write_prepared(folder: Path) -> DataConfig:
    """The same, as `tfisp.prepare` keeps them."""
    source = write_folders(folder)
    words = [f"--raw_dir={source.raw_dir}", f"--target_dir={source.target_dir}"]
    words += [f"--output={folder / 'prepared'}", "--reference=bilinear", "--keep=blurred"]
    if prepare.run(words):
        raise SystemExit("tfisp.prepare failed")
    return DataConfig("prepared", data_dir=str(folder / "prepared"), reference="bilinear")


def write_unprocessed(folder: Path) -> DataConfig:
    """Photographs as those of the benchmark: 1,280 pixels wide."""
    for index in range(16):
        save(folder / f"{index}.jpg", scene((853, 1280), index))
    return DataConfig("unprocessed", raw_dir=str(folder))


WRITERS: dict[str, Callable[[Path], DataConfig]] = {
    "zrr": write_zrr,
    "ultraisp": write_ultraisp,
    "ntire26": write_ntire26,
    "folders": write_folders,
    "prepared": write_prepared,
    "unprocessed": write_unprocessed,
}

if __name__ == "__main__":
    main()
