"""Networks as TensorFlow stores them: a SavedModel on disk, or a handle of TensorFlow Hub.

    saved_model:PATH    a folder as tf.saved_model.save or Keras' export writes it
    tfhub:HANDLE        https://tfhub.dev/..., whatever tensorflow_hub resolves, or such a folder

Only a handle needs the package tensorflow_hub (`pip install 'tfisp[hub]'`). The network is the
signature `serving_default`, else `default` (modules of TF-Hub's first format), else the only one,
else the object itself, if that can be called with images. Images go in as TF-Hub's common
convention has it: float32 RGB `[B, H, W, 3]`, 0..1
(https://www.tensorflow.org/hub/common_signatures/images); a network that wants another scale must
bring it along. The output is the only one, or the one called `tokens`.

Gradients reach the image, of first order. A SavedModel is a program: load only what you trust.
"""

import os
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfisp.errors import InputError, first_line
from tfisp.perceptual.base import frozen_variables
from tfisp.perceptual.token_backbone import TokenBackbone

_SIGNATURES = ("serving_default", "default")


class SavedModelBackbone(TokenBackbone):
    """A loaded SavedModel. See `Backbone`."""

    def __init__(self, name: str, weights: str, loaded: Any) -> None:
        """Finds the function from images to features.

        Args:
            name: Of the backbone.
            weights: Where it was loaded from.
            loaded: What `tf.saved_model.load` returns.

        Raises:
            InputError: if it has no such function.
        """
        self._function, spec = _image_function(loaded, name)
        super().__init__(name, weights, is_random=False, size=spec.shape[1:3])
        self._dtype = spec.dtype
        self._loaded = loaded  # owns the variables that the function reads

    def _run(self, images: tf.Tensor) -> Any:
        output = self._function(tf.cast(images, self._dtype))
        if isinstance(output, dict):
            output = output.get("tokens", output)
        found = tf.nest.flatten(output)
        if len(found) != 1:
            named = f" ({', '.join(sorted(output))})" if isinstance(output, dict) else ""
            raise InputError(
                f"{self.name}: has {len(found)} outputs{named}, expected one, or one called tokens"
            )
        return found[0]


def create(
    name: str,
    weights: str | os.PathLike | None = None,
    seed: int = 0,
    dtype: str = "float32",
) -> SavedModelBackbone:
    """A network from a SavedModel or a TF-Hub handle.

    Args:
        name: `saved_model:PATH` or `tfhub:HANDLE`.
        weights: None; the name says where they are.
        seed: Of random weights; there are none.
        dtype: Without effect; the network computes as it was saved.

    Raises:
        InputError: if weights are given, it cannot be loaded, or is no network from images to
            features; for a handle, if the package tensorflow_hub is missing.
    """
    if weights:
        raise InputError(f"weights of {name}: {weights} given, but the name says where they are")
    provider, _, handle = name.partition(":")
    path = Path(handle).expanduser()
    with frozen_variables():
        if provider == "saved_model" or path.exists():
            loaded = _load_folder(name, path)
        else:
            loaded = _load_handle(name, handle)
    return SavedModelBackbone(name, f"SavedModel {handle}", loaded)


def _load_folder(name: str, path: Path) -> Any:
    if not tf.saved_model.contains_saved_model(str(path)):
        found = "holds no saved_model.pb" if path.is_dir() else "no such folder"
        raise InputError(f"{name}: {found}; expected a SavedModel")
    try:
        return tf.saved_model.load(str(path))
    # TensorFlow raises errors of many kinds for files that are damaged.
    except Exception as error:
        raise InputError(f"{name}: not a readable SavedModel ({first_line(error)})") from error


def _load_handle(name: str, handle: str) -> Any:
    try:
        import tensorflow_hub
    except ImportError as error:
        raise InputError(
            f"{name}: loading it needs the package tensorflow_hub ({error}): "
            "pip install 'tfisp[hub]'; a SavedModel on disk does not"
        ) from error
    try:
        return tensorflow_hub.load(handle)
    # tensorflow_hub lets through whatever the network or the files raise.
    except Exception as error:
        raise InputError(
            f"{name}: neither a folder nor a handle that TensorFlow Hub can load "
            f"({first_line(error)}); download it on a machine with network, unpack it, and give "
            "saved_model:PATH"
        ) from error


def _image_function(loaded: Any, name: str) -> tuple[Any, tf.TensorSpec]:
    """The function from images to features, and what it wants its images to be."""
    signatures = getattr(loaded, "signatures", {})
    usual = [key for key in _SIGNATURES if key in signatures] or list(signatures)
    if signatures and (len(usual) == 1 or usual[0] in _SIGNATURES):
        candidates = [signatures[usual[0]]]
    else:
        candidates = getattr(loaded.__call__, "concrete_functions", []) if callable(loaded) else []
    refused = []
    for function in candidates:
        arguments = tf.nest.flatten(function.structured_input_signature)
        specs = [argument for argument in arguments if isinstance(argument, tf.TensorSpec)]
        # Where there is a choice of training or not, the flag is a constant of the function.
        if any(argument is True for argument in arguments):
            continue
        if len(specs) == 1 and _takes_images(specs[0]):
            return function, specs[0]
        refused.append(", ".join(f"{s.dtype.name} {s.shape}" for s in specs) or "nothing")
    found = f"one that takes {refused[0]}" if refused else "none"
    raise InputError(
        f"{name}: expected a function of float32 images [B, H, W, 3] of any batch size, found "
        f"{found}"
    )


def _takes_images(spec: tf.TensorSpec) -> bool:
    """Whether a function's input can be a batch of RGB images of any number."""
    return (
        spec.dtype.is_floating
        and spec.shape.is_compatible_with([None, None, None, 3])
        and (spec.shape.rank is None or spec.shape[0] is None)
    )
