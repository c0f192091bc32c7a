"""Where the weights of frozen networks are found.

For each network, in this order:

    1. the path given for it (`--<key>_weights=PATH`), or the word `random`
    2. the folder `$TFISP_WEIGHTS`
    3. the cache: `$TFISP_CACHE/weights`, by default `~/.cache/tfisp/weights`
    4. its publisher, where that one offers a download that Keras or KerasHub can read

If all fail, one line says what to run and which file to put where. Random weights are never a
fallback: they must be asked for by name. A file found by name (2, 3) is compared with the hash that
its publisher states; where none is stated, the hash recorded at the first download.
"""

import hashlib
import importlib.util
import os
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tfisp.errors import InputError, first_line
from tfisp.naming import choose

RANDOM = "random"


@dataclass(frozen=True)
class Published:
    """Weights that somebody publishes.

    Attributes:
        key: Short name: the flag that gives a path is `--<key>_weights`.
        title: What it is, for messages.
        file: Name of the file (or folder) that is looked for.
        source: Where the publisher keeps it.
        licence: Its SPDX identifier, as the publisher states it.
        advice: What to do to get it, if it is not there and cannot be fetched.
        url: Direct download of `file`, where there is one.
        md5: The publisher's own hash of `file`, where there is one.
        preset: Name by which KerasHub downloads it, where it does.
    """

    key: str
    title: str
    file: str
    source: str
    licence: str
    advice: str
    url: str = ""
    md5: str = ""
    preset: str = ""


@dataclass(frozen=True)
class Source:
    """Where one network's weights come from: a path, a KerasHub preset, or neither: random ones."""

    path: Path | None = None
    preset: str = ""

    @property
    def is_random(self) -> bool:
        """Whether the weights are to be drawn instead of loaded."""
        return self.path is None and not self.preset

    def __str__(self) -> str:
        if self.path is not None:
            return str(self.path)
        return f"KerasHub preset {self.preset}" if self.preset else RANDOM

    @property
    def file(self) -> Path:
        """The path.

        Raises:
            ValueError: if there is none.
        """
        if self.path is None:
            raise ValueError(f"{self} is no file")
        return self.path

    def describe(self, seed: int) -> str:
        """The source in words, with the seed of random weights."""
        return f"{self} (seed {seed})" if self.is_random else str(self)


# The URLs and hashes of VGG are those in keras/src/applications/vgg19.py and vgg16.py of Keras
# 3.15.
_KERAS_URL = "https://storage.googleapis.com/tensorflow/keras-applications"
_VGG19_FILE = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
_VGG16_FILE = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"

PUBLISHED: dict[str, Published] = {
    entry.key: entry
    for entry in (
        Published(
            key="vgg19",
            title="VGG-19 (ImageNet, without top)",
            file=_VGG19_FILE,
            source="Keras Applications",
            licence="CC-BY-4.0",
            advice="download {url} on a machine with network",
            url=f"{_KERAS_URL}/vgg19/{_VGG19_FILE}",
            md5="253f8cb515780f3b799900260a226db6",
        ),
        Published(
            key="vgg16",
            title="VGG-16 (ImageNet, without top)",
            file=_VGG16_FILE,
            source="Keras Applications",
            licence="CC-BY-4.0",
            advice="download {url} on a machine with network",
            url=f"{_KERAS_URL}/vgg16/{_VGG16_FILE}",
            md5="6d6bbae143d832006294945121d1f1fc",
        ),
        Published(
            key="vgg16_torchvision",
            title="VGG-16's convolutions (torchvision, ImageNet)",
            file="vgg16_torchvision.npz",
            source="https://download.pytorch.org/models/vgg16-397923af.pth",
            licence="BSD-3-Clause",
            advice="download {source} and run "
            "`python scripts/port_weights.py vgg16_torchvision FILE.pth`",
        ),
        Published(
            key="vgg19_torchvision",
            title="VGG-19's convolutions (torchvision, ImageNet)",
            file="vgg19_torchvision.npz",
            source="https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
            licence="BSD-3-Clause",
            advice="download {source} and run "
            "`python scripts/port_weights.py vgg19_torchvision FILE.pth`",
        ),
        Published(
            key="dists",
            title="the weights of structure and texture of DISTS",
            file="dists_alpha_beta.npz",
            source="https://github.com/dingkeyan93/DISTS/blob/master/DISTS_pytorch/weights.pt",
            licence="MIT",
            advice="download {source} and run `python scripts/port_weights.py dists weights.pt`",
        ),
        Published(
            key="alexnet",
            title="AlexNet's convolutions (torchvision, ImageNet)",
            file="alexnet_features.npz",
            source="https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
            licence="BSD-3-Clause",
            advice="download {source} and run `python scripts/port_weights.py alexnet FILE.pth`",
        ),
        Published(
            key="lpips",
            title="the linear heads of LPIPS v0.1",
            file="lpips_heads_v0.1.npz",
            source="https://github.com/richzhang/PerceptualSimilarity/tree/master/lpips/weights/v0.1",
            licence="BSD-2-Clause",
            advice="download alex.pth from {source} and run "
            "`python scripts/port_weights.py lpips alex.pth`",
        ),
        Published(
            key="vit_b16",
            title="ViT-B/16 (ImageNet, 224 px)",
            file="vit_base_patch16_224_imagenet",
            source="KerasHub",
            licence="Apache-2.0",
            advice='on a machine with network run `python -c "from keras_hub.models import '
            "ViTBackbone as V; V.from_preset('{preset}').save_to_preset('{file}')\"`, or fetch "
            "config.json and model.safetensors of "
            "https://huggingface.co/google/vit-base-patch16-224 and run "
            "`python scripts/port_weights.py vit_b16 FOLDER`",
            preset="vit_base_patch16_224_imagenet",
        ),
        Published(
            key="deit_tiny",
            title="DeiT-tiny/16 (ImageNet, 224 px)",
            file="deit_tiny_patch16_224_fp16.npz",
            source="https://dl.fbaipublicfiles.com/deit/deit_tiny_patch16_224-a1311bcf.pth",
            licence="Apache-2.0",
            advice="download {source} and run `python scripts/port_weights.py deit_tiny FILE.pth`",
        ),
    )
}

# Trained distance -> key of the published weights that it adds to its trunk's.
DISTANCES = {"lpips": "lpips", "lpips+": "lpips", "dists": "dists"}


def cache_folder() -> Path:
    """Where downloaded and ported weights are kept."""
    root = os.environ.get("TFISP_CACHE") or Path("~/.cache/tfisp").expanduser()
    return Path(root) / "weights"


def companion(
    own: str | os.PathLike | None, trunk: str | os.PathLike | None
) -> str | os.PathLike | None:
    """Where to look for what a distance adds to its trunk's weights.

    Args:
        own: Where it was said to be, if anywhere.
        trunk: Where the trunk's weights are: a path, `random`, or None.

    Returns:
        `own` if given; else `trunk` if that is `random` or a folder, which may hold both; else
        None: the usual places.
    """
    if own or not trunk:
        return own
    return trunk if str(trunk) == RANDOM or Path(trunk).is_dir() else None


def locate(key: str, explicit: str | os.PathLike | None = None) -> Source:
    """Finds the weights of a network, downloading them if it must and can.

    Args:
        key: One of `PUBLISHED`.
        explicit: A file, a folder that holds the file (or, for a ViT, is the model), `random`, or
            None (or "") to look in the usual places.

    Raises:
        InputError: if the path does not exist, a file is not what its publisher published, or
            nothing was found.
    """
    entry = PUBLISHED[choose("weights", key, PUBLISHED)]
    if explicit and str(explicit) == RANDOM:
        return Source()
    if explicit:
        return Source(_explicit(entry, Path(explicit).expanduser()))
    for folder in _folders():
        path = folder / entry.file
        if path.exists():
            _check_hash(entry, path)
            return Source(path)
    if entry.preset and importlib.util.find_spec("keras_hub") is None:
        raise not_found(entry, "KerasHub would download them: pip install 'tfisp[paper]'")
    if entry.preset:
        return Source(preset=entry.preset)
    if entry.url:
        return Source(_download(entry))
    raise not_found(entry)


def require(explicit: Mapping[str, str | None]) -> None:
    """Sees that the weights of several networks are there or may be fetched; nothing is loaded.

    Args:
        explicit: Key of each to the path given for it, as `locate` takes it.

    Raises:
        InputError: naming all that are missing, with what to do, in one line.
    """
    missing = []
    for key, path in explicit.items():
        entry = PUBLISHED[choose("weights", key, PUBLISHED)]
        try:
            if path and path != RANDOM:
                _explicit(entry, Path(path).expanduser())
            elif not path and not entry.url:
                locate(key)
        except InputError as error:
            missing.append(str(error))
    if missing:
        raise InputError("; ".join(missing))


def only_random(name: str, explicit: str | os.PathLike | None) -> Source:
    """The weights of a network that nobody has trained: the `_narrow` ones, for smoke tests.

    Raises:
        InputError: if other weights are asked for.
    """
    if explicit and str(explicit) != RANDOM:
        raise InputError(
            f"weights of {name}: {explicit} given, but this small network only has random ones"
        )
    return Source()


def not_found(entry: Published, reason: str = "") -> InputError:
    """The error that tells how to get weights that are nowhere to be found."""
    places = [f"{folder}" for folder in _folders()]
    if not os.environ.get("TFISP_WEIGHTS"):
        places.insert(0, "$TFISP_WEIGHTS (not set)")
    advice = entry.advice.format(
        url=entry.url, source=entry.source, file=entry.file, preset=entry.preset
    )
    reason = f" ({textwrap.shorten(reason, 160)})" if reason else ""
    return InputError(
        f"--{entry.key}_weights: the weights of {entry.title} are neither in "
        f"{' nor in '.join(places)}{reason}; {advice}, then put {entry.file} into {cache_folder()} "
        f"or give --{entry.key}_weights=PATH (or {RANDOM}, for a smoke test)"
    )


def _folders() -> list[Path]:
    """Folders to search, first to last."""
    given = os.environ.get("TFISP_WEIGHTS")
    return [*([Path(given).expanduser()] if given else []), cache_folder()]


def _explicit(entry: Published, path: Path) -> Path:
    """A path that the user gave for one network."""
    if path.is_dir() and (path / entry.file).exists():
        return path / entry.file
    if path.is_file() or (path.is_dir() and entry.preset):
        return path
    found = f"a folder without {entry.file}" if path.is_dir() else "no such file"
    raise InputError(f"--{entry.key}_weights={path}: {found}")


def _check_hash(entry: Published, path: Path) -> None:
    """Compares a file with the publisher's hash, or else with the one recorded beside it."""
    record = path.with_name(path.name + ".sha256")
    if entry.md5:
        algorithm, expected = "md5", entry.md5
    elif record.is_file():
        algorithm, expected = "sha256", record.read_text(encoding="utf-8").split()[0]
    else:
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, algorithm).hexdigest()
    if found != expected:
        raise InputError(
            f"{path}: {algorithm} is {found}, expected {expected}; delete it and fetch it again"
        )


def _download(entry: Published) -> Path:
    """Fetches a file from its publisher into the cache."""
    import keras

    folder = cache_folder()
    try:
        path = keras.utils.get_file(
            entry.file,
            entry.url,
            cache_dir=str(folder.parent),
            cache_subdir=folder.name,
            file_hash=entry.md5,
            hash_algorithm="md5",
        )
    # Keras wraps every failure of the network in a bare Exception.
    except Exception as error:
        raise not_found(entry, f"download failed: {first_line(error)}") from error
    return Path(path)
