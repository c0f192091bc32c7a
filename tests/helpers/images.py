"""Random pictures `[..., H, W, C]` for tests of networks and losses."""

import numpy as np


def images(*shape, low=0.0, high=1.0, seed=0):
    """Independent float32 values, uniform between `low` and `high`."""
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


def structured_images(*shape, seed=0, dtype=np.float32):
    """Pictures with large and small structure, and no two equal neighbours for a pooling to tie."""
    count, height, width, channels = shape
    rng = np.random.default_rng(seed)
    cells = rng.uniform(0, 0.8, (count, height // 8, width // 8, channels))
    fine = rng.uniform(0, 0.2, shape)
    return (np.kron(cells, np.ones((1, 8, 8, 1))) + fine).astype(dtype)


def generated_images(side, count=1, seed=0):
    """RGB pictures with structure, noise and values outside 0..1, as a generator makes them."""
    rng = np.random.default_rng(seed)
    small = rng.uniform(-0.1, 1.1, (count, -(-side // 8), -(-side // 8), 3))
    big = np.kron(small, np.ones((1, 8, 8, 1)))[:, :side, :side]
    return (big + rng.normal(0, 0.05, big.shape)).astype(np.float32)
