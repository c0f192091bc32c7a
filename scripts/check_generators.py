"""Which generators a mobile GPU can run, as far as that is known without a phone.

    python scripts/check_generators.py [--size 64 96] [--model NAME ... [--settings width=4 ...]]

Each generator is drawn at random, converted to TensorFlow Lite for a fixed picture size, held
against the list of operations (`tfisp.exporting.gpu_compatibility`), and run through the LiteRT GPU
accelerator in software where there is a driver for it (`scripts/install_software_gpu.sh` unpacks
one). Prints the table of docs/GPU.md. Exits with 1 if a generator does not pass; without a driver,
that is said in the table and is no failure.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tfisp.backend import load_tensorflow
from tfisp.errors import InputError
from tfisp.exporting import cost, gpu_check, gpu_compatibility
from tfisp.exporting.gpu_check import Verdict
from tfisp.exporting.gpu_compatibility import Violation
from tfisp.naming import choose
from tfisp.rendering import ModelMetadata

if TYPE_CHECKING:
    from tfisp.models.generator import Generator

SEED = 0

# Of the output of random weights.
_MOST_AT_ENDS, _FEW_AT_ENDS = 0.95, 0.05


class Row(NamedTuple):
    """What was found about one generator.

    Attributes:
        name: Of the generator.
        operations: How often each occurs in its `.tflite` file.
        violations: What keeps it off the GPU by the list.
        verdict: Of the accelerator.
    """

    name: str
    operations: Counter[str]
    violations: list[Violation]
    verdict: Verdict

    @property
    def passed(self) -> bool:
        """Whether nothing was found against it."""
        return not self.violations and (self.verdict.passed or not self.verdict.ran)

    def __str__(self) -> str:
        """The row of the table."""
        verdict = self.verdict
        operations = cost.listed(self.operations)
        allowed = "; ".join(map(str, self.violations)) or "passes"
        if not verdict.ran or not verdict.passed:
            ran, float32, default = verdict.failure, "", ""
            ran = f"not run: {ran}" if not verdict.ran else f"fails: {ran}"
        else:
            ran = "passes"
            float32 = f"{verdict.largest_difference:.1e}"
            default = f"{verdict.largest_difference_default:.1e}"
        return f"| `{self.name}` | {operations} | {allowed} | {ran} | {float32} | {default} |"


HEADER = (
    "| generator | operations | list | software GPU | difference, float32 | its own precision |",
    "|---|---|---|---|---|---|",
)


def main() -> int:
    """Checks the generators that were asked for and prints the table."""
    load_tensorflow()
    from tfisp import models

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--size", type=int, nargs=2, default=(64, 96), help="Height and width of the picture."
    )
    parser.add_argument("--model", nargs="*", default=models.names(), help="Generators to check.")
    parser.add_argument(
        "--settings", nargs="*", default=[], help="Arguments to make them with, such as width=4."
    )
    arguments = parser.parse_args()
    try:
        settings = dict(map(_setting, arguments.settings))
        for name in arguments.model:
            choose("--model", name, models.names())
    except InputError as error:
        parser.error(str(error))
    rows = []
    print(*HEADER, sep="\n", flush=True)
    for name in arguments.model:
        generator = models.create(name, seed=SEED, **settings)
        rows.append(check(name, generator, tuple(arguments.size)))
        print(rows[-1], flush=True)
    adapters = sorted({row.verdict.adapter for row in rows if row.verdict.ran})
    size = "x".join(map(str, arguments.size))
    print(f"\nPictures of {size}; run on {', '.join(adapters) or 'no GPU'}.")
    return 0 if all(row.passed for row in rows) else 1


def _setting(text: str) -> tuple[str, Any]:
    """Reads `width=4` or `blocks=[1,1]`.

    Raises:
        InputError: it is not of that form.
    """
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError as error:
        raise InputError(f"--settings {text}: expected name=number, as in width=4") from error


def check(name: str, generator: "Generator", size: tuple[int, int], run: bool = True) -> Row:
    """Converts and checks one generator.

    Args:
        name: For the table.
        generator: Its weights are replaced.
        size: (height, width) of the picture, which it can give or which is less than it takes.
        run: Whether to run it, and not only to read it.
    """
    from tfisp.exporting import writers
    from tfisp.exporting.artifacts import check_size
    from tfisp.exporting.test_inputs import trial_inputs

    metadata = ModelMetadata.of(generator)
    unit = max(metadata.step * metadata.multiple, 2)
    least = -(-metadata.step * metadata.minimum // unit) * unit
    size = (max(size[0], least), max(size[1], least))
    shape = (1, *check_size(metadata, size), metadata.channels)
    inputs = trial_inputs(metadata, shape)
    enliven(generator, largest=max(float(np.abs(raw).max()) for raw in inputs))
    generator = generator.folded()
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.tflite"
        writers.write_tflite(generator, shape, model)
        return Row(
            name,
            Counter(gpu_compatibility.operations(model)),
            gpu_compatibility.violations(model),
            gpu_check.check(model, inputs) if run else Verdict("", "not asked for"),
        )


def enliven(generator: "Generator", largest: float) -> None:
    """Weights that keep signals near 1: with the small first ones of LAN nothing could differ.

    Kernels are normal with He's deviation, the square root of 2 over the fan-in
    (https://arxiv.org/abs/1502.01852), the first divided by the largest input; slopes of leaky
    ReLUs are uniform in 0..0.5, gains of normalisations in 0.5..1.5, biases in -0.1..0.1. Sums of
    many blocks grow all the same: where that leaves little but the ends of the last curve, the
    kernel in front of it is halved until it leaves few of them.
    """
    rng = np.random.default_rng(SEED)
    ranges = {"alpha": (0.0, 0.5), "gamma": (0.5, 1.5), "scale": (0.5, 1.5)}
    weights = []
    for weight in generator.weights:
        if weight.name in ranges or len(weight.shape) == 1:
            weights.append(rng.uniform(*ranges.get(weight.name, (-0.1, 0.1)), weight.shape))
        else:
            weights.append(rng.normal(0, np.sqrt(2 / np.prod(weight.shape[:-1])), weight.shape))
    weights[0] /= largest
    generator.set_weights(weights)
    last = max(index for index, weight in enumerate(weights) if weight.ndim > 1)
    if _at_ends(generator, largest) > _MOST_AT_ENDS:
        while _at_ends(generator, largest) > _FEW_AT_ENDS:
            weights[last] /= 2
            generator.set_weights(weights)


def _at_ends(generator: "Generator", largest: float) -> float:
    """Which part of the output for noise lies at the ends of a sigmoid or of 0.58 tanh + 0.5."""
    side = -(-max(generator.minimum, 16) // generator.multiple) * generator.multiple
    shape = (1, side, side, generator.input_shape_any[-1])
    noise = np.random.default_rng(SEED).uniform(0, largest, shape).astype(np.float32)
    distance = np.abs(generator(noise).numpy() - 0.5)
    return float(np.mean((distance > 0.49) & (distance < 0.581)))


if __name__ == "__main__":
    sys.exit(main())
