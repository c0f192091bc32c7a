"""What the desktop makes of one frame, for a page to hold against what its own device makes of it.

The frame has all that could go wrong on the way: it begins with another colour than red, has odd
sides, a shading map, an exposure, and lies on its side.
"""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from tfisp.exporting.golden_scene import FLOAT_LIMITS, SCENE_CAPTURE, SCENE_SENSOR, scene
from tfisp.exporting.test_inputs import CAMERA_MATRIX
from tfisp.packing import prepare
from tfisp.rendering.levels import AUTO, contract_for
from tfisp.rendering.metadata import ModelMetadata
from tfisp.rendering.renderer import Renderer
from tfisp.rendering.runtime import LiteRuntime
from tfisp.sensor import Capture, Sensor

# How much larger than a tile the frame is, in pixels, so that tiles must be joined.
_BEYOND = (53, 37)

# Sides in pixels of the tile to compare on: large enough for edges and darkness, small to fetch.
_SIDE = 256


def golden_frame(side: int) -> tuple[np.ndarray, Sensor, Capture]:
    """The frame for tiles of a side in pixels: uint16 `[H, W]`, its sensor and capture."""
    mosaic = np.ascontiguousarray(scene(side + _BEYOND[0] + 1, side + _BEYOND[1] + 1)[1:, 1:])
    sensor = dataclasses.replace(SCENE_SENSOR.shifted(1, 1), xyz_to_camera=CAMERA_MATRIX)
    rows, columns, sites = np.ogrid[:4, :5, :4]
    shading = 1 + 0.06 * ((rows - 1.5) ** 2 + (columns - 2) ** 2 / 2) + 0.01 * sites
    capture = dataclasses.replace(
        SCENE_CAPTURE,
        orientation=6,
        baseline_exposure=0.25,
        shading=shading.astype(np.float32),
        frame_size=mosaic.shape,
    )
    return mosaic, sensor, capture


def write_golden(
    metadata: ModelMetadata, tiles: list[dict[str, Any]], folder: Path
) -> dict[str, Any]:
    """Runs the frame on the desktop and writes what goes in and comes out, little-endian.

    Args:
        metadata: Of the generator.
        tiles: What `write_tiles` gave, its files in `folder`.
        folder: To write `golden_*.bin` into.

    Returns:
        The content of `golden.json`: the frame's facts, the files, and the limits of
        `tfisp.exporting.golden_scene`.
    """
    sides = [tile["shape"][1] for tile in tiles]
    side = next((each for each in sides if each * metadata.step >= _SIDE), sides[-1])
    name = tiles[sides.index(side)]["file"]
    runtime = LiteRuntime(folder / name)
    mosaic, sensor, capture = golden_frame(side * metadata.step)
    contract = contract_for(metadata, sensor)
    window = prepare(mosaic, sensor, capture, contract)[:side, :side]
    files = {
        "mosaic": mosaic.astype("<u2"),
        "input": window.astype("<f4"),
        "output": runtime.run(window, as_8bit=False).astype("<f4"),
        "picture": Renderer(runtime, levels=AUTO).render_8bit(mosaic, sensor, capture),
    }
    for what, values in files.items():
        (folder / f"golden_{what}.bin").write_bytes(values.tobytes())
    return {
        "tile": name,
        "frame": described(mosaic, sensor, capture),
        "picture": {"height": files["picture"].shape[0], "width": files["picture"].shape[1]},
        "limits": FLOAT_LIMITS._asdict(),
    }


def described(mosaic: np.ndarray, sensor: Sensor, capture: Capture) -> dict[str, Any]:
    """A frame's facts as the page's scripts name them (`frame.js`), without its samples."""
    shading, matrix = capture.shading, sensor.xyz_to_camera
    return {
        "height": mosaic.shape[0],
        "width": mosaic.shape[1],
        "pattern": sensor.pattern,
        "black": np.ravel(sensor.black_level).tolist(),
        "white": sensor.white_level,
        "camera": sensor.name,
        "xyzToCamera": None if matrix is None else np.ravel(matrix).tolist(),
        "gains": capture.gains,
        "orientation": capture.orientation,
        "baselineExposure": capture.baseline_exposure,
        "iso": capture.iso,
        "exposureTime": capture.exposure_time,
        "shading": None
        if shading is None
        else {
            "height": shading.shape[0],
            "width": shading.shape[1],
            "gains": np.ravel(shading).tolist(),
        },
        "defaultCrop": capture.default_crop,
        "kind": "made-up scene",
        "notes": [],
    }
