"""Where XLA may compile a step.

XLA (as of TensorFlow 2.21) takes the second derivative of a maximum over windows wrong, whether
they overlap or not: by 0.2 to 0.6 % in `tests/training/test_compilation.py`, the size of bfloat16's
rounding, where TensorFlow without it and PyTorch agree to 1e-7.

A step needs second derivatives only where critics learn, of their scores with respect to what they
look at: so what counts is whether a critic's own network has such a layer. AlexNet and VGG, which
have, lie in front of that and are differentiated once.
"""

from collections.abc import Iterable

import keras


def is_exact(critics: Iterable[keras.Model]) -> bool:
    """Whether XLA computes a step right in which these discriminators learn."""
    return not any(_has_maximum(critic) for critic in critics)


def _has_maximum(layer: keras.layers.Layer) -> bool:
    if isinstance(layer, keras.layers.MaxPooling2D):
        return True
    return any(map(_has_maximum, getattr(layer, "layers", ())))
