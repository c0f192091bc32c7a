"""Renders a mosaic by the TensorFlow Lite C API, in a process without another runtime.

    python -m tests.tflite_android.render_file MODEL.tflite LIBRARY.so MOSAIC.npy PICTURE.npy

Two builds of TensorFlow Lite in one process may resolve each other's symbols.
"""

import sys
from pathlib import Path

import numpy as np

from tests.tflite_android.phone import HERE, Strided, build, job, render_file
from tfisp.rendering import metadata
from tfisp.sensor import Capture, Sensor

SENSOR = Sensor("RGGB", ((58, 60), (61, 62)), 1023)
CAPTURE = Capture(gains=(2.0, 1.0, 1.5), baseline_exposure=0.5)
TILE = 64


def main(model: Path, library: Path, mosaic: Path, picture: Path) -> None:
    compiled = build(
        "-DWITH_TFLITE", f"-I{HERE / 'include'}", str(library), f"-Wl,-rpath,{library.parent}"
    )
    counts, said = np.load(mosaic), metadata.read(model)
    buffer = Strided(counts, padding=22)
    made = job(buffer, counts.shape, SENSOR, CAPTURE, said.contract, metadata=said, tile=TILE)
    np.save(picture, render_file(made, model, compiled))


if __name__ == "__main__":
    main(*(Path(argument).resolve() for argument in sys.argv[1:]))
