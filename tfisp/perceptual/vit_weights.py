"""The weights of a Vision Transformer: reading and drawing them.

Arrays are kept under timm's names (`blocks.0.attn.qkv.weight`, PyTorch layouts: dense `[out, in]`,
convolution OIHW), in which DeiT is published; those of a Hugging Face folder or of KerasHub's
network are brought to them.
"""

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfisp.errors import InputError
from tfisp.files import read_json
from tfisp.perceptual.arrays import expect_shapes, read_arrays


@dataclass(frozen=True)
class Architecture:
    """The sizes of a Vision Transformer.

    Attributes:
        blocks: Number of encoder blocks.
        heads: Attention heads per block.
        width: Length of a token.
        mlp: Width inside a block's two dense layers.
        patch: Side of a patch in pixels.
        size: Side of the image in pixels.
        epsilon: Added to the variance by layer normalisation; 1e-6 in the original and in timm,
            1e-12 in Hugging Face's configurations.
    """

    blocks: int
    heads: int
    width: int
    mlp: int
    patch: int = 16
    size: int = 224
    epsilon: float = 1e-6

    @property
    def tokens(self) -> int:
        """Number of patches."""
        return (self.size // self.patch) ** 2


def timm_shapes(built: Architecture) -> dict[str, tuple[int, ...]]:
    """Name -> shape of every array of the network, without a classifier."""
    width, mlp = built.width, built.mlp
    shapes: dict[str, tuple[int, ...]] = {
        "cls_token": (1, 1, width),
        "pos_embed": (1, 1 + built.tokens, width),
        "patch_embed.proj.weight": (width, 3, built.patch, built.patch),
        "patch_embed.proj.bias": (width,),
        "norm.weight": (width,),
        "norm.bias": (width,),
    }
    for block in range(built.blocks):
        for name, outputs, inputs in (
            ("attn.qkv", 3 * width, width),
            ("attn.proj", width, width),
            ("mlp.fc1", mlp, width),
            ("mlp.fc2", width, mlp),
        ):
            shapes[f"blocks.{block}.{name}.weight"] = (outputs, inputs)
            shapes[f"blocks.{block}.{name}.bias"] = (outputs,)
        for name in ("norm1", "norm2"):
            shapes[f"blocks.{block}.{name}.weight"] = (width,)
            shapes[f"blocks.{block}.{name}.bias"] = (width,)
    return shapes


def random_arrays(built: Architecture, seed: int) -> dict[str, np.ndarray]:
    """Weights drawn for a network, the same for the same seed.

    Dense and patch kernels are normal with variance 1 / fan-in, embeddings normal with deviation
    0.02; layer normalisation starts as the identity, biases as zero.
    """
    rng = np.random.default_rng(seed)
    arrays = {}
    for name, shape in timm_shapes(built).items():
        if name.endswith(".bias"):
            arrays[name] = np.zeros(shape, np.float32)
        elif "norm" in name:
            arrays[name] = np.ones(shape, np.float32)
        else:
            embedding = name in ("cls_token", "pos_embed")
            spread = 0.02 if embedding else 1.0 / math.sqrt(math.prod(shape[1:]))
            arrays[name] = np.float32(spread) * rng.standard_normal(shape, dtype=np.float32)
    return arrays


def read_timm(path: os.PathLike, built: Architecture) -> dict[str, np.ndarray]:
    """Reads a `.npz` with timm's names; the classifier (`head`) is left out.

    Raises:
        InputError: if the file does not hold exactly this network.
    """
    arrays = {
        name: array for name, array in read_arrays(path).items() if not name.startswith("head.")
    }
    return expect_shapes(
        arrays, timm_shapes(built), path, f"a ViT of {built.blocks} x {built.width}"
    )


def read_hugging_face(
    folder: os.PathLike, built: Architecture
) -> tuple[float, dict[str, np.ndarray]]:
    """Reads a Hugging Face folder: `config.json` and `model.safetensors` of a ViT.

    Args:
        folder: As `transformers` saves a ViTModel or a ViTForImageClassification.
        built: The architecture that it must have.

    Returns:
        The epsilon that its configuration states, and its arrays under timm's names.

    Raises:
        InputError: if the folder holds no such model.
    """
    config, stored = Path(folder) / "config.json", Path(folder) / "model.safetensors"
    for path in (config, stored):
        if not path.is_file():
            raise InputError(f"{path}: no such file; expected a Hugging Face folder of a ViT")
    try:
        from safetensors.numpy import load_file
    except ImportError as error:
        raise InputError(
            f"{stored}: reading it needs the package safetensors: pip install safetensors"
        ) from error
    settings = read_json(config)
    try:
        epsilon = float(settings["layer_norm_eps"])
        named = load_file(stored)
    # safetensors raises its own SafetensorError, a plain Exception, for a damaged file.
    except Exception as error:
        raise InputError(
            f"{folder}: not a readable Hugging Face folder of a ViT ({error!r})"
        ) from error
    arrays = _to_timm(
        {name.removeprefix("vit."): array for name, array in named.items()}, built, stored
    )
    return epsilon, expect_shapes(
        arrays, timm_shapes(built), stored, f"a ViT of {built.blocks} x {built.width}"
    )


# Hugging Face's name within a block -> timm's; the three of attention are joined apart.
_HF_BLOCK = {
    "attention.output.dense": "attn.proj",
    "intermediate.dense": "mlp.fc1",
    "output.dense": "mlp.fc2",
    "layernorm_before": "norm1",
    "layernorm_after": "norm2",
}


def _to_timm(
    named: dict[str, np.ndarray], built: Architecture, path: Path
) -> dict[str, np.ndarray]:
    """Renames Hugging Face's arrays, leaving out classifier and pooler, which come afterwards."""
    pairs = {
        "embeddings.cls_token": "cls_token",
        "embeddings.position_embeddings": "pos_embed",
        "embeddings.patch_embeddings.projection.weight": "patch_embed.proj.weight",
        "embeddings.patch_embeddings.projection.bias": "patch_embed.proj.bias",
        "layernorm.weight": "norm.weight",
        "layernorm.bias": "norm.bias",
    }
    for block in range(built.blocks):
        for theirs, ours in _HF_BLOCK.items():
            for kind in ("weight", "bias"):
                pairs[f"encoder.layer.{block}.{theirs}.{kind}"] = f"blocks.{block}.{ours}.{kind}"
    rest = {k: v for k, v in named.items() if not k.startswith(("classifier.", "pooler."))}
    arrays = {ours: rest.pop(theirs) for theirs, ours in pairs.items() if theirs in rest}
    for block in range(built.blocks):
        for kind in ("weight", "bias"):
            names = [
                f"encoder.layer.{block}.attention.attention.{part}.{kind}"
                for part in ("query", "key", "value")
            ]
            parts = [rest.pop(name) for name in names if name in rest]
            if len(parts) != 3:
                raise InputError(f"{path}: {names[0]} or a sibling is missing")
            arrays[f"blocks.{block}.attn.qkv.{kind}"] = np.concatenate(parts)
    return arrays | rest  # what is left over has no place, and is refused by name


def from_keras_hub(network: Any, built: Architecture) -> dict[str, np.ndarray]:
    """The arrays of KerasHub's network under timm's names.

    Dense kernels are Keras' `[in, out]` there, and those of attention cut into heads: query, key
    and value kernels are `[width, heads, width / heads]`, the output kernel `[heads, width / heads,
    width]`.
    """
    width = built.width
    embedding = network.get_layer("vit_patching_and_embedding")
    encoder = network.get_layer("vit_encoder")
    patches = embedding.patch_embedding
    arrays = {
        "cls_token": np.asarray(embedding.class_token),
        "pos_embed": np.asarray(embedding.position_embedding.embeddings)[None],
        "patch_embed.proj.weight": np.asarray(patches.kernel).transpose(3, 2, 0, 1),
        "patch_embed.proj.bias": np.asarray(patches.bias),
    }

    def dense(name: str, *layers: Any, inputs: int) -> None:
        kernels = [np.asarray(layer.kernel).reshape(inputs, -1).T for layer in layers]
        arrays[f"{name}.weight"] = np.concatenate(kernels)
        arrays[f"{name}.bias"] = np.concatenate([np.ravel(layer.bias) for layer in layers])

    def norm(name: str, layer: Any) -> None:
        arrays[f"{name}.weight"], arrays[f"{name}.bias"] = map(
            np.asarray, (layer.gamma, layer.beta)
        )

    for index, block in enumerate(encoder.encoder_layers):
        name, heads = f"blocks.{index}", block.mha
        norm(f"{name}.norm1", block.layer_norm_1)
        joined = (heads.query_dense, heads.key_dense, heads.value_dense)
        dense(f"{name}.attn.qkv", *joined, inputs=width)
        dense(f"{name}.attn.proj", heads.output_dense, inputs=width)
        norm(f"{name}.norm2", block.layer_norm_2)
        dense(f"{name}.mlp.fc1", block.mlp.dense_1, inputs=width)
        dense(f"{name}.mlp.fc2", block.mlp.dense_2, inputs=built.mlp)
    norm("norm", encoder.layer_norm)
    return arrays
