"""Decisions in comma-separated files."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.deciding import CAT, decide

from naturel.annotations.decisions import caption_key, relation_key
from naturel.annotations.decisions_csv import COLUMNS, read_decisions_csv, write_decisions_csv
from naturel.annotations.errors import UserError

SHA = "cd" * 32
TIME = "2026-03-01T12:00:00Z"


def read(tmp_path: Path, text: str) -> tuple[list[dict[str, object]], list[tuple[int, str]]]:
    path = tmp_path / "decisions.csv"
    path.write_text(text, encoding="utf-8")
    reading = read_decisions_csv(path)
    assert all(fault.file == path for fault in reading.faults)
    return (
        [one.model_dump(mode="json", exclude_none=True) for one in reading.decisions],
        [(fault.line, fault.why) for fault in reading.faults],
    )


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    key = relation_key(SHA, CAT)
    decisions = [
        decide(1, sentence="cat on desk", claim=CAT, session="s", app_version="1", record_id="r"),
        decide(2, verdict="edit", text='A "cat",\non a desk.'),
        decide(3, kind="relation", key=key, verdict="edit", boxes={"object": (0.1, 1 / 3, 0.5, 1.0)}),
        decide(4, kind="image", key=SHA, verdict="reject", reason="blurred", adjudication=True),
        decide(5, verdict="undo", retracts=decide(2).id),
    ]
    path = tmp_path / "decisions.csv"
    path.write_text(write_decisions_csv(decisions), encoding="utf-8")
    assert path.read_text().splitlines()[0] == ",".join(COLUMNS)
    reading = read_decisions_csv(path)
    assert reading.decisions == decisions
    assert reading.faults == []


def test_another_tool_gives_sentences_and_pictures_instead_of_keys(tmp_path: Path) -> None:
    text = f"""\
annotator,time,verdict,reason,kind,sentence,subject,relation,object,image
ada,{TIME},accept,,,cat on desk,cat,on,desk,
ada,{TIME},reject,wrong_box,relation,,cat,on,desk,{SHA}
ada,{TIME},reject,collage,image,,,,,{SHA}
"""
    found, faults = read(tmp_path, text)
    assert faults == []
    assert [(one["kind"], one["key"], one["verdict"]) for one in found] == [
        ("caption", caption_key("cat on desk", CAT), "accept"),
        ("relation", relation_key(SHA, CAT), "reject"),
        ("image", SHA, "reject"),
    ]
    assert found[1]["claim"] == {"subject": "cat", "relation": "on", "object": "desk"}


def test_ids_that_are_made_are_made_again(tmp_path: Path) -> None:
    text = f"annotator,time,verdict,key\nada,{TIME},accept,k\nbob,{TIME},accept,k\n"
    first, _ = read(tmp_path, text)
    other_order, _ = read(tmp_path, f"\ufeffkey,verdict,time,annotator\nk,accept,{TIME},ada\n")
    assert first[0] == other_order[0]
    assert first[0]["id"] != first[1]["id"]


def test_faults_are_told_with_their_lines(tmp_path: Path) -> None:
    text = f"""\
annotator,time,verdict,reason,key,sentence,subject,subject_box,kind,adjudication
ada,{TIME},reject,awkward,"k",,,,,
ada,{TIME},reject,ugly,k,,,,,
ada,yesterday,accept,,k,,,,,
ada,{TIME},accept,,,"two
lines",,,,
ada,{TIME},accept,,k,,cat,,,
ada,{TIME},edit,,k,,,0 0 1,relation,
ada,{TIME},accept,,k,,,,,maybe
ada,{TIME},accept,,k,,,,,,,
"""
    found, faults = read(tmp_path, text)
    assert len(found) == 1
    assert [line for line, _ in faults] == [3, 4, 6, 7, 8, 9, 10]
    whys = [why for _, why in faults]
    assert whys[0].startswith("reason 'ugly' of a caption is none of wrong_meaning")
    assert whys[1].startswith("time: ")
    assert whys[2:] == [
        "has neither key nor what makes one (see the columns of its kind)",
        "has a part of subject, relation and object only",
        "subject_box: '0 0 1' is not four numbers",
        "adjudication: 'maybe' is neither yes nor no",
        "has more fields than the first line names",
    ]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"annotator,verdict\n", "has no column time"),
        (b"annotator,verdict,time,mood\n", "column mood is unknown"),
        (b"", "has no column annotator, verdict, time"),
        (b"annotator,verdict,time\n\xff,accept,x\n", "is not UTF-8"),
    ],
)
def test_files_that_cannot_be_read_are_errors_to_mend(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "decisions.csv"
    path.write_bytes(data)
    with pytest.raises(UserError, match=why):
        read_decisions_csv(path)
    with pytest.raises(UserError, match="No such file"):
        read_decisions_csv(tmp_path / "missing.csv")
