"""A CLIP or SigLIP with random weights, small enough for a CPU, made in code and saved as `save_pretrained` does."""

from __future__ import annotations

import json
from pathlib import Path

from helpers.tiny_pipeline import vocabulary

SIDE = 32
"""Of its pictures, in pixels."""


def save_clip(folder: Path, *, seed: int = 0, sigmoid: bool = False) -> Path:
    """Make a two-tower model of two layers and 32 dimensions with its tokeniser and picture preprocessing.

    Args:
        folder: Where it is saved; a folder that `from_pretrained` reads.
        seed: Of the weights.
        sigmoid: Whether it is a SigLIP rather than a CLIP.

    Returns:
        The folder.
    """
    import torch
    from transformers import (
        CLIPConfig,
        CLIPImageProcessor,
        CLIPModel,
        CLIPTokenizer,
        SiglipConfig,
        SiglipImageProcessor,
        SiglipModel,
    )

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    words = folder / "words"
    words.mkdir(parents=True)
    (words / "vocab.json").write_text(json.dumps(vocabulary()))
    (words / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer(str(words / "vocab.json"), str(words / "merges.txt"), model_max_length=64)
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    text = {"vocab_size": len(vocabulary()), "max_position_embeddings": 64, **tower}
    text |= {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    vision = {"image_size": SIDE, "patch_size": 8, **tower}
    size = {"height": SIDE, "width": SIDE}
    if sigmoid:
        model = SiglipModel(SiglipConfig(text_config=text, vision_config=vision))
        SiglipImageProcessor(size=size).save_pretrained(folder)
    else:
        model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=32))
        CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size=size).save_pretrained(folder)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
