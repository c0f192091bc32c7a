"""CIEDE2000: how far apart two colours look, 1 being about the least difference that is seen.

International Commission on Illumination, CIE 142:2001; the formulas as in G. Sharma, W. Wu, E. N.
Dalal, "The CIEDE2000 color-difference formula: implementation notes, supplementary test data, and
mathematical observations", Color Research and Application 30(1), 2005, whose equations are named.
"""

import numpy as np

from tfisp.color import SRGB_TO_XYZ, apply_matrix, decode_srgb

# CIE 15:2004, 8.2.1.1: below the cube of DELTA the cube root goes on as a straight line.
_DELTA = 6 / 29

# Pixels worked through at a time: a dozen float64 arrays of so many stay in the cache, and a large
# picture needs no more memory than a small one.
_CHUNK = 1 << 14

_TO_25_7 = 25.0**7


def srgb_to_lab(image: np.ndarray) -> np.ndarray:
    """CIELAB under D65 of sRGB-encoded colours.

    Args:
        image: `[..., 3]` floating point sRGB, 0..1.

    Returns:
        float64 `[..., 3]`: L 0..100, a and b. Greys have a = b = 0: the white is sRGB's own.
    """
    matrix = np.asarray(SRGB_TO_XYZ)
    linear = decode_srgb(np.asarray(image, np.float64))
    ratio = apply_matrix(linear, matrix / matrix.sum(axis=1, keepdims=True))
    root = np.where(ratio > _DELTA**3, np.cbrt(ratio), ratio / (3 * _DELTA**2) + 4 / 29)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def chroma(image: np.ndarray) -> np.ndarray:
    """CIELAB chroma, `sqrt(a*^2 + b*^2)`, of sRGB-encoded colours, `[..., 3]` 0..1 -> `[...]`."""
    lab = srgb_to_lab(image)
    return np.hypot(lab[..., 1], lab[..., 2])


def ciede2000(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The difference of colours in CIELAB, with all parametric factors 1.

    Args:
        first: `[..., 3]` L, a, b.
        second: The same shape; exchanging the two changes nothing.

    Returns:
        float64 `[...]`, 0 for equal colours.
    """
    lightness_1, a_1, b_1 = np.moveaxis(np.asarray(first, np.float64), -1, 0)
    lightness_2, a_2, b_2 = np.moveaxis(np.asarray(second, np.float64), -1, 0)
    # Eqs. 2 to 7: chroma, with a stretched where colours are nearly grey, and hue in degrees.
    mean_chroma = (np.hypot(a_1, b_1) + np.hypot(a_2, b_2)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(mean_chroma**7 / (mean_chroma**7 + _TO_25_7))
    chroma_1, chroma_2 = np.hypot(stretch * a_1, b_1), np.hypot(stretch * a_2, b_2)
    hue_1 = np.degrees(np.arctan2(b_1, stretch * a_1)) % 360
    hue_2 = np.degrees(np.arctan2(b_2, stretch * a_2)) % 360
    # Eqs. 8 to 11; of a grey, whose hue means nothing, the difference of hue counts as 0.
    grey = chroma_1 * chroma_2 == 0
    turn = hue_2 - hue_1
    turn = np.where(np.abs(turn) <= 180, turn, turn - 360 * np.sign(turn))
    turn = np.where(grey, 0.0, turn)
    lightness, chroma = lightness_2 - lightness_1, chroma_2 - chroma_1
    hue = 2 * np.sqrt(chroma_1 * chroma_2) * np.sin(np.radians(turn / 2))
    # Eqs. 12 to 14: means; that of the hues lies on the shorter way between them.
    mean_lightness, mean_chroma = (lightness_1 + lightness_2) / 2, (chroma_1 + chroma_2) / 2
    mean_hue = np.where(grey, hue_1 + hue_2, hue_1 + turn / 2)
    # Eqs. 15 to 21: what weighs the three differences, and the turn in blue.
    angle = np.radians(mean_hue)
    tint = (
        1
        - 0.17 * np.cos(angle - np.radians(30))
        + 0.24 * np.cos(2 * angle)
        + 0.32 * np.cos(3 * angle + np.radians(6))
        - 0.20 * np.cos(4 * angle - np.radians(63))
    )
    from_middle = (mean_lightness - 50) ** 2
    lightness /= 1 + 0.015 * from_middle / np.sqrt(20 + from_middle)
    chroma /= 1 + 0.045 * mean_chroma
    hue /= 1 + 0.015 * mean_chroma * tint
    blue = 30 * np.exp(-((((mean_hue % 360) - 275) / 25) ** 2))
    weight = 2 * np.sqrt(mean_chroma**7 / (mean_chroma**7 + _TO_25_7))
    rotation = -np.sin(np.radians(2 * blue)) * weight
    squares = lightness**2 + chroma**2 + hue**2 + rotation * chroma * hue
    return np.sqrt(np.maximum(squares, 0))  # rounding may leave a little less than 0


def mean_ciede2000(images: np.ndarray, references: np.ndarray) -> np.ndarray:
    """The mean CIEDE2000 over the pixels of each picture.

    Args:
        images: `[B, H, W, 3]` floating point sRGB, 0..1.
        references: The same shape.

    Returns:
        float64 `[B]`, 0 for equal pictures.
    """
    means = []
    for image, reference in zip(np.asarray(images), np.asarray(references), strict=True):
        sides = image.reshape(-1, 3), reference.reshape(-1, 3)
        total = 0.0
        for start in range(0, len(sides[0]), _CHUNK):
            labs = (srgb_to_lab(side[start : start + _CHUNK]) for side in sides)
            total += float(ciede2000(*labs).sum())
        means.append(total / len(sides[0]))
    return np.array(means)
