"""Vision Transformers on disk as others write them."""

import json

import numpy as np


def hugging_face(folder, arrays, built, epsilon=1e-12):
    """A folder as `transformers` writes it, names taken from its ViTForImageClassification."""
    from safetensors.numpy import save_file

    out = {
        "vit.embeddings.cls_token": arrays["cls_token"],
        "vit.embeddings.position_embeddings": arrays["pos_embed"],
        "classifier.weight": np.zeros((10, built.width), np.float32),
        "classifier.bias": np.zeros(10, np.float32),
    }
    for kind in ("weight", "bias"):
        out[f"vit.embeddings.patch_embeddings.projection.{kind}"] = arrays[
            f"patch_embed.proj.{kind}"
        ]
        out[f"vit.layernorm.{kind}"] = arrays[f"norm.{kind}"]
        for i in range(built.blocks):
            ours, theirs = f"blocks.{i}.", f"vit.encoder.layer.{i}."
            parts = np.split(arrays[f"{ours}attn.qkv.{kind}"], 3)
            for part, array in zip(("query", "key", "value"), parts, strict=True):
                out[f"{theirs}attention.attention.{part}.{kind}"] = array.copy()
            out[f"{theirs}attention.output.dense.{kind}"] = arrays[f"{ours}attn.proj.{kind}"]
            out[f"{theirs}intermediate.dense.{kind}"] = arrays[f"{ours}mlp.fc1.{kind}"]
            out[f"{theirs}output.dense.{kind}"] = arrays[f"{ours}mlp.fc2.{kind}"]
            out[f"{theirs}layernorm_before.{kind}"] = arrays[f"{ours}norm1.{kind}"]
            out[f"{theirs}layernorm_after.{kind}"] = arrays[f"{ours}norm2.{kind}"]
    folder.mkdir()
    save_file(out, folder / "model.safetensors")
    (folder / "config.json").write_text(
        json.dumps({"model_type": "vit", "layer_norm_eps": epsilon})
    )
    return folder
