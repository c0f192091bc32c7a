"""RAW files and pictures of one scene, with the truth of where they lie."""

import cv2
import numpy as np

from tests.helpers.dngs import write_dng

BLACK, WHITE = 64, 1023
GAINS = (2.0, 1.0, 1.6)


def textured(height, width, seed=0):
    """A picture uint8 `[H, W, 3]` with details of all sizes everywhere."""
    random = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    for size in (2, 5, 12, 40):
        noise = random.normal(size=(height, width, 3)).astype(np.float32)
        blurred = cv2.GaussianBlur(noise, (0, 0), size)
        total += blurred / blurred.std() / 2
    return np.rint(255 * np.clip(0.45 + 0.16 * total, 0, 1)).astype(np.uint8)


def mosaic_of(picture, pattern="RGGB", noise=4.0, seed=0):
    """Samples of a picture: gamma 2.2, white balance, colour filters, noise in counts."""
    linear = (picture / 255) ** 2.2 / GAINS
    mosaic = np.empty(picture.shape[:2])
    for site, colour in enumerate(pattern):
        rows, columns = (slice(first, None, 2) for first in divmod(site, 2))
        mosaic[rows, columns] = linear[rows, columns, "RGB".index(colour)]
    random = np.random.default_rng(seed)
    counts = BLACK + (WHITE - BLACK) * mosaic + random.normal(0, noise, mosaic.shape)
    return np.rint(np.clip(counts, 0, WHITE)).astype(np.uint16)


def write_raw(path, picture, pattern="RGGB", **facts):
    """A DNG of a picture, stored as it lies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {"neutral": [1 / gain for gain in GAINS], **facts}
    mosaic = mosaic_of(picture, pattern)
    black = ((BLACK, BLACK), (BLACK, BLACK))
    return write_dng(path, mosaic, pattern=pattern, black=black, white=WHITE, **facts)


def write_picture(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.ascontiguousarray(picture[..., ::-1]))
    return path
