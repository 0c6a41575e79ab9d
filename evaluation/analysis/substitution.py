"""Is it the relation that a model does not know, or the word? A benchmark's sentences in other words.

What's "up" (2310.19785, section 4.2): "behind" is rare in caption corpora and "background" is not, and models do
better when a benchmark asks with the latter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from naturel.annotations.errors import UserError
from naturel.annotations.truth import Flags
from naturel.annotations.yaml_file import read_yaml
from naturel.builders.progress import Progress, SilentProgress
from naturel.evaluation.analysis.intervals import Figure, summarise
from naturel.evaluation.benchmarks.selecting import select
from naturel.evaluation.metrics.choice import choice_right
from naturel.evaluation.metrics.groups import group_right
from naturel.evaluation.metrics.hard_positives import judge_hard_positives
from naturel.evaluation.questions import Kind, Questions, Scores
from naturel.evaluation.scoring import Scorer, answered

ALL = "any of them"
RIGHT = ", where it is right"
_PARTING = re.compile(r"[\s_-]+")
"""Between words: What's "up" has "in-front_of" in its names."""
METRICS = {Kind.CHOICE: "accuracy", Kind.GROUP: "group", Kind.HARD_POSITIVE: "AugAcc"}
"""What is right of a question, by its kind; judgements are ranked against each other, and have no such thing."""


@dataclass(frozen=True)
class Substituted:
    """How a model does with the words as they are, and with others, on the same questions."""

    model: str
    benchmark: str
    metric: str
    word: str
    """The word that the questions have, perhaps with RIGHT; ALL: one of the words."""
    before: Figure
    """Share of questions that are right with the words as they are."""
    after: Figure
    """And with the other words."""
    difference: Figure
    """`after` less `before`, question by question."""

    def to_dict(self) -> dict[str, Any]:
        """As it stands in JSON."""
        return asdict(self)


def substitute_words(text: str, words: Mapping[str, str]) -> str:
    """Exchange words in a sentence, the longest first, each place once; a capital letter stays one.

    Args:
        text: The sentence.
        words: Word or phrase -> what it becomes.
    """
    pattern = _pattern(words)

    def other(found: re.Match[str]) -> str:
        new = words[_PARTING.sub(" ", found[0].lower())]
        return new[:1].upper() + new[1:] if found[0][0].isupper() else new

    return pattern.sub(other, text)


def substitute(
    scorer: Scorer,
    questions: Questions,
    words: Mapping[str, str],
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[Substituted]:
    """Score the questions that have the words twice, with them and with others.

    Args:
        scorer: The model.
        questions: Of one benchmark.
        words: Word or phrase, lower case -> what it becomes.
        seed: Of the intervals' draws; pictures are drawn, with all their questions.
        progress: Where it tells how far it is.

    Returns:
        A row for all questions with any of the words, then those of each word (see `which_hold`); none where no
        question has one, or where questions have no right answer of their own (judgements).
    """
    held = which_hold(questions, words)
    if questions.kind not in METRICS or not held[ALL].any():
        return []
    asked = select(questions, np.flatnonzero(held[ALL]))
    others = replace(asked, captions=tuple(substitute_words(text, words) for text in asked.captions))
    told = progress or SilentProgress()
    first, second = scorer.score(asked, told), scorer.score(others, told)
    rows = np.intersect1d(answered(asked, first), answered(others, second))
    before, after = (right(select(asked, rows), answers.scores[rows]) for answers in (first, second))
    found = []
    for word, has in held.items():
        some = np.flatnonzero(has[held[ALL]][rows])
        if len(some):
            clusters = asked.images[rows[some], 0]
            first_share, second_share = (
                summarise(flags[some].astype(np.float64), clusters, bounds=(0, 1), seed=seed)
                for flags in (before, after)
            )
            change = after[some].astype(np.float64) - before[some]
            difference = summarise(change, clusters, seed=seed)
            found.append(
                Substituted(
                    scorer.name,
                    questions.benchmark,
                    METRICS[questions.kind],
                    word,
                    first_share,
                    second_share,
                    difference,
                )
            )
    return found


def right(questions: Questions, scores: Scores) -> Flags:
    """Whether each question is answered, by the strictest measure of its kind; shape (n,)."""
    if questions.kind is Kind.GROUP:
        return np.asarray(group_right(scores)[2], dtype=np.bool_)
    if questions.kind is Kind.HARD_POSITIVE:
        return np.asarray(judge_hard_positives(scores[:, 0, :]).augmented, dtype=np.bool_)
    return choice_right(scores, questions.true, questions.texts >= 0)


def which_hold(questions: Questions, words: Mapping[str, str]) -> dict[str, Flags]:
    """Which questions have words in one of their sentences.

    Args:
        questions: n of them.
        words: What is looked for.

    Returns:
        For any of the words (ALL), then for each word by itself, and, where that are fewer, for the word in a
        sentence that is right (RIGHT): flags, shape (n,).
    """
    found: dict[str, Flags] = {}
    for name, some in ((ALL, words), *((word, {word: ""}) for word in words)):
        pattern = _pattern(some)
        captions = np.array([*(bool(pattern.search(text)) for text in questions.captions), False])
        has = captions[questions.texts]
        found[name] = np.any(has, axis=1)
        is_right = np.any(has[:, None, :] & questions.true, axis=(1, 2))
        if name != ALL and is_right.any() and (is_right != found[name]).any():
            found[name + RIGHT] = is_right
    return found


def read_substitutions(given: Sequence[str], path: Path | None) -> dict[str, str]:
    """The words to exchange: those given, then those of a file, then the ones that come with the package.

    Args:
        given: Such as `behind=in the background of`.
        path: A YAML file of word: what it becomes.

    Raises:
        UserError: One is not written so, or a word is there twice.
    """
    pairs: list[tuple[str, str]] = []
    for text in given:
        word, equals, other = text.partition("=")
        if not (equals and word.strip() and other.strip()):
            raise UserError(f"--swap {text}: write it as 'behind=in the background of'.")
        pairs.append((word, other))
    if path is not None or not pairs:
        pairs += _read(path or Path(__file__).with_name("substitutions.yaml"))
    words: dict[str, str] = {}
    for word, other in pairs:
        key = _PARTING.sub(" ", word.lower().strip())
        if key in words:
            raise UserError(f"{word}: given twice; keep one.")
        words[key] = " ".join(other.split())
    return words


def _read(path: Path) -> list[tuple[str, str]]:
    try:
        content, repeated = read_yaml(path.read_bytes())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"--words {path} cannot be read as YAML: {error}.") from error
    if repeated:
        raise UserError(f"--words {path}: {', '.join(sorted(repeated))} given twice; keep one.")
    if not isinstance(content, dict) or not all(
        isinstance(text, str) and text.strip() for entry in content.items() for text in entry
    ):
        raise UserError(f"--words {path}: write a line a word, such as 'behind: in the background of'.")
    return list(content.items())


def _pattern(words: Mapping[str, str]) -> re.Pattern[str]:
    longest = sorted(words, key=len, reverse=True)
    choices = (r"[\s_-]+".join(re.escape(part) for part in word.split()) for word in longest)
    return re.compile(rf"(?<!\w)(?:{'|'.join(choices)})(?!\w)", re.IGNORECASE)
