"""The training losses, one file each, as differentiable functions with one value per image.

Batches are NHWC float32. A function returns `[B]`; the mean over the batch is taken by who trains,
because only there is it known how many devices and micro-batches a batch is spread over.
"""

from tfisp.losses.adversarial import critic_loss, generator_loss
from tfisp.losses.content import feature_mse
from tfisp.losses.mse import mse
from tfisp.losses.tv import total_variation

__all__ = ["critic_loss", "feature_mse", "generator_loss", "mse", "total_variation"]
