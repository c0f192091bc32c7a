"""Seeds for everything that draws at random, all from the run's one seed.

`derive` makes one for each purpose, `layer_seeds` one for each layer of a network, and `mixed` one
for each stream of a data set. How each is computed decides what a seed draws, so it stays.
"""

import hashlib

import numpy as np


def derive(seed: int, *purpose: object) -> int:
    """A 31-bit seed made of the run's seed and what it is for: `derive(0, "critics", stage)`."""
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def layer_seeds(seed: int, count: int) -> list[int]:
    """One seed per layer, so that layers of equal shape do not start with equal weights.

    Args:
        seed: Of the network, not negative.
        count: Number of layers.

    Returns:
        `count` integers below 2^32, the same for the same arguments on every machine.
    """
    return [int(word) for word in np.random.SeedSequence(seed).generate_state(count)]


def mixed(*words: int) -> int:
    """A 63-bit seed made of several numbers, each of which changes all of it."""
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> np.uint64(1))
