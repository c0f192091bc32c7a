"""Tiny pictures and samples for the tests of `tfisp.data`."""

import cv2
import numpy as np


def scene(height, width, seed=0):
    """A smooth uint8 colour picture `[H, W, 3]`."""
    noise = np.random.default_rng(seed).uniform(0, 255, (height, width, 3)).astype(np.float32)
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 6) * 6 - 640, 20, 235).astype(np.uint8)


def counts(height, width, low=100, high=900, seed=0):
    """Random uint16 samples `[H, W]`."""
    return np.random.default_rng(seed).integers(low, high, (height, width), dtype=np.uint16)
