"""Names in the tables of the testbed."""

from __future__ import annotations

ASKED_ONE = "one object"
SEEN = "seen pair"
UNSEEN = "unseen pair"
UNSEEN_THERE = "unseen pair, seen layout"
UNSEEN_ELSEWHERE = "unseen pair, unseen layout"
UNSEEN_LABELS = "unseen labels"
ASKED = {
    ASKED_ONE: "one thing in a cell where training did not show it",
    SEEN: "trained pairs in layouts that were not trained with them",
    UNSEEN: "two labels that are trained, never together",
    UNSEEN_THERE: "two labels that are trained, never together, in layouts that some pair is trained in",
    UNSEEN_ELSEWHERE: "two labels that are trained, never together, in layouts that no pair is trained in",
    UNSEEN_LABELS: "two labels that are trained alone only, never in a pair",
}
"""Which scenes are asked."""

ORDER = "order"
CHOICE = "choice"

NOTHING = "nothing"
"""No ablation."""
