"""Scenes as tokens: sentences read back by the vocabulary."""

from __future__ import annotations

import numpy as np

from naturel.annotations import schema
from naturel.builders.sources.testbed.pictures import name_scenes
from naturel.builders.sources.testbed.scenes import Scenes, make_scenes
from naturel.builders.sources.testbed.tokens import VOCABULARY, caption_tokens, token_table


def find(scenes: Scenes, cells: list[int]) -> int:
    """The row of the scene with these cells."""
    (row,) = np.flatnonzero((scenes.cells == cells).all(axis=1))
    return int(row)


def say(tokens: list[int]) -> str:
    return " ".join(VOCABULARY[token] for token in tokens)


def test_tokens_have_fixed_numbers() -> None:
    numbers = {word: token for token, word in enumerate(VOCABULARY)}
    assert len(VOCABULARY) == len(numbers) == 30
    assert (numbers["[padding]"], numbers["cat"], numbers["laptop"]) == (0, 1, 20)
    assert (numbers["is"], numbers["left"], numbers["right"], numbers["[end]"]) == (21, 26, 27, 29)


def test_captions_of_a_scene_of_two() -> None:
    scenes = make_scenes(seed=0, pairs=3, layouts=4)
    row = find(scenes, [0, 0, 2, 0, 0, 0, 0, 1, 0, 0])
    first, second = caption_tokens(scenes)[row].tolist()
    assert say(first) == "dog is on the left of cat [end]"
    assert say(second) == "cat is on the right of dog [end]"


def test_captions_of_a_scene_of_one() -> None:
    scenes = make_scenes(seed=0, pairs=3, layouts=4)
    row = find(scenes, [0, 0, 0, 0, 0, 0, 0, 0, 0, 20])
    first, second = caption_tokens(scenes)[row].tolist()
    assert say(first) == "laptop is in the image [end] [padding] [padding]"
    assert second == [0] * 8


def test_the_table_has_all_scenes_without_padding() -> None:
    scenes = make_scenes(seed=0, pairs=3, layouts=4)
    ids = name_scenes(scenes)
    table = token_table(scenes, ids)
    assert table.schema == schema.TOKENS
    assert table.num_rows == 17_300
    two = table.slice(find(scenes, [0, 0, 2, 0, 0, 0, 0, 1, 0, 0]), 1).to_pylist()[0]
    assert [say(caption) for caption in two["captions"]] == [
        "dog is on the left of cat [end]",
        "cat is on the right of dog [end]",
    ]
    assert two["cells"] == [0, 0, 2, 0, 0, 0, 0, 1, 0, 0]
    one = table.slice(find(scenes, [0, 0, 0, 0, 0, 0, 0, 0, 0, 20]), 1).to_pylist()[0]
    assert [say(caption) for caption in one["captions"]] == ["laptop is in the image [end]"]
    assert (one["kind"], one["seen_layout"]) == ("one object", None)


def test_ids_are_of_the_scene_alone() -> None:
    one, other = make_scenes(seed=0, pairs=3, layouts=4), make_scenes(seed=5, pairs=50, layouts=40)
    first, second = name_scenes(one).to_pylist(), name_scenes(other).to_pylist()
    assert first == second
    assert len(set(first)) == 17_300
    assert all(len(name) == len("testbed-") + 16 for name in first)
