"""Dynamic Loss Adaptation: every loss pulls at the generator with the same strength.

Section 3.7 of the paper: the factors of the losses are computed anew at each step so that "upon
reaching the generator, the gradient norm of each loss component is normalized to 1".
"""

from collections.abc import Mapping, Sequence

import tensorflow as tf

Gradients = Sequence[tf.Tensor]


def normalised_sum(
    gradients: Mapping[str, Gradients], weights: Mapping[str, float], epsilon: float = 1e-8
) -> tuple[list[tf.Tensor], dict[str, tf.Tensor]]:
    """Adds up gradients after scaling each to its weight: `sum_i w_i g_i / (|g_i| + epsilon)`.

    Args:
        gradients: Per loss, its gradient as one tensor per generator variable. The norm runs over
            all of them.
        weights: The norm that each loss ends up with; 1 in the paper.
        epsilon: Keeps a loss whose gradient is zero out of the sum (the published code's value).

    Returns:
        `(total, norms)`: one tensor per generator variable, and `|g_i|` per loss as scalars.
    """
    norms = {name: tf.linalg.global_norm(gradient) for name, gradient in gradients.items()}
    scaled = [
        [weights[name] / (norms[name] + epsilon) * part for part in gradient]
        for name, gradient in gradients.items()
    ]
    return [tf.add_n(parts) for parts in zip(*scaled, strict=True)], norms


def weighted_sum(
    gradients: Mapping[str, Gradients], weights: Mapping[str, float]
) -> tuple[list[tf.Tensor], dict[str, tf.Tensor]]:
    """Adds up gradients as they are, each times its weight: those of the weighted sum of losses.

    Args:
        gradients: As for `normalised_sum`.
        weights: Factor of each loss.

    Returns:
        As `normalised_sum`.
    """
    norms = {name: tf.linalg.global_norm(gradient) for name, gradient in gradients.items()}
    scaled = [[weights[name] * part for part in gradient] for name, gradient in gradients.items()]
    return [tf.add_n(parts) for parts in zip(*scaled, strict=True)], norms
