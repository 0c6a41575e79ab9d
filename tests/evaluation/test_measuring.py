"""Figures of small questions whose values are worked out by hand, and of random scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from naturel.evaluation.measures import Measure
from naturel.evaluation.measuring import measure
from naturel.evaluation.questions import Kind, Picture, Questions

NAN = float("nan")


def questions(
    kind: Kind, images: Any, texts: Any, true: Any, facts: Mapping[str, Sequence[str | None]] | None = None
) -> Questions:
    """Questions of numbered pictures and sentences."""
    images, texts = np.array(images), np.array(texts)
    ids = {"id": [str(row) for row in range(len(images))]}
    return Questions(
        benchmark="some/part",
        kind=kind,
        pictures=tuple(Picture(f"picture {number}", b"") for number in range(int(images.max()) + 1)),
        captions=tuple(f"caption {number}" for number in range(int(texts.max()) + 1)),
        images=images,
        texts=texts,
        true=np.array(true, dtype=np.bool_),
        facts={name: pa.array(values, pa.string()) for name, values in {**ids, **(facts or {})}.items()},
    )


def choices(count: int, options: int = 2, **facts: Sequence[str | None]) -> Questions:
    """Choices of a picture each, the first sentence right."""
    true = np.zeros((count, 1, options))
    true[:, :, 0] = 1
    texts = np.arange(count * options).reshape(count, options)
    return questions(Kind.CHOICE, [[row] for row in range(count)], texts, true, facts)


def scored(right: list[int], options: int = 2) -> Any:
    """Scores that answer these choices right (1) or wrong (0)."""
    scores = np.full((len(right), 1, options), 0.5)
    scores[:, 0, 0] = np.array(right)
    return scores


def by_name(found: list[Measure]) -> dict[tuple[str, str, str], Measure]:
    return {(each.metric, each.facet, each.slice): each for each in found}


def test_accuracy_macro_and_slices() -> None:
    asked = choices(
        5,
        relation=["on", "on", "on", "near", None],
        asymmetric_relation=["on", "on", "on", None, None],
        negative_kind=["swap", "swap", "object", "object", "object"],
    )
    found = by_name(measure(asked, scored([1, 1, 0, 0, 1])))
    values = {key: (each.value, each.count, each.chance) for key, each in found.items()}
    assert values == {
        ("accuracy", "", ""): (0.6, 5, 0.5),
        ("macro accuracy", "", ""): ((2 / 3 + 0) / 2, 2, 0.5),
        ("accuracy", "relation", "near"): (0.0, 1, 0.5),
        ("accuracy", "relation", "on"): (2 / 3, 3, 0.5),
        ("accuracy", "negative_kind", "object"): (1 / 3, 3, 0.5),
        ("accuracy", "negative_kind", "swap"): (1.0, 2, 0.5),
    }
    assert next(iter(found)) == ("accuracy", "", "")
    assert all(each.benchmark == "some/part" for each in found.values())
    assert all(each.low <= each.value <= each.high for each in found.values())


def test_the_macro_average_without_some_relations() -> None:
    relations: list[str | None] = ["on", "on", "under", "near"]
    asked = choices(4, relation=relations, asymmetric_relation=[*relations[:3], None])
    found = by_name(measure(asked, scored([1, 0, 1, 0])))
    assert found["macro accuracy", "", ""].value == pytest.approx((0.5 + 1 + 0) / 3)
    assert found["macro accuracy, without symmetric", "", ""].value == 0.75


def test_pairs_and_sets() -> None:
    asked = choices(
        9,
        4,
        pair=["a h", "a h", "a v", "a v", "b h", "b h", "b v", "b v", None],
        set=["a", "a", "a", "a", "b", "b", "b", "b", None],
    )
    found = by_name(measure(asked, scored([1, 1, 1, 1, 1, 0, 1, 1, 0], 4)))
    values = {key[0]: (each.value, each.count, each.chance) for key, each in found.items()}
    assert values == {
        "accuracy": (7 / 9, 9, 0.25),
        "pair accuracy": (0.75, 4, 0.0625),
        "set accuracy": (0.5, 2, 0.00390625),
    }


def test_group_scores_of_matrices() -> None:
    scores = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.9, 0.8], [0.5, 0.6]], [[0.1, 0.9], [0.8, 0.2]]])
    asked = questions(
        Kind.GROUP,
        [[0, 1], [2, 3], [4, 5]],
        [[0, 1], [2, 3], [4, 5]],
        [np.eye(2)] * 3,
        {"tag": ["Object", "Object", "Both"], "secondary_tag": [None, "Visual", None]},
    )
    found = by_name(measure(asked, scores))
    whole = [found[name, "", ""] for name in ("text", "image", "group")]
    assert [each.value for each in whole] == pytest.approx([2 / 3, 1 / 3, 1 / 3])
    assert [each.chance for each in whole] == [0.25, 0.25, 1 / 6]
    assert found["text", "tag", "Object"].value == 1.0
    assert found["group", "tag", "Object"].value == 0.5
    assert found["group", "secondary_tag", "Visual"].value == 0.0
    assert ("group", "secondary_tag", "") not in found


def test_hard_positives_of_matrices() -> None:
    scores = np.array([[[3, 2, 1]], [[3, 1, 2]], [[1, 3, 2]], [[1, 2, 3]]], dtype=float)
    asked = questions(Kind.HARD_POSITIVE, [[0], [1], [2], [3]], [[0, 1, 2]] * 4, [[[1, 1, 0]]] * 4)
    found = by_name(measure(asked, scores))
    assert {key[0]: each.value for key, each in found.items()} == {
        "accuracy": 0.5,
        "hard positive accuracy": 0.5,
        "AugAcc": 0.25,
        "brittleness": 0.5,
    }
    assert found["AugAcc", "", ""].chance == found["brittleness", "", ""].chance == 1 / 3


def test_judgements_are_ranked() -> None:
    asked = questions(
        Kind.JUDGEMENT,
        [[0], [1], [0], [2]],
        [[0], [0], [1], [1]],
        [[[1]], [[0]], [[0]], [[1]]],
        {"relation": ["on", "on", "under", "under"]},
    )
    found = by_name(measure(asked, np.array([0.9, 0.5, 0.6, 0.4]).reshape(4, 1, 1)))
    # true .9 and .4, false .5 and .6: (.9, .5) and (.9, .6) are in order, two of four
    assert found["AUC", "", ""].value == 0.5
    # caption 0: .9 > .5; caption 1: .4 < .6
    assert (found["same-caption ranking", "", ""].value, found["same-caption ranking", "", ""].count) == (
        0.5,
        2,
    )
    # picture 0: .9 > .6; the others have one question
    assert (found["same-picture ranking", "", ""].value, found["same-picture ranking", "", ""].count) == (
        1.0,
        1,
    )
    assert found["AUC", "relation", "on"].value == 1.0
    assert found["AUC", "relation", "under"].value == 0.0
    assert found["same-caption ranking", "relation", "under"].value == 0.0


def test_judgements_that_are_all_true_cannot_be_ranked() -> None:
    asked = questions(Kind.JUDGEMENT, [[0], [1]], [[0], [1]], [[[1]], [[1]]])
    assert measure(asked, np.zeros((2, 1, 1))) == []


@pytest.mark.parametrize("kind", list(Kind))
def test_random_scores_reach_the_chance_that_is_told(kind: Kind) -> None:
    count = 20_000
    shape = {
        Kind.CHOICE: (count, 1, 4),
        Kind.GROUP: (count, 2, 2),
        Kind.HARD_POSITIVE: (count, 1, 3),
        Kind.JUDGEMENT: (count, 1, 1),
    }[kind]
    random = np.random.default_rng(7)
    true = np.zeros(shape, dtype=np.bool_)
    if kind is Kind.GROUP:
        true[:] = np.eye(2)
    elif kind is Kind.JUDGEMENT:
        true[:] = random.random(shape) < 0.5
    else:
        true[:, :, 0] = True
    pairs = [str(row // 2) for row in range(count)]
    asked = questions(
        kind,
        np.arange(count)[:, None] % 999 if kind is Kind.JUDGEMENT else np.arange(count * shape[1]).reshape(count, -1),
        random.integers(0, 2_000, (count, shape[2])),
        true,
        {"pair": pairs} if kind is Kind.CHOICE else {},
    )  # fmt: skip
    found = measure(asked, random.random(shape), resamples=50)
    assert found
    for each in found:
        assert each.value == pytest.approx(each.chance, abs=0.015), each.metric


def test_a_score_that_is_no_number_is_wrong() -> None:
    scores = scored([1, 1])
    scores[0, 0, 1] = NAN
    assert measure(choices(2), scores)[0].value == 0.5


def test_the_order_of_questions_does_not_matter() -> None:
    random = np.random.default_rng(8)
    relations: list[str | None] = [str(name) for name in random.choice(["on", "under", "near"], 60)]
    images = random.integers(0, 25, (60, 1))
    true = random.random((60, 1, 1)) < 0.5
    scores = random.random((60, 1, 2))
    order = random.permutation(60)
    for kind, flags, used in (
        (Kind.CHOICE, np.tile([True, False], (60, 1, 1)), scores),
        (Kind.JUDGEMENT, true, scores[:, :, :1]),
    ):
        texts = np.arange(60 * used.shape[2]).reshape(60, -1) % 11
        straight = questions(kind, images, texts, flags, {"relation": relations})
        turned = questions(
            kind, images[order], texts[order], flags[order], {"relation": [relations[at] for at in order]}
        )
        for one, other in zip(measure(straight, used), measure(turned, used[order]), strict=True):
            assert (one.metric, one.facet, one.slice, one.count) == (
                other.metric, other.facet, other.slice, other.count,
            )  # fmt: skip
            assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


def test_questions_about_one_picture_are_drawn_together() -> None:
    right = [1] * 40 + [0] * 40
    apart = choices(80)
    together = questions(
        Kind.CHOICE, [[row // 20] for row in range(80)], apart.texts, apart.true
    )  # four pictures
    narrow, wide = (measure(asked, scored(right))[0] for asked in (apart, together))
    assert narrow.value == wide.value
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_crops_of_one_photo_are_drawn_together() -> None:
    right = [1] * 40 + [0] * 40
    apart = choices(80)
    crops = tuple(
        Picture(f"{row // 20}.jpg#{row},0,{row + 1},1", b"", (row, 0, row + 1, 1)) for row in range(80)
    )
    narrow, wide = (measure(asked, scored(right))[0] for asked in (apart, replace(apart, pictures=crops)))
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_groups_of_the_same_two_pictures_are_drawn_together() -> None:
    scores = np.array([np.eye(2)] * 40 + [1 - np.eye(2)] * 40)
    texts, true = [[0, 1]] * 80, [np.eye(2)] * 80
    apart = [[2 * row, 2 * row + 1] for row in range(80)]
    shared = [[row // 2, 40 + row // 2][:: 1 - 2 * (row % 2)] for row in range(80)]  # in either order
    narrow, wide = (
        measure(questions(Kind.GROUP, images, texts, true), scores)[2] for images in (apart, shared)
    )
    assert narrow.value == wide.value == 0.5
    assert wide.high - wide.low > 1.2 * (narrow.high - narrow.low)


def test_pairs_of_one_set_are_drawn_together() -> None:
    right = [1] * 80 + [0] * 80
    pairs = [str(row // 2) for row in range(160)]
    narrow = measure(choices(160, pair=pairs), scored(right))[1]
    wide = measure(choices(160, pair=pairs, set=[str(row // 40) for row in range(160)]), scored(right))[1]
    assert (narrow.metric, narrow.value, narrow.count) == (wide.metric, wide.value, wide.count)
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_prefix_shape_and_nothing() -> None:
    assert (
        measure(choices(2), scored([1, 0]), prefix="prior-corrected ")[0].metric == "prior-corrected accuracy"
    )
    with pytest.raises(ValueError, match=r"scores of shape \(2, 2\)"):
        measure(choices(2), np.zeros((2, 2)))
    asked = choices(1)
    empty = Questions(asked.benchmark, asked.kind, (), (), asked.images[:0], asked.texts[:0], asked.true[:0])
    assert measure(empty, np.zeros((0, 1, 2))) == []
