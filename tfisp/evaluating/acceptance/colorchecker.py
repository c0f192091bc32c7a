"""The ColorChecker Classic: its published colours, and where its patches lie in a picture.

Colours: X-Rite, "New color specifications for ColorChecker SG and Classic Charts", charts made
after November 2014, CIELAB under D50 and the 2 degree observer
(https://www.xrite.com/service-support/new_color_specifications_for_colorchecker_sg_and_classic_charts).
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from tfisp.color import D50_XY, D65_XY, SRGB_TO_XYZ, adaptation, encode_srgb, xyz_of_xy
from tfisp.errors import InputError
from tfisp.metrics.color_difference import srgb_to_lab

# Row by row from the dark skin in the corner; L*, a*, b*.
COLOURS: dict[str, tuple[float, float, float]] = {
    "dark skin": (37.54, 14.37, 14.92),
    "light skin": (64.66, 19.27, 17.50),
    "blue sky": (49.32, -3.82, -22.54),
    "foliage": (43.46, -12.74, 22.72),
    "blue flower": (54.94, 9.61, -24.79),
    "bluish green": (70.48, -32.26, -0.37),
    "orange": (62.73, 35.83, 56.50),
    "purplish blue": (39.43, 10.75, -45.17),
    "moderate red": (50.57, 48.64, 16.67),
    "purple": (30.10, 22.54, -20.87),
    "yellow green": (71.77, -24.13, 58.19),
    "orange yellow": (71.51, 18.24, 67.37),
    "blue": (28.37, 15.42, -49.80),
    "green": (54.38, -39.72, 32.27),
    "red": (42.43, 51.05, 28.62),
    "yellow": (81.80, 2.67, 80.41),
    "magenta": (50.63, 51.28, -14.12),
    "cyan": (49.57, -29.71, -28.32),
    "white 9.5": (95.19, -1.03, 2.93),
    "neutral 8": (81.29, -0.57, 0.44),
    "neutral 6.5": (66.89, -0.75, -0.06),
    "neutral 5": (50.76, -0.13, 0.14),
    "neutral 3.5": (35.63, -0.46, -0.48),
    "black 2": (20.64, 0.07, -0.46),
}
ROWS, COLUMNS = 4, 6
GREYS = slice(18, 24)

# Width of the black lines between patches, as a share of a patch's side.
GAP = 1 / 6
# Of a patch's sides the middle part is measured.
_MIDDLE = 0.5


class Corners(NamedTuple):
    """Outer corners of the corner patches, (x, y) in pixels of a picture as it is shown."""

    dark_skin: tuple[float, float]
    bluish_green: tuple[float, float]
    black: tuple[float, float]
    white: tuple[float, float]


def xyz_d50() -> np.ndarray:
    """XYZ under D50 of the patches, white of Y = 1: float64 `[24, 3]` (CIE 15:2004, 8.2.1)."""
    lightness, a, b = np.array(list(COLOURS.values())).T
    y = (lightness + 16) / 116
    root = np.stack([y + a / 500, y, y - b / 200], axis=-1)
    delta = 6 / 29
    ratio = np.where(root > delta, root**3, 3 * delta**2 * (root - 4 / 29))
    return ratio * xyz_of_xy(*D50_XY)


def to_linear_srgb(xyz: np.ndarray) -> np.ndarray:
    """What linear sRGB (D65, by Bradford's adaptation) shows of XYZ under D50: `[..., 3]`.

    Not clipped: the red of cyan lies below 0.
    """
    return xyz @ (np.linalg.inv(SRGB_TO_XYZ) @ adaptation(D50_XY, D65_XY)).T


def true_lab(exposure: float = 0.0) -> np.ndarray:
    """CIELAB (D65) of the patches in a right picture: `[24, 3]`.

    Args:
        exposure: In EV; what is brighter than white, or outside of sRGB, is clipped.
    """
    return srgb_to_lab(encode_srgb(np.clip(to_linear_srgb(xyz_d50()) * 2.0**exposure, 0, 1)))


def patch_pixels(picture: np.ndarray, corners: Corners) -> list[tuple[np.ndarray, np.ndarray]]:
    """The middle of each patch: (row, column) of its pixels `[n, 2]`, and their values `[n, 3]`.

    Args:
        picture: `[H, W, 3]`.
        corners: Of the chart in it.

    Raises:
        InputError: If the chart does not lie in the picture, or its patches are too small.
    """
    width = COLUMNS + (COLUMNS - 1) * GAP
    height = ROWS + (ROWS - 1) * GAP
    field = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    to_picture = cv2.getPerspectiveTransform(field, np.array(corners, np.float32))
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for row, column in np.ndindex(ROWS, COLUMNS):
        middle = np.array([column, row]) * (1 + GAP) + 0.5
        square = middle + _MIDDLE / 2 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
        outline = cv2.perspectiveTransform(square[None].astype(np.float32), to_picture)
        mask = np.zeros(picture.shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, np.rint(outline).astype(np.int32), 1)
        places = np.argwhere(mask)
        if len(places) < 16 or not _inside(outline[0], picture.shape):
            raise InputError(
                f"corners {_shown(corners)}: the patch {list(COLOURS)[len(found)]} does not lie, or"
                f" is too small, in the picture of {picture.shape[1]}x{picture.shape[0]}"
            )
        found.append((places, picture[places[:, 0], places[:, 1]]))
    return found


def corners_of_text(text: str) -> Corners:
    """The corners of eight numbers with commas between, x and y by turns.

    Raises:
        InputError: If it is anything else, or they do not go round the chart.
    """
    try:
        numbers = np.array([float(part) for part in text.split(",")]).reshape(4, 2)
    except ValueError:
        raise InputError(
            f"corners {text}: expected eight numbers x,y,x,y,x,y,x,y: the outer corners of dark "
            "skin, bluish green, black and white"
        ) from None
    return _checked([(float(x), float(y)) for x, y in numbers])


def corners_of_mask(mask: np.ndarray, picture: np.ndarray) -> Corners:
    """The corners of the largest light area of a mask, turned so that the colours fit best.

    Args:
        mask: uint8 `[H, W]`, the field of patches above 127.
        picture: uint8 `[H, W, 3]` that it belongs to.

    Raises:
        InputError: If it is of another size, or the area has no four corners.
    """
    if mask.shape != picture.shape[:2]:
        raise InputError(
            f"the mask has {mask.shape[1]}x{mask.shape[0]} pixels, the picture "
            f"{picture.shape[1]}x{picture.shape[0]}"
        )
    light = (mask > 127).astype(np.uint8)
    outlines, _ = cv2.findContours(light, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    largest = max(outlines, key=cv2.contourArea, default=None)
    if largest is None:
        raise InputError("the mask has no light area")
    around = cv2.approxPolyDP(largest, 0.05 * cv2.arcLength(largest, closed=True), closed=True)
    if len(around) != 4:
        raise InputError(f"the light area of the mask has {len(around)} corners, expected four")
    points = [(float(x), float(y)) for x, y in around[:, 0]]
    turns = [points[k:] + points[:k] for k in range(4)]
    ways = [_checked(way) for turn in turns for way in (turn, turn[::-1]) if _is_clockwise(way)]
    return min(ways, key=lambda way: _misfit(picture, way))


def _misfit(picture: np.ndarray, corners: Corners) -> float:
    """How little the colours of the patches are those of the chart, but for scale."""
    means = np.array([np.mean(values, axis=0) for _, values in patch_pixels(picture, corners)])
    shown, true = means / means.mean(), encode_srgb(np.clip(to_linear_srgb(xyz_d50()), 0, 1))
    return float(np.square(shown - true / true.mean()).sum())


def _checked(points: Sequence[tuple[float, float]]) -> Corners:
    corners = Corners(*points)
    if not (np.isfinite(points).all() and _is_clockwise(points)):
        raise InputError(
            f"corners {_shown(corners)} do not go round the chart clockwise: dark skin, bluish "
            "green, black, white"
        )
    return corners


def _is_clockwise(points: Sequence[tuple[float, float]]) -> bool:
    """Whether four points are the corners of a convex area, clockwise as it is seen."""
    sides = np.diff(np.array([*points, *points[:2]]), axis=0)
    turns = sides[:-1, 0] * sides[1:, 1] - sides[:-1, 1] * sides[1:, 0]
    return bool((turns > 0).all())


def _inside(outline: np.ndarray, shape: tuple[int, ...]) -> bool:
    return bool((outline >= 0).all() and (outline <= np.array(shape[1::-1]) - 1).all())


def _shown(corners: Corners) -> str:
    return ",".join(f"{number:g}" for point in corners for number in point)
