"""How far the two pictures of a pair are shifted against each other, and leaving out the worst.

Pairs of two cameras never fit exactly. The paper removed 17.6 % of UltraISP's training pairs "due
to small misalignments" (arXiv 2505.10420, section 4.1) and does not say how it found them. Here the
shift is measured by phase correlation (C. D. Kuglin, D. C. Hines, 1975) of the green of the RAW
file with the green of its photograph, tile by tile, for an alignment that warped a picture left
shifts that differ from place to place; the pairs with the largest ones are left out.
"""

import contextlib
import itertools
import os
from collections.abc import Sequence

import numpy as np

from tfisp.contract import Contract, normalise
from tfisp.data.builder import DatasetBuilder
from tfisp.data.cache import key
from tfisp.data.frames import PatchFrame
from tfisp.data.images import to_float
from tfisp.data.listing import drawn
from tfisp.data.manifest import sample
from tfisp.data.workers import in_order
from tfisp.demosaic import demosaic
from tfisp.errors import InputError
from tfisp.sensor import Capture, Sensor

# Raised whenever the same pair would be found shifted by another amount.
_VERSION = 1

# Least side of a tile: less structure than this holds says too little.
_TILE = 128
# Larger shifts are not looked for: they would be no small misalignment.
_FARTHEST = 16
# Standard deviation, in cycles per sample, of the Gaussian that frequencies are weighted with:
# beyond it a mosaic holds noise and what demosaicking invented.
_BAND = 0.15
# How many standard deviations of the correlation of unrelated pictures a peak must reach: of their
# highest peaks one in a hundred reaches 7.
_CERTAIN = 8


def misalignment(mosaic: np.ndarray, sensor: Sensor, target: np.ndarray) -> float | None:
    """How far a photograph is shifted against the RAW file of its scene.

    Args:
        mosaic: `[H, W]` samples.
        sensor: Its sensor.
        target: uint8 or uint16 `[H, W, 3]` of full scale.

    Returns:
        The mean length of the shifts of all tiles, in samples, each weighted by how clearly it is
        seen; None where none is: flat pictures, or such that have nothing in common.
    """
    linear = np.clip(normalise(mosaic, sensor, Capture(), Contract("mosaic")), 0, 1)
    # The square root brings the RAW near the photograph's tones: both then have the same edges.
    ours = np.sqrt(demosaic(linear, sensor.pattern, "bilinear")[..., 1])
    theirs = to_float(target)[..., 1]
    total = weight = 0.0
    for place in _tiles(mosaic.shape):
        shift, height = _shift(ours[place], theirs[place])
        total += height * float(np.hypot(*shift))
        weight += height
    return total / weight if weight else None


def without_misaligned(
    builder: DatasetBuilder, frames: Sequence[PatchFrame], share: float
) -> list[PatchFrame]:
    """What is left of pairs without those that are shifted most; a note says how many went.

    Shifts are measured once per pair and kept in the cache. Pairs of which nothing can be told
    count as not shifted; among equal ones the seed decides.

    Args:
        builder: Of the data set.
        frames: Pairs, in the order of their files.
        share: Of the pairs to leave out, at least 0 and below 1.

    Raises:
        InputError: For the first damaged file, unless bad files are skipped.
    """
    pairs = []

    def measure(frame: PatchFrame) -> float | InputError | None:
        try:
            return _measured(builder, frame)
        except InputError as error:
            return error

    with contextlib.closing(in_order(measure, frames, os.cpu_count())) as results:
        for done, (frame, result) in enumerate(zip(frames, results, strict=True), start=1):
            if isinstance(result, InputError):
                builder.bad_files.report(frame.path, result)
            else:
                pairs.append((frame, result))
            builder.progress(done, len(frames), "alignments")
    rank = {
        name: at for at, name in enumerate(drawn((f.name for f, _ in pairs), builder.config.seed))
    }
    worst = sorted(pairs, key=lambda pair: (-(pair[1] or 0.0), rank[pair[0].name]))
    count = round(share * len(pairs))
    unknown = sum(shift is None for _, shift in pairs)
    if count:
        builder.notes.append(
            f"--misaligned={share:g}: left out {count} of {len(pairs)} training pairs, those"
            f" shifted by {worst[count - 1][1] or 0.0:.2f} samples or more"
            + (f"; of {unknown} nothing can be told" if unknown else "")
        )
    gone = {frame.name for frame, _ in worst[:count]}
    return [frame for frame, _ in pairs if frame.name not in gone]


def _measured(builder: DatasetBuilder, frame: PatchFrame) -> float | None:
    """A pair's misalignment, from the cache or measured now."""
    if frame.target_path is None:
        return None
    name = key(
        kind="misalignment",
        version=_VERSION,
        raw=frame.content,
        target=sample(frame.target_path),
        sensor=frame.sensor.to_dict(),
    )
    facts = builder.store.note(name)
    if facts is None:
        scene = frame.load(reference=False, target=True)
        if scene.target is None:
            return None
        facts = {"shift": misalignment(scene.mosaic, scene.sensor, scene.target)}
        builder.store.write_note(name, facts)
    return facts["shift"]


def _tiles(size: tuple[int, ...]) -> list[tuple[slice, slice]]:
    """Equal parts of a picture, as large as they must be, or all of a small one."""
    ranges = []
    for side in size[:2]:
        count = max(side // _TILE, 1)
        length = side // count
        ranges.append([slice(at * length, (at + 1) * length) for at in range(count)])
    return list(itertools.product(*ranges))


def _shift(first: np.ndarray, second: np.ndarray) -> tuple[tuple[float, float], float]:
    """How far `second` lies below and to the right of `first`, and how clearly.

    Args:
        first: float `[h, w]`.
        second: The same shape.

    Returns:
        The shift (rows, columns), and the height of its peak: 1 for equal pictures, 0 where it does
        not stand out from what unrelated pictures give.
    """
    height, width = first.shape
    window = np.outer(np.hanning(height), np.hanning(width))
    spectra = [np.fft.rfft2((plane - plane.mean()) * window) for plane in (first, second)]
    cross = spectra[0].conj() * spectra[1]
    squares = np.fft.fftfreq(height)[:, None] ** 2 + np.fft.rfftfreq(width) ** 2
    band = np.exp(-squares / (2 * _BAND**2))
    surface = np.fft.irfft2(cross / np.maximum(np.abs(cross), 1e-12) * band, (height, width))
    surface /= 2 * np.pi * _BAND**2  # what equal pictures give: the mean of the weights
    reach = [min(_FARTHEST, side // 4) for side in (height, width)]
    # One more sample on each side, for the parabola around a peak at the edge.
    near = np.roll(surface, [r + 1 for r in reach], (0, 1))[: 2 * reach[0] + 3, : 2 * reach[1] + 3]
    inner = near[1:-1, 1:-1]
    row, column = np.unravel_index(inner.argmax(), inner.shape)
    peak = float(inner[row, column])
    # Phases of unrelated pictures are random: the variance is the mean of the squared weights.
    noise = 1 / np.sqrt(4 * np.pi * _BAND**2 * height * width)
    if peak < _CERTAIN * noise:
        return (0.0, 0.0), 0.0
    vertical = _vertex(near[row : row + 3, column + 1])
    horizontal = _vertex(near[row + 1, column : column + 3])
    return (row - reach[0] + vertical, column - reach[1] + horizontal), peak


def _vertex(values: np.ndarray) -> float:
    """Where, between -0.5 and 0.5, the Gaussian through three samples around a peak has its top."""
    if values.min() <= 0:
        return 0.0
    before, top, after = np.log(values)
    curvature = before - 2 * top + after
    return 0.0 if curvature == 0 else float(np.clip((before - after) / (2 * curvature), -0.5, 0.5))
