"""Measures of quality by name: what each one computes, which way is better, and over which range.

Functions that are also losses are those of `tfisp.perceptual`, so that a loss and the measure of
the same name are one definition. Nothing is loaded before a measure is made.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

Measure = Callable[[Any, Any], "tf.Tensor | np.ndarray"]


@dataclass(frozen=True)
class Metric:
    """A measure of how close pictures are to their references, before anything is loaded.

    Attributes:
        name: Short name.
        unit: "" where it has none.
        lower_better: Whether less is better.
        range: Least and greatest value.
        protocol: What exactly is computed.
        make: `path or None` for each of `weights` -> the function `[B, H, W, 3]` twice, sRGB 0..1
            -> `[B]`.
        weights: Keys of the published weights that it needs (`tfisp.perceptual.weights`).
    """

    name: str
    unit: str
    lower_better: bool
    range: tuple[float, float]
    protocol: str
    make: Callable[..., Measure]
    weights: tuple[str, ...] = ()


@dataclass(frozen=True)
class Protocol:
    """What a measure computes, once loaded.

    Attributes:
        text: In words; of a network, with the files that its weights came from.
        is_random: Whether any of these were drawn instead of learnt: then the values mean nothing.
    """

    text: str
    is_random: bool = False


def _similarity(function: str) -> Measure:
    """A function of `tfisp.perceptual.similarity`, which loads TensorFlow."""
    from tfisp.perceptual import similarity

    return getattr(similarity, function)


def _strips(function: str) -> Measure:
    """A function of `tfisp.metrics.strips`, the same in little memory."""
    from tfisp.metrics import strips

    return getattr(strips, function)


def _ciede2000() -> Measure:
    """In NumPy, for it is no loss."""
    from tfisp.metrics.color_difference import mean_ciede2000

    return mean_ciede2000


def _artifacts(function: str) -> Measure:
    """A function of `tfisp.metrics.artifacts`, in NumPy too."""
    from tfisp.metrics import artifacts

    return getattr(artifacts, function)


def _lpips(variant: Literal["lpips", "lpips+"], alexnet: str | None, lpips: str | None) -> Measure:
    from tfisp.perceptual.lpips import LPIPS

    return LPIPS(variant, weights=alexnet, heads=lpips)


def _dists(vgg16_torchvision: str | None, dists: str | None) -> Measure:
    from tfisp.perceptual.dists import DISTS

    return DISTS(weights=vgg16_torchvision, alpha_beta=dists)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            name="psnr",
            unit="dB",
            lower_better=False,
            range=(-math.inf, math.inf),
            protocol="RGB, peak 1",
            make=functools.partial(_similarity, "psnr"),
        ),
        Metric(
            name="ssim",
            unit="",
            lower_better=False,
            range=(-1.0, 1.0),
            protocol="RGB, 11x11 Gaussian window of deviation 1.5, inside only",
            make=functools.partial(_strips, "ssim"),
        ),
        Metric(
            name="ms_ssim",
            unit="",
            lower_better=False,
            range=(0.0, 1.0),
            protocol="RGB, five scales with the window of ssim; pictures of at least 161 pixels",
            make=functools.partial(_strips, "ms_ssim"),
        ),
        Metric(
            name="psnr_y",
            unit="dB",
            lower_better=False,
            range=(-math.inf, math.inf),
            protocol="luma of BT.601 in studio range, peak 1",
            make=functools.partial(_strips, "psnr_y"),
        ),
        Metric(
            name="ssim_y",
            unit="",
            lower_better=False,
            range=(-1.0, 1.0),
            protocol="luma of BT.601 in studio range, window of ssim",
            make=functools.partial(_strips, "ssim_y"),
        ),
        Metric(
            name="color_error",
            unit="1/255",
            lower_better=True,
            range=(0.0, math.inf),
            protocol="distance of mean RGB",
            make=functools.partial(_similarity, "mean_color_error"),
        ),
        Metric(
            name="ciede2000",
            unit="",
            lower_better=True,
            range=(0.0, math.inf),
            protocol="CIE 142:2001 in CIELAB under D65, mean over pixels",
            make=_ciede2000,
        ),
        Metric(
            name="zipper",
            unit="%",
            lower_better=True,
            range=(0.0, 100.0),
            protocol="pixels whose CIELAB distance to the neighbour that is likest in the truth is"
            " off by more than 2.3 (Lu and Tan 2003)",
            make=functools.partial(_artifacts, "zipper"),
        ),
        Metric(
            name="false_color",
            unit="",
            lower_better=True,
            range=(0.0, math.inf),
            protocol="mean length of the difference in a*, b* less its 5x5 median",
            make=functools.partial(_artifacts, "false_color"),
        ),
        Metric(
            name="highlight_color",
            unit="",
            lower_better=True,
            range=(0.0, math.inf),
            protocol="mean distance in a*, b* where the truth has L* of 90 or more; undefined where"
            " it has none",
            make=functools.partial(_artifacts, "highlight_color"),
        ),
        Metric(
            name="psnr_center",
            unit="dB",
            lower_better=False,
            range=(-math.inf, math.inf),
            protocol="psnr within 0.4 of half the diagonal around the middle",
            make=functools.partial(_artifacts, "psnr_center"),
        ),
        Metric(
            name="psnr_corners",
            unit="dB",
            lower_better=False,
            range=(-math.inf, math.inf),
            protocol="psnr beyond 0.8 of half the diagonal around the middle",
            make=functools.partial(_artifacts, "psnr_corners"),
        ),
        Metric(
            name="lpips",
            unit="",
            lower_better=True,
            range=(0.0, math.inf),
            protocol="AlexNet, heads v0.1, RGB",
            make=functools.partial(_lpips, "lpips"),
            weights=("alexnet", "lpips"),
        ),
        Metric(
            name="lpips+",
            unit="",
            lower_better=True,
            range=(0.0, math.inf),
            protocol="AlexNet, heads v0.1, RGB, positions weighted by the reference's relu3",
            make=functools.partial(_lpips, "lpips+"),
            weights=("alexnet", "lpips"),
        ),
        Metric(
            name="dists",
            unit="",
            lower_better=True,
            range=(0.0, math.inf),
            protocol="VGG-16 of torchvision, RGB, at the picture's own size",
            make=_dists,
            weights=("vgg16_torchvision", "dists"),
        ),
    )
}


def _of_sets(name: str) -> Measure:
    from tfisp.metrics import distributions

    return getattr(distributions, name)


def _niqe() -> Measure:
    from tfisp.metrics import niqe

    return niqe.distance


# What needs no true picture, but photographs of any scenes (`tfisp.evaluating.without_pairs`):
# of one picture, and of all pictures of a system together.
WITHOUT_TRUTH: dict[str, Metric] = {
    "niqe": Metric(
        name="niqe",
        unit="",
        lower_better=True,
        range=(0.0, math.inf),
        protocol="Mittal et al. 2013, luma of BT.601, patches of 96x96 at two scales",
        make=_niqe,
    )
}
OF_SETS: dict[str, Metric] = {
    "kid": Metric(
        name="kid",
        unit="",
        lower_better=True,
        range=(-math.inf, math.inf),
        protocol="kernel distance (x.y / width + 1)^3 without bias (Binkowski et al. 2018)",
        make=functools.partial(_of_sets, "kid"),
    ),
    "frechet": Metric(
        name="frechet",
        unit="",
        lower_better=True,
        range=(0.0, math.inf),
        protocol="Frechet distance (Heusel et al. 2017; the larger, the fewer pictures)",
        make=functools.partial(_of_sets, "frechet_distance"),
    ),
}


def find(name: str) -> Metric:
    """Any measure by name, of those that need no truth too."""
    return {**METRICS, **WITHOUT_TRUTH, **OF_SETS}[name]
