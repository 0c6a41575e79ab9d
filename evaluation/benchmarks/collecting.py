"""From rows to questions: pictures and sentences are numbered, and what is not asked is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.errors import UserError
from naturel.evaluation.benchmarks.rows import BAD, BadRow, LeftOut
from naturel.evaluation.questions import Kind, Picture, Questions

RIGHT_FIRST = ((True, False),)
"""Of one picture, and a true and a false sentence."""


class Collector:
    """The questions of one file, in the order of its rows."""

    def __init__(self, benchmark: str, kind: Kind, file: Path) -> None:
        """Begins a benchmark's part.

        Args:
            benchmark: Its name.
            kind: What is asked.
            file: Where the rows are from, for errors.
        """
        self.benchmark, self.kind, self.file = benchmark, kind, file
        self.left_out: Counter[str] = Counter()
        self._bad = ""
        self._pictures: dict[str, Picture] = {}
        self._picture_numbers: dict[str, int] = {}
        self._captions: dict[str, int] = {}
        self._images: list[list[int]] = []
        self._texts: list[list[int]] = []
        self._true: list[Sequence[Sequence[bool]]] = []
        self._facts: list[Mapping[str, str | None]] = []

    @contextmanager
    def row(self, place: str) -> Iterator[None]:
        """Read a row: one that raises `LeftOut` is counted.

        Args:
            place: Where it stands, such as `row 7`.
        """
        try:
            yield
        except LeftOut as reason:
            self.left_out[str(reason)] += 1
            if isinstance(reason, BadRow) and not self._bad:
                self._bad = f"{place} ({reason})"

    def add(
        self,
        pictures: Sequence[Picture],
        sentences: Sequence[str],
        true: Sequence[Sequence[bool]],
        facts: Mapping[str, str | None],
    ) -> None:
        """Add a question.

        Args:
            pictures: Its a pictures; all questions have as many.
            sentences: Its sentences; questions may have different numbers of them.
            true: For each picture, which sentences are true of it.
            facts: `id`, and what is known; None: not of this question.
        """
        for picture in pictures:
            self._pictures.setdefault(picture.key, picture)
        numbers = self._picture_numbers
        self._images.append([numbers.setdefault(picture.key, len(numbers)) for picture in pictures])
        self._texts.append([self._captions.setdefault(text, len(self._captions)) for text in sentences])
        self._true.append(true)
        self._facts.append(facts)

    def __len__(self) -> int:
        return len(self._images)

    def questions(self, notes: Sequence[str] = ()) -> Questions:
        """All questions.

        Raises:
            UserError: No row is as the format says.
        """
        count = len(self._images)
        if not count and all(reason.startswith(BAD) for reason in self.left_out):
            first = f"the first that is wrong is {self._bad}" if self._bad else "it is empty"
            raise UserError(
                f"{self.file} holds no question of {self.benchmark}: {first}. Give the file in its official layout."
            )
        places = len(self._images[0]) if count else 1
        options = max((len(texts) for texts in self._texts), default=1)
        texts = np.full((count, options), -1, dtype=np.int64)
        true = np.zeros((count, places, options), dtype=np.bool_)
        for number, (sentences, flags) in enumerate(zip(self._texts, self._true, strict=True)):
            texts[number, : len(sentences)] = sentences
            true[number, :, : len(sentences)] = flags
        names = dict.fromkeys(name for facts in self._facts for name in facts) or {"id": None}
        return Questions(
            benchmark=self.benchmark,
            kind=self.kind,
            pictures=tuple(self._pictures.values()),
            captions=tuple(self._captions),
            images=np.array(self._images, dtype=np.int64).reshape(count, places),
            texts=texts,
            true=true,
            facts={name: pa.array([facts.get(name) for facts in self._facts], pa.string()) for name in names},
            left_out=dict(sorted(self.left_out.items())),
            notes=tuple(notes),
        )


def keep_whole(questions: Questions, sizes: Mapping[str, int | Mapping[str, int]]) -> Questions:
    """Forget pairs and sets of which a question is not asked, so that none counts that is easier than others.

    Args:
        questions: With the facts `pair`, `set`.
        sizes: Fact -> how many questions each of its values has, or how many one value has.
    """
    facts = dict(questions.facts)
    for name, wanted in sizes.items():
        if name not in facts:
            continue
        there = {row["values"]: row["counts"] for row in pc.value_counts(facts[name]).to_pylist()}
        whole = [
            value
            for value, count in there.items()
            if value is not None and count == (wanted if isinstance(wanted, int) else wanted[value])
        ]
        kept = pc.is_in(facts[name], value_set=pa.array(whole, pa.string()))
        facts[name] = pc.if_else(kept, facts[name], None)
    return replace(questions, facts=facts)
