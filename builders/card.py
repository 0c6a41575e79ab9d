"""The dataset card: `dataset_card.md` filled in with figures counted from the files that it describes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from naturel.builders.dataset_info import dataset_info

TITLE = "NatuRel"
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
"""Below so many records -> the Hub's size category."""
UNKNOWN = "unknown"
AUTHORS = 10
"""Authors in the card, those with the most pictures; `attribution.csv` has all."""
PAPER = (
    "Khetan, Sieh and Iyer: NatuRel: Advancing Relational Understanding in Vision-Language Models with Natural "
    "Language Variations (Stanford CS224N, 2024)."
)
"""Whose idea and record format these are."""


def render_card(folder: Path, version: str, facts: dict[str, Any]) -> str:
    """Fill in the card of a release whose tables are written.

    Args:
        folder: The release's folder with `data/`, `captions/`, `claims/` and `attribution.csv`.
        version: The release's version.
        facts: Settings, inputs, steps and notes.

    Returns:
        The text of `README.md`, with the YAML that the Hub and `load_dataset` read.
    """
    environment = SandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.filters["box"] = lambda box: "[" + ", ".join(f"{side:.2f}" for side in box) + "]"
    environment.filters["yaml"] = lambda content: yaml.dump(
        content, Dumper=_Readable, allow_unicode=True, width=110
    )
    template = environment.from_string(
        files("naturel").joinpath("dataset_card.md").read_text(encoding="utf-8")
    )
    figures = count_figures(folder)
    steps = facts["steps"]
    return template.render(
        title=TITLE,
        version=version,
        front_matter=yaml.safe_dump(
            _front_matter(folder, figures, facts, version), sort_keys=False, allow_unicode=True
        ).strip(),
        figures=figures,
        facts=facts,
        citation=card_facts(version, facts)["citation"],
        example=_example(folder),
        dropped=[
            (step, reason, count)
            for step, entry in steps.items()
            for reason, count in entry["dropped"].items()
        ],
        notes=[note for entry in steps.values() for note in entry["notes"]],
    )


class _Readable(yaml.SafeDumper):
    """Writes text of several lines as it is, line by line."""


_Readable.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


def card_facts(version: str, facts: dict[str, Any]) -> dict[str, Any]:
    """What the card says that the Croissant metadata say too: title, version, licences and citation."""
    return {
        "title": TITLE,
        "version": version,
        "licenses": sorted({source["card_license"] for source in facts["sources"]}),
        "citation": " ".join([PAPER, *(source["citation"] for source in facts["sources"])]).strip(),
    }


def count_figures(folder: Path) -> dict[str, Any]:
    """Count what a release's tables hold; pictures are not read."""
    paths = sorted((folder / "data").rglob("*.parquet"))
    columns = [
        "image_id",
        "source",
        "subject",
        "relation",
        "object",
        "negative_kinds",
        "negative_proofs",
        "group_ids",
        "caption_ids",
        "license",
        "author",
    ]
    table = pa.concat_tables([pq.read_table(path, columns=columns) for path in paths])
    captions = pq.read_table(sorted((folder / "captions").glob("*.parquet"))[0])
    used = table["caption_ids"].combine_chunks().flatten()
    triplets = pc.binary_join_element_wise(
        pc.struct_field(table["subject"], "noun"),
        table["relation"],
        pc.struct_field(table["object"], "noun"),
        " ",
    )
    in_use = captions.filter(pc.is_in(captions["caption_id"], value_set=used))
    counts = dict(_counted(used))
    constructions: Counter[str] = Counter()
    for row in in_use.select(["caption_id", "construction", "style"]).to_pylist():
        if row["style"] == "complex":
            constructions[row["construction"]] += counts[row["caption_id"]]
    pictures = table.group_by("image_id").aggregate([("license", "min"), ("author", "min")])
    authors = _counted(pc.fill_null(pictures["author_min"], UNKNOWN))
    outcomes = pc.fill_null(captions["status_reason"], "ok")
    splits_of: dict[str, Counter[str]] = {}
    for path in paths:
        split = path.name.split("-", 1)[0]
        splits_of.setdefault(path.parent.name, Counter())[split] += pq.read_metadata(path).num_rows
    return {
        "records": table.num_rows,
        "images": pictures.num_rows,
        "triplets": len(triplets.unique()),
        "captions": in_use.num_rows,
        "embedded": "image" in pq.read_schema(paths[0]).names,
        "sources": _counted(table["source"]),
        "splits_of": splits_of,
        "splits": sorted(sum(splits_of.values(), Counter()).items(), key=lambda pair: -pair[1]),
        "relations": _counted(table["relation"]),
        "top_triplets": _counted(triplets)[:10],
        "kinds": _counted(_complex(table["negative_kinds"])),
        "proofs": _counted(_complex(table["negative_proofs"])),
        "grouped": int(pc.sum(pc.is_valid(table["group_ids"].combine_chunks().flatten())).as_py() or 0),
        "constructions": sorted(constructions.items(), key=lambda item: (-item[1], item[0])),
        "writers": sorted(set(captions["writer"].to_pylist())),
        "licenses": _counted(pc.fill_null(pictures["license_min"], UNKNOWN)),
        "authors": authors[:AUTHORS],
        "other_authors": (len(authors[AUTHORS:]), sum(count for _, count in authors[AUTHORS:])),
        "outcomes": _counted(outcomes),
        "tokens": _count_tokens(folder),
    }


def _count_tokens(folder: Path) -> dict[str, int]:
    """Scenes of each split that are given as tokens."""
    paths = sorted((folder / "tokens").glob("*.parquet"))
    counts = Counter(pa.concat_tables(map(pq.read_table, paths))["split"].to_pylist()) if paths else Counter()
    return {split: counts[split] for split in ("train", "validation", "test") if counts[split]}


def _complex(lists: pa.ChunkedArray) -> pa.Array:
    """The entries of the three complex negatives, without the simple one's, which stands first."""
    flat = lists.combine_chunks().flatten()
    return flat.filter(pa.array(np.arange(len(flat)) % 4 != 0))


def _counted(values: pa.Array | pa.ChunkedArray) -> list[tuple[str, int]]:
    """Values with their counts, most frequent first."""
    pairs = [(entry["values"], entry["counts"]) for entry in values.value_counts().to_pylist()]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def _example(folder: Path) -> dict[str, Any] | None:
    columns = [
        "subject",
        "relation",
        "object",
        "simple_positive",
        "simple_negative",
        "complex_positives",
        "complex_negatives",
    ]
    first = pq.ParquetFile(sorted((folder / "data").rglob("*.parquet"))[0])
    if first.metadata.num_rows == 0:
        return None
    row: dict[str, Any] = first.read_row_group(0, columns=columns).slice(0, 1).to_pylist()[0]
    row["pairs"] = list(zip(row["complex_positives"], row["complex_negatives"], strict=True))
    return row


def _front_matter(
    folder: Path, figures: dict[str, Any], facts: dict[str, Any], version: str
) -> dict[str, Any]:
    size = next((name for limit, name in SIZES if figures["records"] < limit), "1M<n<10M")
    configs = _configs(figures, facts, version)
    licenses = card_facts(version, facts)["licenses"]
    return {
        "pretty_name": TITLE,
        "license": licenses[0] if len(licenses) == 1 else licenses,
        "language": ["en"],
        "task_categories": ["zero-shot-image-classification", "image-text-to-text"],
        "tags": ["image-text", "compositionality", "relations", "hard-negatives", "clip", "siglip"],
        "size_categories": [size],
        "dataset_info": dataset_info(folder, configs),
        "configs": configs,
    }


def _configs(figures: dict[str, Any], facts: dict[str, Any], version: str) -> list[dict[str, Any]]:
    """All records, those of each source, and the tables behind them."""
    # `datasets` keys its cache by this YAML and the folder's last name, not by the files: without the digest, two
    # releases called 1.0.0 would be taken for one.
    stamp = {"version": version, "description": f"contents {facts['content'][:16]}"}

    def config(name: str, splits: Iterable[str], where: str, **more: object) -> dict[str, Any]:
        data_files = [{"split": split, "path": f"{where}/{split}-*.parquet"} for split in splits]
        return {"config_name": name, **more, **stamp, "data_files": data_files}

    return [
        config("all", [split for split, _ in figures["splits"]], "data/*", default=True),
        *(config(name, splits, f"data/{name}") for name, splits in figures["splits_of"].items()),
        *(config(name, [name], name) for name in ("captions", "claims")),
        *([config("tokens", figures["tokens"], "tokens")] if figures["tokens"] else []),
    ]
