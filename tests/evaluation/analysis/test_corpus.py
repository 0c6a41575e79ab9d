"""Captions of files in every format, and what is wrong with some of them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from naturel.annotations.errors import UserError
from naturel.evaluation.analysis.corpus import Corpus
from naturel.evaluation.analysis.corpus_files import BLOCK, Format, find_files

CAPTIONS = ["a cat on a mat", 'the "dog" under it', "naïve bird"]


def read(corpus: Corpus) -> list[str]:
    return [text for batch in corpus.batches() for text in batch.to_pylist()]


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "\n".join(CAPTIONS)),
        ("bom.txt", "\ufeff" + "\r\n".join(CAPTIONS) + "\r\n"),
        ("cc3m.tsv", "".join(f"{text}\thttp://x.org/{i}\n" for i, text in enumerate(CAPTIONS))),
        ("negclip.tsv", "filepath\ttitle\n" + "".join(f"x.jpg\t{text}\n" for text in CAPTIONS)),
        ("a.csv", "id,caption\n" + "".join('1,"{}"\n'.format(text.replace('"', '""')) for text in CAPTIONS)),
        ("a.jsonl", "".join(json.dumps({"n": 1, "caption": text}) + "\n" for text in CAPTIONS)),
        (
            "lists.jsonl",
            json.dumps({"captions": CAPTIONS[:2]}) + "\n" + json.dumps({"captions": CAPTIONS[2]}),
        ),
    ],
)
def test_captions_are_read_from_text_files(tmp_path: Path, name: str, text: str, zipped: bool) -> None:
    data = text.encode()
    path = write(tmp_path / (name + ".gz" * zipped), gzip.compress(data) if zipped else data)
    corpus = Corpus((path,))
    assert [text.strip() for text in read(corpus)] == CAPTIONS
    assert not corpus.faults.left_out


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string()), pa.binary()]
)
def test_captions_are_read_from_parquet_by_row_groups(tmp_path: Path, kind: pa.DataType) -> None:
    column = pa.array([*CAPTIONS, None] * 5, pa.string()).cast(kind)
    table = pa.table({"url": ["x"] * 20, "TEXT": column})
    for name in ("1.parquet", "2.parquet"):
        pq.write_table(table, tmp_path / name, row_group_size=3)
    corpus = Corpus(find_files([str(tmp_path)]))
    assert read(corpus) == CAPTIONS * 10
    assert corpus.faults.left_out == {"no caption": 10}


def test_lists_of_captions_in_parquet(tmp_path: Path) -> None:
    pq.write_table(pa.table({"captions": [CAPTIONS[:2], None, CAPTIONS[2:]]}), tmp_path / "a.parquet")
    assert read(Corpus((tmp_path / "a.parquet",))) == CAPTIONS


def test_lines_over_the_edge_of_a_block_are_whole(tmp_path: Path) -> None:
    lines = [f"caption {number} {'x' * 90}" for number in range(BLOCK // 90)]
    assert sum(map(len, lines)) > BLOCK
    assert read(Corpus((write(tmp_path / "a.txt", "\n".join(lines) + "\n"),))) == lines
    rows = "".join(json.dumps({"caption": line}) + "\n" for line in lines)
    assert read(Corpus((write(tmp_path / "a.jsonl", rows),))) == lines


def test_a_column_is_given_by_name_or_number(tmp_path: Path) -> None:
    headed = write(tmp_path / "a.tsv", "one\ttwo\na\tb\n")
    assert read(Corpus((headed,), "two")) == ["b"]
    bare = write(tmp_path / "b.tsv", "http://x\ta\nhttp://y\tb\n")
    assert read(Corpus((bare,), "2")) == ["a", "b"]
    with pytest.raises(UserError, match=r"b\.tsv has no column 3: give --column one of 1, 2"):
        read(Corpus((bare,), "3"))
    lines = write(tmp_path / "a.jsonl", '{"one": "a", "two": "b"}\n')
    assert read(Corpus((lines,), "two")) == ["b"]


def test_rows_that_are_broken_are_counted_with_their_places(tmp_path: Path) -> None:
    corpus = Corpus((write(tmp_path / "a.tsv", "a\tx\nb\na\tb\tc\nd\ty\n"),))
    assert read(corpus) == ["a", "d"]
    assert corpus.faults.left_out == {"1 columns instead of 2": 1, "3 columns instead of 2": 1}
    assert corpus.faults.places[0].endswith("a.tsv, row 2: 1 columns instead of 2")

    corpus = Corpus((write(tmp_path / "a.jsonl", '{"caption": "a"}\n{"caption": 3}\nno\n{"b": 1}\n\n'),))
    assert read(corpus) == ["a"]
    assert corpus.faults.left_out == {"no JSON object with a text or a list of texts": 2, "no caption": 1}
    assert "a.jsonl, line 2" in corpus.faults.places[0]

    corpus = Corpus((write(tmp_path / "a.txt", b"a\n\nb\xff\nc\n"),))
    assert read(corpus) == ["a", "c"]
    assert corpus.faults.left_out == {"empty line": 1, "not UTF-8": 1}


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.csv", b"id,x\n1,2\n", r"none of its columns \(id, x\) is called like captions"),
        (
            "a.csv",
            b'id,caption\n1,"never ends\n',
            r"a quotation mark is opened and never closed, in row 2 or before it",
        ),
        ("a.txt.gz", gzip.compress(b"a caption or two\n" * 99, mtime=0)[:-20], r"cannot be read to its end"),
        ("a.parquet", b"PAR1 but no more", r"cannot be read to its end"),
        ("a.jsonl", b"no\nJSON\n", r"none of its 2 lines is a JSON object with a caption"),
        ("a.jsonl", b'{"x": "a"}\n', r"none of its columns \(x\) is called like captions"),
        ("a.doc", b"a", r"its name does not tell how it is written"),
    ],
)
def test_files_that_cannot_be_read_are_named(tmp_path: Path, name: str, data: bytes, told: str) -> None:
    with pytest.raises(UserError, match=told) as caught:
        read(Corpus((write(tmp_path / name, data),)))
    assert name in str(caught.value)


def test_a_column_without_text(tmp_path: Path) -> None:
    pq.write_table(pa.table({"caption": [1, 2]}), tmp_path / "a.parquet")
    with pytest.raises(UserError, match="the column holds int64, no text"):
        read(Corpus((tmp_path / "a.parquet",)))


def test_a_format_can_be_told(tmp_path: Path) -> None:
    path = write(tmp_path / "captions", "a\nb\n")
    assert read(Corpus((path,), format=Format.TEXT)) == ["a", "b"]


def test_files_are_found_by_pattern_and_folder_each_once(tmp_path: Path) -> None:
    for name in ("1.txt", "2.txt.gz", "3.jpg"):
        write(tmp_path / name, "a")
    found = find_files([str(tmp_path / "*.txt"), str(tmp_path)])
    assert [path.name for path in found] == ["1.txt", "2.txt.gz"]
    with pytest.raises(UserError, match=r"nowhere\*: there is no such corpus"):
        find_files([str(tmp_path / "nowhere*")])
