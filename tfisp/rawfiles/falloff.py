"""How much less light the corners of a frame get than its centre, channel by channel.

A shading map says it; without one a picture of an evenly lit surface shows it. A camera module of a
phone loses half of the light and more towards its corners, and not the same of all colours.
"""

from typing import NamedTuple

import numpy as np

from tfisp.sensor import Sensor

# Blocks along each side of the frame whose means are looked at, and samples that a block must have
# along each side.
_BLOCKS, _LEAST_SIDE = 16, 8

# A surface is evenly lit if a smooth surface (all products of x and y to the fourth power) leaves
# of the means of blocks no more than this share; the means must lie between these shares of the
# range from black to white, so that neither noise nor clipping shapes them.
_RESIDUE = 0.02
_DARKEST, _BRIGHTEST = 0.02, 0.9

# Even light falls off towards all four corners, if at all: the brightest corner of a scene that
# merely looks smooth, a wall or a sky, may be brighter than the centre.
_BRIGHTEST_CORNER = 1.02

_ENDS, _MIDDLE = np.array([-1.0, 1.0]), np.zeros(1)


class Falloff(NamedTuple):
    """Corner over centre of each plane of the CFA.

    Attributes:
        of: "map" for gains, which are larger in the corners, "frame" for light, which is less.
        ratios: R, Gr (in the red row), Gb, B to the mean of the four corners over the centre.
    """

    of: str
    ratios: dict[str, float]


def of_map(shading: np.ndarray, sensor: Sensor) -> Falloff:
    """Of a shading map's gains.

    Args:
        shading: float32 `[rows, columns, 4]`, see `tfisp.sensor.Capture`.
        sensor: Of the frame that it spans.
    """
    middle = [slice((side - 1) // 2, side // 2 + 1) for side in shading.shape[:2]]
    centre = shading[middle[0], middle[1]].mean(axis=(0, 1))  # halfway between two, or one
    corners = shading[np.ix_((0, -1), (0, -1))].mean(axis=(0, 1))
    return Falloff("map", _named(corners / centre, sensor))


def of_frame(mosaic: np.ndarray, sensor: Sensor) -> Falloff | None:
    """Of the light of a frame; None if it does not look like an evenly lit surface.

    Args:
        mosaic: `[H, W]` samples.
        sensor: Its sensor.
    """
    height, width = (2 * (side // (2 * _BLOCKS)) for side in mosaic.shape)
    if min(height, width) < _LEAST_SIDE:
        return None
    blocks = mosaic[: height * _BLOCKS, : width * _BLOCKS].reshape(
        _BLOCKS, height // 2, 2, _BLOCKS, width // 2, 2
    )
    means = blocks.mean(axis=(1, 4)).transpose(0, 2, 1, 3).reshape(_BLOCKS, _BLOCKS, 4)
    black = np.array(sensor.black_level).reshape(4)
    light = (means - black) / (sensor.white_level - black)
    if light.min() < _DARKEST or light.max() > _BRIGHTEST:
        return None
    values = light.reshape(_BLOCKS**2, 4)
    at = (2 * np.arange(_BLOCKS) + 1) / _BLOCKS - 1  # centres of blocks; the frame is -1 to 1
    factors = np.linalg.lstsq(_powers(at, at), values)[0]
    if np.abs(values / (_powers(at, at) @ factors) - 1).max() > _RESIDUE:
        return None
    ratios = (_powers(_ENDS, _ENDS) @ factors) / (_powers(_MIDDLE, _MIDDLE) @ factors)
    if ratios.max() > _BRIGHTEST_CORNER:
        return None
    return Falloff("frame", _named(ratios.mean(axis=0), sensor))


def _powers(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """`[n * m, 25]`: the products of powers up to the fourth of each y with those of each x."""
    down, along = (np.stack([at**k for k in range(5)]) for at in (y, x))
    return np.einsum("an,bm->nmab", down, along).reshape(-1, 25)


def _named(ratios: np.ndarray, sensor: Sensor) -> dict[str, float]:
    """Numbers of the four sites, row by row, by the names of their planes."""
    found = dict(zip(plane_names(sensor), map(float, ratios), strict=True))
    return {name: round(found[name], 4) for name in ("R", "Gr", "Gb", "B")}


def plane_names(sensor: Sensor) -> list[str]:
    """Names of the planes of the CFA in the order of the tile's sites: R, Gr, Gb, B."""
    red_row = sensor.red_site[0]
    return [
        colour if colour != "G" else "Gr" if site // 2 == red_row else "Gb"
        for site, colour in enumerate(sensor.pattern)
    ]
