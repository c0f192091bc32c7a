"""The training losses as differentiable functions with one value per image.

Batches are NHWC float32. A function returns `[B]`; the mean over the batch is taken by who trains,
because only there is it known how many devices and micro-batches a batch is spread over.
"""

from tfisp.losses.adversarial import ADVERSARIAL, critic_loss, generator_loss
from tfisp.losses.features import dists, dists_features, feature_mse, lpips, lpips_features
from tfisp.losses.pixel import blur_mse, charbonnier, huber, l1, mse, total_variation
from tfisp.losses.similarity import ms_ssim_loss, ssim_loss
from tfisp.losses.statistics import (
    absolute_variation,
    chroma_histogram,
    gram,
    luma_histogram,
    moments,
)

__all__ = [
    "ADVERSARIAL",
    "absolute_variation",
    "blur_mse",
    "charbonnier",
    "chroma_histogram",
    "critic_loss",
    "dists",
    "dists_features",
    "feature_mse",
    "generator_loss",
    "gram",
    "huber",
    "l1",
    "lpips",
    "lpips_features",
    "luma_histogram",
    "moments",
    "ms_ssim_loss",
    "mse",
    "ssim_loss",
    "total_variation",
]
