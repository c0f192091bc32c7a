"""What comparisons of a step with PyTorch share: batches, copied weights, relative differences."""

import numpy as np
import tensorflow as tf
import torch

from tests.helpers import torch_networks
from tfisp.perceptual.convolutional import Conv


def tensor(array, dtype):
    return torch.from_numpy(np.array(array, dtype, order="C"))


def copied(network, dtype, rng):
    """Gives a convolutional network biases, and returns its kernels and biases for PyTorch."""
    kernels, biases = [], []
    for layer in network._chain:
        if isinstance(layer, Conv):
            bias = network._variables[f"{layer.name}/bias"]
            bias.assign(rng.normal(0, 0.1, bias.shape))
            kernel = network._variables[f"{layer.name}/kernel"].numpy()
            kernels.append(tensor(kernel.transpose(3, 2, 0, 1), dtype))
            biases.append(tensor(bias.numpy(), dtype))
    return kernels, biases


def leaves(network):
    """A Keras network's trainable weights as leaf tensors, in its own order and layouts."""
    return [
        torch.from_numpy(v.numpy().copy()).requires_grad_() for v in network.trainable_variables
    ]


def both_batches(size, count, dtype, seed):
    """Smooth pictures with some noise, the same for both sides."""
    rng = np.random.default_rng(seed)
    sides = {"raw": size // 2, "reference": size, "target": size}
    batch = {}
    for name, side in sides.items():
        channels = 4 if name == "raw" else 3
        coarse = rng.uniform(0.1, 0.9, (count, side // 8, side // 8, channels))
        noise = rng.uniform(0, 0.2, (count, side, side, channels))
        batch[name] = (np.kron(coarse, np.ones((1, 8, 8, 1))) + noise).astype(dtype)
    return (
        {name: tf.constant(array) for name, array in batch.items()},
        {name: torch_networks.nchw(array) for name, array in batch.items()},
    )


def relative(found, expected):
    """Length of the difference over the length of what is expected; 0 where both are zero."""
    found, expected = (np.asarray(x, "float64") for x in (found, expected))
    difference, length = np.linalg.norm(found - expected), np.linalg.norm(expected)
    return difference / length if length else difference


def worst(found, expected):
    """Largest relative difference among variables."""
    return max(relative(a, b.detach()) for a, b in zip(found, expected, strict=True))
