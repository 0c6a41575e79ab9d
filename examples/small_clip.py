"""A small CLIP from scratch, on a CPU: what 2x2 groups teach, and what swapped negatives of one-way pictures do not.

    python examples/small_clip.py --out build/small_clip --seeds 0,1,2

draws composites of two pictograms side by side, makes a CLIP of a million random weights, trains it once for each
variant and seed with the same settings and the same number of pictures and steps, and asks it about pairs of things
that it has never seen together:

- `groups`: 2x2 groups, so that every sentence is as often positive as negative; hard positives count as well.
- `groups, no hard positives`: the same without a second true sentence.
- `swap, one way round`: each pair of things is seen one way round only, as in most photos; negatives swap the two.

It writes `table.md`, `results.json` and `figure.png`. A run that has ended is not run again; one that was stopped
goes on. Needs `pip install 'naturel[train]'`.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from naturel.builders.build import build
from naturel.builders.checks.blind import attack
from naturel.builders.checks.blind_inputs import read_pairs
from naturel.builders.progress import SilentProgress
from naturel.builders.report.tables import find_release
from naturel.builders.settings import load_settings
from naturel.evaluation import evaluate, open_benchmarks, open_model
from naturel.evaluation.models.opening import quiet
from naturel.training import TrainSettings, train

SIDE = 64
"""Of the pictures, in pixels."""
TEST = "test_unseen_pairs"
SENTENCES = ("simple_positive", "simple_negative", "complex_positives", "complex_negatives")
SIDES = ("subject", "object")
BENCHMARKS = ("naturel/groups", "naturel/complex", "naturel/hard_positives")
FIGURES = {
    "group": (f"naturel/groups:{TEST}", "group"),
    "pairs": (f"naturel/complex:{TEST}", "accuracy"),
    "AugAcc": (f"naturel/hard_positives:{TEST}", "AugAcc"),
    "brittleness": (f"naturel/hard_positives:{TEST}", "brittleness"),
}
"""What a table calls a figure -> benchmark and metric."""
CHANCE = {"group": 1 / 6, "pairs": 1 / 2, "AugAcc": 1 / 3, "brittleness": 1 / 3}


@dataclass(frozen=True)
class Variant:
    """A way of training."""

    data: str
    """`groups` or `one_way`."""
    hard_positives: float
    """What a second true sentence counts."""


COLOURS = ("tab:blue", "tab:cyan", "tab:red")
VARIANTS = {
    "groups": Variant("groups", 1.0),
    "groups, no hard positives": Variant("groups", 0.0),
    "swap, one way round": Variant("one_way", 1.0),
}


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    nouns: int
    holdout: float
    """The share of their pairs that is asked about and never trained on."""
    images: int
    """Pictures that each variant is built from."""
    layouts: int
    width: int
    steps: int
    batch: int
    validations: int
    questions: int | None
    """Asked of each benchmark at the end; None: all."""


FULL = Size(
    nouns=34,
    holdout=0.1,
    images=5600,
    layouts=16,
    width=128,
    steps=2800,
    batch=64,
    validations=8,
    questions=None,
)
QUICK = Size(
    nouns=6, holdout=0.2, images=24, layouts=2, width=16, steps=4, batch=8, validations=1, questions=20
)


def main() -> None:
    """Build, train, evaluate, and write what came of it."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("build/small_clip"))
    parser.add_argument("--seeds", default="0,1,2", help="of weights and batches; several: 0,1,2")
    parser.add_argument("--variants", default=None, help=f"some of: {'; '.join(VARIANTS)}")
    parser.add_argument("--jobs", type=int, default=2, help="runs at the same time, each on one core")
    parser.add_argument(
        "--quick", action="store_true", help="see in a minute that it runs; the figures mean nothing"
    )
    asked = parser.parse_args()
    _calm()
    size = QUICK if asked.quick else FULL
    names = [name.strip() for name in asked.variants.split(";")] if asked.variants else [*VARIANTS]
    seeds = [int(seed) for seed in asked.seeds.split(",")]
    print(f"building in {asked.out / 'data'}", flush=True)
    releases = make_releases(asked.out / "data", size, asked.jobs)
    runs = [(asked.out, size, name, seed) for seed, name in product(seeds, names)]
    results = []
    with ProcessPoolExecutor(asked.jobs, multiprocessing.get_context("spawn")) as pool:
        for result in pool.map(_run, *zip(*runs, strict=True)):
            print(_said(result), flush=True)
            results.append(result)
    told = {"attacks": {name: told_blind(folder) for name, folder in releases.items()}, "runs": results}
    (asked.out / "results.json").write_text(json.dumps(told, indent=1) + "\n")
    (asked.out / "table.md").write_text(table(told))
    draw(told, asked.out / "figure.png")
    print(table(told))


def make_releases(folder: Path, size: Size, jobs: int = 1) -> dict[str, Path]:
    """Build what the variants are trained on: as many pictures each, and the same pairs of things.

    Returns:
        `groups` and `one_way`, each with the folder of a release.
    """
    common = {
        "source": "composites",
        "backend": "pictograms",
        "arrangements": "left_right",
        "nouns": size.nouns,
        "holdout": f"pairs={size.holdout}",
        "image_size": SIDE,
        "offline": True,
    }
    groups = {"max_images": size.images, "layouts": size.layouts, "balance": "strict"}
    swaps = {
        "max_images": 2 * size.images,
        "layouts": 2 * size.layouts,
        "balance": "off",
        "negatives": "swap",
    }
    settings = [common | groups | {"out": folder / "groups"}, common | swaps | {"out": folder / "swaps"}]
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(_build, settings))
    releases = {"groups": find_release(folder / "groups"), "one_way": folder / "one_way"}
    if not (releases["one_way"] / "manifest.json").exists():
        keep_one_way(find_release(folder / "swaps"), releases["groups"], releases["one_way"])
    return releases


def _build(options: dict[str, Any]) -> None:
    build(load_settings(None, options), SilentProgress())


def keep_one_way(swaps: Path, groups: Path, folder: Path) -> None:
    """Keep the training pictures with the first thing of the alphabet on the left, and the records that say so.

    Photos are like that: the cup is on the table, and nobody says that the table is under the cup.

    Args:
        swaps: A release of both ways round.
        groups: The release whose pairs are asked about; its test becomes that of the new one.
        folder: The new release.

    Raises:
        RuntimeError: The test asks about pairs of things that are trained on.
    """
    from datasets import load_dataset

    def one_way(subject: dict[str, Any], relation: str, thing: dict[str, Any]) -> bool:
        return relation == "left_of" and subject["noun"] < thing["noun"]

    def pairs(records: Any) -> set[frozenset[str]]:
        return {
            frozenset((row["subject"]["noun"], row["object"]["noun"]))
            for row in records.select_columns(SIDES)
        }

    test = load_dataset(str(groups), split=TEST)
    kept = load_dataset(str(swaps), split="train").filter(
        one_way, input_columns=["subject", "relation", "object"]
    )
    if shared := pairs(test) & pairs(kept):
        raise RuntimeError(f"{len(shared)} pairs of the test are trained on")
    for split, records in (("train", kept), (TEST, test)):
        records.to_parquet(folder / "data" / f"{split}-00000-of-00001.parquet")
    made_from = json.loads((swaps / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({"made_from": made_from}) + "\n")


def make_model(folder: Path, sentences: Sequence[str], width: int, seed: int) -> None:
    """Make a CLIP of two layers a tower with random weights, a token a word, and save it for `from_pretrained`.

    Positions begin as large as patches and words, since where things are is all that is to be learned.
    """
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, PreTrainedTokenizerFast

    lower, split = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    words = {word for text in sentences for word, _ in split.pre_tokenize_str(lower.normalize_str(text))}
    special = {"pad_token": "<pad>", "bos_token": "<begin>", "unk_token": "<unknown>", "eos_token": "<end>"}
    tokens = {token: number for number, token in enumerate([*special.values(), *sorted(words)])}
    word_level = Tokenizer(models.WordLevel(tokens, special["unk_token"]))
    word_level.normalizer, word_level.pre_tokenizer = lower, split
    word_level.post_processor = processors.TemplateProcessing(
        single="<begin> $A <end>", special_tokens=[(token, tokens[token]) for token in ("<begin>", "<end>")]
    )
    PreTrainedTokenizerFast(tokenizer_object=word_level, model_max_length=20, **special).save_pretrained(
        folder
    )
    CLIPImageProcessor(
        do_center_crop=False, size={"height": SIDE, "width": SIDE}, image_mean=[0.85] * 3, image_std=[0.2] * 3
    ).save_pretrained(folder)
    tower = {
        "hidden_size": width,
        "intermediate_size": 4 * width,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    }
    ids = {f"{name}_id": tokens[token] for name, token in special.items() if name != "unk_token"}
    text = {"vocab_size": len(tokens), "max_position_embeddings": 20, **ids, **tower}
    vision = {"image_size": SIDE, "patch_size": 16, **tower}
    torch.manual_seed(seed)
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=width))
    for part in (model.text_model.embeddings, model.vision_model.embeddings):
        torch.nn.init.normal_(part.position_embedding.weight)
    torch.nn.init.normal_(model.text_model.embeddings.token_embedding.weight)
    model.save_pretrained(folder)


def _run(out: Path, size: Size, name: str, seed: int) -> dict[str, Any]:
    """Train a variant and ask it, in a process of its own; what was done before is read."""
    import torch

    _calm()
    torch.set_num_threads(1)
    folder = out / "runs" / f"{name.replace(', ', '-').replace(' ', '_')}-{seed}"
    found = folder / "asked.json"
    if found.exists():
        told: dict[str, Any] = json.loads(found.read_text())
        return told
    variant = VARIANTS[name]
    groups = find_release(out / "data" / "groups")
    data = groups if variant.data == "groups" else out / "data" / "one_way"
    model = out / "models" / f"{size.width}-{seed}-{folder.name}"
    if not (model / "config.json").exists():
        make_model(model, [*_sentences(groups), *_sentences(data)], size.width, seed)
    trained = train(
        TrainSettings(
            data=str(data),
            model=str(model),
            out=folder / "train",
            scheme="groups" if variant.data == "groups" else "single",
            hard_positive_weight=variant.hard_positives,
            batch_size=size.batch,
            epochs=10_000,
            max_steps=size.steps,
            lr=1e-3,
            final_lr=0.05,
            weight_decay=0.5,
            seed=seed,
            device="cpu",
            validation=BENCHMARKS[:1],
            validation_split=TEST,
            validate_every=max(1, size.steps // size.validations),
            checkpoint_every=max(1, size.steps // 4),
        )
    )
    questions = open_benchmarks(BENCHMARKS, {"naturel": groups}, split=[TEST], max_questions=size.questions)
    answers = evaluate([open_model(str(trained.model), device="cpu", cached=False)], questions)
    measures = {(one.benchmark, one.metric): one for one in answers.measures if not one.facet}
    told = {
        "variant": name,
        "seed": seed,
        "seconds": round(trained.seconds),
        "steps": trained.steps,
        **{figure: measures[where].value for figure, where in FIGURES.items()},
        "questions": {figure: measures[where].count for figure, where in FIGURES.items()},
    }
    told["curve"] = [(row["step"], row[" ".join(FIGURES["group"])]) for row in _history(folder / "train")]
    found.write_text(json.dumps(told) + "\n")
    return told


def _history(run: Path) -> list[dict[str, Any]]:
    """The figures of each validation."""
    history: list[dict[str, Any]] = json.loads((run / "results.json").read_text())["validation"]["history"]
    return history


def _sentences(release: Path) -> Iterator[str]:
    from datasets import load_dataset

    for split in load_dataset(str(release)).values():
        for row in split.select_columns(SENTENCES):
            for name in SENTENCES:
                yield from [row[name]] if isinstance(row[name], str) else row[name]


def told_blind(release: Path) -> float:
    """The share of a training set's pairs that the best text-only attack tells; a half is chance."""
    from datasets import load_dataset

    sentences = load_dataset(str(release), split="train").remove_columns("image")
    with tempfile.TemporaryDirectory() as folder:
        sentences.to_parquet(Path(folder, "data", "train.parquet"))
        return attack(read_pairs(Path(folder))).accuracy.value


def table(told: dict[str, Any]) -> str:
    """A row a variant: the mean over seeds, with the least and the greatest, in Markdown."""
    seeds = sorted({run["seed"] for run in told["runs"]})
    rows = [
        [
            "trained on",
            "told without pictures",
            *(f"{name} (chance {share:.2f})" for name, share in CHANCE.items()),
        ],
        ["---", *["---:"] * (1 + len(CHANCE))],
    ]
    for variant, runs in _by_variant(told).items():
        blind = told["attacks"][VARIANTS[variant].data]
        rows.append([variant, f"{blind:.2f}", *(_spread([run[name] for run in runs]) for name in FIGURES)])
    minutes = statistics.mean(run["seconds"] for run in told["runs"]) / 60
    words = f"{len(seeds)} seed{'s' * (len(seeds) > 1)}, {minutes:.1f} minutes a run on one core"
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, "", f"Pairs of things never seen together. {words}.", ""])


def draw(told: dict[str, Any], path: Path) -> None:
    """Draw learning curves, and each seed's figures as dots."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.9), layout="constrained")
    curves, dots = figure.subplots(1, 2)
    variants = _by_variant(told)
    for number, (variant, runs) in enumerate(variants.items()):
        colour = COLOURS[list(VARIANTS).index(variant)]
        for run in runs:
            first = variant if run is runs[0] else None
            curves.plot(*zip(*run["curve"], strict=True), color=colour, linewidth=1.5, alpha=0.8, label=first)
        for place, name in enumerate(FIGURES):
            x = place + (number - (len(variants) - 1) / 2) * 0.22
            values = [run[name] for run in runs]
            dots.scatter([x] * len(values), values, color=colour, s=22, alpha=0.8, linewidths=0)
            dots.hlines(statistics.mean(values), x - 0.08, x + 0.08, color=colour, linewidth=2)
    for place, name in enumerate(FIGURES):
        dots.hlines(CHANCE[name], place - 0.42, place + 0.42, color="grey", linestyle="--", linewidth=1)
    curves.axhline(CHANCE["group"], color="grey", linestyle="--", linewidth=1, label="chance")
    curves.set(xlabel="steps", ylim=(-0.02, 1.02), title="2x2 groups of unseen pairs told right")
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    dots.set(ylim=(-0.02, 1.02), title="After training, each dot a seed")
    names = ["2x2 group", "caption or\nnegative", "AugAcc", "brittleness\n(lower is better)"]
    dots.set_xticks(range(len(FIGURES)), names)
    for axes in (curves, dots):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", alpha=0.3)
    figure.savefig(path, dpi=130)


def _by_variant(told: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for run in told["runs"]:
        found.setdefault(run["variant"], []).append(run)
    return found


def _spread(values: Sequence[float]) -> str:
    mean = statistics.mean(values)
    return f"{mean:.3f}" if len(values) == 1 else f"{mean:.3f} ({min(values):.3f} to {max(values):.3f})"


def _calm() -> None:
    """Libraries show no progress of their own."""
    import datasets

    datasets.disable_progress_bars()
    quiet()


def _said(result: dict[str, Any]) -> str:
    figures = ", ".join(f"{name} {result[name]:.3f}" for name in FIGURES)
    return f"{result['variant']}, seed {result['seed']}: {figures} after {result['seconds']} s"


if __name__ == "__main__":
    main()
