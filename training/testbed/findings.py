"""What a grid says about the paper's claims, in sentences."""

from __future__ import annotations

from naturel.training.testbed.names import CHOICE, NOTHING, ORDER, UNSEEN, UNSEEN_LABELS, UNSEEN_THERE
from naturel.training.testbed.results import Mean, Results

TITLES = {CHOICE: "choice among all captions", ORDER: "left-right order"}
PLURAL = {
    UNSEEN: "unseen pairs",
    UNSEEN_THERE: "unseen pairs in layouts of other pairs",
    UNSEEN_LABELS: "unseen labels",
}
SMALL = 0.05
"""A fall of accuracy that is not worth telling."""


def findings(results: Results) -> list[str]:
    """What is found, a sentence each.

    Three comparisons: over the whole of each axis; between the two ways to spend the same number of scenes that
    differ most (many pairs in few layouts, few pairs in many); with and without parts of the attention.
    """
    if not results.rows:
        return []
    told = [
        *(_gains(results, asked, measure) for asked in (UNSEEN, UNSEEN_THERE) for measure in TITLES),
        *(_exchanged(results, measure) for measure in TITLES),
        *(_ablated(results, asked) for asked in (UNSEEN, UNSEEN_LABELS)),
    ]
    return [sentence for sentence in told if sentence]


def exchangeable(results: Results) -> tuple[int, int]:
    """The two numbers furthest apart that are on both axes and have unseen pairs; (0, 0): there are none."""
    there = {(row.pairs, row.layouts) for row in results.rows if row.asked == UNSEEN}
    both = [(few, many) for few, many in there if few < many and (many, few) in there]
    return max(both, key=lambda numbers: numbers[1] / numbers[0], default=(0, 0))


def _gains(results: Results, asked: str, measure: str) -> str:
    """What more pairs, and what more layouts bring; empty where neither can be told."""
    low, high = results.ends(asked)
    gains = (
        (results.gain_over_pairs(asked, measure), low, high, "label pairs"),
        (results.gain_over_layouts(asked, measure), results.layouts[0], results.layouts[-1], "layouts"),
    )
    told = [
        f"{gain.value:+.3f} ± {gain.spread:.3f} from {few} to {many} {what}"
        for gain, few, many, what in gains
        if gain is not None and few < many
    ]
    return f"{_title(asked, measure)}: {', '.join(told)}." if told else ""


def _exchanged(results: Results, measure: str) -> str:
    """Many pairs in few layouts against few pairs in many; empty where the grid has no such cells."""
    few, many = exchangeable(results)
    by_pairs = results.mean(UNSEEN, measure, pairs=many, layouts=few)
    by_layouts = results.mean(UNSEEN, measure, pairs=few, layouts=many)
    if by_pairs is None or by_layouts is None:
        return ""
    return (
        f"{_title(UNSEEN, measure)}, as many scenes: {by_pairs} with {many} pairs in {few} layouts, "
        f"{by_layouts} with {few} pairs in {many} layouts."
    )


def _ablated(results: Results, asked: str) -> str:
    """What becomes of left-right order without parts of the attention; empty where nothing was removed."""
    pairs, layouts = results.corner()
    means: dict[str, Mean] = {
        removed: mean
        for removed in results.removed
        if (mean := results.mean(asked, ORDER, removed, pairs=pairs, layouts=layouts)) is not None
    }
    if len(means) < 2:
        return ""
    whole = means.pop(NOTHING)
    fallen = [f"{mean} without {name}" for name, mean in means.items() if whole.value - mean.value > SMALL]
    kept = [name for name, mean in means.items() if whole.value - mean.value <= SMALL]
    told = [f"{whole} with the whole attention", *fallen]
    if kept:
        told.append(f"less than {SMALL} lower without {', '.join(kept)}")
    return f"{_title(asked, ORDER)} ({pairs} pairs, {layouts} layouts; chance .5): {'; '.join(told)}."


def _title(asked: str, measure: str) -> str:
    return f"{PLURAL[asked].capitalize()}, {TITLES[measure]}"
