"""Sentences checked a second, against spaCy's pipeline alone on the same sentences.

    python benchmarks/check_captions.py [--claims 500]

The grammar writes sentences of random claims; each is parsed, read against its claim and its wording checked. The
baseline, in the same run, is the bare parse, which any check on spaCy has to pay for.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable

from naturel.annotations.claims import Claim
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.builders.captions.grammar import Writer
from naturel.builders.captions.surface import Style
from naturel.builders.checks.check import Checker
from naturel.builders.checks.reading.parser import parse

ROUNDS = 3


def sentences(claims: int) -> tuple[list[str], list[Claim], list[Style]]:
    """Sentences of random claims, with their claims and styles."""
    vocabulary, nouns = load_vocabulary(), load_nouns()
    writer = Writer({each.name: each for each in vocabulary}, list(nouns.nouns.values()), nouns.attributes)
    draw = random.Random(0)  # noqa: S311 (no secret)
    words = [noun.noun for noun in nouns.nouns.values()]
    relations = [each.name for each in vocabulary.usable if each.name != "is"]
    chosen = [Claim(draw.choice(words), draw.choice(relations), draw.choice(words)) for _ in range(claims)]
    written = [(each.text, claim, each.style) for claim in chosen for each in writer.write(claim, 0)]
    texts, found, styles = zip(*written, strict=True)
    return list(texts), list(found), list(styles)


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of the fastest of several runs."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    """Print both rates and their ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--claims", type=int, default=500)
    texts, claims, styles = sentences(parser.parse_args().claims)
    checker = Checker()
    list(checker.check(texts[:50], claims[:50], styles[:50]))
    bare = cpu(lambda: list(parse(texts)))
    whole = cpu(lambda: list(checker.check(texts, claims, styles)))
    print(f"{len(texts):,} sentences       CPU s   sentences a CPU second   ratio")
    for name, seconds in (("spaCy alone", bare), ("naturel check", whole)):
        print(f"{name:<20}{seconds:>10.2f}{len(texts) / seconds:>25,.0f}{seconds / bare:>8.2f}")


if __name__ == "__main__":
    main()
