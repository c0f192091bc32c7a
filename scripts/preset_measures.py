"""How good presets are on scenes that they never saw, beside classical ways of developing.

Every test scene is recorded by a simulated camera (`simulated_cameras.record`); each way gets the
same mosaic and the same facts about it. What they give is compared with the scene itself.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
from simulated_cameras import Recording, record

from tfisp import metrics
from tfisp.color import encode_srgb
from tfisp.data.unprocess import reduced_linear
from tfisp.evaluating.baselines import baseline
from tfisp.rendering import Renderer
from tfisp.sensor import Capture

Develop = Callable[[Recording], np.ndarray]

# Of one sample at full scale, between little and much noise: about ISO 400 of a phone.
QUIET = 1e-3


def test_recordings(photos: Path) -> list[Recording]:
    """What simulated cameras make of the test scenes of `splits_bsds.json`."""
    names = json.loads((photos / "splits_bsds.json").read_text())["test"]
    recordings = []
    for seed, name in enumerate(names):
        random = np.random.default_rng([1, seed])
        pixels = cv2.imread(str(photos / name))[..., ::-1]
        height, width = (side // 2 * 2 for side in pixels.shape[:2])
        recordings.append(record(reduced_linear(pixels[:height, :width], 1, random), random))
    return recordings


def by_baseline(name: str) -> Develop:
    """A classical way of `tfisp.evaluating.baselines`."""
    develop, _ = baseline(name)
    return lambda recording: develop(
        recording.mosaic, recording.sensor, Capture(gains=recording.gains)
    )


def by_renderer(renderer: Renderer) -> Develop:
    """A preset's way."""

    def develop(recording: Recording) -> np.ndarray:
        capture = Capture(gains=recording.gains)
        return renderer.render(recording.mosaic, recording.sensor, capture)

    return develop


CLASSICAL: Mapping[str, Develop] = {
    "LibRaw (AHD)": by_baseline("libraw"),
    "Menon 2007": by_baseline("menon2007"),
    "OpenCV (edge-aware)": by_baseline("opencv_ea"),
}


def measure(
    develop: Develop, recordings: list[Recording], look: Callable[[np.ndarray], np.ndarray]
) -> dict[str, float]:
    """Means over all recordings, of pictures rounded to 8 bits.

    Args:
        develop: What is measured.
        recordings: Of the test scenes.
        look: In which the true picture is, sRGB-encoded to sRGB-encoded.

    Returns:
        `psnr_quiet` and `psnr_noisy` (below and above `QUIET`) in dB, `ssim`, `delta_e`
        (CIEDE2000).
    """
    found: dict[str, list[float]] = {"psnr_quiet": [], "psnr_noisy": [], "ssim": [], "delta_e": []}
    for recording in recordings:
        image = metrics.quantise8(develop(recording))
        truth = look(encode_srgb(recording.linear)).astype(np.float32)
        scores = metrics.compute(["psnr", "ssim", "ciede2000"], image, truth)
        quiet = recording.noise.shot < QUIET
        found["psnr_quiet" if quiet else "psnr_noisy"].append(scores["psnr"])
        found["ssim"].append(scores["ssim"])
        found["delta_e"].append(scores["ciede2000"])
    return {name: float(np.mean(values)) for name, values in found.items()}


def table(rows: Mapping[str, Mapping[str, float]]) -> str:
    """Markdown of several measurements."""
    lines = [
        "| | PSNR, little noise | PSNR, much noise | SSIM | CIEDE2000 |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, row in rows.items():
        lines.append(
            f"| {name} | {row['psnr_quiet']:.2f} dB | {row['psnr_noisy']:.2f} dB"
            f" | {row['ssim']:.3f} | {row['delta_e']:.2f} |"
        )
    return "\n".join(lines)
