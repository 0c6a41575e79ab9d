"""Models that do not look: what a benchmark gives away in its sentences alone.

All but `blind:random` give a sentence one score, whatever the picture. Such a model cannot tell two pictures apart:
all image and group scores are 0, as ties are wrong.

The classifiers learn from the benchmark itself, in folds: the sentences of a question are scored by one that has not
met the question, nor any other with the same set of sentences. A sentence that is as often true as false gets no
score worth the name; accuracies well below chance mean that holding out some uses of it leaves more of the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers
from naturel.builders.choice import hash_text, hash_texts, mix, seeded
from naturel.builders.progress import Progress
from naturel.evaluation.questions import Questions, Scores
from naturel.evaluation.scoring import Answers

PREFIX = "blind:"
FOLDS = 5
CLASSIFIERS = {
    "naive-bayes": "naive Bayes",
    "word-regression": "word regression",
    "character-regression": "character regression",
}
"""Our name -> that of `naturel.builders.checks.blind_attackers`."""


class BlindModel:
    """A model that scores sentences without a look at the picture."""

    def __init__(self, name: str, answer: Callable[[Questions, int], Scores], seed: int) -> None:
        """Takes a way of scoring.

        Args:
            name: What tables call it.
            answer: Questions and seed -> scores that broadcast to (n, a, c).
            seed: Shapes folds and random scores.
        """
        self.name = name
        self.digest = ""
        self._answer = answer
        self._seed = seed

    def score(self, questions: Questions, progress: Progress) -> Answers:
        """Score all sentences."""
        with progress.task(f"{questions.benchmark}: {self.name}", len(questions), "questions") as task:
            scores = np.broadcast_to(self._answer(questions, self._seed), questions.true.shape)
            task.advance(len(questions))
        return Answers(np.where((questions.texts >= 0)[:, None, :], scores, np.nan))

    def close(self) -> None:
        """Nothing is open."""


def open_blind(name: str, seed: int = 0) -> BlindModel:
    """Make a blind model.

    Args:
        name: `blind:` and one of `MODELS`.
        seed: Shapes folds and random scores.

    Raises:
        UserError: There is no such model.
    """
    answer = MODELS.get(name.removeprefix(PREFIX))
    if answer is None:
        known = ", ".join(PREFIX + known for known in MODELS)
        raise UserError(f"--model {name}: there is no such blind model. Give one of {known}.")
    return BlindModel(name, answer, seed)


def _random(questions: Questions, seed: int) -> Scores:
    """Another number for each picture and sentence: what chance gives, by benchmark."""
    pictures = hash_texts(picture.key for picture in questions.pictures)[questions.images]
    sentences = hash_texts(questions.captions)[questions.texts]
    benchmark = np.array([hash_text(questions.benchmark)], dtype=np.uint64)
    hashes = mix(seeded(seed), benchmark, pictures[:, :, None], sentences[:, None, :])
    scores: Scores = hashes / 2.0**64
    return scores


def _of_sentences(measure: Callable[[Sequence[str]], Scores]) -> Callable[[Questions, int], Scores]:
    """A way of scoring by what is measured of all sentences."""
    return lambda questions, _: measure(questions.captions)[questions.texts][:, None, :]


def _words(texts: Sequence[str]) -> Scores:
    return np.array([len(text.split()) for text in texts], dtype=np.float64)


def _frequency(texts: Sequence[str]) -> Scores:
    """The mean logarithm of how often a sentence's words stand in all sentences."""
    words = [text.lower().split() for text in texts]
    counts = Counter(word for sentence in words for word in sentence)
    return np.array([np.mean([np.log(counts[word]) for word in sentence] or [0.0]) for sentence in words])


def _classify(questions: Questions, seed: int, *, attacker: str) -> Scores:
    """Scores by a classifier that learns from the other folds which sentences are true."""
    # scikit-learn takes a second to load, and most models do not need it.
    from naturel.builders.checks.blind_attackers import Training, attackers, view

    attack = attackers(view(questions.captions))[attacker]
    fold = _folds(questions, seed)
    scores = np.zeros((len(questions), 1, questions.texts.shape[1]))
    nothing = np.empty(0, dtype=np.int64)
    for held in range(FOLDS):
        learnt = attack(Training(*_uses(questions, np.flatnonzero(fold != held)), (nothing, nothing)))
        rows = np.flatnonzero(fold == held)
        scores[rows, 0] = learnt[questions.texts[rows]]
    return scores


def _folds(questions: Questions, seed: int) -> Integers:
    """The fold of each question: those with the same sentences share one."""
    sentences = np.sort(questions.texts, axis=1)
    _, first, same = np.unique(sentences, axis=0, return_index=True, return_inverse=True)
    texts = [
        "\n".join(questions.captions[number] for number in sentences[row] if number >= 0) for row in first
    ]
    order = np.argsort(mix(seeded(seed), hash_texts(texts)), kind="stable")
    fold = np.empty(len(first), dtype=np.int64)
    fold[order] = np.arange(len(first)) % FOLDS
    chosen: Integers = fold[same.ravel()]
    return chosen


def _uses(questions: Questions, rows: Integers) -> tuple[Scores, Scores]:
    """How often each sentence is true and false in some questions, by picture and question."""
    texts = np.broadcast_to(questions.texts[rows][:, None, :], questions.true[rows].shape)
    there, true = texts >= 0, questions.true[rows]
    count = len(questions.captions)
    positive = np.bincount(texts[there & true], minlength=count).astype(np.float64)
    return positive, np.bincount(texts[there & ~true], minlength=count).astype(np.float64)


MODELS: dict[str, Callable[[Questions, int], Scores]] = {
    "random": _random,
    "longer": _of_sentences(_words),
    "shorter": _of_sentences(lambda texts: -_words(texts)),
    "frequency": _of_sentences(_frequency),
    **{name: partial(_classify, attacker=attacker) for name, attacker in CLASSIFIERS.items()},
}
"""Name -> how it scores: `random` a number for each picture and sentence; `longer`, `shorter` by the number of words;
`frequency` by how common the words are in the benchmark; the rest learn, see above."""
