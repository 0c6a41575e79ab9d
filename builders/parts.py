"""Truth in parts: the pictures are cut into ranges, and each is judged where the engine has room for it.

On the native runner the parts are judged in this process, one after another; on a Ray cluster each travels, with its
evidence, to a worker. A claim's truth depends on its own picture only, so the cut never shows in the result.
"""

from __future__ import annotations

import daft
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from daft import DataType, Series, col

from naturel.annotations.joins import Integers, codes_of
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Vocabulary
from naturel.annotations.truth import Evidence, judge

CLAIMS = 250_000
"""Claims a part, about; all claims of one picture are in one part."""

_TABLES = ("questions", "objects", "absent_labels", "relations")


def judge_in_parts(
    questions: pa.Table, evidence: Evidence, vocabulary: Vocabulary, nouns: NounTable
) -> pa.Table:
    """Judge claims in pictures, part by part, on the engine's runner.

    Args:
        questions: As for `naturel.annotations.truth.judge`.
        evidence: All that is known about these pictures.
        vocabulary: What relations mean.
        nouns: Which labels can name the same thing.

    Returns:
        What `judge` gives for all questions at once.
    """
    images = pc.unique(questions["image_id"]).sort()
    place = codes_of(questions["image_id"], images)
    ends = _cut(np.bincount(place, minlength=len(images)))
    if not len(ends):
        return judge(questions, evidence, vocabulary, nouns)
    part_of_image = np.searchsorted(ends, np.arange(len(images)), side="right")
    part = part_of_image[place]
    tables = {"questions": questions} | {name: getattr(evidence, name) for name in _TABLES[1:]}
    complete = evidence.complete_images
    if complete is not None:
        tables["complete"] = pa.table({"image_id": complete})
    packed: dict[str, pa.Array] = {"part": pa.array(np.arange(len(ends)))}
    for name, table in tables.items():
        packed[name] = _pack(table, images, part_of_image, len(ends))

    @daft.func.batch(return_dtype=DataType.binary())
    def verdicts(*tables: Series) -> list[bytes]:
        rows = zip(*(table.to_pylist() for table in tables), strict=True)
        return [_judge_packed(row, vocabulary, nouns) for row in rows]

    if complete is None:
        packed["complete"] = pa.nulls(len(ends), pa.large_binary())
    frame = daft.from_arrow(pa.table(packed)).into_batches(1)
    judged = frame.select("part", verdicts(*(col(name) for name in (*_TABLES, "complete"))).alias("verdicts"))
    answers = judged.sort("part").to_arrow()["verdicts"].to_pylist()
    together = pa.concat_tables([_unpack(answer) for answer in answers])
    # The answers stand part by part; the questions asked for another order.
    order = np.argsort(part, kind="stable")
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return together.take(pa.array(back))


def _cut(claims: Integers) -> Integers:
    """Where parts end, given the number of claims of each picture: one past each part's last picture."""
    if not len(claims):
        return np.zeros(0, dtype=np.int64)
    filled = (np.cumsum(claims) - 1) // CLAIMS
    return np.append(np.flatnonzero(np.diff(filled)) + 1, len(claims))


def _pack(table: pa.Table, images: pa.Array, part_of_image: Integers, parts: int) -> pa.Array:
    """The rows of each part as one Arrow stream."""
    place = codes_of(table["image_id"], images)
    part = np.where(place >= 0, part_of_image[place], parts)
    order = np.argsort(part, kind="stable")
    starts = np.searchsorted(part[order], np.arange(parts + 1))
    streams = []
    for number in range(parts):
        rows = table.take(pa.array(order[starts[number] : starts[number + 1]]))
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)
        streams.append(sink.getvalue().to_pybytes())
    return pa.array(streams, pa.large_binary())


def _unpack(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()


def _judge_packed(row: tuple[bytes | None, ...], vocabulary: Vocabulary, nouns: NounTable) -> bytes:
    questions, objects, absent, relations, complete = (
        _unpack(data) if data is not None else None for data in row
    )
    images = complete["image_id"].combine_chunks() if complete is not None else None
    answer = judge(questions, Evidence(objects, absent, relations, images), vocabulary, nouns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, answer.schema) as writer:
        writer.write_table(answer)
    return bytes(sink.getvalue().to_pybytes())
