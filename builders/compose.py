"""Records of all splits: capped, assembled split by split, pruned, completed, with negative images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import schema
from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers, codes_of
from naturel.annotations.relations import Vocabulary
from naturel.annotations.truth import FALSE, TRUE
from naturel.builders.assemble import count_balance
from naturel.builders.candidates import POSITIVE
from naturel.builders.caps import within_share
from naturel.builders.checks.prune import prune
from naturel.builders.choice import hash_texts, mix, place_in_group, seeded
from naturel.builders.negative_images import Known, find_negative_images
from naturel.builders.progress import Progress
from naturel.builders.records import complete_records
from naturel.builders.reviewing import Reviewed, assemble_reviewed
from naturel.builders.sentences import COMPLEX
from naturel.builders.settings import BuildSettings, NegativeImages, Split
from naturel.builders.splits import HELD_OUT, SPLITS, UNSEEN_RELATIONS, Splits, split_build

PRUNE_LIMIT = 0.55
"""What `--prune` aims at where `--max-blind` sets no limit."""


@dataclass(frozen=True)
class Composed:
    """All records of a build."""

    records: pa.Table
    """`schema.RECORDS` without `version`, with `split`, and `schema.NEGATIVE_IMAGES` where they were looked for."""
    counts: Mapping[str, int]
    dropped: Counter[str]
    notes: list[str]


def prune_limit(settings: BuildSettings) -> float:
    """What pruning aims at: `--max-blind`, or a little above chance."""
    return PRUNE_LIMIT if settings.max_blind is None else settings.max_blind


def compose(
    settings: BuildSettings,
    known: Known,
    captions: pa.Table,
    reviewed: Reviewed | None,
    vocabulary: Vocabulary,
    attributes: Mapping[str, str],
    progress: Progress,
) -> Composed:
    """Make the records of a build.

    Args:
        settings: The build's.
        known: What is known of all pictures, before decisions.
        captions: `schema.CAPTIONS`, before decisions.
        reviewed: What people's decisions change; None: nothing was decided.
        vocabulary: The relations.
        attributes: Attribute label -> adjective.
        progress: Where progress is shown.

    Returns:
        The records, in any order, and what was counted, left out and noted.

    Raises:
        UserError: A cap cannot be kept, or there are too few sentences for several splits.
    """
    positive = pc.equal(known.candidates["kind"], POSITIVE)
    proved = known.candidates.filter(pc.and_(positive, pc.equal(known.candidates["truth"], TRUE)))
    splits = split_build(
        known.images,
        known.pictures,
        proved.select(["image_id", "claim_id"]),
        known.claims,
        settings.holdout,
        settings.seed,
        vocabulary,
    )
    parts, dropped = _assembled(settings, known, captions, reviewed, splits, proved)
    del proved
    chosen = pa.concat_tables(parts)
    known = reviewed.apply(known) if reviewed else known
    notes = []
    if settings.prune:
        with progress.task("prune", None, "attacks") as task:
            pruned = prune(chosen, prune_limit(settings), settings.seed)
            task.advance(len(pruned.rounds))
        chosen, dropped = pruned.kept, dropped + pruned.dropped
        notes.append(pruned.note)
    records = complete_records(
        chosen,
        claims=known.claims,
        triplets=known.triplets,
        objects=known.objects,
        images=known.images,
        pictures=known.pictures,
        attributes=attributes,
    ).append_column("split", chosen["split"])
    counts = {
        "records": records.num_rows,
        "images": len(records["image_id"].unique()),
        "triplets": len(chosen["positive_claim"].unique()),
    }
    if len(parts) > 1:
        counts |= {f"records of {name}": count for name, count in _sizes(chosen)}
    counts |= {name: count for name, count in splits.moved.items() if count}
    counts |= count_balance(chosen)
    if settings.negative_images is NegativeImages.MINED:
        columns, found = _negative_images(chosen, known, splits, vocabulary)
        records = pa.table({name: records[name] for name in records.column_names} | columns)
        counts |= found
    return Composed(records, counts, dropped, notes)


def _assembled(
    settings: BuildSettings,
    known: Known,
    captions: pa.Table,
    reviewed: Reviewed | None,
    splits: Splits,
    proved: pa.Table,
) -> tuple[list[pa.Table], Counter[str]]:
    """What `assemble` chooses, split by split, and what was left out."""
    dropped: Counter[str] = Counter()
    parts = []
    for name, candidates in _by_split(known.candidates, splits):
        mine, left_out = _in_place(name, candidates, splits, proved, known.claims)
        capped: Counter[str] = Counter()
        if name not in HELD_OUT:  # what tests something unseen is as rare as it is
            mine, capped = _capped(mine, known.claims, settings)
        own = deal_captions(captions, name, splits, settings)
        chosen, reasons = assemble_reviewed(
            mine, own, known.images, reviewed, settings.seed, settings.balance
        )
        dropped += left_out + capped + reasons
        parts.append(chosen.append_column("split", pa.array([name] * chosen.num_rows, pa.string())))
    return parts, dropped


def _by_split(candidates: pa.Table, splits: Splits) -> Iterator[tuple[str, pa.Table]]:
    """The candidates of each split that has pictures with any, training first; where there are none, of training."""
    place = codes_of(candidates["image_id"], splits.images["image_id"].combine_chunks())
    split = splits.images["split"].take(pa.array(place))
    present = pc.unique(split).to_pylist()
    if len(present) == 1:  # the table as it is: a copy would double the memory
        yield present[0], candidates
        return
    for name in reversed(SPLITS):
        mine = candidates.filter(pc.equal(split, name))
        if mine.num_rows or (name == Split.TRAIN and not candidates.num_rows):
            yield name, mine


def _in_place(
    name: str, candidates: pa.Table, splits: Splits, proved: pa.Table, claims: pa.Table
) -> tuple[pa.Table, Counter[str]]:
    """The candidates of a split: in a compositional one those of its own positives, in others nothing held out."""
    ids = claims["claim_id"].combine_chunks()
    held = splits.claims["split"]
    kind = pc.equal(candidates["kind"], POSITIVE)
    if name not in HELD_OUT and held.null_count == len(held):
        return candidates, Counter()
    if name not in HELD_OUT:
        said = _at(held, codes_of(candidates["claim_id"], ids))
        return candidates.filter(pc.or_(kind, pc.is_null(said))), Counter()
    own = _at(held, codes_of(candidates["positive_claim"], ids))
    stays = pc.fill_null(pc.equal(own, name), False)
    count = Counter({f"record: its picture is in {name}": _count(pc.and_(kind, pc.invert(stays)))})
    if name == UNSEEN_RELATIONS:
        pairs = _pairs(claims)
        trains = splits.images.filter(pc.equal(splits.images["split"], Split.TRAIN.value))["image_id"]
        trained = proved.filter(pc.is_in(proved["image_id"], value_set=trains.combine_chunks()))
        seen = np.unique(pairs[codes_of(trained["claim_id"], ids)])
        both = pa.array(np.isin(pairs[codes_of(candidates["positive_claim"], ids)], seen))
        count[f"record: its pair is not in training, so not for {name}"] = _count(
            pc.and_(pc.and_(kind, stays), pc.invert(both))
        )
        stays = pc.and_(stays, both)
    return candidates.filter(stays), count


def _at(values: pa.ChunkedArray, rows: Integers) -> pa.ChunkedArray:
    """The values at these rows, null for -1: a claim that is proved nowhere."""
    return values.take(pa.array(rows, mask=rows < 0))


def _count(flags: pa.ChunkedArray | pa.Array) -> int:
    return int(pc.sum(flags).as_py() or 0)


def _pairs(claims: pa.Table) -> Integers:
    """A number for the two things of each claim, in no order."""
    both = pc.binary_join_element_wise(
        pc.min_element_wise(claims["subject"], claims["object"]),
        pc.max_element_wise(claims["subject"], claims["object"]),
        "\t",
    )
    return codes_of(both, pc.unique(both))


def _capped(candidates: pa.Table, claims: pa.Table, settings: BuildSettings) -> tuple[pa.Table, Counter[str]]:
    """Keep triplets and relations within their shares of the records that can be made."""
    counts: Counter[str] = Counter()
    for share, option, column in (
        (settings.max_share_triplet, "--max-share-triplet", "claim_id"),
        (settings.max_share_relation, "--max-share-relation", "relation"),
    ):
        if share is None:
            continue
        false = candidates.filter(
            pc.and_(pc.equal(candidates["truth"], FALSE), pc.not_equal(candidates["kind"], POSITIVE))
        )
        deniable = pc.unique(_key(false))
        positive = pc.and_(pc.equal(candidates["kind"], POSITIVE), pc.equal(candidates["truth"], TRUE))
        key = _key(candidates)
        able = np.flatnonzero(
            np.asarray(pc.and_(positive, pc.is_in(key, value_set=deniable)), dtype=np.bool_)
        )
        claim = codes_of(candidates["claim_id"], claims["claim_id"].combine_chunks())[able]
        group = codes_of(claims[column], pc.unique(claims[column]))[claim]
        hashes = hash_texts(f"{settings.seed}\t{text}" for text in key.take(pa.array(able)).to_pylist())
        gone = able[~within_share(group, share, hashes, claim, option)]
        keys = pc.unique(key.take(pa.array(gone)))
        candidates = candidates.filter(pc.invert(pc.is_in(key, value_set=keys)))
        counts[f"record: beyond {option}"] = len(gone)
    return candidates, counts


def _key(candidates: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(candidates["image_id"], candidates["positive_claim"], "\t")


def deal_captions(captions: pa.Table, name: str, splits: Splits, settings: BuildSettings) -> pa.Table:
    """The captions of a split. Where there is another than training, it shares no complex caption with training.

    Args:
        captions: `schema.CAPTIONS`.
        name: The split.
        splits: All pictures of the build with their splits.
        settings: The build's.

    Raises:
        UserError: There are too few sentences a claim for two sides.
    """
    present = {*pc.unique(splits.images["split"]).to_pylist()}
    if Split.TRAIN.value not in present or len(present) == 1:
        return captions
    if settings.captions_per_claim < 2 * COMPLEX:
        raise UserError(
            f"--captions-per-claim {settings.captions_per_claim}: training and tests share no sentence, so that a "
            f"claim needs {2 * COMPLEX} at least. Give more."
        )
    ok = np.asarray(pc.equal(captions["status"], "ok"), dtype=np.bool_)
    claim = codes_of(captions["claim_id"], pc.unique(captions["claim_id"]))
    simple = np.asarray(pc.equal(captions["style"], "simple"), dtype=np.bool_)
    manner = pc.binary_join_element_wise(
        captions["construction"], captions["writer"], pc.fill_null(captions["prompt_id"], ""), "\t"
    )
    # Claims that have the same constructions are dealt alike, so that both sentences of a pair can be built alike.
    chance = mix(seeded(settings.seed), hash_texts(manner.to_pylist()))
    turn = place_in_group(chance, claim, simple, ok) % 2
    # Two claims can have one sentence ("a cat to the left of a dog" says where the dog is, too): it has one side.
    texts = pc.unique(captions["text"])
    text = codes_of(captions["text"], texts)
    sides = np.zeros((len(texts), 2), dtype=np.bool_)
    used = ok & ~simple
    sides[text[used], turn[used]] = True
    by_text = (mix(seeded(settings.seed), hash_texts(texts.to_pylist())) % 2).astype(np.int64)
    both = sides[:, 0] & sides[:, 1]
    turn = np.where(both[text], by_text[text], turn)
    return captions.filter(pa.array(simple | (turn == (name != Split.TRAIN.value))))


def _sizes(chosen: pa.Table) -> list[tuple[str, int]]:
    return [(entry["values"], entry["counts"]) for entry in chosen["split"].value_counts().to_pylist()]


def _negative_images(
    chosen: pa.Table, known: Known, splits: Splits, vocabulary: Vocabulary
) -> tuple[dict[str, pa.ChunkedArray], Counter[str]]:
    """Negative images of each split from its own pictures."""
    rows, found, counts = [], [], Counter[str]()
    for name in pc.unique(chosen["split"]).to_pylist():
        at = np.flatnonzero(np.asarray(pc.equal(chosen["split"], name), dtype=np.bool_))
        inside = splits.images.filter(pc.equal(splits.images["split"], name))["image_id"].combine_chunks()
        candidates = known.candidates.filter(pc.is_in(known.candidates["image_id"], value_set=inside))
        own = Known(candidates, known.claims, known.triplets, known.objects, known.images, known.pictures)
        columns, count = find_negative_images(chosen.take(pa.array(at)), own, vocabulary)
        rows.append(at)
        found.append(columns.cast(schema.NEGATIVE_IMAGES))
        counts += count
    back = np.argsort(np.concatenate(rows), kind="stable")
    table = pa.concat_tables(found).take(pa.array(back))
    return {name: table[name] for name in table.column_names}, counts
