"""The whole job on an embedded example: RAW and photographs in, a trained ISP and pictures out.

    python scripts/demo.py --output=demo

Prints every command before it runs it, so that each can be repeated by hand. Interrupted, the same
command continues. Five photographs show that everything works, not how good it gets.
"""

import argparse
import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from tfisp.backend import load_tensorflow
from tfisp.files import atomic_file, write_json
from tfisp.looks import Look, write_cube


def run(*words: str) -> None:
    """Runs one of tfisp's programs, after showing the command."""
    print(f"\n$ {shlex.join([sys.executable, '-m', *words])}", flush=True)
    subprocess.run([sys.executable, "-m", *words], check=True)


def write_look(path: Path) -> Path:
    """Writes the look that photographs and truths of the demo have: faded, in golden light.

    A strong one: two photographs say little more about a look than its mean colour.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = Look.identity()
    golden = Look(plain.curves, 0.85 * plain.matrix, np.float32([0.26, 0.11, -0.06]))
    write_cube(path, golden.cube(title="demo"))
    return path


def write_raw_file(folder: Path) -> Path:
    """Writes the held-out scene as a headerless RAW file with its facts beside it."""
    load_tensorflow()
    from tfisp import data

    config = data.DataConfig("unprocessed", raw_dir="skimage:", illuminant="default", patch_size=64)
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
        "xyz_to_camera": sensor.xyz_to_camera,
    }
    write_json(file.with_suffix(".json"), facts)
    return file


def write_page(page: Path, trained: Path) -> str:
    """Writes a page that runs the network; returns the command to look at it, or to write it.

    It needs npm and a network, without which the demo goes on.
    """
    words = ("tfisp.export", f"--model={trained}", f"--web={page}")
    try:
        run(*words)
    except subprocess.CalledProcessError:
        return f"not written; python -m {shlex.join(words)}"
    return f"python -m tfisp.web {page}"


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
        look = f"--look={write_look(output / 'look.cube')}"
        run("tfisp.train", "--flagfile=demo.flags", look, f"--work_dir={trained}")
        run(
            "tfisp.evaluate",
            "--flagfile=demo_data.flags",
            look,
            f"--output={report}",
            f"--model={trained / 'stages' / '0-pretrain_plus'},{trained}",
        )
        raw = write_raw_file(output / "raw")
        run("tfisp.inspect_raw", str(raw))
        page = write_page(output / "page", trained)
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
        f"\nDone in {(time.monotonic() - began) / 60:.1f} minutes. Five photographs, one of them "
        "held out: this shows that everything works, not how good it gets.\n"
    )
    for what, where in (
        ("picture strip (demosaic | neutral | with the look | truth)", report / "pictures.png"),
        ("the same to look at, with figures", report / "report.html"),
        ("metrics table", report / "summary.md"),
        ("TFLite", trained / "export" / "model.tflite"),
        ("the RAW file, rendered by it", pictures / raw.with_suffix(".png").name),
        ("a page that runs it in a browser", page),
        ("TensorBoard", f"tensorboard --logdir {trained / 'events'}"),
    ):
        print(f"{what:57} {where}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
