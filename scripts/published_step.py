"""The work of a training step as the paper's published code does it, in PyTorch, for comparison.

Not its results but its cost: the same networks in the same sizes with random weights, run and
differentiated as often as there (docs/FIDELITY.md): each of the five losses goes backward down to
the generator twice on its own, once for its norm and once for the log, and once more in the sum, 11
backward passes in all; the Vision Transformer's own weights get gradients each time; where critics
learn, features are extracted again. Needs the extra `port`.
"""

import time

import numpy as np
import torch
from torch import nn

VGG19 = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512, 512, 512, 512)


class Tokens(nn.Module):
    """ViT-B/16 up to its tokens; its weights are left open to gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 768, 16, 16)
        self.places = nn.Parameter(0.02 * torch.randn(1, 197, 768))
        layer = nn.TransformerEncoderLayer(
            768, 12, 3072, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(
            layer, 12, nn.LayerNorm(768), enable_nested_tensor=False
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images `[B, 3, 224, 224]` -> `[B, 197, 768]`."""
        patches = self.patches(images).flatten(2).transpose(1, 2)
        return self.encoder(nn.functional.pad(patches, (0, 0, 1, 0)) + self.places)


def texture_critic(channels: int, side: int) -> nn.Module:
    """Five convolutions and two dense layers on a feature map."""
    layers: list[nn.Module] = []
    for filters, kernel, stride in ((48, 5, 2), (128, 3, 2), (192, 3, 1), (192, 3, 1), (128, 3, 2)):
        layers += [nn.Conv2d(channels, filters, kernel, stride, kernel // 2), nn.LeakyReLU(0.2)]
        channels, side = filters, (side - 1) // stride + 1
    dense = (nn.Linear(channels * side**2, 1024), nn.LeakyReLU(0.2), nn.Linear(1024, 1))
    return nn.Sequential(*layers, nn.Flatten(), *dense)


class PublishedStep:
    """Everything that such a step needs.

    Args:
        count: Images per batch.
        size: Their side in pixels.
    """

    def __init__(self, count: int, size: int) -> None:
        rng = np.random.default_rng(0)
        self._raw, self._reference, self._target = (
            torch.from_numpy(rng.uniform(size=(count, channels, side, side)).astype(np.float32))
            for channels, side in ((4, size // 2), (3, size), (3, size))
        )
        self._generator = nn.Sequential(
            nn.Conv2d(4, 12, 3, padding=1),
            nn.Tanh(),
            nn.Conv2d(12, 12, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(12, 12, 3, padding=1),
            nn.ReLU(),
            nn.PixelShuffle(2),
        )
        convolutions, channels = [], 3
        for filters in VGG19:
            if filters:
                convolutions += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU()]
                channels = filters
            else:
                convolutions.append(nn.MaxPool2d(2))
        self._content = nn.Sequential(*convolutions).requires_grad_(False)
        self._tokens = Tokens()
        lin0 = nn.Sequential(nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU())
        lin3 = nn.Sequential(
            *lin0,
            nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
        )
        self._features = (
            lambda x: self._tokens(
                nn.functional.interpolate(_blurred(x), (224, 224), mode="bilinear")
            ),
            lambda x: lin0.requires_grad_(False)(_gray(x)),
            lambda x: lin3.requires_grad_(False)(_gray(x)),
        )
        token_critic = nn.Sequential(
            nn.Linear(768, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 1)
        )
        maps = [features(self._target).shape for features in self._features[1:]]
        self._critics = (token_critic, *(texture_critic(m[1], m[2]) for m in maps))

    def seconds(self, critics_learn: bool) -> float:
        """Takes a step and returns its duration."""
        before = time.perf_counter()
        made = self._generator(self._raw)
        content = self._content(_gray(made)), self._content(_gray(self._reference))
        losses = [nn.functional.mse_loss(*content), made.diff(dim=2).square().mean()]
        for features, critic in zip(self._features, self._critics, strict=True):
            real, fake = critic(features(self._target)), critic(features(made))
            losses.append(nn.functional.softplus(real - fake).mean())
        for loss in losses:
            for _ in ("norm", "log"):
                loss.backward(retain_graph=True)
        sum(losses).backward(retain_graph=critics_learn)
        if critics_learn:
            for features, critic in zip(self._features, self._critics, strict=True):
                self._teach(critic, features(self._target).detach(), features(made).detach())
        return time.perf_counter() - before

    @staticmethod
    def _teach(critic: nn.Module, real: torch.Tensor, fake: torch.Tensor) -> None:
        """The critic's loss and its penalties, backward."""
        scores, loss = [], 0.0
        for features in (real.requires_grad_(), fake.requires_grad_()):
            scores.append(critic(features).flatten(1).mean(1))
            (gradient,) = torch.autograd.grad(scores[-1].sum(), features, create_graph=True)
            loss = loss + gradient.square().sum() / len(features)
        (loss + nn.functional.softplus(scores[1] - scores[0]).mean()).backward()


def _gray(images: torch.Tensor) -> torch.Tensor:
    """One plane, three times."""
    return images.mean(1, keepdim=True).expand(-1, 3, -1, -1)


def _blurred(images: torch.Tensor) -> torch.Tensor:
    """A blur of 21 x 21 pixels."""
    kernel = torch.full((3, 1, 21, 21), 1 / 441)
    return nn.functional.conv2d(images, kernel, padding=10, groups=3)
