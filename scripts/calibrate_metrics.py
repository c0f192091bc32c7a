"""Compares every metric with an independent reference, and writes docs/CALIBRATION.md.

    python scripts/calibrate_metrics.py [--output=docs/CALIBRATION.md]

On fixed pictures: scikit-image's, distorted here, and the sample images of LPIPS. The references
are scikit-image, colour-science, NumPy with SciPy, and PyTorch renderings of the networks
(tests/helpers/torch_networks.py) in double precision. Needs `pip install 'tfisp[dev]'`, and the
samples and weights that tfisp's own tests use, in a folder beside the checkout or where --shared
points. DISTS has random VGG-16 weights on both sides: that calibrates the computation, not the
published values.

Ends with an error if a difference exceeds its tolerance. The same machine writes the same bytes.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from tfisp import metrics
from tfisp.backend import load_tensorflow
from tfisp.data.skimage_scenes import skimage_scenes
from tfisp.errors import InputError
from tfisp.files import write_text

ROOT = Path(__file__).resolve().parents[1]
# Largest difference from the reference, in the metric's own unit: 1e-4 as far as the number is of
# the order of 1.
TOLERANCES = dict.fromkeys(metrics.names(), 1e-4) | dict.fromkeys(
    (
        *("psnr", "psnr_y", "psnr_center", "psnr_corners"),
        *("color_error", "ciede2000", "false_color", "highlight_color"),
    ),
    1e-3,
)
TOLERANCES |= {"zipper": 0.02}  # percent: a few pixels in ten thousand lie at the threshold
# What richzhang/PerceptualSimilarity prints for its sample images (README.md of version 0.1).
PUBLISHED = {"sample 0": 0.722, "sample 1": 0.138}
# Side of scikit-image's pictures: a multiple of 16, which _ms_ssim wants.
SIZE = 176
# MS-SSIM halves the picture four times, and its window has 11 pixels.
LEAST_SIZE = {"ms_ssim": 161}

Pair = tuple[np.ndarray, np.ndarray]
Row = tuple[str, str, float, float]


def main() -> None:
    """Computes the table and writes it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "CALIBRATION.md")
    parser.add_argument(
        "--shared", type=Path, default=ROOT.parent / "shared", help="Holds samples/ and weights/."
    )
    arguments = parser.parse_args()
    load_tensorflow()
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    try:
        rows = calibrate(arguments.shared)
    except InputError as error:
        print(f"calibrate_metrics: {error}", file=sys.stderr)
        sys.exit(1)
    write_text(arguments.output, document(rows))
    worst = [row for row in rows if abs(row[2] - row[3]) > TOLERANCES[row[0]]]
    for metric, pair, ours, reference in worst:
        print(f"calibrate_metrics: {metric} of {pair}: {ours}, not {reference}", file=sys.stderr)
    print(f"written to {arguments.output}")
    sys.exit(1 if worst else 0)


def calibrate(shared: Path) -> list[Row]:
    """All rows: metric, pair, tfisp's value, the reference's.

    Args:
        shared: Folder of `samples/` and `weights/`.

    Raises:
        InputError: if a file is missing.
    """
    stored = shared / "weights"
    weights = {
        "alexnet": stored / "alexnet_features.npz",
        "lpips": stored / "lpips_heads_v0.1.npz",
        "vgg16_torchvision": "random",
        "dists": stored / "dists_alpha_beta.npz",
    }
    pairs = synthetic_pairs() | sample_pairs(shared / "samples")
    references = make_references(stored)
    rows = [
        (
            name,
            title,
            metrics.compute([name], *pair, weights)[name],
            float(references[name](*(side.astype(np.float64) for side in pair))),
        )
        for name in metrics.names()
        for title, pair in pairs.items()
        if min(pair[0].shape[:2]) >= LEAST_SIZE.get(name, 0)
    ]
    # A picture without highlights has no `highlight_color`.
    return [row for row in rows if not np.isnan(row[2:]).all()]


def synthetic_pairs() -> dict[str, Pair]:
    """Distorted and original middles of scikit-image's pictures, 176 x 176 pixels of 8 bits."""
    folder, _ = skimage_scenes()

    def middle(name: str) -> np.ndarray:
        picture = read(folder / name)
        top, left = ((side - SIZE) // 2 for side in picture.shape[:2])
        return picture[top : top + SIZE, left : left + SIZE]

    noise = np.random.default_rng(0).normal(0.0, 0.05, (SIZE, SIZE, 3))
    astronaut, coffee, chelsea = (
        middle(f"{name}.png") for name in ("astronaut", "coffee", "chelsea")
    )
    distorted = {
        "astronaut, noise": (astronaut + noise, astronaut),
        "coffee, 5x5 mean": (cv2.blur(coffee, (5, 5)), coffee),
        "chelsea, color cast": (chelsea * np.float32([1.1, 0.95, 0.8]), chelsea),
    }
    return {title: (metrics.quantise8(a), b) for title, (a, b) in distorted.items()}


def sample_pairs(folder: Path) -> dict[str, Pair]:
    """The sample images of LPIPS (`imgs/ex_p0.png` and so on), 64 x 64 pixels."""
    reference = read(folder / "lpips_ex_ref.png")
    return {f"sample {i}": (read(folder / f"lpips_ex_p{i}.png"), reference) for i in (0, 1)}


def read(path: Path) -> np.ndarray:
    """A picture of 8 bits as float32 `[H, W, 3]` RGB 0..1."""
    picture = cv2.imread(str(path))
    if picture is None:
        raise InputError(f"{path}: no such picture")
    return picture[..., ::-1] / np.float32(255.0)


def make_references(weights: Path) -> dict[str, Callable[[np.ndarray, np.ndarray], float]]:
    """Metric -> the same from another source, for float64 pictures `[H, W, 3]`."""
    from skimage.metrics import peak_signal_noise_ratio

    return {
        "psnr": lambda x, y: peak_signal_noise_ratio(y, x, data_range=1.0),
        "ssim": _ssim,
        "ms_ssim": _ms_ssim,
        "psnr_y": lambda x, y: peak_signal_noise_ratio(_luma(y), _luma(x), data_range=1.0),
        "ssim_y": lambda x, y: _ssim(_luma(x), _luma(y)),
        "color_error": lambda x, y: 255 * np.linalg.norm((x - y).mean((0, 1))),
        "ciede2000": _ciede2000,
        "zipper": _zipper,
        "false_color": _false_color,
        "highlight_color": _highlight_color,
        "psnr_center": lambda x, y: _psnr_where(x, y, _from_middle(x) < 0.4),
        "psnr_corners": lambda x, y: _psnr_where(x, y, _from_middle(x) > 0.8),
        "lpips": _lpips(weights, plus=False),
        "lpips+": _lpips(weights, plus=True),
        "dists": _dists(weights),
    }


def _luma(image: np.ndarray) -> np.ndarray:
    from skimage.color import rgb2ycbcr

    return rgb2ycbcr(image)[..., :1] / 255


def _ssim(x: np.ndarray, y: np.ndarray) -> float:
    """Scikit-image's, averaged where the window of 11 pixels lies inside."""
    from skimage.metrics import structural_similarity

    _, everywhere = structural_similarity(
        y,
        x,
        data_range=1.0,
        channel_axis=-1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    return everywhere[5:-5, 5:-5].mean()


def _ms_ssim(x: np.ndarray, y: np.ndarray) -> float:
    """Wang et al. 2003, Eq. 7, per channel, with SciPy's filter; sides divisible by 16."""
    from scipy.ndimage import gaussian_filter

    def windowed(image: np.ndarray) -> np.ndarray:
        return gaussian_filter(image, 1.5, radius=5, axes=(0, 1))[5:-5, 5:-5]

    def halved(image: np.ndarray) -> np.ndarray:
        height, width, _ = image.shape
        return image.reshape(height // 2, 2, width // 2, 2, 3).mean((1, 3))

    product = np.ones(3)
    for scale, exponent in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        if scale:
            x, y = halved(x), halved(y)
        mx, my = windowed(x), windowed(y)
        vx, vy = windowed(x * x) - mx**2, windowed(y * y) - my**2
        similar = (2 * (windowed(x * y) - mx * my) + 9e-4) / (vx + vy + 9e-4)
        if scale == 4:
            similar *= (2 * mx * my + 1e-4) / (mx**2 + my**2 + 1e-4)
        product *= similar.mean((0, 1)) ** exponent
    return product.mean()


def _labs(*sides: np.ndarray) -> list[np.ndarray]:
    """CIELAB by colour-science, which comes with colour-demosaicing."""
    import colour

    return [colour.XYZ_to_Lab(colour.sRGB_to_XYZ(side)) for side in sides]


def _ciede2000(x: np.ndarray, y: np.ndarray) -> float:
    import colour

    return colour.delta_E(*_labs(x, y), method="CIE 2000").mean()


def _zipper(x: np.ndarray, y: np.ndarray) -> float:
    """All neighbours at once; pictures of 8 bits have neighbours that are exactly alike."""
    places = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]
    ours, true = (
        np.stack(
            [np.linalg.norm(lab - np.roll(lab, (-i, -j), (0, 1)), axis=-1) for i, j in places]
        )[:, 1:-1, 1:-1]
        for lab in _labs(x, y)
    )
    likest = true.argmin(0)[None]
    change = np.take_along_axis(ours - true, likest, 0)
    return 100 * (np.abs(change) > 2.3).mean()


def _false_color(x: np.ndarray, y: np.ndarray) -> float:
    from scipy.ndimage import median_filter

    first, second = _labs(x, y)
    off = (first - second)[..., 1:]
    off -= median_filter(off, size=(5, 5, 1), mode="nearest")
    return np.linalg.norm(off, axis=-1).mean()


def _highlight_color(x: np.ndarray, y: np.ndarray) -> float:
    first, second = _labs(x, y)
    off = np.linalg.norm((first - second)[..., 1:], axis=-1)[second[..., 0] >= 90]
    return off.mean() if off.size else np.nan


def _from_middle(image: np.ndarray) -> np.ndarray:
    """Distances of pixels from the middle, 1 at the corners' tips."""
    height, width = image.shape[:2]
    down, across = np.mgrid[:height, :width]
    return np.hypot(2 * down + 1 - height, 2 * across + 1 - width) / np.hypot(height, width)


def _psnr_where(x: np.ndarray, y: np.ndarray, where: np.ndarray) -> float:
    return -10 * np.log10(((x - y) ** 2)[where].mean())


def _lpips(folder: Path, plus: bool) -> Callable[[np.ndarray, np.ndarray], float]:
    """LPIPS or LPIPS+ in PyTorch, from the weights' files."""
    networks, torch = _torch_networks()
    with np.load(folder / "alexnet_features.npz") as stored:
        kernels, biases = (
            [torch.from_numpy(stored[f"conv{i}_{kind}"]).double() for i in range(1, 6)]
            for kind in ("weight_oihw", "bias")
        )
    with np.load(folder / "lpips_heads_v0.1.npz") as stored:
        heads = [torch.from_numpy(stored[f"alex/lin{i}.model.1.weight"]).double() for i in range(5)]
    # ScalingLayer of lpips/lpips.py, richzhang/PerceptualSimilarity; it takes images of -1..1.
    shift, scale = (
        torch.tensor(numbers, dtype=torch.float64).view(1, 3, 1, 1)
        for numbers in ([-0.030, -0.088, -0.188], [0.458, 0.448, 0.450])
    )

    def distance(x: np.ndarray, y: np.ndarray) -> float:
        features = [
            networks.alexnet((2 * networks.nchw(side[None]) - 1 - shift) / scale, kernels, biases)
            for side in (x, y)
        ]
        return networks.lpips(*features, heads, plus).item()

    return distance


def _dists(folder: Path) -> Callable[[np.ndarray, np.ndarray], float]:
    """DISTS in PyTorch; its trunk has the weights that tfisp draws for seed 0."""
    from tfisp.perceptual.convolutional import chain_shapes, random_arrays
    from tfisp.perceptual.vgg import NETWORKS

    networks, torch = _torch_networks()
    chain = NETWORKS["vgg16_torchvision"].chain
    drawn = random_arrays(chain, seed=0)
    arrays = [np.float64(drawn[key]) for key in chain_shapes(chain)]
    kernels = [torch.from_numpy(a.transpose(3, 2, 0, 1).copy()) for a in arrays if a.ndim == 4]
    biases = [torch.from_numpy(a) for a in arrays if a.ndim == 1]
    with np.load(folder / "dists_alpha_beta.npz") as stored:
        parts = [torch.from_numpy(stored[key].reshape(-1)).double() for key in ("alpha", "beta")]
    return lambda x, y: networks.dists(
        networks.nchw(x[None]), networks.nchw(y[None]), kernels, biases, *parts
    ).item()


def _torch_networks() -> tuple:
    """`tests/helpers/torch_networks.py` of this checkout, and PyTorch."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    try:
        import torch

        from tests.helpers import torch_networks
    except ImportError as error:
        raise InputError(
            f"the references need PyTorch ({error}): pip install 'tfisp[dev]'"
        ) from error
    return torch_networks, torch


_HEAD = """# Calibration of the metrics

Every metric of `tfisp.metrics` beside an independent reference, on fixed pictures. Written by
`python scripts/calibrate_metrics.py`; a test checks that it still is what that script computes.

- Pictures: the middle 176 x 176 pixels of three pictures inside scikit-image, each held against
  itself after a distortion (Gaussian noise of deviation 0.05, seed 0; the mean over 5 x 5 pixels;
  R, G, B times 1.1, 0.95, 0.8), rounded to 8 bits; and the two sample pairs of
  richzhang/PerceptualSimilarity (`imgs/ex_*.png`, 64 x 64, too small for MS-SSIM).
- References, in double precision: scikit-image for `psnr`, `ssim` and those of luma; SciPy and
  NumPy for `ms_ssim`, `color_error` and the PSNR of centre and corners; colour-science for
  `ciede2000`, and for the CIELAB that NumPy and SciPy take `zipper`, `false_color` and
  `highlight_color` from (of pictures that have highlights); PyTorch renderings written for the
  tests for the rest.
- Weights: torchvision's AlexNet, the LPIPS heads v0.1 and the published alpha and beta of DISTS on
  both sides. **VGG-16, the trunk of `dists`, has random weights (seed 0) on both sides:** its rows
  show that the computation agrees, and are no published values of DISTS.
"""


def document(rows: list[Row]) -> str:
    """The rows as Markdown."""
    lines = [
        _HEAD,
        "| metric | protocol | tolerance |",
        "|---|---|---|",
        *(
            f"| `{name}` | {metric.protocol} | {TOLERANCES[name]:g} |"
            for name, metric in metrics.METRICS.items()
        ),
        "",
        "| metric | pair | ours | reference | difference |",
        "|---|---|---|---|---|",
        *(
            f"| `{name}` | {pair} | {ours:.6f} | {reference:.6f} | {_difference(ours, reference)} |"
            for name, pair, ours, reference in rows
        ),
        "",
        "Against the numbers that the authors of LPIPS print for their sample images:",
        "",
        "| pair | ours | published |",
        "|---|---|---|",
        *(
            f"| {pair} | {ours:.4f} | {PUBLISHED[pair]} |"
            for name, pair, ours, _ in rows
            if name == "lpips" and pair in PUBLISHED
        ),
    ]
    return "\n".join(lines) + "\n"


def _difference(ours: float, reference: float) -> str:
    """Six digits and a sign; zero is positive."""
    return f"{round(ours - reference, 6) + 0.0:+.6f}"


if __name__ == "__main__":
    main()
