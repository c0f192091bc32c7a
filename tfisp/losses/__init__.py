"""The training losses, one file each, as differentiable functions with one value per image.

Batches are NHWC float32. A function returns `[B]`; the mean over the batch is taken by who trains,
because only there is it known how many devices and micro-batches a batch is spread over.
"""

from tfisp.losses.adversarial import ADVERSARIAL, critic_loss, generator_loss
from tfisp.losses.blur_mse import blur_mse
from tfisp.losses.charbonnier import charbonnier
from tfisp.losses.content import feature_mse
from tfisp.losses.dists import dists, dists_features
from tfisp.losses.huber import huber
from tfisp.losses.l1 import l1
from tfisp.losses.lpips import lpips, lpips_features
from tfisp.losses.ms_ssim import ms_ssim_loss
from tfisp.losses.mse import mse
from tfisp.losses.ssim import ssim_loss
from tfisp.losses.tv import total_variation

__all__ = [
    "ADVERSARIAL",
    "blur_mse",
    "charbonnier",
    "critic_loss",
    "dists",
    "dists_features",
    "feature_mse",
    "generator_loss",
    "huber",
    "l1",
    "lpips",
    "lpips_features",
    "ms_ssim_loss",
    "mse",
    "ssim_loss",
    "total_variation",
]
