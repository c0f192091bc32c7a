"""The noise of a RAW frame, as its file states it or as its samples show it."""

import numpy as np

from tfisp.data.unprocess import Noise
from tfisp.sensor import Capture, Sensor

# Side of the blocks that a colour plane is divided into, in samples of that colour.
_BLOCK = 8
# Blocks are grouped by brightness; the flattest ones of each group tell the noise.
_GROUPS = 12
_FLATTEST = 0.1
# The mean square of the Laplacian over the flattest tenth of blocks of pure noise, as a share of
# its mean over all of them: found by drawing blocks of noise (`tests/data/test_noise.py`).
_SELECTION = 0.543
# Blocks with a sample above this share of white are left out: clipping hides their noise.
_BRIGHTEST = 0.95
# Samples of each colour that are looked at, at the most: the middle of a large frame is enough.
_LARGEST_SIDE = 1024


def noise_of(mosaic: np.ndarray, sensor: Sensor, capture: Capture) -> Noise:
    """The noise that a frame's file states (`NoiseProfile`), else the one that is estimated.

    Stated noise of three colours is averaged.

    Args:
        mosaic: `[H, W]` samples.
        sensor: Its sensor.
        capture: The facts of its file.
    """
    if capture.noise is None:
        return estimate_noise(mosaic, sensor)
    shot, read = np.reshape(capture.noise, (-1, 2)).mean(axis=0).tolist()
    return Noise(shot, read)


def estimate_noise(mosaic: np.ndarray, sensor: Sensor) -> Noise:
    """Estimates shot and read noise from one frame, by photon transfer over its flattest parts.

    The difference of two second differences (J. Immerkaer, "Fast Noise Variance Estimation",
    Computer Vision and Image Understanding 64(2), 1996) is blind to gradients. Of blocks that are
    about equally bright the flattest tenth is taken, for texture only adds to it; a line is then
    fitted through variance over brightness, with equal relative errors. Fine texture all over a
    picture is taken for noise.

    Args:
        mosaic: `[H, W]` samples.
        sensor: Its sensor.

    Returns:
        Noise of samples between 0 (black) and 1 (white); zeros for a frame too small to tell.
    """
    means, variances = zip(*flat_patches(mosaic, sensor), strict=True)
    mean, variance = np.concatenate(means), np.concatenate(variances)
    return fit_noise(*transfer_points(mean, variance))


def flat_patches(mosaic: np.ndarray, sensor: Sensor) -> list[tuple[np.ndarray, np.ndarray]]:
    """Mean and noise variance of small patches, of each site of the 2x2 tile, row by row.

    The values are those of samples between 0 (black) and 1 (white); patches that clipping reaches
    are left out.
    """
    found = []
    for site, black in zip(np.ndindex(2, 2), np.ravel(sensor.black_level), strict=True):
        plane = _middle(mosaic[site[0] :: 2, site[1] :: 2])
        values = (plane.astype(np.float32) - black) / (sensor.white_level - black)
        found.append(_blocks(values))
    return found


def transfer_points(
    mean: np.ndarray, variance: np.ndarray, expected: np.ndarray | float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Points of the photon transfer curve: brightness, and variance in its flattest patches.

    Args:
        mean: Of each patch.
        variance: Of each patch.
        expected: What the variances are compared with to find the flattest ones, where the noise
            of a patch of some brightness is about known.

    Returns:
        As many points as there are groups; none of too few patches.
    """
    if len(mean) < _GROUPS:
        return np.empty(0), np.empty(0)
    points = []
    share = variance / expected
    for group in np.array_split(np.argsort(mean), _GROUPS):
        flat = group[share[group] <= np.quantile(share[group], _FLATTEST)]
        points.append((max(float(mean[flat].mean()), 0.0), float(variance[flat].mean())))
    brightness, found = np.transpose(points)
    return brightness, found / _SELECTION


def _middle(plane: np.ndarray) -> np.ndarray:
    """The middle of a plane, no larger than needed, made of whole blocks."""
    sides = [min(side, _LARGEST_SIDE) // _BLOCK * _BLOCK for side in plane.shape]
    top, left = ((n - side) // 2 for n, side in zip(plane.shape, sides, strict=True))
    return plane[top : top + sides[0], left : left + sides[1]]


def _blocks(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and noise variance of each block of a plane `[h, w]` that nothing clips."""
    height, width = values.shape
    if min(height, width) < _BLOCK:
        return np.empty(0), np.empty(0)
    response = values
    for _ in range(2):  # second differences along columns, then along rows
        response = (response[:-2] - 2 * response[1:-1] + response[2:]).T
    squares = np.pad(np.square(response / 6), 1, mode="edge")

    def blocks(image: np.ndarray) -> np.ndarray:
        cut = image.reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
        return cut.swapaxes(1, 2).reshape(-1, _BLOCK * _BLOCK)

    brightest = blocks(values).max(axis=1)
    usable = brightest < _BRIGHTEST
    return blocks(values).mean(axis=1)[usable], blocks(squares).mean(axis=1)[usable]


def fit_noise(brightness: np.ndarray, variance: np.ndarray) -> Noise:
    """The line `shot x + read`, neither negative, nearest to the variances in relative terms.

    Zeros of no points.
    """
    if not len(brightness):
        return Noise(0.0, 0.0)
    scale = 1 / np.maximum(variance, 1e-12)
    columns = np.stack([brightness, np.ones_like(brightness)], axis=1) * scale[:, None]
    ones = np.ones(len(variance))
    candidates = [np.linalg.lstsq(columns, ones, rcond=None)[0]]
    candidates += [
        np.eye(2)[axis] * (column @ ones) / max(column @ column, 1e-30)
        for axis, column in enumerate(columns.T)
    ]
    best = min(
        (c for c in candidates if (c >= 0).all()),
        key=lambda c: float(np.square(columns @ c - 1).sum()),
    )
    return Noise(float(best[0]), float(best[1]))
