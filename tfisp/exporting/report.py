"""What an export tells about itself: files, differences, activations, memory (`report.json`)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfisp._version import __version__
from tfisp.exporting import activations, cost, memory, tflite_graph, whole_isp
from tfisp.exporting.artifacts import ISP, MODEL, NONE, TILE, Artifact, Target
from tfisp.exporting.entries import Description, Entry
from tfisp.exporting.markdown import markdown
from tfisp.exporting.test_inputs import SHADOW, Trial, noise, scene
from tfisp.files import write_json, write_text
from tfisp.models.generator import Generator
from tfisp.rendering.metadata import COLOUR_ENCODINGS, ModelMetadata

STEM = "report"

# Pictures whose memory is reported, in samples: the challenges', and two common sensors.
SIZES = {2: (1088, 1920), 12: (3000, 4000), 50: (6144, 8192)}

# Side in pixels up to which activations are measured: their range does not depend on it.
_ACTIVATION_SIDE = 512
_ACTIVATION_WINDOWS = 4

# Companding "sqrt", for readers who do not have tfisp.
_CURVE = "v -> sign(v) (sqrt(|v| + a) - sqrt(a)) / (sqrt(1 + a) - sqrt(a)) with a = 1/256"

# A calibration that reaches no further has seen no highlights; on the scale of the contract.
_BRIGHT = 0.9


def describe(
    artifact: Artifact, path: Path, metadata: ModelMetadata, size: tuple[int, int]
) -> Description:
    """What one file takes, gives and is for.

    Args:
        artifact: Which file it is.
        path: The file.
        metadata: That belong to it.
        size: (height, width) of the picture in pixels.
    """
    step = metadata.step
    if path.suffix == ".tflite":
        part = tflite_graph.read(path)[0]
        inputs, outputs = _ends(part.inputs), _ends(part.outputs)
    else:
        shape = [1, size[0] // step, size[1] // step, metadata.channels]
        inputs = [{"name": "raw", "dtype": "float32", "shape": shape}]
        outputs = [{"name": "rgb", "dtype": "float32", "shape": [1, *size, 3]}]
    companding = metadata.contract.companding
    meanings = whole_isp.MEANINGS | {
        "raw": f"{metadata.contract.form} RAW, scaled by the contract"
        + ("" if companding == "none" else f", then companded: {_CURVE}")
    }
    for entry in inputs:
        entry["meaning"] = meanings[entry["name"]]
    # The whole ISP finishes the picture inside its graph.
    finished = artifact.name == ISP
    encoding = COLOUR_ENCODINGS["srgb"] if finished else metadata.colour_encoding
    for entry in outputs:
        scale = "0..255" if entry["dtype"] == "uint8" else "nominally 0..1, not clipped"
        entry["meaning"] = f"{encoding}; {scale}"
    return Description(
        name=artifact.name,
        target=artifact.target,
        size=artifact.size,
        weights=artifact.weights,
        inputs=inputs,
        outputs=outputs,
        companding=companding,
        colour_encoding=encoding,
        halo_pixels=None if metadata.halo is None else metadata.halo * metadata.step,
    )


def costs(path: Path) -> dict[str, Any]:
    """`bytes` of a file or folder; of a `.tflite` file also `operations`, counted, and `macs`."""
    files = path.rglob("*") if path.is_dir() else [path]
    result: dict[str, Any] = {"bytes": sum(f.stat().st_size for f in files if f.is_file())}
    if path.suffix == ".tflite":
        part = tflite_graph.read(path)[0]
        result |= {"operations": cost.operations(part), "macs": cost.macs(part)}
    return result


def compose(
    generator: Generator,
    metadata: ModelMetadata,
    size: tuple[int, int],
    target: Target | None,
    files: Sequence[Entry],
    missing: Mapping[str, str],
    seen: Sequence[Trial],
    folder: Path,
) -> dict[str, Any]:
    """The whole report.

    Args:
        generator: That was exported.
        metadata: Of it.
        size: (height, width) of the picture in pixels.
        target: That was asked for.
        files: The entries on single files.
        missing: Name -> reason for files that are left out.
        seen: Windows of the calibration.
        folder: Where the files lie.
    """
    peaks = _peaks(metadata, size, seen, folder)
    report = {
        "tfisp": __version__,
        "tensorflow": tf.__version__,
        "model": metadata.name,
        "parameters": generator.count_params(),
        "target": target,
        "input": [1, size[0] // metadata.step, size[1] // metadata.step, metadata.channels],
        "output": [1, *size, 3],
        "macs": cost.macs(tflite_graph.read(folder / MODEL)[0]),
        "halo_samples": metadata.halo,
        "halo_pixels": None if metadata.halo is None else metadata.halo * metadata.step,
        "contract": metadata.contract.to_dict(),
        "colour_encoding": metadata.colour_encoding,
        "shadows_below": SHADOW,
        "files": [entry.to_dict() for entry in files],
        "missing": dict(missing),
        "calibration": _calibration(metadata, seen),
        "activations": peaks,
        "memory": _memory(size, folder),
    }
    report["warnings"] = _warnings(report)
    return report


def write(report: Mapping[str, Any], folder: Path) -> None:
    """Writes `report.json` and `report.md` into a folder."""
    write_json(folder / f"{STEM}.json", report)
    write_text(folder / f"{STEM}.md", markdown(report))


def _ends(tensors: Mapping[str, tflite_graph.Tensor]) -> list[dict[str, Any]]:
    """Inputs or outputs of a graph."""
    return [
        {
            "name": name,
            "dtype": tensor.type.lower(),
            "shape": [None if side < 0 else side for side in tensor.shape],
        }
        for name, tensor in tensors.items()
    ]


def _calibration(metadata: ModelMetadata, seen: Sequence[Trial]) -> dict[str, Any] | None:
    """What ranges were learnt from and files compared on, and how dark and bright it is."""
    if not seen:
        return None
    values = [window.raw(metadata) for window in seen]
    return {
        "windows": [window.name for window in seen],
        "lowest": min(float(raw.min()) for raw in values),
        "highest": max(float(raw.max()) for raw in values),
    }


def _peaks(
    metadata: ModelMetadata, size: tuple[int, int], seen: Sequence[Trial], folder: Path
) -> dict[str, Any]:
    """The largest activations on the trials and on some windows of the calibration."""
    unit = 2 * metadata.step * metadata.multiple
    most = max(_ACTIVATION_SIDE // unit * unit, metadata.minimum * metadata.step)
    height, width = (min(side, most) for side in size)
    trials = [noise((height, width)), scene((height, width))]
    inputs = [trial.raw(metadata) for trial in trials]
    windows = seen[:: max(1, len(seen) // _ACTIVATION_WINDOWS)][:_ACTIVATION_WINDOWS]
    rows, columns = height // metadata.step, width // metadata.step
    inputs += [window.raw(metadata)[:, :rows, :columns] for window in windows]
    return {
        "float16_largest": activations.FLOAT16_LARGEST,
        "seen_on": [trial.name for trial in (*trials, *windows)],
        "layers": activations.largest(folder / NONE, inputs),
    }


def _memory(size: tuple[int, int], folder: Path) -> dict[str, Any]:
    """Bytes for pictures of several sizes."""
    whole = tflite_graph.read(folder / MODEL)[0]
    tiled = None
    if (folder / TILE).exists():
        tiled = cost.arena_bytes(tflite_graph.read(folder / TILE)[0])
    rows = []
    for megapixels, (height, width) in SIZES.items():
        pixels = height * width
        rows.append(
            {
                "megapixels": megapixels,
                "size": [height, width],
                "frame": pixels * (2 + 3),  # uint16 mosaic, uint8 picture
                "whole": cost.arena_bytes(whole, pixels / (size[0] * size[1])),
                "tiled": tiled,
            }
        )
    how = "computed as TensorFlow Lite lays out tensors, without what kernels need for themselves"
    files = [name for name in (MODEL, TILE) if (folder / name).exists()]
    return {
        "how": how,
        "rows": rows,
        "measured": {name: memory.measured(folder / name) for name in files},
    }


def _warnings(report: Mapping[str, Any]) -> list[str]:
    """What a user should check although the files are right."""
    found = []
    beyond = [
        entry
        for entry in report["activations"]["layers"]
        if entry["largest"] > report["activations"]["float16_largest"]
    ]
    if beyond:
        worst = max(beyond, key=lambda entry: entry["largest"])
        found.append(
            f"{worst['layer']} reaches {worst['largest']:.3g}, beyond float16: a GPU must compute"
            " in float32"
        )
    calibration = report["calibration"]
    if calibration and calibration["highest"] < _BRIGHT:
        found.append(
            f"the calibration reaches only {calibration['highest']:.2f} of white; add photographs"
            " with saturated highlights, or model_int8.tflite may cut them off"
        )
    return found
