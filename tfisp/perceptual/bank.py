"""The FeatureBank: what all losses and critics together want to know about an image, computed once.

A frozen network costs far more than everything else in a training step. Content loss and critics
say which features they read; the bank shows the image once per view, runs each network once per
view, and only as deep as anybody asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import tensorflow as tf

from tfisp.naming import choose
from tfisp.perceptual.base import Backbone
from tfisp.perceptual.views import view, view_size


class Feature(NamedTuple):
    """One feature of an image.

    Attributes:
        backbone: The network, by the name it has in the bank.
        view: How the image is shown to it.
        tap: The layer.
    """

    backbone: str
    view: str
    tap: str


class FeatureBank:
    """The frozen networks of a run.

    Attributes:
        backbones: Name -> network.
    """

    def __init__(self, backbones: Mapping[str, Backbone]) -> None:
        """Takes the networks that features may name."""
        self.backbones = dict(backbones)

    def __call__(self, images: tf.Tensor, features: Iterable[Feature]) -> dict[Feature, tf.Tensor]:
        """Computes features of a batch of images.

        Args:
            images: `[B, H, W, 3]` float32 sRGB, nominally 0..1.
            features: Which ones; each network runs once for each view that they name it with.

        Returns:
            Feature -> `[B, ...]`, in the order asked for.

        Raises:
            InputError: for a network, view or tap that there is not, or images that a network
                cannot take.
        """
        images = tf.convert_to_tensor(images)
        wanted = list(dict.fromkeys(features))
        taps: dict[tuple[str, str], list[str]] = {}
        for feature in wanted:
            choose("backbone", feature.backbone, self.backbones)
            taps.setdefault((feature.backbone, feature.view), []).append(feature.tap)

        views = {name: view(name, images) for name in dict.fromkeys(name for _, name in taps)}
        seen = {
            (backbone, name): self.backbones[backbone](views[name], names)
            for (backbone, name), names in taps.items()
        }
        return {feature: seen[feature.backbone, feature.view][feature.tap] for feature in wanted}

    def shape(self, feature: Feature, image_size: Sequence[int]) -> tuple[int, ...]:
        """Shape of a feature of one image, without computing it.

        Args:
            feature: Which one.
            image_size: Height and width of the image, in pixels.

        Raises:
            InputError: as calling the bank would.
        """
        backbone = self.backbones[choose("backbone", feature.backbone, self.backbones)]
        return backbone.tap_shape(feature.tap, view_size(feature.view, image_size))
