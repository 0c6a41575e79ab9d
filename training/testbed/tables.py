"""The table of a grid in Markdown."""

from __future__ import annotations

from naturel.training.testbed.findings import findings
from naturel.training.testbed.grid import CellSettings
from naturel.training.testbed.names import ASKED, ASKED_ONE, CHOICE, NOTHING, ORDER, UNSEEN, UNSEEN_LABELS
from naturel.training.testbed.results import Results

TITLES = {
    ORDER: "left-right order: the true caption against the same with its labels exchanged",
    CHOICE: "choice: the true caption among all there are",
}


def markdown(results: Results, cell: CellSettings) -> str:
    """All accuracies as Markdown, with what they say.

    Args:
        results: A grid.
        cell: One of its cells, for what all have in common.
    """
    seeds = sorted({row.seed for row in results.rows})
    layouts = "of its own" if cell.own_layouts else "that all pairs share"
    sides = "left and right" if cell.training.both_sides else "left"
    lines = [
        "# The left-right testbed",
        "",
        f"Means over {len(seeds)} seeds (± standard deviation); {cell.training.steps} steps of "
        f"{cell.training.batch} scenes for every model. Each pair is trained in layouts {layouts}; one in ten of "
        f"them, at least one, is kept for validation (of 2, one is trained). Captions say {sides}.",
        "",
        "![Accuracies over label pairs and layouts, and without parts of the attention](testbed.png)",
        "",
        *(f"- {sentence}" for sentence in findings(results)),
    ]
    for asked, meaning in ASKED.items():
        for measure in (CHOICE,) if asked == ASKED_ONE else (ORDER, CHOICE):
            if results.mean(asked, measure) is not None:
                lines += _by_cell(results, asked, measure, meaning)
    lines += _ablations(results)
    return "\n".join(lines) + "\n"


def _by_cell(results: Results, asked: str, measure: str, meaning: str) -> list[str]:
    what = "the true caption among those of one thing" if asked == ASKED_ONE else TITLES[measure]
    rows = [
        [
            str(pairs),
            *(
                str(results.mean(asked, measure, pairs=pairs, layouts=layouts) or "-")
                for layouts in results.layouts
            ),
        ]
        for pairs in results.pairs
    ]
    head = ["label pairs", *(f"{layouts} layouts" for layouts in results.layouts)]
    title = f"## {asked[0].upper()}{asked[1:]}, {measure}"
    chance = f"{results.chance(asked, measure):.2g}".removeprefix("0")
    return ["", title, "", f"Scenes of {meaning}; {what}. Chance {chance}.", "", *_table(head, rows)]


def _ablations(results: Results) -> list[str]:
    pairs, layouts = results.corner()
    columns = {
        "one object, choice": (ASKED_ONE, CHOICE),
        "unseen pair, order": (UNSEEN, ORDER),
        "unseen pair, choice": (UNSEEN, CHOICE),
        "unseen labels, order": (UNSEEN_LABELS, ORDER),
    }
    rows = [
        [
            "(nothing)" if removed == NOTHING else removed,
            *(
                str(results.mean(asked, measure, removed, pairs=pairs, layouts=layouts) or "-")
                for asked, measure in columns.values()
            ),
        ]
        for removed in results.removed
    ]
    return [
        "",
        "## Without parts of the attention",
        "",
        f"Models of {pairs} label pairs and {layouts} layouts, parts of the vision encoder's attention removed "
        "after training. A part of the logits is named by what asks and what is asked: *token x position* is the "
        "product of the query of the class token's embedding with the keys of the places.",
        "",
        *_table(["removed", *columns], rows),
    ]


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
