"""How the box rules fare on annotated relations: what they should say yes to, and what they wrongly deny.

    python benchmarks/calibration.py [--data DIR ...] [--limit 0.005]

Each DIR holds official Open Images files (`*-annotations-vrd.csv`); without one, the embedded sample is drawn, which
says little, since our code arranged its things. Of each relation's annotated pairs of boxes it
prints the share that `geometry.expected` (or `true`) passes, and the share that `geometry.false` rejects although
people annotated the relation: the false alarms. The annotated relation itself is the baseline. Exit code 1 if a
relation that is used has more false alarms than the limit.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.geometry import holds_by_relation
from naturel.annotations.joins import codes_of
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import Rule, load_vocabulary
from naturel.builders.sources.openimages import Sampling, read_openimages
from naturel.builders.sources.openimages_files import find_files
from naturel.builders.sources.sample import write_sample

Flags = npt.NDArray[np.bool_]


def annotated_pairs(folder: Path) -> tuple[list[str], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Relations, subject boxes and object boxes of all annotated pairs of a folder."""
    vocabulary = load_vocabulary()
    tables = read_openimages(
        find_files(folder, "train"), "train", Sampling(0, None, None, ()), vocabulary, load_nouns()
    )
    objects = tables.objects
    keys = _joined(objects["image_id"], objects["object_id"])
    boxes = np.array(objects["box"].combine_chunks().flatten(), dtype=np.float64).reshape(-1, 4)
    relations = tables.relations.filter(pc.is_valid(tables.relations["object_id"]))
    s, o = (
        codes_of(_joined(relations["image_id"], relations[name]), keys)
        for name in ("subject_id", "object_id")
    )
    return relations["relation"].cast(pa.string()).to_pylist(), boxes[s], boxes[o]


def _joined(*columns: pa.ChunkedArray) -> pa.Array:
    texts = (column.cast(pa.string()) for column in columns)
    return pc.binary_join_element_wise(*texts, "\t").combine_chunks()


def shares(names: list[str], flags: Flags) -> dict[str, float]:
    """The share of true flags of each name."""
    counts, hits = Counter(names), Counter(name for name, flag in zip(names, flags, strict=True) if flag)
    return {name: hits[name] / count for name, count in counts.items()}


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, nargs="+", default=[])
    parser.add_argument("--limit", type=float, default=0.005)
    options = parser.parse_args()
    vocabulary = load_vocabulary()
    names: list[str] = []
    subjects, objects = [], []
    with TemporaryDirectory() as drawn:
        if not options.data:
            write_sample(Path(drawn))
        for folder in options.data or [Path(drawn)]:
            found, s, o = annotated_pairs(folder)
            names += found
            subjects.append(s)
            objects.append(o)
    s, o = np.concatenate(subjects), np.concatenate(objects)
    rows = np.array(names)

    def passing(rules: Mapping[str, Rule]) -> dict[str, float]:
        return shares(names, holds_by_relation(rows, rules, s, o))

    yes = passing({r.name: r.geometry.expected or r.geometry.true for r in vocabulary})
    denied = passing({r.name: r.geometry.false for r in vocabulary})
    counts = Counter(names)
    print(
        f"{'relation':<20}{'pairs':>8}{'passes':>9}{'denied':>9}{'rule':>8}  (95 %: true rate of denial below)"
    )
    worst = []
    for name, count in counts.most_common():
        relation = vocabulary[name]
        has = "yes" if relation.geometry.false else "none"
        bound = (denied[name] * count + 3) / count
        passed = f"{yes[name]:.3f}" if relation.geometry.expected or relation.geometry.true else "-"
        print(f"{name:<20}{count:>8,}{passed:>9}{denied[name]:>9.4f}{has:>8}  {bound:.4f}")
        if denied[name] > options.limit and relation.usable:
            worst.append(name)
    print(f"{len(names):,} pairs; above {options.limit:.1%}: {', '.join(worst) or 'none'}")
    return 1 if worst else 0


if __name__ == "__main__":
    raise SystemExit(main())
