"""How good presets are on scenes that they never saw, beside classical ways of developing.

Every test scene is recorded by a simulated camera (`simulated_cameras.record`); each way gets the
same mosaic and the same facts about it. What they give is compared with the scene itself.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import rawpy
from dng_writer import write_dng
from simulated_cameras import Recording, record

from tfisp import metrics
from tfisp.color import apply_matrix, encode_srgb
from tfisp.contract import Contract, normalise
from tfisp.data.unprocess import reduced_linear
from tfisp.demosaic import reference
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


def by_menon(recording: Recording) -> np.ndarray:
    """The classical rendering of `tfisp.demosaic`, Menon 2007."""
    return reference(recording.mosaic, recording.sensor, Capture(gains=recording.gains))


def by_opencv(recording: Recording) -> np.ndarray:
    """The same arithmetic around OpenCV's edge-aware demosaicking."""
    balanced = Contract(white_balance="as_shot", clip="highlights")
    values = normalise(recording.mosaic, recording.sensor, Capture(gains=recording.gains), balanced)
    counts = np.rint(np.clip(values, 0, 1) * 65535).astype(np.uint16)
    rgb = cv2.demosaicing(counts, cv2.COLOR_BayerRGGB2RGB_EA) / np.float32(65535)
    return encode_srgb(np.clip(apply_matrix(rgb, recording.matrix), 0, 1))


def by_libraw(recording: Recording) -> np.ndarray:
    """LibRaw's own development (AHD) of a DNG of it, to sRGB without automatic brightness."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.dng"
        write_dng(path, recording.mosaic, recording.sensor, recording.gains)
        with rawpy.imread(str(path)) as raw:
            shown = raw.postprocess(
                use_camera_wb=True,
                no_auto_bright=True,
                gamma=(2.4, 12.92),
                output_bps=16,
                user_flip=0,
            )
    return shown / np.float32(65535)


def by_renderer(renderer: Renderer) -> Develop:
    """A preset's way."""

    def develop(recording: Recording) -> np.ndarray:
        capture = Capture(gains=recording.gains)
        return renderer.render(recording.mosaic, recording.sensor, capture)

    return develop


CLASSICAL: Mapping[str, Develop] = {
    "LibRaw (AHD)": by_libraw,
    "Menon 2007": by_menon,
    "OpenCV (edge-aware)": by_opencv,
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
