"""Backbones of KerasCV, KerasHub's predecessor: `keras_cv:NAME`.

NAME is one of its backbones' presets that has weights (`efficientnetv2_s_imagenet`), or a folder
with the two files of one, `config.json` and `model.weights.h5`. The positions of the last feature
map are the tokens. Images are given as the network was trained: 0..255 where it scales them itself
(`include_rescaling`), else 0..1.

Needs the package keras-cv (`pip install 'tfisp[cv]'`); importing this module does not load it.
"""

import os
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfisp.errors import InputError, first_line
from tfisp.naming import choose
from tfisp.perceptual.base import frozen_variables
from tfisp.perceptual.token_backbone import TokenBackbone


class KerasCVBackbone(TokenBackbone):
    """A network of KerasCV. See `Backbone`."""

    def __init__(self, name: str, network: Any, weights: str) -> None:
        """Wraps a trained network.

        Args:
            name: Of the backbone.
            network: `keras_cv.models.Backbone`, images `[B, H, W, 3]` -> `[B, h, w, C]`.
            weights: Where its weights come from.

        Raises:
            InputError: if it does not take RGB images.
        """
        shape = network.input_shape
        if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] != 3:
            raise InputError(f"{name}: expected a network of images [B, H, W, 3], found {shape}")
        super().__init__(name, weights, is_random=False, size=shape[1:3])
        network.trainable = False
        self._network = network
        self._scale = 255.0 if getattr(network, "include_rescaling", False) else 1.0

    def _run(self, images: tf.Tensor) -> tf.Tensor:
        return self._network(self._scale * images, training=False)


def create(
    name: str,
    weights: str | os.PathLike | None = None,
    seed: int = 0,
    dtype: str = "float32",
) -> KerasCVBackbone:
    """A backbone of KerasCV with its published weights.

    Args:
        name: `keras_cv:` and a preset or a folder.
        weights: None; the name says where they are.
        seed: Of random weights; there are none.
        dtype: Without effect; the network computes in float32.

    Raises:
        InputError: if weights are given, the package keras-cv is missing, there is no such preset,
            or it cannot be loaded.
    """
    if weights:
        raise InputError(f"weights of {name}: {weights} given, but the name says where they are")
    _, _, preset = name.partition(":")
    try:
        from keras_cv import models
    except ImportError as error:
        raise InputError(
            f"{name}: loading it needs the package keras-cv ({error}): pip install 'tfisp[cv]'"
        ) from error
    folder = Path(preset).expanduser()
    if folder.is_dir():
        handle, owner, advice = str(folder), models.Backbone, ""
    else:
        owners = _owners(models)
        handle, owner = preset, owners[choose("keras_cv preset", preset, owners)]
        advice = (
            f"; download {owner.presets[preset]['kaggle_handle']} on a machine with network (a "
            "folder with config.json and model.weights.h5) and give keras_cv:FOLDER"
        )
    with frozen_variables():
        try:
            network = owner.from_preset(handle, load_weights=True)
        # KerasCV lets through whatever its download client or the files' parsers raise.
        except Exception as error:
            raise InputError(
                f"{name}: not a KerasCV backbone that can be loaded ({first_line(error)}){advice}"
            ) from error
    return KerasCVBackbone(name, network, f"KerasCV preset {preset}")


def _owners(models: Any) -> dict[str, Any]:
    """Preset that has weights -> the class of `keras_cv.models` that makes it."""
    return {
        preset: owner
        for owner in vars(models).values()
        if isinstance(owner, type) and issubclass(owner, models.Backbone)
        for preset in getattr(owner, "presets_with_weights")  # noqa: B009
    }
