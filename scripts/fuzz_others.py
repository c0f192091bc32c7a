"""Photographs, weight files, presets and `.tflite` files for `fuzz.py`."""

import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from fuzz_family import FACTS, HOSTILE, SAMPLES, STRUCTURE, Family, Files, Sound, written


def _pictures(_: Path) -> list[Sound]:
    """Photographs of the formats that are read."""
    rng = np.random.default_rng(0)
    colours = cv2.resize(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8), (160, 120))
    kinds = (".jpg", ".png", ".webp", ".tiff")
    encoded = {f"a{kind}": cv2.imencode(kind, colours)[1].tobytes() for kind in kinds}
    return [Sound(name, {name: data}, (600, len(data))) for name, data in encoded.items()]


def _damage_bytes(sound: Sound, rng: np.random.Generator) -> tuple[Files, str]:
    """Bits, lost bytes, spans of zeros and cuts, anywhere.

    Formats without checksums may go on behind lost bytes as if nothing had been there.
    """
    data = bytearray(sound.files[sound.main])
    at, way = int(rng.integers(0, len(data))), rng.integers(4)
    span = int(rng.choice([64, 512]))
    if way == 0:
        data[at] ^= 1 << int(rng.integers(8))
        return {**sound.files, sound.main: bytes(data)}, SAMPLES
    data[at:] = [
        b"",
        bytes(min(span, len(data) - at)) + data[at + span :],
        data[at + span :],
    ][way - 1]
    unmarked = way == 3 or (way == 2 and sound.main.endswith((".webp", ".h5")))
    return {**sound.files, sound.main: bytes(data)}, SAMPLES if unmarked else STRUCTURE


def _read_picture(path: Path) -> dict[str, Any]:
    from tfisp.data.images import read_photograph

    return {"pixels": read_photograph(path)}


def _weights(_: Path) -> list[Sound]:
    """Weight files of plain arrays."""
    import h5py

    rng = np.random.default_rng(0)
    arrays = {f"layer{k}": rng.normal(size=(3, 3, 4, 8)).astype(np.float32) for k in range(6)}

    def h5(path: Path) -> None:
        with h5py.File(path, "w") as file:
            for name, array in arrays.items():
                file.create_dataset(f"{name}/kernel", data=array)

    made = {
        "a.npz": written(lambda path: np.savez(path, **arrays), "a.npz"),
        "b.npz": written(lambda path: np.savez_compressed(path, **arrays), "b.npz"),
        "a.h5": written(h5, "a.h5"),
    }
    return [Sound(name, {name: data}) for name, data in made.items()]


def _read_weights(path: Path) -> dict[str, Any]:
    from tfisp.perceptual.arrays import read_arrays

    return dict(read_arrays(path))


def _models(folder: Path) -> list[Sound]:
    """A preset, file by file, and a `.tflite` file."""
    from tests.helpers.tflite_files import write_tflite
    from tfisp import models

    generator = models.create("efficient_isp", seed=1)
    preset = models.save_to_preset(generator, folder / "preset")
    files = {path.name: path.read_bytes() for path in preset.iterdir()}
    lite = write_tflite(generator, folder / "model.tflite").read_bytes()
    return [
        *(Sound(name, files) for name in sorted(files)),
        Sound("model.tflite", {"model.tflite": lite}),
    ]


def _damage_model(sound: Sound, rng: np.random.Generator) -> tuple[Files, str]:
    """Bytes of any file; or the configuration with its checksum made right again."""
    if sound.main != "config.json" or rng.integers(3) == 0:
        files, _ = _damage_bytes(sound, rng)
        return files, STRUCTURE
    record = json.loads(sound.files["config.json"])
    part = record[str(rng.choice(["config", "contract"]))] if rng.integers(2) else record
    key = str(rng.choice([*part]))
    mark = "a mark"
    part[key] = mark
    config = json.dumps(record).replace(json.dumps(mark), str(rng.choice(HOSTILE)))
    config = config.encode("utf-8", "surrogatepass")
    sums = sound.files["SHA256SUMS"].decode()
    for data, new in ((sound.files["config.json"], config),):
        sums = sums.replace(hashlib.sha256(data).hexdigest(), hashlib.sha256(new).hexdigest())
    return {**sound.files, "config.json": config, "SHA256SUMS": sums.encode()}, FACTS


def _read_model(path: Path) -> dict[str, Any]:
    from tfisp import models
    from tfisp.contract import Contract
    from tfisp.rendering import load
    from tfisp.sensor import Capture, Sensor

    if path.name != "model.tflite":
        generator = models.from_preset(path.parent)
        weights = {weight.path: np.asarray(weight) for weight in generator.weights}
        return {**weights, "contract": generator.contract.to_dict()}
    mosaic = np.random.default_rng(0).integers(64, 1023, (64, 96)).astype(np.uint16)
    renderer = load(path)
    picture = renderer.render_8bit(mosaic, Sensor("RGGB", 64, 1023), Capture(gains=(2, 1, 1.5)))
    return {"picture": picture, "contract": Contract.to_dict(renderer.metadata.contract)}


FAMILIES = {
    "photographs": Family(
        _pictures, _damage_bytes, _read_picture, None, ("tfisp.data.images", "tifffile")
    ),
    "weights": Family(
        _weights, _damage_bytes, _read_weights, None, ("h5py", "tfisp.perceptual.arrays")
    ),
    "models": Family(
        _models, _damage_model, _read_model, None, ("tensorflow", "keras", "h5py", "tfisp.models")
    ),
}
