"""Names of benchmarks, and where they are looked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers.benchmark_files import photo, write_json, write_lines

from naturel.annotations.errors import UserError
from naturel.evaluation.benchmarks.opening import BENCHMARKS, open_benchmarks


def test_families_and_parts_have_names() -> None:
    assert {
        "naturel",
        "naturel/groups",
        "aro/vg_relation",
        "whatsup/a",
        "coco_spatial/one",
        "gqa_spatial/two",
    } <= set(BENCHMARKS)
    assert {"sugarcrepe/add_att", "winoground", "hard_positives/swap", "vsr/zeroshot", "jsonl"} <= set(
        BENCHMARKS
    )
    assert all(about and "\n" not in about for about in BENCHMARKS.values())


def test_names_and_folders_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"there is no benchmark sugarcrepe/none\. Give some of naturel, naturel/simple"
    ):
        open_benchmarks(["sugarcrepe/none"], tmp_path)
    with pytest.raises(UserError, match=r"where is aro/vg_relation\? Give its folder with --data"):
        open_benchmarks(["aro"])
    with pytest.raises(UserError, match=r"where is aro/vg_relation\? Give its folder with --data aro=FOLDER"):
        open_benchmarks(["aro"], {"vsr": tmp_path})
    with pytest.raises(UserError, match=r"none is not there\. Give the folder of aro with --data"):
        open_benchmarks(["aro"], tmp_path / "none")
    assert open_benchmarks([], tmp_path) == []


def write(folder: Path) -> None:
    """One item of SugarCrepe."""
    write_json(
        folder / "swap_obj.json", {"0": {"filename": "1.jpg", "caption": "a", "negative_caption": "b"}}
    )


@pytest.mark.parametrize("photos", ["coco/val2017", "coco/images", "coco", "sugarcrepe/val2017"])
def test_one_folder_for_all_has_a_folder_for_each(tmp_path: Path, photos: str) -> None:
    write(tmp_path / "sugarcrepe")
    photo(tmp_path / photos / "1.jpg")
    write_lines(tmp_path / "jsonl" / "own.jsonl", [{"image": "2.jpg", "captions": ["a", "b"], "true": 0}])
    photo(tmp_path / "jsonl" / "2.jpg")
    for data in (tmp_path, {"": tmp_path}, str(tmp_path)):
        found = open_benchmarks(["jsonl", "sugarcrepe/swap_obj"], data)
        assert [(each.benchmark, len(each)) for each in found] == [
            ("jsonl/own", 1),
            ("sugarcrepe/swap_obj", 1),
        ]


def test_folders_by_name(tmp_path: Path) -> None:
    write(tmp_path / "a")
    write(tmp_path / "b")
    photo(tmp_path / "photos" / "1.jpg")
    for key in ("sugarcrepe", "sugarcrepe/swap_obj", ""):
        (found,) = open_benchmarks(
            ["sugarcrepe/swap_obj"], {key: tmp_path / "a", "coco": tmp_path / "photos"}
        )
        assert len(found) == 1
    (found,) = open_benchmarks(["sugarcrepe/swap_obj"], {"": tmp_path / "c", "sugarcrepe": tmp_path / "b"})
    assert len(found) == 0


def test_a_name_that_is_given_twice_is_read_once(tmp_path: Path) -> None:
    write(tmp_path)
    photo(tmp_path / "1.jpg")
    found = open_benchmarks(["sugarcrepe", " sugarcrepe", "sugarcrepe/swap_obj"][1:], tmp_path)
    assert [each.benchmark for each in found] == ["sugarcrepe/swap_obj"]


def test_listing_them_imports_nothing_slow() -> None:
    code = (
        "import sys; from naturel.evaluation.benchmarks.opening import BENCHMARKS\n"
        "assert not {'numpy', 'pyarrow', 'PIL', 'datasets', 'torch'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, check=False)
    assert done.returncode == 0
