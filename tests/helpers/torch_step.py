"""One step of training written once more, in PyTorch, from the formulas.

After the paper (arXiv 2505.10420, whose equations are named below) and its code (systems.md A3), as
plainly as it goes: images NCHW; every loss is differentiated through all that led to it, separately
and down to the weights; filters are convolutions. Weights are leaf tensors in tfisp's own layouts,
so that gradients can be compared number by number. Import it after `pytest.importorskip("torch")`.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as nn

from tests.helpers import torch_networks


class Networks(NamedTuple):
    """The frozen networks, from RGB 0..1 NCHW.

    Attributes:
        content: Image -> the features of the content loss.
        tokens: Image of 224 x 224 pixels -> `[B, tokens, width]`.
        texture: Image -> five taps.
        lpips_plus: images, references -> `[B]`.
        dists: images, references -> `[B]`.
    """

    content: Callable
    tokens: Callable
    texture: Callable
    lpips_plus: Callable | None = None
    dists: Callable | None = None


class Weights(NamedTuple):
    """What is trained: leaf tensors in the order and layout of the Keras networks."""

    generator: list
    critics: dict


class Step(NamedTuple):
    """What one batch says.

    Attributes:
        losses: Per loss of the generator, the mean over the batch.
        generator: Per loss, its gradient for each generator variable.
        parts: Per critic, `adversarial`, `r1` and `r2`, means over the batch.
        critics: Per critic and part, its gradient for each of the critic's variables.
    """

    losses: dict
    generator: dict
    parts: dict
    critics: dict


def luminance(x):
    """L of CIELAB / 100, three times (kornia's constants, A3.1)."""
    linear = torch.where(x > 0.04045, ((x.clamp(0.04045) + 0.055) / 1.055) ** 2.4, x / 12.92)
    y = 0.212671 * linear[:, :1] + 0.715160 * linear[:, 1:2] + 0.072169 * linear[:, 2:]
    f = torch.where(y > 0.008856, y.clamp(0.008856) ** (1 / 3), 7.787 * y + 4 / 29)
    return ((116 * f - 16) / 100).repeat(1, 3, 1, 1)


def gray(x):
    """Luma, three times (A3.4)."""
    return (0.299 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]).repeat(1, 3, 1, 1)


def blurred(x):
    """Eqs. 3 and 4 with DPED's kernel, gauss_kernel(21, nsig=3); the image is mirrored outside."""
    edge = 3 + (2 * 3 + 1) / 21 / 2
    bins = torch.linspace(-edge, edge, 22, dtype=torch.float64)
    mass = torch.special.ndtr(bins).diff()
    kernel = torch.outer(mass, mass).sqrt()
    kernel = (kernel / kernel.sum()).to(x.dtype).repeat(3, 1, 1, 1)
    return nn.conv2d(nn.pad(x, [10, 10, 10, 10], mode="reflect"), kernel, groups=3)


def blurred_224(x):
    """What the colour critic's backbone sees (A3.3)."""
    return nn.interpolate(blurred(x), (224, 224), mode="bilinear", align_corners=False)


def mean_square(x, y):
    """Per image."""
    return (x - y).pow(2).flatten(1).mean(1)


def total_variation(x):
    """Eq. 9, each sum divided by the number of its own differences (A3.2)."""
    batch, channels, height, width = x.shape
    vertical = (x[:, :, 1:] - x[:, :, :-1]).pow(2).sum() / ((height - 1) * width * channels)
    horizontal = (x[..., 1:] - x[..., :-1]).pow(2).sum() / (height * (width - 1) * channels)
    return (vertical + horizontal) / batch


FEATURES = {
    "adv_color": lambda networks, x: networks.tokens(blurred_224(x)),
    "adv_lin0": lambda networks, x: networks.texture(gray(x))[0],
    "adv_lin3": lambda networks, x: networks.texture(gray(x))[3],
}


def layered(leaves):
    """Kernels and biases in Keras' layouts -> numbered, in PyTorch's."""
    state = {}
    for index, (kernel, bias) in enumerate(zip(leaves[::2], leaves[1::2], strict=True)):
        state[f"w{index}"] = kernel.permute(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T
        state[f"b{index}"] = bias
    return state


def generated(raw, leaves):
    """Efficient ISP's picture; the last layer's channels are re-ordered for PyTorch's shuffle."""
    state = layered(leaves)
    order = [3 * place + channel for channel in range(3) for place in range(4)]
    named = {f"conv{i + 1}.weight": state[f"w{i}"] for i in range(3)}
    named |= {f"conv{i + 1}.bias": state[f"b{i}"] for i in range(3)}
    named["conv3.weight"], named["conv3.bias"] = state["w2"][order], state["b2"][order]
    return torch_networks.plain_isp(raw, named)


def scores(name, features, leaves):
    """A critic's scores `[B]` of its features."""
    critic = torch_networks.token_critic if name == "adv_color" else torch_networks.texture_critic
    return critic(features, layered(leaves))


def objectives(recipe, networks, batch, made):
    """The losses that need no critic: Eq. 11 for `unpaired`, Eq. 10 for `paired_adversarial`."""
    reference, target = batch["reference"], batch["target"]
    if recipe == "unpaired":
        content = networks.content(luminance(made)), networks.content(luminance(reference))
        return {"content": mean_square(*content).mean(), "tv": total_variation(made)}
    return {
        "content": mean_square(networks.content(made), networks.content(target)).mean(),
        "lpips_plus": networks.lpips_plus(made, target).mean(),
        "dists": networks.dists(made, target).mean(),
        "tv": total_variation(made),
        "blur_mse": mean_square(blurred(made), blurred(target)).mean(),
    }


def gradients(recipe, networks, weights, batch, gamma):
    """Every loss of generator and critics, and every gradient, all at the same weights."""
    made = generated(batch["raw"], weights.generator)
    losses = objectives(recipe, networks, batch, made)
    parts, of_critics = {}, {}
    for name, leaves in weights.critics.items():
        real, fake = FEATURES[name](networks, batch["target"]), FEATURES[name](networks, made)
        # Eq. 8: the generator wants its own picture to score higher than its partner.
        difference = scores(name, real, leaves) - scores(name, fake, leaves)
        losses[name] = nn.softplus(difference).mean()
        parts[name] = critic_parts(name, real.detach(), fake.detach(), leaves, gamma)
        of_critics[name] = {part: derivatives(value, leaves) for part, value in parts[name].items()}
    of_generator = {name: derivatives(loss, weights.generator) for name, loss in losses.items()}
    return Step(losses, of_generator, parts, of_critics)


def critic_parts(name, real, fake, leaves, gamma):
    """Eqs. 5 to 7: the critic's own loss, whose penalties are on the gradient at the features."""
    found, values = {}, []
    for penalty, features in (("r1", real), ("r2", fake)):
        features.requires_grad_()
        score = scores(name, features, leaves)
        (gradient,) = torch.autograd.grad(score.sum(), features, create_graph=True)
        found[penalty] = gamma / 2 * gradient.pow(2).flatten(1).sum(1).mean()
        values.append(score)
    return {"adversarial": nn.softplus(values[1] - values[0]).mean(), **found}


def derivatives(value, leaves):
    """Gradient for each leaf, zeros for one that the value does not depend on."""
    found = torch.autograd.grad(value, leaves, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(w) if g is None else g for g, w in zip(found, leaves, strict=True)]


def norm(tensors):
    """Length of all numbers together."""
    return torch.sqrt(sum(t.pow(2).sum() for t in tensors))


def descend(weights, step, rate, critic_rate, clip=None):
    """Plain gradient descent: the generator by the sum of unit gradients (section 3.7).

    The critics by their own gradient, no longer than `clip`; not at all where that is None.
    """
    with torch.no_grad():
        for of_loss in step.generator.values():
            length = norm(of_loss) + 1e-8
            for weight, gradient in zip(weights.generator, of_loss, strict=True):
                weight -= rate * gradient / length
        for name, parts in step.critics.items() if clip is not None else ():
            total = [sum(of_parts) for of_parts in zip(*parts.values(), strict=True)]
            factor = torch.clamp(clip / norm(total), max=1.0)
            for weight, gradient in zip(weights.critics[name], total, strict=True):
                weight -= critic_rate * factor * gradient
