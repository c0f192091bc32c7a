"""Classical renderings to compare with: what a mosaic becomes without any learning.

Each gets the same mosaic and the same facts about it as a network does.
"""

import dataclasses
import functools
import importlib.metadata
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rawpy

from tfisp.demosaic import REFERENCE_VERSION, REFERENCES, reference
from tfisp.errors import InputError
from tfisp.looks.cube import read_cube
from tfisp.naming import choose
from tfisp.rawfiles.dng_writer import write_dng
from tfisp.sensor import Capture, Sensor, resolve_gains

# `[H, W]` samples, their sensor and the facts of their file -> float32 `[H, W, 3]` sRGB 0..1.
Develop = Callable[[np.ndarray, Sensor, Capture], np.ndarray]

LIBRAW = "libraw"
BASELINES = (LIBRAW, *REFERENCES)

_CUBE = ".cube"


def check_name(name: str) -> None:
    """Sees that `baseline` knows a name, without reading any file.

    Raises:
        InputError: it does not, with the closest names.
    """
    if not name.endswith(_CUBE):
        choose("--baselines", name, (*BASELINES, "a look FILE.cube"))


def baseline(name: str) -> tuple[Develop, dict[str, Any]]:
    """A classical rendering by name.

    Args:
        name: `libraw`; one of `tfisp.demosaic.REFERENCES`, for the reference rendering by that
            method; or a `.cube` file, for the reference rendering by Menon 2007 in that look.

    Returns:
        The function, and what it depends on, as JSON values.

    Raises:
        InputError: for an unknown name, or a file that is no look.
    """
    check_name(name)
    if name == LIBRAW:
        return by_libraw, {LIBRAW: rawpy.libraw_version, "white": "stated"}
    packages = ("colour-demosaicing", "opencv-python-headless")
    facts: dict[str, Any] = {
        "reference": REFERENCE_VERSION,
        "packages": [importlib.metadata.version(package) for package in packages],
    }
    if not name.endswith(_CUBE):
        return functools.partial(reference, method=name), facts | {"method": name}
    look = read_cube(name)

    def develop(mosaic: np.ndarray, sensor: Sensor, capture: Capture) -> np.ndarray:
        return look.apply(reference(mosaic, sensor, capture))

    return develop, facts | {"look": look.sha256}


def by_libraw(mosaic: np.ndarray, sensor: Sensor, capture: Capture) -> np.ndarray:
    """LibRaw's own development (AHD) of a DNG of the mosaic, without automatic brightness.

    A sensor without a matrix is developed in its own colours, as everywhere in tfisp. LibRaw is not
    told of lens shading.

    Args:
        mosaic: `[H, W]` uint16 samples.
        sensor: Its sensor.
        capture: The facts of its file.

    Returns:
        float32 `[H, W, 3]` sRGB-encoded, 0..1, not turned.

    Raises:
        InputError: LibRaw does not take it.
    """
    own = rawpy.ColorSpace.raw if sensor.xyz_to_camera is None else rawpy.ColorSpace.sRGB
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "frame.dng"
            # Nameless, for LibRaw treats some cameras in ways of their own.
            nameless = dataclasses.replace(sensor, name="")
            write_dng(path, mosaic, nameless, Capture(gains=resolve_gains(sensor, capture)))
            with rawpy.imread(str(path)) as raw:
                shown = raw.postprocess(
                    use_camera_wb=True,
                    no_auto_bright=True,
                    adjust_maximum_thr=0,  # white is where the file says, not the brightest sample
                    bright=2.0**capture.baseline_exposure,
                    gamma=(2.4, 12.92),
                    output_color=own,
                    output_bps=16,
                    user_flip=0,
                )
    except rawpy.LibRawError as error:
        size = f"{mosaic.shape[1]}x{mosaic.shape[0]}"
        raise InputError(f"libraw: cannot develop a mosaic of {size} samples: {error}") from error
    return shown / np.float32(65535)
