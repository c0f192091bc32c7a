"""The whole job on an embedded example: RAW and photographs in, a trained ISP and pictures out.

    python scripts/demo.py --output=demo

Prints every command before it runs it, so that each can be repeated by hand. Interrupted, the same
command continues. A smoke test: the frozen networks are small and their weights are random.
"""

import argparse
import shlex
import subprocess
import sys
import time
from pathlib import Path

from tfisp.backend import load_tensorflow
from tfisp.files import atomic_file, write_json


def run(*words: str) -> None:
    """Runs one of tfisp's programs, after showing the command."""
    print(f"\n$ python -m {shlex.join(words)}", flush=True)
    subprocess.run([sys.executable, "-m", *words], check=True)


def write_raw_file(folder: Path) -> Path:
    """Writes the held-out scene as a headerless RAW file with its facts beside it."""
    load_tensorflow()
    from tfisp import data

    config = data.DataConfig(
        "unprocessed", raw_dir="skimage:", metadata="withheld", illuminant="default", patch_size=64
    )
    pairs = data.open_dataset(config).pairs["test"]
    mosaic, sensor, _, _ = pairs.read_mosaic(0)
    file = folder / f"{Path(pairs.name(0)).stem}.raw"
    with atomic_file(file) as temporary:
        mosaic.astype("<u2").tofile(temporary)
    height, width = mosaic.shape
    facts = {
        "width": width,
        "height": height,
        "dtype": "uint16",
        "byte_order": "little",
        "pattern": sensor.pattern,
        "black_level": sensor.black_level,
        "white_level": sensor.white_level,
        "white_balance": sensor.default_gains,
    }
    write_json(file.with_suffix(".json"), facts)
    return file


def main() -> int:
    """Trains, measures, exports and renders, and tells where everything is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("demo"))
    output = parser.parse_args().output
    trained, report, pictures = output / "run", output / "report", output / "pictures"
    began = time.monotonic()
    try:
        run("tfisp.train", "--flagfile=demo.flags", f"--work_dir={trained}")
        run(
            "tfisp.evaluate",
            "--flagfile=demo_data.flags",
            f"--output={report}",
            f"--model={trained / 'stages' / '0-pretrain'},{trained}",
        )
        raw = write_raw_file(output / "raw")
        run("tfisp.inspect_raw", str(raw))
        run(
            "tfisp.process",
            str(raw),
            f"--model={trained / 'export' / 'model.tflite'}",
            f"--output={pictures}",
        )
    except subprocess.CalledProcessError as error:
        return error.returncode
    except KeyboardInterrupt:
        return 130
    print(
        f"\nDone in {(time.monotonic() - began) / 60:.1f} minutes. The frozen networks had random "
        "weights: this shows that everything works, not how good it gets.\n"
    )
    for what, where in (
        ("picture strip (demosaic | pretrained | unpaired | truth)", report / "pictures.png"),
        ("metrics table", report / "summary.md"),
        ("TFLite", trained / "export" / "model.tflite"),
        ("the RAW file, rendered by it", pictures / raw.with_suffix(".png").name),
        ("TensorBoard", f"tensorboard --logdir {trained / 'events'}"),
    ):
        print(f"{what:57} {where}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
