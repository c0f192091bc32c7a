"""Seeds: fixed numbers, since each decides what a run draws, and none that is another's."""

import hashlib

import numpy as np

from tfisp.seeds import derive, layer_seeds, mixed


def test_seeds_are_the_documented_functions_of_their_arguments():
    digest = hashlib.sha256(b"3/critics/0").digest()
    assert derive(3, "critics", 0) == int.from_bytes(digest[:4], "big") // 2
    assert layer_seeds(0, 2) == np.random.SeedSequence(0).generate_state(2).tolist()
    assert mixed(1, 2) == int(np.random.SeedSequence((1, 2)).generate_state(1, np.uint64)[0]) // 2


def test_no_two_purposes_share_a_seed():
    seeds = {derive(seed, name) for seed in range(9) for name in "abc"}
    assert len(seeds) == 27 and len(set(layer_seeds(0, 9))) == 9
    assert len({mixed(a, b) for a in range(5) for b in range(5)}) == 25
