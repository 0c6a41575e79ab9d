"""One step of fine-tuning at full size on a CPU: a CLIP ViT-B/32 of 151 million random weights, through `train`.

    python examples/full_size_step.py --out build/full-size

It makes the model and a small release of composites, takes one step of NegCLIP with contrastive groups, and says how
long that took and how much memory. Weights are random, so the figures of the model mean nothing: it shows that the
path runs. The extra `train` is needed, and 5 GB of memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from naturel.builders.build import build
from naturel.builders.progress import LineProgress
from naturel.builders.settings import BuildSettings
from naturel.training import TrainSettings, train


def save_model(folder: Path) -> int:
    """Make a CLIP ViT-B/32 with random weights and a tokeniser of bytes, and save it.

    Args:
        folder: Where to.

    Returns:
        How many weights it has.
    """
    import torch
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

    letters = sorted(ByteLevel.alphabet())
    tokens = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{letter}</w>" for letter in letters)]
    with tempfile.TemporaryDirectory() as scratch:
        vocabulary, merges = Path(scratch) / "vocab.json", Path(scratch) / "merges.txt"
        vocabulary.write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
        merges.write_text("#version: 0.2\n")
        CLIPTokenizer(str(vocabulary), str(merges), model_max_length=77).save_pretrained(folder)
    torch.manual_seed(0)
    # Only the numbers of the tokens that begin and end a text are other than CLIP's own.
    model = CLIPModel(CLIPConfig(text_config={"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}))
    model.save_pretrained(folder)
    CLIPImageProcessor().save_pretrained(folder)
    return sum(weight.numel() for weight in model.parameters())


def main() -> None:
    """Make what is needed, and take the step."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--out", type=Path, default=Path("build/full-size"))
    options.add_argument("--data", type=Path, help="A release; without it one of composites is made.")
    options.add_argument("--batch-size", type=int, default=16)
    options.add_argument("--accumulation", type=int, default=1)
    given = options.parse_args()
    weights = save_model(given.out / "clip-vit-b-32")
    data = given.data
    if data is None:
        data = given.out / "release"
        settings = BuildSettings(source=["composites"], nouns=6, max_images=48, image_size=224, out=data)
        build(settings, LineProgress())
    start = time.perf_counter()
    trained = train(
        TrainSettings(
            data=str(data),
            model=str(given.out / "clip-vit-b-32"),
            out=given.out / "run",
            batch_size=given.batch_size,
            groups=given.batch_size // 8,
            accumulation=given.accumulation,
            max_steps=1,
            log_every=1,
            device="cpu",
        ),
        LineProgress(),
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print((given.out / "run" / "curve.csv").read_text(), end="")
    print(
        f"{weights:,} weights, a batch of {given.batch_size} in {given.accumulation} parts: the step took "
        f"{trained.seconds:.1f} s, all of train {time.perf_counter() - start:.1f} s; "
        f"peak memory {peak / 2**30:.2f} GiB"
    )


if __name__ == "__main__":
    main()
