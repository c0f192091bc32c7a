"""Released networks: what their tensors are called, and how PyTorch renders with them.

For `port_checkpoint.py`, which recognises a file by these and compares its conversion with them.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from tfisp import models
from tfisp.errors import InputError

if TYPE_CHECKING:
    import keras
    import torch

    from tfisp.models.generator import Generator

# Names of tensors, without what is put in front of all names of a network -> tensors.
State = Mapping[str, "torch.Tensor"]


class Origin(NamedTuple):
    """Who released weights, where, and how their licence stands, as a card says it."""

    authors: str
    page: str
    licence: str


class Family(NamedTuple):
    """Networks whose tensors have the same names.

    Attributes:
        origin: Whose the weights are, and where they were released.
        first: Name of its first layer's kernel.
        create: Makes the generator for given tensors; None if there is none of their sizes.
        layers: Name of every layer in the file -> layer of the generator.
        in_pytorch: Renders NCHW input by PyTorch.
        shuffled: Name of the layer whose channels PyTorch's pixel shuffle takes apart; "" if there
            is none.
    """

    origin: Origin
    first: str
    create: Callable[[State], "Generator | None"]
    layers: Callable[["Generator"], dict[str, "keras.Layer"]]
    in_pytorch: Callable[["torch.Tensor", State], "torch.Tensor"]
    shuffled: str = ""


# --- Efficient ISP, Robust ISP, dh_isp


def _create_plain(state: State) -> "Generator | None":
    widths = {(12, 12): "efficient_isp", (16, 4): "robust_isp", (16, 16): "dh_isp"}
    if "conv2.weight" not in state:
        return None
    name = widths.get((state["conv1.weight"].shape[0], state["conv2.weight"].shape[0]))
    return None if name is None else models.create(name)


def _layers_of_plain(generator: "Generator") -> dict[str, "keras.Layer"]:
    return {name: getattr(generator, name) for name in ("conv1", "conv2", "conv3")}


def _plain_in_pytorch(packed: "torch.Tensor", state: State) -> "torch.Tensor":
    import torch
    from torch.nn import functional as nn

    x = torch.tanh(nn.conv2d(packed, state["conv1.weight"], state["conv1.bias"], padding=1))
    x = nn.relu(nn.conv2d(x, state["conv2.weight"], state["conv2.bias"], padding=1))
    x = nn.relu(nn.conv2d(x, state["conv3.weight"], state["conv3.bias"], padding=1))
    return nn.pixel_shuffle(x, 2)


# --- RMFA-Net

# Layer of our block -> its name in a released one.
_RMFA_BLOCK = {
    "high_frequencies": "texture_module.high_freq.0",
    "low_frequencies": "texture_module.low_freq.0",
    "tone1": "tone_mapping.level1.1",
    "tone2": "tone_mapping.level2.1",
    "tone3": "tone_mapping.level3.0",
    "fusion": "fusion.0",
    "squeeze": "channel_attention.fc.0",
    "excite": "channel_attention.fc.2",
    "place": "spatial_attention.conv",
}


def _depth_of_rmfa(state: State) -> int:
    return len({name.split(".")[1] for name in state if name.startswith("rmfa_blocks.")})


def _create_rmfa(state: State) -> "Generator | None":
    sizes = {2: "rmfa_net_tiny", 8: "rmfa_net_medium", 20: "rmfa_net_large"}
    name, width = sizes.get(_depth_of_rmfa(state)), state["input_module.0.weight"].shape[0]
    if name is None:
        return None
    try:
        return models.create(name, width=width)
    except InputError:  # no RMFA-Net has that width
        return None


def _layers_of_rmfa(generator: "Generator") -> dict[str, "keras.Layer"]:
    layers = {"input_module.0": generator.entry1, "input_module.1": generator.entry2}
    for index, block in enumerate(generator.blocks):
        for ours, theirs in _RMFA_BLOCK.items():
            layers[f"rmfa_blocks.{index}.{theirs}"] = getattr(block, ours)
    return {**layers, "output_module.0": generator.exit}


def _rmfa_in_pytorch(split: "torch.Tensor", state: State) -> "torch.Tensor":
    import torch
    from torch.nn import functional as nn

    def conv(x: torch.Tensor, name: str) -> torch.Tensor:
        kernel = state[f"{name}.weight"]
        return nn.conv2d(x, kernel, state.get(f"{name}.bias"), padding=kernel.shape[-1] // 2)

    def doubled(x: torch.Tensor) -> torch.Tensor:
        return nn.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)

    x = torch.tanh(conv(conv(split, "input_module.0"), "input_module.1"))
    for index in range(_depth_of_rmfa(state)):
        name = {ours: f"rmfa_blocks.{index}.{theirs}" for ours, theirs in _RMFA_BLOCK.items()}
        half = nn.relu(conv(nn.avg_pool2d(x, 2), name["tone1"]))
        quarter = nn.relu(conv(nn.avg_pool2d(half, 2), name["tone2"]))
        quarter = nn.relu(conv(quarter, name["tone3"]))
        parts = [
            nn.relu(conv(x, name["high_frequencies"])),
            nn.relu(conv(x, name["low_frequencies"])),
            x - doubled(half + doubled(quarter)),
        ]
        y = nn.relu(conv(torch.cat(parts, 1), name["fusion"]))
        gates = [
            conv(nn.relu(conv(pooled, name["squeeze"])), name["excite"])
            for pooled in (y.mean((2, 3), keepdim=True), y.amax((2, 3), keepdim=True))
        ]
        y = y * torch.sigmoid(gates[0] + gates[1])
        places = torch.cat([y.mean(1, keepdim=True), y.amax(1, keepdim=True)], 1)
        x = x + y * torch.sigmoid(conv(places, name["place"]))
    return torch.sigmoid(conv(x, "output_module.0"))


# --- AISP, a Keras file

# Our layer -> shape of its kernel in the file, where layers have numbers that count all the layers
# that were made before. No two shapes are the same.
AISP_KERNELS = {
    "conv1": (3, 3, 4, 16),
    "conv2": (3, 3, 16, 16),
    "conv3": (3, 3, 16, 12),
    "wide": (3, 3, 3, 32),
    "squeeze": (32, 4),
    "excite": (4, 32),
    "place": (7, 7, 2, 1),
    "correct": (3, 3, 32, 3),
}


def _layers_of_aisp(generator: "Generator") -> dict[str, "keras.Layer"]:
    return {name: getattr(generator, name) for name in AISP_KERNELS}


def _aisp_in_pytorch(packed: "torch.Tensor", state: State) -> "torch.Tensor":
    import torch
    from torch.nn import functional as nn

    def conv(x: torch.Tensor, name: str) -> torch.Tensor:
        kernel = state[f"{name}.weight"]
        return nn.conv2d(x, kernel, state.get(f"{name}.bias"), padding=kernel.shape[-1] // 2)

    x = nn.relu(conv(nn.relu(conv(torch.tanh(conv(packed, "conv1")), "conv2")), "conv3"))
    # TensorFlow's depth to space holds channel 3 (2 i + j) + c for colour c at row i, column j.
    x = nn.pixel_shuffle(x[:, [3 * place + c for c in range(3) for place in range(4)]], 2)
    x = (x + 1e-8) ** (1 / 2.2)
    toned = 3 * x**2 - 2 * x**3
    y = nn.relu(conv(toned, "wide"))
    gates = [
        conv(nn.relu(conv(pooled, "squeeze")), "excite")
        for pooled in (y.mean((2, 3), keepdim=True), y.amax((2, 3), keepdim=True))
    ]
    y = y * torch.sigmoid(gates[0] + gates[1])
    places = torch.cat([y.mean(1, keepdim=True), y.amax(1, keepdim=True)], 1)
    y = y * torch.sigmoid(conv(places, "place"))
    return (toned + torch.tanh(conv(y, "correct"))).clamp(0, 1)


_PAPER = Origin(
    'the authors of arXiv 2505.10420, "Learned Lightweight Smartphone ISP with Unpaired Data"',
    "https://github.com/AndreiiArhire/Learned-Lightweight-Smartphone-ISP-with-Unpaired-Data",
    "none stated in that repository; ask its authors before passing this on",
)
_AISP = Origin(
    "the Computer Vision Lab of Würzburg for the Mobile AI 2022 challenge",
    "https://github.com/mv-lab/AISP",
    "as that repository states; ask its authors where it states none",
)

FAMILIES = (
    Family(_PAPER, "conv1.weight", _create_plain, _layers_of_plain, _plain_in_pytorch, "conv3"),
    Family(_PAPER, "input_module.0.weight", _create_rmfa, _layers_of_rmfa, _rmfa_in_pytorch),
    Family(
        _AISP, "wide.weight", lambda _: models.create("aisp"), _layers_of_aisp, _aisp_in_pytorch
    ),
)
