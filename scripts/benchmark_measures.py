"""Measures of one arm of the quality benchmark, scene by scene."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tfisp import metrics, models
from tfisp.cli import flags
from tfisp.data import flags as data_flags
from tfisp.data import open_dataset
from tfisp.data.target_look import fit_target_look
from tfisp.perceptual import LPIPS
from tfisp.training.verdict import renderer

# Scenes whose LPIPS is computed: it takes longer than all else.
LPIPS_SCENES = 40
SCENES_SHOWN = 3
# Arms that render without a generator.
UNTRAINED = ("classical", "look_map")


def measure(run: Path, arm: str, data: list[str], split: str, weights: Path) -> dict:
    """The measures of every held-out scene, and what a few of them look like.

    Args:
        run: Run folder of the generator; not read for `UNTRAINED`.
        arm: Which arm.
        data: Flags of the data set.
        split: `val` or `test`.
        weights: Folder of the frozen networks' weights.

    Returns:
        Name of a measure -> values by scene; and `shown`, nested lists of 8-bit pictures.
    """
    import tensorflow as tf

    values = flags.FlagValues()
    data_flags.define(values)
    values(["benchmark", *data])
    config = data_flags.make_config(values)
    if arm not in UNTRAINED:  # some generators take the mosaic in another form
        config = dataclasses.replace(config, contract=models.read_preset(run).contract)
    dataset = open_dataset(config)
    render = _renderer(run, arm, dataset)
    distance = LPIPS(variant="lpips", weights=str(weights))
    found: dict[str, list[float]] = {
        name: [] for name in ("psnr", "ssim", "delta_e", "psnr_affine", "lpips")
    }
    shown = []
    for index, (_, raw, reference, truth) in enumerate(dataset.pairs[split]):
        image = metrics.quantise8(render(raw, reference))
        scores = metrics.compute(["psnr", "ssim", "ciede2000"], image, truth)
        found["psnr"].append(scores["psnr"])
        found["ssim"].append(scores["ssim"])
        found["delta_e"].append(scores["ciede2000"])
        fitted = metrics.compute(["psnr"], _affine(image, truth), truth)
        found["psnr_affine"].append(fitted["psnr"])
        if index < LPIPS_SCENES:
            pair = tf.constant(image[None]), tf.constant(truth[None])
            found["lpips"].append(float(distance(*pair)[0]))
        if index < SCENES_SHOWN:
            shown.append(np.rint(image * 255).astype(int).tolist())
    return found | {"shown": shown}


def _renderer(run: Path, arm: str, dataset) -> Callable:  # noqa: ANN001
    """From a scene's input and reference to its picture, float32 `[H, W, 3]`."""
    if arm == "classical":
        return lambda raw, reference: np.asarray(reference)
    if arm == "look_map":
        look = fit_target_look(dataset)
        return lambda raw, reference: look.apply(reference)
    render = renderer(models.from_preset(run))
    return lambda raw, reference: render(raw)


def _affine(image: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The picture after the affine map of colours that brings it nearest to the truth."""
    pixels = np.concatenate([image.reshape(-1, 3), np.ones((image[..., 0].size, 1))], axis=1)
    matrix = np.linalg.lstsq(pixels, truth.reshape(-1, 3), rcond=None)[0]
    return np.clip((pixels @ matrix).reshape(image.shape), 0, 1)
