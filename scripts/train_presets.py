"""Trains the presets that tfisp ships: generators that develop the RAW of any camera.

    python scripts/train_presets.py --photos=PHOTOS [--output=tfisp/presets] [--presets=...]

PHOTOS holds `kodak/` and `cameras/`, photographs to train on, and the scenes of `splits_bsds.json`
to measure on, none of which is trained on. Every patch is recorded anew by another camera, in
another light, with other noise (`simulated_cameras.py`). The generator gives camera RGB (output
"camera" of its contract), and the loss looks at it behind that camera's own matrix, as the sRGB
picture that a user would see.

Each preset is a folder as a run leaves it: `model/` with weights and model card, and
`export/model.tflite`, so that `tfisp.process` needs no TensorFlow.
"""

import argparse
import dataclasses
import functools
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import keras
import numpy as np
import tensorflow as tf
from preset_measures import CLASSICAL, by_renderer, measure, table, test_recordings
from simulated_cameras import record

from tfisp import models
from tfisp._version import __version__
from tfisp.color import encode_srgb
from tfisp.contract import AS_SHOT, Contract
from tfisp.data.simulation import in_soft_light
from tfisp.data.unprocess import reduced_linear
from tfisp.exporting.artifacts import MODEL
from tfisp.exporting.conversion import export
from tfisp.models.camera_output import finished
from tfisp.models.generator import Generator
from tfisp.packing import prepare
from tfisp.rendering import Renderer
from tfisp.sensor import Capture

PATCH, BATCH = 64, 16
RATE = 4e-3
# Photographs are reduced so much that noise and traces of demosaicking are gone.
REDUCTION = 2
# Share of patches in soft, coloured light; why, says `tfisp.data.simulation`.
SOFT = 0.2
# At the end, at a smaller rate, a fifth of the patches are flat greys of all levels: a strong look
# turns what a network gets wrong about greys into tinted whites.
GREYS, GREY_RATE = 0.2, 1e-3
# Added to a patch's mean squared error under the root: 0.1 % of the range.
FLOOR = 1e-6
EXPORT_SIZE = (1088, 1920)


def neutral(image: np.ndarray) -> np.ndarray:
    """The scene as it is."""
    return image


def vivid(image: np.ndarray) -> np.ndarray:
    """More contrast (a third of the curve 3 y^2 - 2 y^3) and a quarter more saturation."""
    y = np.clip(image, 0, 1)
    y = (2 * y + 3 * y**2 - 2 * y**3) / 3
    luma = (y @ np.array([0.299, 0.587, 0.114], y.dtype))[..., None]
    return np.clip(luma + 1.25 * (y - luma), 0, 1)


LOOKS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"neutral": neutral, "vivid": vivid}

# Name -> generator, look, training steps, and steps with greys.
PRESETS = {
    "efficient_isp_neutral": ("efficient_isp", "neutral", 20_000, 0),
    "efficient_isp_vivid": ("efficient_isp", "vivid", 20_000, 2_000),
    "robust_isp_neutral": ("robust_isp", "neutral", 20_000, 0),
}


def parse_arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    packaged = Path(models.__file__).resolve().parent.parent / "presets"
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--output", type=Path, default=packaged)
    parser.add_argument("--presets", type=lambda text: text.split(","), default=list(PRESETS))
    parser.add_argument("--steps", type=int, help="instead of each preset's own")
    return parser.parse_args()


def read_scenes(photos: Path) -> list[np.ndarray]:
    """The photographs to train on, float32 `[H, W, 3]` linear sRGB, reduced."""
    files = sorted([*photos.glob("kodak/*.png"), *photos.glob("cameras/*.jpg")])
    random = np.random.default_rng(0)
    return [reduced_linear(cv2.imread(str(file))[..., ::-1], REDUCTION, random) for file in files]


def cut_patch(scenes: list[np.ndarray], random: np.random.Generator, greys: float) -> np.ndarray:
    """A place of a photograph, mirrored or transposed by chance; or soft light from there.

    A share `greys` of all patches is flat, each of one grey; a sixth of these is white.
    """
    if greys and random.random() < greys:
        level = random.uniform(0, 1.2) ** 2
        return np.full((PATCH, PATCH, 3), min(level, 1), np.float32)
    scene = scenes[random.integers(len(scenes))]
    top, left = (random.integers(side - PATCH + 1) for side in scene.shape[:2])
    patch = scene[top : top + PATCH, left : left + PATCH]
    if random.random() < 0.5:
        patch = patch[:, ::-1]
    if random.random() < 0.5:
        patch = patch.swapaxes(0, 1)
    patch = np.ascontiguousarray(patch)
    return in_soft_light(patch, random) if random.random() < SOFT else patch


def batches(
    scenes: list[np.ndarray],
    contract: Contract,
    look: Callable[[np.ndarray], np.ndarray],
    steps: int,
    greys: float,
) -> Iterator[tuple[tf.Tensor, tf.Tensor, tf.Tensor]]:
    """RAW as the generator takes it, the picture wanted, and the camera's matrix, step by step."""

    def draw(number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        random = np.random.default_rng(int(number))
        seen = record(cut_patch(scenes, random, greys), random)
        raw = prepare(seen.mosaic, seen.sensor, Capture(gains=seen.gains), contract)
        return raw, look(encode_srgb(seen.linear)).astype(np.float32), seen.matrix

    step, channels = contract.input_form.step, contract.input_form.channels
    shapes = (PATCH // step, PATCH // step, channels), (PATCH, PATCH, 3), (3, 3)

    def load(number: tf.Tensor) -> list[tf.Tensor]:
        drawn = tf.numpy_function(draw, [number], [tf.float32] * 3)
        return [tf.ensure_shape(each, shape) for each, shape in zip(drawn, shapes, strict=True)]

    numbers = tf.data.Dataset.range(BATCH * steps)
    return iter(numbers.map(load, 2, deterministic=True).batch(BATCH).prefetch(4))


def create(model: str) -> Generator:
    """A generator of camera RGB, to be trained."""
    form = models.create(model).form
    contract = dataclasses.replace(AS_SHOT, form=form, exposure="none", output="camera")
    return models.create(model, contract=contract, seed=0)


def train(
    generator: Generator,
    look: Callable[[np.ndarray], np.ndarray],
    scenes: list[np.ndarray],
    steps: int,
    rate: float = RATE,
    greys: float = 0.0,
) -> None:
    """Trains a generator in place: Adam, its rate falling to 0 as half a cosine.

    The loss is the root of each patch's mean squared error, so that noisy patches, which nothing
    can mend, do not outweigh clean ones.
    """
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps))

    @tf.function(jit_compile=True, autograph=False)
    def train_step(raw: tf.Tensor, wanted: tf.Tensor, matrices: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            shown = finished(generator(raw, training=True), matrices)
            error = tf.reduce_mean(tf.math.squared_difference(shown, wanted), [1, 2, 3])
            loss = tf.reduce_mean(tf.sqrt(error + FLOOR))
        gradients = tape.gradient(loss, generator.trainable_variables)
        optimizer.apply_gradients(zip(gradients, generator.trainable_variables, strict=True))
        return loss

    total, begin = 0.0, time.monotonic()
    seen = batches(scenes, generator.contract, look, steps, greys)
    for step, batch in enumerate(seen, start=1):
        total += float(train_step(*batch))
        if step % 500 == 0:
            passed = time.monotonic() - begin
            print(
                f"[{generator.name} {step}/{steps}] loss {total / 500:.4f}, {passed:.0f} s",
                flush=True,
            )
            total = 0.0


def write_preset(generator: Generator, card: str, folder: Path) -> None:
    """Puts a preset in place: weights and card, and the file for LiteRT."""
    with tempfile.TemporaryDirectory() as exported:
        export(generator, EXPORT_SIZE, Path(exported))
        models.save_to_preset(generator, folder / "model", card=card, overwrite=True)
        (folder / "export").mkdir(exist_ok=True)
        shutil.copyfile(Path(exported) / MODEL, folder / "export" / MODEL)


def main() -> None:
    """Trains, measures and writes all presets."""
    options = parse_arguments()
    tf.config.experimental.enable_op_determinism()
    scenes = read_scenes(options.photos)
    recordings = test_recordings(options.photos)
    classical = functools.cache(lambda name: measure(CLASSICAL[name], recordings, neutral))
    for name in options.presets:
        model, look, steps, grey_steps = PRESETS[name]
        steps = options.steps or steps
        generator = create(model)
        train(generator, LOOKS[look], scenes, steps)
        if grey_steps:
            train(generator, LOOKS[look], scenes, grey_steps, GREY_RATE, GREYS)
        rows = {name: measure(by_renderer(Renderer(generator)), recordings, LOOKS[look])}
        if look == "neutral":
            rows |= {way: classical(way) for way in CLASSICAL}
        card = CARD.format(
            name=name,
            parameters=generator.count_params(),
            version=__version__,
            look=LOOKS[look].__doc__,
            steps=f"{steps:,}" + (f" and, with flat greys, {grey_steps:,}" if grey_steps else ""),
            count=len(scenes),
            scenes=len(recordings),
            measured=table(rows),
        )
        write_preset(generator, card, options.output / name)
        print(card, flush=True)


CARD = """# {name}

{parameters:,} parameters, written by tfisp {version}. Develops the RAW of any camera whose file
states white balance and colour matrix: the network demosaicks and denoises white-balanced camera
RGB, and the file's own matrix finishes the picture. Look: {look}

- Training: {steps} steps of 16 patches of 64 px, `python scripts/train_presets.py`; no pair was
  recorded. RAW was simulated from {count} photographs (the Kodak suite, and camera JPEGs of
  github.com/drewnoakes/metadata-extractor-images) for cameras between fifteen known ones, in lights
  from tungsten to shade, exposed by -4 to +0.5 EV, with noise up to that of a phone at ISO 6400.
- Measured on {scenes} scenes of BSDS500, never trained on, recorded by such cameras; much noise is
  a shot noise of 0.001 and more, about ISO 400 of a phone (`scripts/preset_measures.py`):

{measured}

- Limits: Bayer RAW only; no lens correction beyond a file's own shading map; no exposure, contrast
  or highlight recovery of its own.
"""


if __name__ == "__main__":
    main()
