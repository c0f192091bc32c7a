"""Turns released generators into presets that tfisp uses.

    python scripts/port_checkpoint.py Robust_unpaired_step_66090.pth --output=robust_ultraisp
    python scripts/port_checkpoint.py model_isp_final_23_46.h5 --output=aisp_mai22

The `.pth` files are those that the authors of arXiv 2505.10420 released on GitHub, in
AndreiiArhire/Learned-Lightweight-Smartphone-ISP-with-Unpaired-Data; the `.h5` files are those of
AISP, in mv-lab/AISP (mai22-learnedisp). Which network a file holds is read from the names and
shapes of its tensors; `module.` in front of the names, dictionaries around them, and the state of
an optimizer do not matter. A file does not say what it was trained on: --sensor notes it in the
preset.

Before anything is written, the converted network is compared with PyTorch's on random input.
Nothing in a file is executed. Needs PyTorch: pip install "tfisp[port]".
"""

import argparse
import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from released_networks import AISP_KERNELS, FAMILIES, Family, State

from tfisp import models
from tfisp.backend import load_tensorflow
from tfisp.errors import InputError
from tfisp.perceptual.arrays import read_arrays
from tfisp.sensor import Sensor, get_sensor

if TYPE_CHECKING:
    import keras
    import torch

    from tfisp.models.generator import Generator

# What Keras calls a kernel in a file; older ones number the outputs of an operation.
_KERNELS = ("kernel", "kernel:0")

# Largest difference to PyTorch that is accepted, on output of about 0..1.
LIMIT = 1e-5


def main() -> None:
    """Converts one file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="The released .pth or .h5 file.")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="The preset's folder, to be made."
    )
    parser.add_argument(
        "--sensor", help="What it was trained for, to be noted: zrr, ultraisp or a JSON file."
    )
    arguments = parser.parse_args()
    try:
        difference = port(arguments.file, arguments.output, arguments.sensor)
    except (InputError, OSError) as error:
        print(f"port_checkpoint: {error}", file=sys.stderr)
        sys.exit(1)
    print(f"largest difference to PyTorch {difference:.1e}; written to {arguments.output}")


def port(file: Path, folder: Path, sensor: str | None = None) -> float:
    """Converts one file, checks the result and writes it as a preset.

    Args:
        file: A released checkpoint.
        folder: Of the preset, to be made.
        sensor: Name of the sensor to be noted in the preset, or a JSON file that describes one.

    Returns:
        The largest difference between our network and PyTorch's.

    Raises:
        InputError: the file is none of the released generators, the result differs from PyTorch's,
            or the folder exists.
    """
    noted = None if sensor is None else get_sensor(sensor)
    tensors = read(file)
    load_tensorflow()
    family, generator, state = _recognise(tensors, file)
    _copy_weights(family.layers(generator), state, family.shuffled)
    difference = _largest_difference(generator, family.in_pytorch, state)
    if not difference <= LIMIT:  # NaN fails too
        raise InputError(
            f"{file}: the converted network differs from PyTorch's by {difference:.3g}, allowed"
            f" are {LIMIT:g}"
        )
    card = _card(file, family, generator, noted, difference)
    models.save_to_preset(generator, folder, sensor=noted, card=card)
    return difference


def read(file: Path) -> dict[str, "torch.Tensor"]:
    """All tensors of a file as float32, by dotted name, without executing anything in it.

    Raises:
        InputError: there is no such file, it holds no tensors or more than data, or PyTorch is not
            installed.
    """
    if not file.is_file():
        raise InputError(f"{file}: no such file")
    try:
        import torch
    except ImportError as error:
        raise InputError(f'{file}: reading it needs PyTorch: pip install "tfisp[port]"') from error
    if file.suffix in (".h5", ".hdf5"):
        return {name: torch.from_numpy(array) for name, array in _read_keras(file).items()}
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    # PyTorch raises errors of many kinds for files that are damaged or want to run code.
    except Exception as error:
        first_line = (str(error).strip() or repr(error)).splitlines()[0]
        raise InputError(f"{file}: not readable as weights alone ({first_line})") from error
    tensors = {
        name: value.detach().float()
        for name, value in _flattened(content)
        if isinstance(value, torch.Tensor)
    }
    if not tensors:
        raise InputError(f"{file}: holds no named tensors")
    return tensors


def _read_keras(file: Path) -> dict[str, np.ndarray]:
    """AISP's weights in a Keras file, whole model or weights alone, under tfisp's names: OIHW.

    Raises:
        InputError: it cannot be read, or an array is missing, or one has no place.
    """
    names = {shape: name for name, shape in AISP_KERNELS.items()}
    arrays = {
        path: array
        for path, array in read_arrays(file).items()
        if not path.startswith("optimizer_weights/")
    }
    found: dict[str, np.ndarray] = {}
    for path, array in arrays.items():
        layer, _, kind = path.rpartition("/")
        kernel = next((arrays[f"{layer}/{k}"] for k in _KERNELS if f"{layer}/{k}" in arrays), None)
        name = None if kernel is None else names.get(kernel.shape)
        if name is None or kind.split(":")[0] not in ("kernel", "bias"):
            raise InputError(f"{file}: holds no released generator: {path} has no place in AISP")
        name += ".weight" if kind.startswith("kernel") else ".bias"
        if name in found:
            raise InputError(f"{file}: holds no released generator: {path} is there twice")
        if kind.startswith("kernel"):
            array = array.reshape((1, 1, *array.shape) if array.ndim == 2 else array.shape)
            array = array.transpose(3, 2, 0, 1)
        found[name] = np.ascontiguousarray(array, np.float32)
    return found


def _flattened(content: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The values in dictionaries within dictionaries, by their keys joined with dots."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from _flattened(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, content


def _recognise(tensors: State, file: Path) -> tuple[Family, "Generator", State]:
    """The family of the network in a file, a generator of its size, and the tensors that are its.

    A checkpoint may hold other things beside it, such as a discriminator. So every group of tensors
    whose names begin alike is tried.
    """
    found = []
    for family in FAMILIES:
        for name in tensors:
            if name != family.first and not name.endswith("." + family.first):
                continue
            prefix = name.removesuffix(family.first)
            state = {
                other.removeprefix(prefix): tensor
                for other, tensor in tensors.items()
                if other.startswith(prefix)
            }
            generator = family.create(state)
            if generator is not None and _fits(family.layers(generator), state):
                found.append((family, generator, state))
    if len(found) != 1:
        what = f"{len(found)} generators, expected one" if found else "no released generator"
        raise InputError(
            f"{file}: holds {what}; known are Efficient ISP, Robust ISP, dh_isp, RMFA-Net and AISP"
        )
    if not all(bool(tensor.isfinite().all()) for tensor in found[0][-1].values()):
        raise InputError(f"{file}: holds weights that are not finite")
    return found[0]


def _fits(layers: Mapping[str, "keras.Layer"], state: State) -> bool:
    """Whether the tensors are those of the layers, all of them and no others."""
    shapes = {}
    for name, layer in layers.items():
        rows, columns, inputs, outputs = layer.kernel.shape
        shapes[f"{name}.weight"] = (outputs, inputs, rows, columns)
        if layer.use_bias:
            shapes[f"{name}.bias"] = (outputs,)
    return shapes == {name: tuple(tensor.shape) for name, tensor in state.items()}


def _copy_weights(layers: Mapping[str, "keras.Layer"], state: State, shuffled: str) -> None:
    """Copies the tensors into layers: kernels OIHW -> HWIO.

    In front of a pixel shuffle channels are put into another order: PyTorch's reads channel 4 c + 2
    i + j for colour c at row i, column j; TensorFlow's `depth_to_space` reads 3 (2 i + j) + c.
    """
    order = [4 * c + 2 * i + j for i in range(2) for j in range(2) for c in range(3)]
    for name, layer in layers.items():
        kernel = state[f"{name}.weight"].numpy().transpose(2, 3, 1, 0)
        bias = [state[f"{name}.bias"].numpy()] if layer.use_bias else []
        if name == shuffled:
            kernel, bias = kernel[..., order], [bias[0][order]]
        layer.set_weights([kernel, *bias])


def _largest_difference(
    generator: "Generator",
    in_pytorch: Callable[["torch.Tensor", State], "torch.Tensor"],
    state: State,
) -> float:
    """Renders the same input by both frameworks: noise, and something like a photograph."""
    import torch

    from tfisp.exporting.test_inputs import trial_inputs
    from tfisp.rendering import ModelMetadata

    metadata = ModelMetadata.of(generator)
    differences = []
    for raw in trial_inputs(metadata, (1, 96, 64, metadata.channels)):
        ours = generator(raw).numpy()
        with torch.no_grad():
            given = torch.from_numpy(np.ascontiguousarray(raw.transpose(0, 3, 1, 2)))
            theirs = in_pytorch(given, state).numpy().transpose(0, 2, 3, 1)
        differences.append(float(np.abs(ours - theirs).max()))
    return float(np.max(differences))  # unlike Python's max, keeps a NaN


def _card(
    file: Path,
    family: Family,
    generator: "Generator",
    sensor: Sensor | None,
    difference: float,
) -> str:
    """The model card: what is known, and what is not."""
    trained = "the file does not say" if sensor is None else f"{sensor.name}, by who converted it"
    return (
        f"# {type(generator).__name__}, released weights\n\n"
        f"{generator.count_params():,} parameters, trained by {family.origin.authors}.\n\n"
        f"- Source: {family.origin.page}\n"
        f"- File: `{file.name}`, SHA-256 {hashlib.sha256(file.read_bytes()).hexdigest()}\n"
        f"- Licence: {family.origin.licence}\n"
        f"- Trained for: {trained}\n"
        "- Input: as published, see the contract in `config.json`; samples are scaled by its levels"
        " whatever the sensor's are\n"
        f"- Largest difference to PyTorch when converted: {difference:.1e}\n"
    )


if __name__ == "__main__":
    main()
