"""Whatever rows a benchmark's file holds, each is asked or counted, or the file is told to be unusable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.benchmark_files import photo, write_json, write_lines
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from naturel.annotations.errors import UserError
from naturel.evaluation.benchmarks.opening import open_benchmarks
from naturel.evaluation.measuring import measure

CUP = "controlled_images/cup_on_table.jpeg"
PHOTOS = ["1.jpg", "000000000001.jpg", "1.png", CUP]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 9)
    | st.floats()
    | st.sampled_from([*PHOTOS, "a", "", "../1.jpg"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.just("bytes"), inner, max_size=1),
    max_leaves=5,
)
FIELDS = (
    "filename", "caption", "negative_caption", "image_path", "bbox_x", "bbox_y", "bbox_w", "bbox_h", "true_caption",
    "false_caption", "relation_name", "caption_options", "id", "image_0", "image_1", "caption_0", "caption_1", "tag",
    "collapsed_tag", "image", "label", "relation",
)  # fmt: skip
GOOD = {
    "filename": "1.jpg", "caption": "a", "negative_caption": "b", "image_path": "1.jpg", "bbox_x": 0, "bbox_y": 0,
    "bbox_w": 2, "bbox_h": 2, "true_caption": "a", "false_caption": "b", "relation_name": "on",
    "caption_options": ["a", "b", "c", "d"], "id": 1, "image_0": "1", "image_1": "1", "caption_0": "a",
    "caption_1": "b", "image": "1.jpg", "label": 1,
}  # fmt: skip
ROWS = st.lists(
    VALUES | st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4).map(lambda row: GOOD | row),
    max_size=4,
)


def pair_of_files(folder: Path, rows: list[Any]) -> None:
    for name in ("data", "swapped_data"):
        write_json(folder / name / "vl_checklist_relations.json", rows)


FILES: dict[str, Callable[[Path, list[Any]], object]] = {
    "sugarcrepe/add_att": lambda folder, rows: write_json(folder / "add_att.json", rows),
    "aro/vg_relation": lambda folder, rows: write_json(folder / "visual_genome_relation.json", rows),
    "whatsup/a": lambda folder, rows: write_json(folder / "controlled_images_dataset.json", rows),
    "coco_spatial/two": lambda folder, rows: write_json(folder / "coco_qa_two_obj.json", rows),
    "gqa_spatial/one": lambda folder, rows: write_json(folder / "vg_qa_one_obj.json", rows),
    "winoground/all": lambda folder, rows: write_lines(folder / "examples.jsonl", rows),
    "hard_positives/replace_rel": pair_of_files,
    "vsr/random": lambda folder, rows: write_lines(folder / "random" / "test.jsonl", rows),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of photos."""
    found = tmp_path_factory.mktemp("rows")
    for name in PHOTOS:
        for below in ("", "images", "val2017", "vg_images", "data"):
            photo(found / below / name, size=(2, 2))
    return found


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=ROWS)
def test_every_row_is_asked_or_counted(folder: Path, name: str, rows: list[Any]) -> None:
    rows = [row for row in rows if not isinstance(row, str)]  # `write_lines` would not quote them
    FILES[name](folder, rows)
    try:
        (found,) = open_benchmarks([name], folder)
    except UserError as error:
        assert "holds no question" in str(error)  # noqa: PT017
    else:
        assert len(found) + sum(found.left_out.values()) == len(rows)
        measure(found, np.zeros(found.true.shape), resamples=5)
