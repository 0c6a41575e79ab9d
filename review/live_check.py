"""What an edited sentence says, by the build's own checks."""

from __future__ import annotations

from threading import Lock
from typing import Any

from naturel.annotations.claims import Claim
from naturel.builders.captions.surface import Style
from naturel.builders.checks.check import Checker

WORDING = {
    "negation": "it takes back what it says",
    "hedge": "it doubts",
    "question": "it asks",
    "order": "it orders",
    "missing": "one of the two things is not named",
    "third": "it names another thing",
    "colour": "it names a colour",
    "number": "it names a number",
    "place": "it names a place",
    "short": "it is too short",
    "long": "it is too long",
    "article": "a and an",
    "agreement": "singular and plural",
    "repetition": "a word is there twice",
    "surface": "spaces, capital or full stop",
}
"""Problem (`builders.checks.text`) -> what the annotator reads."""


class LiveCheck:
    """Checks one sentence at a time; the model is loaded with the first."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._checker: Checker | None = None

    def warm_up(self) -> None:
        """Load the model."""
        self.check("A cat is on a desk.", Claim("cat", "on", "desk"), "complex")

    def check(self, text: str, claim: Claim, style: Style) -> dict[str, Any]:
        """Check a sentence.

        Args:
            text: The sentence.
            claim: What it should state.
            style: The surface that it should have.

        Returns:
            `states` (yes, no or unsure), `reason`, `says` (the claims that it states, as text) and `problems`.
        """
        with self._lock:
            if self._checker is None:
                self._checker = Checker()
            (checked,) = self._checker.check([text], [claim], [style])
        return {
            "states": str(checked.reading.states),
            "reason": checked.reading.reason,
            "says": [
                f"{one.subject} {one.relation.replace('_', ' ')} {one.object}"
                for one in checked.reading.found
            ],
            "problems": [WORDING.get(name, name) for name in checked.problems],
        }
