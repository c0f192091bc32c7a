"""Turns published PyTorch weights into the files that tfisp reads.

    python scripts/port_weights.py alexnet alexnet-owt-7be5be79.pth
    python scripts/port_weights.py lpips alex.pth
    python scripts/port_weights.py vgg16_torchvision vgg16-397923af.pth
    python scripts/port_weights.py vgg19_torchvision vgg19-dcbb9e9d.pth
    python scripts/port_weights.py dists weights.pt
    python scripts/port_weights.py deit_tiny deit_tiny_patch16_224-a1311bcf.pth
    python scripts/port_weights.py vit_b16 FOLDER

FOLDER holds config.json and model.safetensors of google/vit-base-patch16-224, which are copied;
what Keras publishes (vgg16, vgg19) needs no porting.

The file goes into tfisp's cache, or into the folder that --output names, with its SHA-256 beside
it (but for FOLDER); tfisp compares the two from then on. Needs PyTorch: pip install 'tfisp[port]'.
Nothing in the `.pth` is executed. At the end the new file is loaded as tfisp does it, and compared
number by number with what was read.
"""

import argparse
import hashlib
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tfisp.errors import InputError
from tfisp.files import atomic_file, atomic_folder, write_text
from tfisp.perceptual import vit_weights
from tfisp.perceptual.arrays import expect_shapes, read_arrays
from tfisp.perceptual.weights import PUBLISHED, cache_folder

Arrays = dict[str, np.ndarray]


def main() -> None:
    """Converts one file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=[*_KINDS, _VIT], help="What the file holds.")
    parser.add_argument("file", type=Path, help="The publisher's .pth file or folder.")
    parser.add_argument("--output", type=Path, help="Folder to write to, instead of the cache.")
    arguments = parser.parse_args()
    try:
        written = port(arguments.kind, arguments.file, arguments.output or cache_folder())
    except (InputError, OSError) as error:
        print(f"port_weights: {error}", file=sys.stderr)
        sys.exit(1)
    print(f"written to {written}")


def port(kind: str, file: Path, folder: Path) -> Path:
    """Converts one file and checks the result.

    Args:
        kind: A key of `_KINDS`, or `vit_b16`.
        file: The publisher's file or folder.
        folder: Where to write.

    Returns:
        The new file or folder.

    Raises:
        InputError: if the file is not what it should be.
    """
    if kind == _VIT:
        return _port_hugging_face(file, folder)
    _check_name(file)
    arrays = _KINDS[kind](_read_torch(file), file)
    path = folder / PUBLISHED[kind].file
    with atomic_file(path) as temporary:
        np.savez(temporary, **arrays)
        found = read_arrays(temporary)
        if found.keys() != arrays.keys() or any(
            not np.array_equal(found[name], arrays[name]) for name in arrays
        ):
            raise InputError(f"{path}: reads back otherwise than it was written")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    write_text(path.with_name(path.name + ".sha256"), f"{digest}  {path.name}\n")
    return path


def _check_name(file: Path) -> None:
    """Checks the hash that PyTorch's publishers put into a file's name: SHA-256's first digits."""
    if not file.is_file():
        raise InputError(f"{file}: no such file")
    stated = re.search(r"-([0-9a-f]{8})\.pth$", file.name)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if stated and not digest.startswith(stated[1]):
        raise InputError(
            f"{file}: its SHA-256 starts with {digest[:8]}, its name promises {stated[1]}; "
            "the download was cut off or changed"
        )


def _read_torch(file: Path) -> Arrays:
    """All tensors of a `.pth` file, by name, without executing anything in it."""
    try:
        import torch
    except ImportError as error:
        raise InputError(f"{file}: reading it needs PyTorch: pip install 'tfisp[port]'") from error
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    # PyTorch raises errors of many kinds for files that are damaged or want to run code.
    except Exception as error:
        first_line = (str(error).strip() or repr(error)).splitlines()[0]
        raise InputError(f"{file}: not readable as weights alone ({first_line})") from error
    state = state.get("model", state) if isinstance(state, dict) else {}
    arrays = {name: t.numpy() for name, t in state.items() if isinstance(t, torch.Tensor)}
    if not arrays:
        raise InputError(f"{file}: holds no named tensors")
    return arrays


# Place of each convolution in torchvision's `features`.
_ALEXNET_PLACES = {"conv1": 0, "conv2": 3, "conv3": 6, "conv4": 8, "conv5": 10}


def _alexnet(state: Arrays, file: Path) -> Arrays:
    """AlexNet as torchvision has it, without its classifier; kernels stay OIHW."""
    from tfisp.perceptual import alexnet

    names = {
        f"{layer}_{ours}": f"features.{place}.{theirs}"
        for layer, place in _ALEXNET_PLACES.items()
        for ours, theirs in (("weight_oihw", "weight"), ("bias", "bias"))
    }
    arrays = {ours: state[theirs] for ours, theirs in names.items() if theirs in state}
    return expect_shapes(arrays, alexnet.file_shapes(), file, "torchvision's AlexNet")


def _lpips(state: Arrays, file: Path) -> Arrays:
    """The AlexNet variant's heads of LPIPS v0.1 (`lin0.model.1.weight` ...)."""
    from tfisp.perceptual import lpips

    arrays = {f"alex/{name}": array for name, array in state.items()}
    return expect_shapes(arrays, lpips.head_shapes(), file, "the LPIPS heads for AlexNet")


def _vgg(name: str) -> Callable[[Arrays, Path], Arrays]:
    """Torchvision's VGG without its classifier, under its own names; kernels stay OIHW."""

    def convert(state: Arrays, file: Path) -> Arrays:
        from tfisp.perceptual import vgg

        network = vgg.NETWORKS[name]
        arrays = {name: array for name, array in state.items() if name.startswith("features.")}
        return expect_shapes(arrays, vgg.torchvision_shapes(network), file, network.title)

    return convert


def _dists(state: Arrays, file: Path) -> Arrays:
    """Alpha and beta of DISTS, a number for each of its 1475 channels."""
    from tfisp.perceptual import dists

    arrays = {name: array.reshape(1, -1) for name, array in state.items()}
    return expect_shapes(arrays, dists.file_shapes(), file, "DISTS")


def _deit_tiny(state: Arrays, file: Path) -> Arrays:
    """DeiT-tiny without its classifier, in half precision, which its tokens do not notice."""
    from tfisp.perceptual import vit

    arrays = {name: array for name, array in state.items() if not name.startswith("head.")}
    shapes = vit_weights.timm_shapes(vit.architecture("deit_tiny"))
    arrays = expect_shapes(arrays, shapes, file, "DeiT-tiny")
    return {name: array.astype(np.float16) for name, array in arrays.items()}


_KINDS = {
    "alexnet": _alexnet,
    "lpips": _lpips,
    "vgg16_torchvision": _vgg("vgg16_torchvision"),
    "vgg19_torchvision": _vgg("vgg19_torchvision"),
    "dists": _dists,
    "deit_tiny": _deit_tiny,
}
_VIT = "vit_b16"


def _port_hugging_face(source: Path, folder: Path) -> Path:
    """Copies a Hugging Face folder of ViT-B/16, and loads the network from the copy."""
    from tfisp.perceptual import backbones, vit

    built = vit.architecture(_VIT)
    epsilon, arrays = vit_weights.read_hugging_face(source, built)
    path = folder / PUBLISHED[_VIT].file
    with atomic_folder(path) as temporary:
        for name in ("config.json", "model.safetensors"):
            shutil.copyfile(source / name, temporary / name)
        found_epsilon, found = vit_weights.read_hugging_face(temporary, built)
        backbones.create(_VIT, temporary)
        if found_epsilon != epsilon or any(
            not np.array_equal(found[name], arrays[name]) for name in arrays
        ):
            raise InputError(f"{path}: reads back otherwise than it was written")
    return path


if __name__ == "__main__":
    main()
