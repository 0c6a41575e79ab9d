"""The truth of ten claims a record for a build of the poster's size, against a plain Python loop.

Random pictures of the size of Open Images V4: 100,000 pictures, 600,000 boxes, 374,768 annotated relations, 165,000
(picture, triplet) records. `judge` answers all claims; the loop of the tests answers one picture in a hundred, and
its time is multiplied. Both must give the same answers.

    python benchmarks/truth_claims.py --share 1.0
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import schema
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.annotations.truth import Evidence, judge

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from helpers.scenes import SlowJudge

IMAGES, OBJECTS, RELATIONS, RECORDS, CLAIMS, ABSENT = 100_000, 600_000, 374_768, 165_000, 10, 800_000
PEOPLE = ("Man", "Woman", "Girl", "Boy", "Person")
THINGS = (
    "Chair",
    "Table",
    "Guitar",
    "Car",
    "Bottle",
    "Beer",
    "Bicycle",
    "Dog",
    "Horse",
    "Ball",
    "Desk",
    "Couch",
)
SAID = ("on", "at", "holds", "wears", "plays", "ride", "inside_of", "under", "interacts_with", "hits")
ASKED = (*SAID, "next_to", "left_of", "right_of", "far_from", "throw", "stands_on", "above", "behind")

Integers = npt.NDArray[np.int64]


def take(words: tuple[str, ...], places: Integers) -> pa.Array:
    return pa.array(words, pa.string()).take(pa.array(places))


def ids(numbers: Integers) -> pa.Array:
    """Sixteen characters each, like those of Open Images."""
    return pc.utf8_lpad(pa.array(numbers).cast(pa.string()), 16, "0")


def draw(share: float) -> tuple[pa.Table, Evidence]:
    """Random questions and evidence; the number of boxes of a picture varies as in real data."""
    chance = np.random.default_rng(0)
    images, objects, relations, records, absent = (
        round(number * share) for number in (IMAGES, OBJECTS, RELATIONS, RECORDS, ABSENT)
    )
    labels = (*PEOPLE, *THINGS)
    weight = chance.gamma(1.5, size=images)
    image = np.sort(chance.choice(images, objects, p=weight / weight.sum()))
    label = np.where(
        chance.random(objects) < 0.5, chance.integers(5, size=objects), chance.integers(5, 17, objects)
    )
    corner, size = chance.random((2, objects, 2)) * [[[0.7]], [[0.5]]]
    boxes = np.concatenate([corner, np.minimum(corner + size + 0.01, 1)], axis=1).astype(np.float32)
    subject = chance.choice(np.flatnonzero(image[:-1] == image[1:]), relations)
    evidence = Evidence(
        fill(
            schema.OBJECTS,
            image_id=ids(image),
            object_id=ids(np.arange(objects)),
            label=take(labels, label),
            box=pa.FixedSizeListArray.from_arrays(pa.array(boxes.reshape(-1)), 4),
            is_group_of=pa.array(chance.random(objects) < 0.04),
        ),
        pa.table(
            {
                "image_id": ids(chance.integers(images, size=absent)),
                "label": take(labels, chance.integers(len(labels), size=absent)),
            }
        ),
        fill(
            schema.RELATIONS,
            image_id=ids(image[subject]),
            subject_id=ids(subject),
            relation=take(SAID, chance.integers(len(SAID), size=relations)),
            object_id=ids(subject + 1),
            object_label=take(labels, label[subject + 1]),
        ),
    )
    record = np.sort(np.repeat(chance.choice(subject, records), CLAIMS))
    a, b = label[record], label[record + 1]
    kind = np.tile(np.arange(CLAIMS), records)
    swap, other = kind == 1, chance.integers(len(labels), size=len(kind))
    questions = pa.table(
        {
            "image_id": ids(image[record]),
            "subject_label": take(labels, np.select([swap, kind == 8], [b, other], a)),
            "relation": take(ASKED, chance.integers(len(ASKED), size=len(kind))),
            "object_label": take(labels, np.select([swap, kind == 9], [a, other], b)),
        }
    )
    return questions, evidence


def fill(form: pa.Schema, **columns: pa.Array) -> pa.Table:
    """A table of the given columns, the others null."""
    rows = len(next(iter(columns.values())))
    values = [columns.get(field.name, pa.nulls(rows, field.type)) for field in form]
    return pa.table(values, schema=form)


def peak() -> float:
    """Peak memory of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--share", type=float, default=1.0, help="part of the full size")
    share = parser.parse_args().share
    vocabulary, nouns = load_vocabulary(), load_nouns()
    questions, evidence = draw(share)
    before = peak()
    print(
        f"{questions.num_rows:,} claims, {evidence.objects.num_rows:,} boxes; peak RSS so far {before:,.0f} MB"
    )

    cpu, start = time.process_time(), time.perf_counter()
    verdicts = judge(questions, evidence, vocabulary, nouns)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(f"judge: {seconds:.2f} s ({cpu:.2f} s CPU), {questions.num_rows / seconds:,.0f} claims/s")
    print(f"peak RSS {peak():,.0f} MB")
    counted = verdicts.group_by(["truth", "proof"]).aggregate([([], "count_all")]).to_pylist()
    print({f"{row['truth']} {row['proof'] or ''}".strip(): row["count_all"] for row in counted})

    part = [ending_in_00(table["image_id"]) for table in (questions, evidence.objects, evidence.relations)]
    slice_of_questions = questions.filter(part[0]).to_pylist()
    start = time.perf_counter()
    slow = SlowJudge(
        Evidence(
            evidence.objects.filter(part[1]),
            evidence.absent_labels.filter(ending_in_00(evidence.absent_labels["image_id"])),
            evidence.relations.filter(part[2]),
        ),
        vocabulary,
        nouns,
    )
    wanted = [
        slow.verdict(row["image_id"], (row["subject_label"], row["relation"], row["object_label"]))
        for row in slice_of_questions
    ]
    scaled = (time.perf_counter() - start) * questions.num_rows / len(slice_of_questions)
    given = verdicts.filter(part[0])
    assert wanted == list(zip(given["truth"].to_pylist(), given["proof"].to_pylist(), strict=True))
    print(f"plain loop: {scaled:.1f} s, scaled from {len(wanted):,} claims with the same answers")
    print(f"ratio judge / plain loop: {seconds / scaled:.4f}")


def ending_in_00(images: pa.ChunkedArray) -> pa.Array:
    """One picture in a hundred."""
    return pc.ends_with(images, "00")


if __name__ == "__main__":
    main()
