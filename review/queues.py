"""What waits for an annotator: keys of captions and of records, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from naturel.annotations.agreement import disagreements
from naturel.annotations.decisions import Decision, Verdict
from naturel.annotations.verdicts import replay
from naturel.review.assignment import assign
from naturel.review.choices import Queue
from naturel.review.contents import Contents

SEED = 0
"""Of the shares of annotators: the same in every start."""


def queue_keys(
    queue: Queue,
    contents: Contents,
    decisions: Iterable[Decision],
    *,
    annotator: str,
    annotators: Collection[str] = (),
    overlap: float = 0.0,
    gold: Mapping[str, bool] | None = None,
) -> list[str]:
    """The keys of a queue for one annotator, whether decided or not.

    A key of a caption stands for that caption, a key of a relation for the first record that is about it.

    Args:
        queue: Which.
        contents: The release.
        decisions: All that is in the journals.
        annotator: Whose queue.
        annotators: All who share the work.
        overlap: The share of keys that two annotators get.
        gold: Items that everybody gets.
    """
    if queue is Queue.CAPTIONS:
        order = sorted(range(len(contents.caption_keys)), key=lambda number: -contents.uses[number])
        keys = [contents.caption_keys[number] for number in order]
    elif queue is Queue.IMAGES:
        keys = contents.relation_keys
    elif queue is Queue.FLAGGED:
        return _known(contents, [*contents.doubted, *_refused(decisions, annotator)])
    else:
        return _known(contents, disagreements(decisions))
    names = {annotator, *annotators}
    if len(names) == 1:
        return keys
    mine = set(assign(keys, names, overlap, SEED)[annotator]) | (gold or {}).keys()
    return [key for key in keys if key in mine]


def done_by(annotator: str, decisions: Iterable[Decision], queue: Queue) -> set[str]:
    """The keys that an annotator is done with: decided, or skipped; in an adjudication only by adjudicating."""
    own = replay(decision for decision in decisions if decision.annotator == annotator)
    return {key for (_, key), one in own.items() if one.adjudication or queue is not Queue.ADJUDICATE}


def _refused(decisions: Iterable[Decision], annotator: str) -> list[str]:
    return [
        key
        for (name, key), decision in replay(decisions).items()
        if name != annotator and decision.verdict in (Verdict.REJECT, Verdict.EDIT)
    ]


def _known(contents: Contents, keys: Iterable[str]) -> list[str]:
    """Each key once, without those that nothing in the release has."""
    known: Callable[[str], object] = lambda key: (  # noqa: E731
        key in contents.caption_numbers or contents.records_with(key)
    )
    return [key for key in dict.fromkeys(keys) if known(key)]


def lost_keys(contents: Contents, decisions: Iterable[Decision]) -> list[Decision]:
    """Decisions that stand about what the release does not have; they are kept for a release that has it again."""
    return [
        decision
        for decision in replay(decisions).values()
        if decision.decides and not _known(contents, [decision.key])
    ]
