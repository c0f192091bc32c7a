"""How near does a fitted look come to the true one?

    python scripts/benchmark_look.py --photos=PHOTOS [--splits=splits_bsds.json] [--split=val]
        [--scenes=140,28,14] [--draws=3] [--metadata=recorded]

Photographs are turned into RAW (`--data=unprocessed`). A look is fitted to the references of some
source scenes and to other photographs in one of the looks below, by each family and by `auto`.
Held-out scenes are then put in the fitted look and in the true one: their noisy references, and
the photographs themselves. Prints a Markdown table of mean PSNR in dB, reference / photograph.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tfisp.data import DataConfig, open_dataset
from tfisp.data.images import to_float
from tfisp.looks.families import FAMILIES
from tfisp.looks.fit import AUTO, fit_populations
from tfisp.looks.statistics import Population

Map = Callable[[np.ndarray], np.ndarray]

_LUMA = np.array([0.299, 0.587, 0.114])
_CROSSTALK = np.array([[0.95, 0.05, 0], [0.03, 0.97, 0], [0, 0.08, 0.92]])


def make_look(power: float, contrast: float, saturation: float, dark: tuple, light: tuple) -> Map:
    """A global look: power, S-curve, saturation about luma, tints, crosstalk of channels."""

    def look(image: np.ndarray) -> np.ndarray:
        curved = np.clip(image, 0, 1) ** power
        curved = (1 - contrast) * curved + contrast * (3 * curved**2 - 2 * curved**3)
        luma = (curved @ _LUMA)[..., None]
        coloured = luma + saturation * (curved - luma)
        tinted = coloured + (1 - luma) * np.array(dark) + luma * np.array(light)
        return np.clip(tinted @ _CROSSTALK.T, 0, 1).astype(np.float32)

    return look


LOOKS = {
    "A": make_look(0.72, 0.55, 1.35, (-0.0135, 0.009, 0.0405), (0.045, 0, -0.055)),
    "B": make_look(0.95, 1.0, 1.55, (-0.03, 0.02, 0.06), (0.05, 0.015, -0.07)),
    "C": make_look(1.25, 0.3, 0.6, (0.03, 0, 0.05), (-0.02, 0.02, 0.03)),
    "faded": make_look(1.0, -0.4, 0.85, (0.04, 0.03, 0.01), (-0.04, -0.02, -0.06)),
    "nearly grey": make_look(0.85, 0.2, 0.1, (0, 0, 0), (0.03, 0.01, -0.03)),
    "none": lambda image: image,
}


def psnr(pictures: list[np.ndarray], truths: list[np.ndarray]) -> float:
    """Mean PSNR in dB of pictures on 0..1."""
    errors = [np.mean((a - b) ** 2) for a, b in zip(pictures, truths, strict=True)]
    return float(np.mean(-10 * np.log10(np.maximum(errors, 1e-10))))


def main() -> None:
    """Measures everything and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--splits", default="splits_bsds.json")
    parser.add_argument("--split", default="val", choices=("val", "test"))
    parser.add_argument("--scenes", default="140,28,14")
    parser.add_argument("--draws", type=int, default=3, help="of scenes, where not all are taken")
    parser.add_argument("--metadata", default="recorded", choices=("recorded", "withheld"))
    parser.add_argument("--cache_dir")
    options = parser.parse_args()
    dataset = open_dataset(
        DataConfig(
            "unprocessed",
            splits=str(options.photos / options.splits),
            metadata=options.metadata,
            cache_dir=options.cache_dir,
            patch_size=16,
        )
    )
    sources = Population.of((f.load().reference for f in dataset.raw.frames), "references")
    targets = Population.of((p.pixels() for p in dataset.targets.photographs), "photographs")
    scenes = [frame.load(target=True) for frame in dataset.pairs[options.split].frames]
    references = [to_float(scene.reference) for scene in scenes]
    truths = [to_float(scene.target) for scene in scenes]
    names = (*FAMILIES, AUTO)
    print(f"| scenes | look | {' | '.join(names)} | chosen |")
    print("|---:|---|" + "---|" * (len(names) + 1))
    for count in map(int, options.scenes.split(",")):
        for title, look in LOOKS.items():
            true = [look(image) for image in truths]
            found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
            chosen = []
            for draw in range(1 if count >= len(sources) else options.draws):
                random = np.random.default_rng(draw)
                first, second = (
                    Population(side.colours[np.sort(random.permutation(len(side))[:count])])
                    for side in (sources, Population(look(targets.colours)))
                )
                for name in names:
                    if name == AUTO:
                        known = options.metadata == "recorded"
                        fitted = fit_populations(first, second, sensor_known=known)
                        chosen.append(f"{fitted.facts['family']} {fitted.facts['shrinkage']:.2f}")
                    else:
                        fitted = FAMILIES[name](first, second, (first.weights, second.weights))
                    found[name].append(
                        tuple(
                            psnr([fitted.apply(image) for image in images], true)
                            for images in (references, truths)
                        )
                    )
            means = [np.mean(found[name], axis=0) for name in names]
            cells = [f"{noisy:.1f} / {clean:.1f}" for noisy, clean in means]
            print(f"| {count} | {title} | {' | '.join(cells)} | {', '.join(chosen)} |", flush=True)


if __name__ == "__main__":
    main()
