"""How near a training step comes to the least it could cost.

    python scripts/benchmark_step.py --batch 4 --size 128 --steps 20 --backbone_dtype=float32

Takes steps of the full unpaired recipe with its full-size networks (VGG-19 to relu5_4, ViT-B/16 at
224, AlexNet to relu4; random weights), a fresh batch each, nothing kept from one to the next, and
prints one JSON line:

    step_s          median over the steps
    step_mean_s     mean over whole critic intervals: what a step costs in the long run
    floor_s         median of the floor, measured between the steps
    backbone_dtype  what the frozen networks computed in
    peak_rss_mb     largest resident memory of the process

The floor is what no implementation can do without: each frozen network once forward on the
generated image and once on the one it is compared with, and once backward to the generated image.
With --feature_cache two batches take turns, and the features of their references and targets are
read from disk (`tfisp.training.feature_cache`), as they are from the second epoch on. The line then
says `"feature_cache": true`; what the step waits for features counts, and the floor stays what it
is without.

With --published the step is a PyTorch rendering of the work that the paper's published code does
for the same losses (needs the extra `port`), for comparison in the same process.
"""

import argparse
import contextlib
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import tensorflow as tf

from tfisp import models
from tfisp.data.cache import Store
from tfisp.perceptual import backbones
from tfisp.perceptual.bank import FeatureBank
from tfisp.training.config import make_stages
from tfisp.training.dry_run import peak_memory
from tfisp.training.feature_cache import FeatureCache
from tfisp.training.trainer import Trainer


def parse_arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--size", type=int, default=128, help="side of the patches in pixels")
    parser.add_argument("--steps", type=int, default=20, help="rounded up to critic intervals")
    parser.add_argument("--backbone_dtype", default="float32", choices=backbones.DTYPES)
    parser.add_argument("--feature_cache", action="store_true")
    parser.add_argument("--published", action="store_true")
    return parser.parse_args()


def make_trainer(size: int, dtype: str) -> Trainer:
    """The unpaired stage as published, with random weights in its frozen networks."""
    (stage,) = make_stages(("unpaired",), (1,))
    bank = FeatureBank(
        {
            name: backbones.create(name, "random", dtype=dtype)
            for name in stage.recipe.frozen_networks()
        }
    )
    return Trainer(models.create("efficient_isp"), stage.recipe, bank, (size, size))


def fresh_batch(step: int, count: int, size: int) -> dict[str, tf.Tensor]:
    """Random images that no other step sees."""
    rng = np.random.default_rng(step)

    def draw(side: int, channels: int) -> tf.Tensor:
        return tf.constant(rng.uniform(size=(count, side, side, channels)), tf.float32)

    return {"raw": draw(size // 2, 4), "reference": draw(size, 3), "target": draw(size, 3)}


@contextlib.contextmanager
def batches(options: argparse.Namespace, trainer: Trainer) -> Iterator[Iterator[dict]]:
    """An endless iterator: a fresh batch each time, or two that take turns with their features."""
    made = (fresh_batch(step, options.batch, options.size) for step in itertools.count())
    if not options.feature_cache:
        yield made
        return
    needs = trainer.needs
    with tempfile.TemporaryDirectory(prefix="tfisp-") as folder:
        cache = FeatureCache(trainer.bank, needs, Store(folder))
        two = list(itertools.islice(made, 2))
        for batch in two:
            cache(batch)
        with contextlib.closing(cache.around(itertools.cycle(two))) as source:
            yield source


def make_floor(trainer: Trainer) -> Callable[..., list[tf.Tensor]]:
    """The passes that cannot be avoided, compiled: (generated, reference, target) -> numbers."""
    content = [feature for part in trainer.objectives for feature in part.features]
    judged = [critic.feature for critic in trainer.critics]

    @tf.function(autograph=False)
    def floor(generated: tf.Tensor, reference: tf.Tensor, target: tf.Tensor) -> list[tf.Tensor]:
        other = trainer.bank(reference, content) | trainer.bank(target, judged)
        with tf.GradientTape() as tape:
            tape.watch(generated)
            seen = trainer.bank(generated, [*content, *judged])
        return [tape.gradient(seen, generated), *map(tf.reduce_sum, other.values())]

    return floor


def seconds(work: Callable[[], Iterable[tf.Tensor]]) -> float:
    """How long it takes until all results are there."""
    before = time.perf_counter()
    for result in work():
        result.numpy()
    return time.perf_counter() - before


def main() -> None:
    """Measures and prints."""
    options = parse_arguments()
    trainer = make_trainer(options.size, options.backbone_dtype)
    with batches(options, trainer) as source:
        found = measure(options, trainer, source)
    print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in found.items()}))


def measure(options: argparse.Namespace, trainer: Trainer, source: Iterator[dict]) -> dict:
    """Takes the steps, and what goes between them; returns what the program prints."""
    interval, floor = trainer.recipe.critic_interval, make_floor(trainer)
    intervals = -(-options.steps // interval)
    published = None
    if options.published:
        from published_step import PublishedStep

        published = PublishedStep(options.batch, options.size)
    steps, floors, theirs, theirs_learning = [], [], [], []
    for step in range(-interval, intervals * interval):
        if step < 0 and step not in (-interval, -1):
            continue  # one step of each kind, to compile it, is enough of the first interval
        before = time.perf_counter()
        batch = next(source)
        waited = time.perf_counter() - before if options.feature_cache else 0.0
        of_step = waited + seconds(
            lambda batch=batch, step=step: trainer.run_step(batch, step).values()
        )
        images = (batch[name] for name in ("target", "reference", "target"))
        of_floor = seconds(lambda images=images: floor(*images))
        if step >= 0:
            steps.append(of_step)
            floors.append(of_floor)
        if published and step % interval in (0, interval // 2) and step > 0:
            learns = step % interval == 0
            (theirs_learning if learns else theirs).append(published.seconds(learns))
    found = {
        "step_s": statistics.median(steps),
        "step_mean_s": statistics.fmean(steps),
        "floor_s": statistics.median(floors),
        "backbone_dtype": options.backbone_dtype,
        "peak_rss_mb": round(peak_memory() / 2**20),
    }
    if options.feature_cache:
        found["feature_cache"] = True
    if published:
        plain = statistics.median(theirs)
        learning = statistics.median(theirs_learning or theirs)
        found["published_mean_s"] = (learning + (interval - 1) * plain) / interval
        found["published_over_step"] = found["published_mean_s"] / found["step_mean_s"]
    found["step_mean_over_floor"] = found["step_mean_s"] / statistics.fmean(floors)
    return found


if __name__ == "__main__":
    main()
