"""What the panel asks the server: thin operators over `naturel.review.server`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fiftyone.operators as foo

from naturel.review.server import Answers, answers


class _Asked(foo.Operator):  # type: ignore[misc]
    """One question of the panel; the answer's method has its name."""

    ask: Callable[[Answers, dict[str, Any]], dict[str, Any]]

    @property
    def config(self) -> foo.OperatorConfig:
        return foo.OperatorConfig(name=type(self).__name__.lower(), label=type(self).__name__, unlisted=True)

    def execute(self, ctx: foo.ExecutionContext) -> dict[str, Any]:
        return type(self).ask(answers(), ctx.params)


class Next(_Asked):
    """The next open items."""

    ask = Answers.next


class Item(_Asked):
    """One item again."""

    ask = Answers.item


class Save(_Asked):
    """Decisions, to be kept."""

    ask = Answers.save


class Undo(_Asked):
    """Decisions, to be taken back."""

    ask = Answers.undo


class Check(_Asked):
    """What an edited sentence says."""

    ask = Answers.check


class Status(_Asked):
    """Who is at work, at what, and how far."""

    ask = Answers.status


def register(plugin: Any) -> None:
    """Called by FiftyOne."""
    for operator in (Next, Item, Save, Undo, Check, Status):
        plugin.register(operator)
    answers()
