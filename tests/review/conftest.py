"""A small release and desks before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from helpers.small_release import write_release

from naturel.annotations.decisions import Decision
from naturel.review.choices import Queue
from naturel.review.contents import Contents
from naturel.review.desk import Desk
from naturel.review.session import Session


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 records of 4 pictures and 6 claims: "cat on desk", "desk on cat", and so on."""
    return write_release(tmp_path_factory.mktemp("small"), records=12, pictures=4)


@pytest.fixture(scope="session")
def contents(release: Path) -> Contents:
    return Contents(release)


class Remembering:
    """A mirror that keeps what it is shown."""

    def __init__(self) -> None:
        self.shown: list[Decision] = []

    def show(self, decisions: Sequence[Decision]) -> None:
        self.shown += decisions


@pytest.fixture
def open_desk(release: Path, tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Opens desks over one folder of journals: `open_desk("anna", Queue.IMAGES)`."""
    desks = []

    def opened(annotator: str, queue: Queue = Queue.CAPTIONS, **others: Any) -> Desk:
        settings: dict[str, Any] = {
            "annotators": (annotator,),
            "overlap": 0.0,
            "gold": None,
            "dataset": "naturel-test",
            "database_uri": "",
            "name": "morning",
        }
        session = Session(
            release=release, folder=tmp_path / "review", annotator=annotator, queue=queue, **settings | others
        )
        desks.append(Desk(session, Remembering()))
        return desks[-1]

    yield opened
    for desk in desks:
        desk.close()
