"""Independent seeds for everything that draws at random, all from the run's one seed."""

import hashlib


def derive(seed: int, *purpose: object) -> int:
    """A 31-bit seed made of the run's seed and what it is for: `derive(0, "critics", stage)`."""
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
