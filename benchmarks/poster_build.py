"""The poster's arithmetic: a relation file of Open Images V4 size, built with links instead of pictures.

    python benchmarks/poster_build.py [--rows 374768] [--images 100000]

Rows by relation are those of the V4 training file (at 111,493, is 194,142, ...); classes, boxes and the 329 triplets
are made up. The baseline, in the same run, is the bare reading of that file with pyarrow and counting of distinct
(picture, triplet)s: what any builder must do at least.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from measuring import measure, show

from naturel.annotations.nouns import load_nouns

ROWS = {
    "is": 194_142,
    "at": 111_493,
    "on": 31_604,
    "holds": 20_986,
    "plays": 8_932,
    "interacts_with": 3_756,
    "inside_of": 2_392,
    "wears": 836,
    "hits": 593,
    "under": 34,
}
TRIPLETS = {"is": 42, "at": 40, "on": 90, "holds": 70, "plays": 25, "interacts_with": 20, "inside_of": 20}
TRIPLETS |= {"wears": 10, "hits": 8, "under": 4}
ATTRIBUTES = ("/m/083vt", "/m/02gy9n", "/m/05z87", "/m/0dnr7", "/m/04lbp")
COLUMNS = "ImageID,LabelName1,LabelName2,XMin1,XMax1,YMin1,YMax1,XMin2,XMax2,YMin2,YMax2,RelationshipLabel"


def make_file(path: Path, rows: int, images: int) -> None:
    """Write the synthetic relation file."""
    rng = np.random.default_rng(0)
    nouns = [noun for noun in load_nouns().nouns.values() if noun.mid]
    people = [noun.mid for noun in nouns if noun.label in ("Man", "Woman", "Boy", "Girl")]
    things = [noun.mid for noun in nouns if noun.kind in ("furniture", "object", "instrument", "container")][
        :52
    ]
    parts = []
    for relation, share in ROWS.items():
        count = max(1, round(share * rows / sum(ROWS.values())))
        acting = relation in ("holds", "plays", "wears", "hits", "interacts_with")
        subjects = people if acting else [*people, *things]
        pairs = [(s, o) for s in subjects for o in (ATTRIBUTES if relation == "is" else things) if s != o]
        pairs = [pairs[i] for i in rng.permutation(len(pairs))[: TRIPLETS[relation]]]
        weights = 1 / np.arange(1, len(pairs) + 1)
        which = rng.choice(len(pairs), count, p=weights / weights.sum())
        subject, thing = (np.array([pair[side] for pair in pairs])[which] for side in (0, 1))
        parts.append((relation, count, subject, thing, *boxes(relation, count, rng)))
    total = sum(part[1] for part in parts)
    image = rng.integers(0, images, total)
    image[: min(images, total)] = rng.permutation(images)[: min(images, total)]  # every picture occurs
    columns = {"ImageID": np.char.add("00000000", np.char.zfill(np.char.mod("%x", image), 8))}
    columns |= {f"LabelName{side}": np.concatenate([part[side + 1] for part in parts]) for side in (1, 2)}
    for side in (1, 2):
        box = np.concatenate([part[side + 3] for part in parts])
        for name, place in (("XMin", 0), ("XMax", 2), ("YMin", 1), ("YMax", 3)):
            columns[f"{name}{side}"] = box[:, place].round(6)
    columns["RelationshipLabel"] = np.concatenate([np.full(part[1], part[0]) for part in parts])
    table = pa.table({name: columns[name] for name in COLUMNS.split(",")}).take(rng.permutation(total))
    pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(quoting_style="none"))


def boxes(relation: str, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Boxes of subjects and objects, laid out as the relation normally is."""
    left, top = rng.uniform(0, 0.4, count), rng.uniform(0, 0.3, count)
    wide, high = rng.uniform(0.2, 0.4, count), rng.uniform(0.3, 0.6, count)
    body = np.stack([left, top, left + wide, top + high], axis=1)
    if relation == "is":
        return body, body
    if relation in ("on", "under", "at"):
        small = np.stack([left + 0.2 * wide, top - 0.2 * high, left + 0.6 * wide, top + 0.1 * high], axis=1)
        small = small.clip(0, 1)
        small[:, 3] = np.maximum(small[:, 3], small[:, 1] + 0.02)
        return (small, body) if relation != "under" else (body, small)
    inner = np.stack([left + 0.3 * wide, top + 0.3 * high, left + 0.7 * wide, top + 0.6 * high], axis=1)
    return (inner, body) if relation == "inside_of" else (body, inner)


BASELINE = """
import sys, pyarrow.csv, pyarrow.compute as pc
table = pyarrow.csv.read_csv(sys.argv[1])
table.group_by(["ImageID", "LabelName1", "RelationshipLabel", "LabelName2"]).aggregate([([], "count_all")])
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=sum(ROWS.values()))
    parser.add_argument("--images", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        data.mkdir()
        path = data / "train-annotations-vrd.csv"
        make_file(path, options.rows, options.images)
        baseline = measure([sys.executable, "-c", BASELINE, str(path)])
        out = Path(folder, "out")
        command = [sys.executable, "-c", "from naturel.builders.cli import build_main; build_main()"]
        command += ["--source", "openimages", "--data", str(data), "--images", "link", "--out", str(out)]
        first = measure(command)
        again = measure(command)
        steps = {
            path.parent.name: json.loads(path.read_text())
            for path in sorted(out.glob("work/*/manifest.json"))
        }
    print(f"{options.rows:,} rows, {options.images:,} pictures")
    show({"pyarrow read and count": baseline, "build": first, "build, nothing changed": again})
    for name, step in steps.items():
        counts = ", ".join(
            f"{key} {value:,}" for key, value in step["counts"].items() if "verdicts" not in key
        )
        print(f"  {name}: {step['seconds']:.1f} s; {counts}")
        for reason, count in step["dropped"].items():
            print(f"    left out {count:,}: {reason}")


if __name__ == "__main__":
    main()
