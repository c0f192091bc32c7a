"""The frozen networks and the generators written once more, in PyTorch, from their papers' tables.

Independent of `tfisp`: NCHW, PyTorch's own layers, weights given as PyTorch has them. Import it
after `pytest.importorskip("torch")`.
"""

import numpy as np
import torch
import torch.nn.functional as nn


def nchw(images):
    """NumPy NHWC -> torch NCHW."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(images, -1, 1)))


def nhwc(tensor):
    """Torch NCHW -> NumPy NHWC."""
    return np.moveaxis(tensor.detach().numpy(), 1, -1)


def alexnet(images, weights, biases):
    """Five taps of AlexNet's features (torchvision's numbers); kernels OIHW."""
    taps = []
    x = images
    for index, (stride, padding) in enumerate([(4, 2), (1, 2), (1, 1), (1, 1), (1, 1)]):
        if index in (1, 2):
            x = nn.max_pool2d(x, kernel_size=3, stride=2)
        x = nn.relu(nn.conv2d(x, weights[index], biases[index], stride=stride, padding=padding))
        taps.append(x)
    return taps


def vgg19(images, weights, biases):
    """relu1_1 .. relu5_4 of VGG-19 from RGB 0..1; sixteen kernels OIHW for BGR input."""
    mean = torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
    x = images.flip(1) * 255 - mean
    taps, index = [], 0
    for block, count in enumerate([2, 2, 4, 4, 4]):
        if block:
            x = nn.max_pool2d(x, 2)
        for _ in range(count):
            x = nn.relu(nn.conv2d(x, weights[index], biases[index], padding=1))
            taps.append(x)
            index += 1
    return taps


def vision_transformer(images, arrays, blocks, heads, epsilon=1e-6):
    """Tokens of a Vision Transformer after the final norm, without the class token; timm's
    names."""
    p = {name: torch.from_numpy(np.asarray(array, np.float32)) for name, array in arrays.items()}
    patch = p["patch_embed.proj.weight"].shape[-1]
    x = nn.conv2d(images, p["patch_embed.proj.weight"], p["patch_embed.proj.bias"], stride=patch)
    x = x.flatten(2).transpose(1, 2)
    batch, count, width = x.shape
    x = torch.cat([p["cls_token"].expand(batch, -1, -1), x], dim=1) + p["pos_embed"]

    def norm(x, name):
        return nn.layer_norm(x, (width,), p[f"{name}.weight"], p[f"{name}.bias"], epsilon)

    def linear(x, name):
        return nn.linear(x, p[f"{name}.weight"], p[f"{name}.bias"])

    for i in range(blocks):
        qkv = linear(norm(x, f"blocks.{i}.norm1"), f"blocks.{i}.attn.qkv")
        qkv = qkv.reshape(batch, count + 1, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
        scores = qkv[0] @ qkv[1].transpose(-2, -1) / (width // heads) ** 0.5
        mixed = (scores.softmax(dim=-1) @ qkv[2]).transpose(1, 2).reshape(batch, count + 1, width)
        x = x + linear(mixed, f"blocks.{i}.attn.proj")
        hidden = nn.gelu(linear(norm(x, f"blocks.{i}.norm2"), f"blocks.{i}.mlp.fc1"))
        x = x + linear(hidden, f"blocks.{i}.mlp.fc2")
    return norm(x, "norm")[:, 1:]


def plain_isp(packed, state):
    """Efficient and Robust ISP as the published code has them: packed NCHW -> RGB NCHW."""
    x = torch.tanh(nn.conv2d(packed, state["conv1.weight"], state["conv1.bias"], padding=1))
    x = nn.relu(nn.conv2d(x, state["conv2.weight"], state["conv2.bias"], padding=1))
    x = nn.relu(nn.conv2d(x, state["conv3.weight"], state["conv3.bias"], padding=1))
    return nn.pixel_shuffle(x, 2)


def texture_critic(features, state):
    """Five convolutions and two dense layers, LeakyReLU 0.2; flattened as NHWC, as tfisp does."""
    x = features
    for i, (stride, padding) in enumerate([(2, 2), (2, 1), (1, 1), (1, 1), (2, 1)]):
        x = nn.leaky_relu(nn.conv2d(x, state[f"w{i}"], state[f"b{i}"], stride, padding), 0.2)
    x = x.permute(0, 2, 3, 1).flatten(1)
    x = nn.leaky_relu(nn.linear(x, state["w5"], state["b5"]), 0.2)
    return nn.linear(x, state["w6"], state["b6"])[:, 0]


def token_critic(tokens, state):
    """Three dense layers per token, scores averaged."""
    x = nn.relu(nn.linear(tokens, state["w0"], state["b0"]))
    x = nn.relu(nn.linear(x, state["w1"], state["b1"]))
    return nn.linear(x, state["w2"], state["b2"]).mean(dim=(1, 2))
