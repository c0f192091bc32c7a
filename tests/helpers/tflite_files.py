"""Writes `.tflite` files of generators with the stock converter, and a run's folder around one."""

import tempfile
from pathlib import Path

import keras
import tensorflow as tf

from tfisp import models
from tfisp.rendering import ModelMetadata, metadata


def write_tflite(generator, path: Path, size=(32, 48)) -> Path:
    """A float32 file for inputs of `size` samples, with the generator's metadata."""
    shape = (1, *size, ModelMetadata.of(generator).channels)
    with tempfile.TemporaryDirectory() as folder:
        signature = [keras.InputSpec(shape=shape, dtype="float32")]
        generator.export(folder, input_signature=signature, verbose=False)
        content = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    metadata.attach(path, ModelMetadata.of(generator))
    return path


def write_run(generator, folder: Path) -> Path:
    """What `tfisp.train` leaves of its generator: a preset and an exported file."""
    models.save_to_preset(generator, folder / "model")
    write_tflite(generator, folder / "export" / "model.tflite")
    return folder
