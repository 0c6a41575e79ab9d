"""What the panel asks the server: thin operators over `naturel.review.server`."""

from __future__ import annotations

from typing import Any

import fiftyone.operators as foo

from naturel.review.server import answers


class _Asked(foo.Operator):  # type: ignore[misc]
    """One question of the panel; the method of `Answers` that answers has its name."""

    @property
    def config(self) -> foo.OperatorConfig:
        return foo.OperatorConfig(name=type(self).__name__.lower(), label=type(self).__name__, unlisted=True)

    def execute(self, ctx: foo.ExecutionContext) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(answers(), self.name)(ctx.params)
        return answer


class Next(_Asked):
    """The next open items."""


class Item(_Asked):
    """One item again."""


class Save(_Asked):
    """Decisions, to be kept."""


class Undo(_Asked):
    """Decisions, to be taken back."""


class Check(_Asked):
    """What an edited sentence says."""


class Status(_Asked):
    """Who is at work, at what, and how far."""


def register(plugin: Any) -> None:
    """Called by FiftyOne."""
    for operator in (Next, Item, Save, Undo, Check, Status):
        plugin.register(operator)
    answers()
