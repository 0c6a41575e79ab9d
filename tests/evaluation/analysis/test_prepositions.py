"""Prepositions in captions, counted by hand; each noise filter with its example."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naturel.annotations.errors import UserError
from naturel.evaluation.analysis.lexicon import load_lexicon
from naturel.evaluation.analysis.noise import Filter, choose_filters
from naturel.evaluation.analysis.preposition_report import plot_counts, share, to_markdown
from naturel.evaluation.analysis.prepositions import Counts, count_prepositions, prepositions_of
from naturel.evaluation.analysis.seen import Seen


def count(*captions: str, **options: object) -> Counts:
    return count_prepositions([pa.array(captions, pa.string())], **options)  # type: ignore[arg-type]


def figures(counts: Counts) -> dict[str, tuple[int, int, dict[str, int]]]:
    """Preposition -> captions, captions after the filters, what took the others."""
    return {one.name: (one.before, one.after, dict(one.removed)) for one in counts.prepositions if one.before}


def test_prepositions_are_counted_once_a_caption() -> None:
    counts = count(
        "A cat under the table, and a dog UNDER a chair.",
        "A mug to the left of a plate on a desk",
        "the mug is left of the plate",
        "A tree in front of a house",
        "trees on the left hand side of the road",
        "nothing of the kind here",
    )
    assert figures(counts) == {
        "left of": (3, 3, {}),
        "under": (1, 1, {}),
        "on": (1, 1, {}),
        "in front of": (1, 1, {}),
    }
    assert (counts.captions, counts.clean) == (6, 6)
    assert (counts.any_before, counts.any_after) == (5, 5)
    assert (counts.specific_before, counts.specific_after) == (5, 5)


def test_a_word_belongs_to_the_longest_form() -> None:
    counts = count("a cup on top of a box", "a hill in the background of a lake", "a dog far away from us")
    assert set(figures(counts)) == {"on top of", "background", "far from"}


def test_a_form_does_not_go_over_the_end_of_a_clause_or_caption() -> None:
    counts = count("look on the left. Of all things", "a mug to the left", "of a plate it knows")
    assert set(figures(counts)) == {"left"}


NOISE = {
    Filter.FOREIGN: ("кот под столом on a mat", "a café on a hill in town"),
    Filter.ADDRESS: ("a cat on a mat at www.cats.com", "a cat on a mat. com"),
    Filter.FILE_NAME: ("cat on mat IMG_0042.JPG", "a cat on a mat. Jpg"),
    Filter.SHORT: ("on mats", "cat on mat"),
    Filter.LONG: ("on a mat " * 21, "on a mat " * 20),
    Filter.LABEL: ("Obama (left) and his wife", "a cat (on the left of it) sleeps"),
    Filter.VERB: ("the man left the room", "the man on the left the tallest"),
    Filter.NUMBER: ("shoes under $25 for you", "shoes under a table for you"),
    Filter.TIME: ("a party on Monday for all", "a party on a boat for all"),
    Filter.IDIOM: ("a bridge under construction now", "a bridge under a blue sky"),
    Filter.NO_OBJECT: ("a man as shown above.", "a bird above the man"),
}


@pytest.mark.parametrize("name", NOISE)
def test_each_filter_takes_what_it_says_and_can_be_left_out(name: Filter) -> None:
    noisy, clean = NOISE[name]
    taken = count(noisy, filters=[name])
    assert (taken.any_before, taken.any_after) == (1, 0)
    assert {key for one in taken.prepositions for key in one.removed} == {str(name)}
    assert count(clean, filters=[name]).any_after == 1
    left_out = count(
        noisy, filters=[one for one in Filter if one is not name and one is not Filter.DUPLICATE]
    )
    assert name not in {key for one in left_out.prepositions for key in one.removed}
    assert count(noisy, filters=()).any_after == 1


def test_places_are_not_taken_for_noise() -> None:
    """Captions of COCO and SugarCrepe that lists of phrases are apt to take."""
    counts = count(
        "A person reading a book on a bench.",
        "A giraffe lying down under a leaf filled tree.",
        "Fruit in 2 bowls",
        "A man in green next to a large elephant.",
        "A bridge over a river",
        "People at a table",
        "A dog on the left the size of a cat",
    )
    assert (counts.any_before, counts.any_after) == (7, 7)


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ("Ann Lee, left, and Ben Ray", "left", "label"),
        ("from left: Ann Lee and Ben", "left", "label"),
        ("three of them, top right corner", "right", "label"),
        ("she has left behind a bag", "left", "verb"),
        ("he left for the city", "left", "verb"),
        ("all of it on sale today", "on", "idiom"),
        ("a look behind the scenes", "behind", "idiom"),
        ("do it right now please", "right", "idiom"),
        ("a cat on a white background", "background", "idiom"),
        ("a town in 1950 or so", "in", "number"),
        ("the sea in late summer", "in", "time"),
        ("the train at 5:30 leaves", "at", "time"),
        ("a game on 12 June here", "on", "time"),
        ("just in time for it", "in", "time"),
        ("bowls under 5 pounds each", "under", "number"),
        ("come on in, all of you", "in", "no_object"),
    ],
)
def test_noise_phrases(text: str, name: str, reason: str) -> None:
    assert figures(count(text))[name] == (1, 0, {reason: 1})


def test_a_caption_stays_where_one_of_its_hits_is_no_noise() -> None:
    counts = count("bags on sale on a table", "bags on sale on Monday for you")
    assert figures(counts)["on"] == (2, 1, {"time": 1})


def test_the_same_words_are_counted_once() -> None:
    captions = ["A cat on a mat.", "a cat, on a mat", "a mat on a cat", "A CAT ON A MAT!"]
    counts = count_prepositions([pa.array(captions[:2]), pa.array(captions[2:])])
    assert figures(counts)["on"] == (4, 2, {"duplicate": 2})
    assert counts.noisy["duplicate"] == 2
    assert counts.clean == 2


def test_filters_of_captions_are_counted_over_all_captions() -> None:
    counts = count("hello", "", "see www.x.org for the cat", "a cat on a mat")
    assert counts.noisy == {
        "foreign": 0,
        "address": 1,
        "file_name": 0,
        "short": 2,
        "long": 0,
        "duplicate": 0,
    }
    assert (counts.captions, counts.clean) == (4, 1)


def test_nothing_but_empty_captions() -> None:
    counts = count("", " ")
    assert (counts.captions, counts.clean, counts.any_before) == (2, 0, 0)


def test_examples_do_not_depend_on_the_order_or_the_batches() -> None:
    captions = [f"a cat on mat number n{word}" for word in "abcdefghij"]
    first = count(*captions, examples=3)
    second = count_prepositions([pa.array([text]) for text in captions[::-1]], examples=3)
    examples = first.prepositions[0].examples
    assert len(examples) == 3
    assert set(examples) < set(captions)
    assert second == first
    sold = count("a cat on sale here", "a cat on sale here", "a cat on a mat")
    assert sold.prepositions[0].noise_examples == ("idiom: a cat on sale here",)


def test_filters_have_names() -> None:
    assert Filter.IDIOM not in choose_filters(["idiom"])
    with pytest.raises(UserError, match="no noise filter idioms: leave out some of foreign"):
        choose_filters(["idioms"])


def test_every_form_of_the_lexicon_is_found() -> None:
    lexicon = load_lexicon()
    forms = [(" ".join(form), name) for name in lexicon.names for form in lexicon.prepositions[name]]
    caption, name = prepositions_of([f"xx {text} yy" for text, _ in forms])
    assert caption.tolist() == list(range(len(forms)))
    assert [lexicon.names[i] for i in name] == [name for _, name in forms]


def slowly(captions: list[str], forms: dict[str, list[str]]) -> dict[str, int]:
    """A plain loop: the longest form first, each word once."""
    found = dict.fromkeys(forms, 0)
    ordered = sorted(
        ((form, name) for name in forms for form in forms[name]), key=lambda f: -len(f[0].split())
    )
    for caption in captions:
        text, names = caption.lower(), set()
        for form, name in ordered:
            text, hits = re.subn(rf"(?<!\S){form}(?!\S)", "#", text)
            if hits:
                names.add(name)
        for name in names:
            found[name] += 1
    return found


WORDS = (
    "a",
    "cat",
    "on",
    "top",
    "of",
    "the",
    "left",
    "to",
    "in",
    "front",
    "far",
    "away",
    "from",
    "is",
    "side",
)


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join), max_size=8))
def test_counts_are_those_of_a_plain_loop(captions: list[str]) -> None:
    lexicon = load_lexicon()
    forms = {name: [" ".join(form) for form in lexicon.prepositions[name]] for name in lexicon.names}
    expected = {name: number for name, number in slowly(captions, forms).items() if number}
    counts = count(*captions, filters=())
    assert {one.name: one.before for one in counts.prepositions if one.before} == expected


def test_what_was_seen_is_known_and_the_rest_hardly_ever() -> None:
    chance = np.random.default_rng(0)
    hashes = chance.integers(0, 2**64, 20_000, dtype=np.uint64)
    seen = Seen(words=16)
    assert seen.add(hashes[:10_000]).mean() < 0.01
    assert seen.add(hashes[:10_000]).all()
    assert seen.add(hashes[10_000:]).mean() < 0.01
    assert Seen(words=4).add(np.array([5, 5, 6], dtype=np.uint64)).tolist() == [False, True, False]


def test_the_report_tells_shares_filters_and_examples(tmp_path: Path) -> None:
    counts = count("a cat on a mat", "a cat on sale today", "a dog | under it all", "a man and a dog")
    page = to_markdown(counts, [Path("cats.txt")], {"empty line": 2})
    assert "| on | 2 | 50 % | 1 | 25 % | idiom 1 |" in page
    assert "| *any* | 3 | 75 % | 2 | 50 % | |" in page
    assert "Rows without a caption: 2 (empty line)." in page
    assert "- noise: idiom: a cat on sale today" in page
    assert "- a dog \\| under it all" in page
    assert json.loads(json.dumps(counts.to_dict()))["captions"] == 4
    for name in ("one.png", "two.png"):
        plot_counts(counts, tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_shares_have_two_figures_that_tell() -> None:
    shares = [share(*pair) for pair in ((1, 3), (22, 10_000), (84, 10_000), (59, 1000), (0, 5), (3, 3))]
    assert shares == ["33 %", "0.22 %", "0.84 %", "5.9 %", "0 %", "100 %"]
