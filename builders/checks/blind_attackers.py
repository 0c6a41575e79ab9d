"""Attackers that tell negative captions from positive ones by their text.

Each learns from single captions, or from pairs, and gives every text a score: the higher, the more positive. All
attackers see each distinct text once, with the number of its uses as weights.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

START, END = "\x02", "\x03"
"""Stand before and after each caption, so that n-grams know where it begins and ends."""
WORD = rf"(?u)\b\w+\b|[{START}{END}]"
SMOOTHING = 0.5
"""Uses that naive Bayes adds to each n-gram on either side."""
PUNCTUATION = re.compile(r"[^\w\s]")

RULES: dict[str, Callable[[str], float]] = {
    "words": lambda text: len(text.split()),
    "characters": len,
    "characters a word": lambda text: len(text) / max(len(text.split()), 1),
    "capital first": lambda text: text[:1].isupper(),
    "capitals": lambda text: sum(letter.isupper() for letter in text),
    "full stop last": lambda text: text.rstrip().endswith("."),
    "punctuation marks": lambda text: len(PUNCTUATION.findall(text)),
}
"""What a caption has more or less of."""


@dataclass(frozen=True)
class Training:
    """What attackers learn from: weights of all texts, and pairs."""

    positive: Floats
    """Uses of each text as a positive, shape (texts,)."""
    negative: Floats
    """Uses of each text as a negative, shape (texts,)."""
    pairs: tuple[Indices, Indices]
    """Places of the positive and the negative text of each pair."""

    @property
    def one_sided(self) -> bool:
        """Whether there is nothing to learn: no text on one side."""
        return not (self.positive.any() and self.negative.any())


Attacker = Callable[[Training], Floats]
"""Learns, then scores all texts; more than 0 is a guess of positive."""


@dataclass(frozen=True)
class Views:
    """What attackers see of the texts."""

    words: Any
    """Counts of n-grams of 1 to 3 words, a sparse matrix of shape (texts, n-grams)."""
    names: npt.NDArray[np.object_]
    """The n-grams, with ^ and $ for a caption's start and end."""
    short: npt.NDArray[np.bool_]
    """Which of them have at most 2 words."""
    characters: Any
    """Counts of n-grams of 1 to 4 characters, with case and punctuation."""
    rules: Floats
    """What each rule measures, shape (texts, rules)."""


def view(texts: Sequence[str]) -> Views:
    """Look at texts in all ways; n-grams that only one text holds tell nothing of others and are left out."""
    seldom = min(2, len(texts))
    marked = [f"{START} {text} {END}" for text in texts]
    by_word = CountVectorizer(token_pattern=WORD, ngram_range=(1, 3), min_df=seldom, dtype=np.float64)
    words = by_word.fit_transform(marked)
    names = by_word.get_feature_names_out()
    short = np.array([name.count(" ") < 2 for name in names])
    shown = np.array([name.replace(START, "^").replace(END, "$") for name in names], dtype=object)
    by_character = CountVectorizer(
        analyzer="char", ngram_range=(1, 4), min_df=seldom, dtype=np.float64, lowercase=False
    )
    characters = by_character.fit_transform([f"{START}{text}{END}" for text in texts])
    rules = np.array([[float(rule(text)) for rule in RULES.values()] for text in texts])
    return Views(words, shown, short, characters, rules)


def attackers(views: Views) -> dict[str, Attacker]:
    """All attackers, by name."""
    short = views.words[:, np.flatnonzero(views.short)]
    return {
        "naive Bayes": lambda training: naive_bayes(short, training),
        "word regression": lambda training: regression(views.words, training),
        "character regression": lambda training: regression(views.characters, training),
        "rules": lambda training: best_rule(views.rules, training),
    }


def naive_bayes(counts: Any, training: Training) -> Floats:
    """Score by the log ratio of an n-gram's uses in a positive and in a negative caption, summed over n-grams.

    This is naive Bayes with Poisson counts. Unlike the multinomial one it asks how often an n-gram stands in a
    *caption*, not in a hundred words, so that it notices longer captions too; on SugarCrepe it is the stronger.
    """
    if training.one_sided:
        return np.zeros(counts.shape[0])
    rates = [
        (counts.T @ weights + SMOOTHING) / weights.sum() for weights in (training.positive, training.negative)
    ]
    scores: Floats = counts @ np.log(rates[0] / rates[1]) - (rates[0] - rates[1]).sum()
    return scores


def regression(counts: Any, training: Training) -> Floats:
    """Score by logistic regression."""
    if training.one_sided:
        return np.zeros(counts.shape[0])
    weights, intercept = fit_regression(counts, training)
    scores: Floats = counts @ weights + intercept
    return scores


def fit_regression(counts: Any, training: Training) -> tuple[Floats, float]:
    """Weights of n-grams and the intercept, with as much weight on positives as on negatives."""
    sides = [np.flatnonzero(training.positive), np.flatnonzero(training.negative)]
    uses = [training.positive[sides[0]], training.negative[sides[1]]]
    half = (uses[0].sum() + uses[1].sum()) / 2
    balanced = np.concatenate([side * half / side.sum() for side in uses])
    labels = np.repeat([1, 0], [len(side) for side in sides])
    model = LogisticRegression(solver="lbfgs", tol=1e-3, max_iter=60)
    with warnings.catch_warnings():
        # After 60 steps a model that has not settled attacks as well as one that has.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(counts[np.concatenate(sides)], labels, sample_weight=balanced)
    return model.coef_[0], float(model.intercept_[0])


def best_rule(measures: Floats, training: Training) -> Floats:
    """Score by the one measure that parts most training pairs, in the direction that it does, about a threshold."""
    positive, negative = training.pairs
    if not len(positive) or training.one_sided:
        return np.zeros(len(measures))
    differences = np.sign(measures[positive] - measures[negative]).mean(axis=0)
    best = int(np.argmax(np.abs(differences)))
    signed: Floats = measures[:, best] * (np.sign(differences[best]) or 1.0)
    return signed - _threshold(signed, training)


def _threshold(values: Floats, training: Training) -> float:
    """The value above which captions are best called positive: halfway between two that occur."""
    levels, places = np.unique(values, return_inverse=True)
    shares = [
        np.bincount(places, weights, len(levels)).cumsum() / weights.sum()
        for weights in (training.positive, training.negative)
    ]
    cut = int(np.argmax(shares[1] - shares[0]))
    return float(levels[cut] + levels[min(cut + 1, len(levels) - 1)]) / 2
