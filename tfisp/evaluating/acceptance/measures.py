"""What is measured on a picture of a ColorChecker."""

from typing import NamedTuple

import numpy as np

from tfisp.color import SRGB_TO_XYZ, decode_srgb, encode_srgb
from tfisp.evaluating.acceptance.capture import EDGE, EDGES
from tfisp.evaluating.acceptance.colorchecker import GREYS, Corners, patch_pixels, true_lab
from tfisp.evaluating.acceptance.edge import mtf50
from tfisp.metrics.color_difference import ciede2000, srgb_to_lab

# Pixels at the sides of an edge's square that its neighbours reach; and the light of the bright
# side from which on it counts as clipped.
_BORDER, _CLIPPED = 12, 0.9

_LUMINANCE = np.array(SRGB_TO_XYZ[1])


class Measure(NamedTuple):
    """A measure's name in reports, and what it says."""

    name: str
    about: str


MEASURES = {
    "ciede2000": Measure("CIEDE2000", "mean of the 24 patches, to the published colours"),
    "worst": Measure("worst CIEDE2000", "of the patch that is farthest off"),
    "grey_cast": Measure("grey cast", "mean distance in a*, b* of the six greys from their own"),
    "noise": Measure("noise", "standard deviation of L* within the greys, mean of the six"),
    "colour_noise": Measure("coloured noise", "the same of a* and b* together"),
    "mtf50": Measure("MTF50", "cycles per pixel at which an edge keeps half of its contrast"),
    "clipped": Measure("clipped", "share of the patches' pixels with a channel at 0 or 255"),
}


def measure(
    picture: np.ndarray,
    corners: Corners,
    *,
    exposure: float | None = 0.0,
    edges: np.ndarray | None = None,
) -> dict[str, float | None]:
    """All measures of a chart's picture.

    Args:
        picture: uint8 `[H, W, 3]` sRGB.
        corners: Of the chart in it.
        exposure: In EV, by which the right picture is brighter than one of a white at 1; None: not
            known, so that the patches are brought to the brightness of the published greys first.
        edges: Picture of the edges of `capture.edges_xyz`; None where there is none.

    Returns:
        By the names of `MEASURES`; `mtf50` None without edges, and where these are clipped or gone.

    Raises:
        InputError: As `patch_pixels`.
    """
    patches = patch_pixels(picture, corners)
    linear = np.array([decode_srgb(values / np.float64(255)).mean(axis=0) for _, values in patches])
    truth = true_lab(exposure or 0.0)
    if exposure is None:
        linear *= _exposure_gain(linear, truth)
    found = srgb_to_lab(encode_srgb(np.clip(linear, 0, 1)))
    differences = ciede2000(found, truth)
    spread = np.array([_spread(places, values) for places, values in patches[GREYS]])
    pixels = np.concatenate([values for _, values in patches])
    return {
        "ciede2000": float(differences.mean()),
        "worst": float(differences.max()),
        "grey_cast": float(np.hypot(*(found - truth)[GREYS, 1:].T).mean()),
        "noise": float(spread[:, 0].mean()),
        "colour_noise": float(np.hypot(spread[:, 1], spread[:, 2]).mean()),
        "mtf50": None if edges is None else resolution(edges),
        "clipped": float(((pixels == 0) | (pixels == 255)).any(axis=1).mean()),
    }


def _exposure_gain(linear: np.ndarray, truth: np.ndarray) -> float:
    """The gain that brings the luminance of the greys nearest to the published one."""
    shown = linear[GREYS] @ _LUMINANCE
    wanted = ((truth[GREYS, 0] + 16) / 116) ** 3  # all of them are above CIELAB's straight part
    return float(shown @ wanted / max(shown @ shown, 1e-12))


def _spread(places: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Standard deviation of L*, a*, b* of a patch's pixels about a plane, so not of its shading."""
    lab = srgb_to_lab(values / np.float64(255))
    plane = np.column_stack([places, np.ones(len(places))])
    fitted = plane @ np.linalg.lstsq(plane, lab, rcond=None)[0]
    return np.sqrt(np.square(lab - fitted).sum(axis=0) / max(len(lab) - 3, 1))


def resolution(picture: np.ndarray) -> float | None:
    """MTF50 of the mean of many edges in linear light, in which noise is averaged out.

    What a denoiser takes away together with noise is missing in it.

    Args:
        picture: uint8 `[EDGES * EDGE, EDGES * EDGE, 3]`.

    Returns:
        Cycles per pixel; None where the bright side is clipped, or the contrast is gone.
    """
    light = decode_srgb(picture / np.float64(255)) @ _LUMINANCE
    squares = light.reshape(EDGES, EDGE, EDGES, EDGE).mean(axis=(0, 2))
    edge = squares[_BORDER:-_BORDER, _BORDER:-_BORDER]
    dark, bright = edge[:, :16].mean(), edge[:, -16:].mean()
    if bright > _CLIPPED or bright <= 2 * dark:
        return None
    return mtf50(edge)
