"""The journal: what was acknowledged is there, whatever happened since."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from uuid import UUID

import pytest
from helpers.deciding import decide
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from naturel.annotations.errors import UserError
from naturel.annotations.journal import (
    Journal,
    find_journals,
    journal_files,
    merge,
    read_journal,
    read_journals,
)


def numbers(folder: Path) -> list[int]:
    return [decision.id.int for decision in read_journals(folder).decisions]


def write(folder: Path, first: int, last: int, annotator: str = "ada") -> None:
    with Journal(folder, annotator) as journal:
        for number in range(first, last):
            assert journal.append(decide(number, annotator))


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    write(tmp_path / "review", 1, 4)
    write(tmp_path / "review", 4, 6, "bob")
    reading = read_journals(tmp_path / "review")
    assert reading.decisions == [decide(n) for n in (1, 2, 3)] + [decide(n, "bob") for n in (4, 5)]
    assert reading.faults == []
    assert [path.name for path in journal_files(tmp_path / "review")] == ["ada.jsonl", "bob.jsonl"]


def test_a_retry_is_not_a_second_decision(tmp_path: Path) -> None:
    with Journal(tmp_path, "ada") as journal:
        assert journal.append(decide(1))
        assert not journal.append(decide(1))
        assert journal.append_all([decide(1), decide(2), decide(2)]) == 1
    with Journal(tmp_path, "ada") as journal:
        assert not journal.append(decide(2, verdict="skip"))
    assert read_journals(tmp_path).decisions == [decide(1), decide(2)]


def test_two_writers_know_of_each_other(tmp_path: Path) -> None:
    with Journal(tmp_path, "ada") as one, Journal(tmp_path, "ada") as two:
        assert one.append(decide(1))
        assert not two.append(decide(1))
        assert two.append(decide(2))
        assert not one.append(decide(2))
    assert numbers(tmp_path) == [1, 2]


def test_a_journal_is_of_one_annotator(tmp_path: Path) -> None:
    with Journal(tmp_path, "ada") as journal, pytest.raises(ValueError, match="of bob in the journal of ada"):
        journal.append(decide(1, "bob"))
    with pytest.raises(UserError, match="is no annotator's name"):
        Journal(tmp_path, "../ada")
    with pytest.raises(UserError, match="there is a journal of ada already"):
        Journal(tmp_path, "Ada")


def test_a_folder_that_is_none_is_an_error_to_mend(tmp_path: Path) -> None:
    (tmp_path / "review").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        Journal(tmp_path / "review", "ada")
    assert read_journals(tmp_path / "missing").decisions == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_cut_leaves_the_earlier_decisions(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    write(folder, 1, 6)
    path = folder / "ada.jsonl"
    whole = path.read_bytes()
    size = data.draw(st.integers(0, len(whole)))
    junk = data.draw(st.sampled_from([b"", b"\0\0\0", b"\0\0\n", b'{"sch\n', b"\xff"]))
    path.write_bytes(whole[:size] + junk)
    lines = whole.split(b"\n")
    # A line without its end is whole when nothing else is missing and nothing was put behind it.
    intact = whole[:size].count(b"\n") + (
        not junk and size > 0 and whole[:size].split(b"\n")[-1] in lines[:5]
    )
    assert numbers(folder) == list(range(1, intact + 1))
    with Journal(folder, "ada") as journal:
        kept = path.read_bytes()
        assert kept == b"".join(line + b"\n" for line in lines[:intact])
        moved = (whole[:size] + junk)[len(kept) :].strip(b"\n")
        assert journal.torn == len(moved)
        torn = folder / "ada.jsonl.torn"
        assert (torn.read_bytes() if torn.exists() else b"") == (moved + b"\n" if moved else b"")
        assert journal.append(decide(9))
    assert numbers(folder) == [*range(1, intact + 1), 9]


def test_a_line_torn_by_another_writer_is_mended_before_the_next_one(tmp_path: Path) -> None:
    with Journal(tmp_path, "ada") as journal:
        journal.append(decide(1))
        with (tmp_path / "ada.jsonl").open("ab") as other:
            other.write(b'{"schema": 1, "id')
        assert journal.append(decide(2))
        assert journal.torn == 17
    assert numbers(tmp_path) == [1, 2]


def test_lines_that_are_no_decisions_are_told_with_their_place(tmp_path: Path) -> None:
    write(tmp_path, 1, 3)
    path = tmp_path / "ada.jsonl"
    first, second = path.read_text().splitlines()
    path.write_text(f'{first}\nnonsense\n\n{{"schema": 1, "id": 3}}\n{second}\n')
    decisions, faults = read_journal(path)
    assert decisions == [decide(1), decide(2)]
    assert [(fault.file, fault.line) for fault in faults] == [(path, 2), (path, 4)]
    assert str(faults[0]) == f"{path}, line 2: is not JSON in UTF-8"
    with Journal(tmp_path, "ada") as journal:
        assert not journal.append(decide(2))
    assert "nonsense" in path.read_text()


def test_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    write(tmp_path, 1, 2)
    path = tmp_path / "ada.jsonl"
    later = path.read_text() + json.dumps(json.loads(decide(2).to_line()) | {"schema": 9})
    path.write_text(later)
    for read in (lambda: read_journals(tmp_path), lambda: Journal(tmp_path, "ada")):
        with pytest.raises(UserError, match=r"ada.jsonl, line 2 has schema 9; .* Update NatuRel"):
            read()
    assert path.read_text() == later


def test_what_cannot_be_written_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    code = f"""
import resource, signal, sys
from pathlib import Path
from helpers.deciding import decide
from naturel.annotations.journal import Journal
folder = Path({str(tmp_path)!r})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Journal(folder, "ada") as journal:
    journal.append(decide(1))
    size = (folder / "ada.jsonl").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, size + 50))
    try:
        journal.append(decide(2))
    except OSError as error:
        print(error.strerror)
    print((folder / "ada.jsonl").stat().st_size == size)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=paths()
    )
    assert done.stdout.splitlines() == ["File too large", "True"]
    assert numbers(tmp_path) == [1]


def paths() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


def append_range(folder: Path, first: int, last: int) -> None:
    write(folder, first, last)


def test_processes_and_threads_lose_nothing(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [
        spawn.Process(target=append_range, args=(tmp_path, n * 100, n * 100 + 50)) for n in (1, 2, 3)
    ]
    for process in processes:
        process.start()
    with Journal(tmp_path, "ada") as journal:
        threads = [
            Thread(target=lambda n=n: [journal.append(decide(n * 100 + i)) for i in range(50)])
            for n in (4, 5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert sorted(numbers(tmp_path)) == [n * 100 + i for n in (1, 2, 3, 4, 5) for i in range(50)]
    assert read_journals(tmp_path).faults == []


def test_a_kill_loses_no_acknowledged_decision(tmp_path: Path) -> None:
    code = f"""
import itertools
from pathlib import Path
from helpers.deciding import decide
from naturel.annotations.journal import Journal
with Journal(Path({str(tmp_path)!r}), "ada") as journal:
    start = len(journal.path.read_bytes().splitlines()) + 1
    for number in itertools.count(start):
        assert journal.append(decide(number))
        print(number, flush=True)
"""
    acknowledged: list[int] = []
    for attempt in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=paths()
        )
        assert process.stdout is not None
        acknowledged.append(int(process.stdout.readline()))
        time.sleep(0.003 * attempt)
        process.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in process.stdout if line.endswith("\n")]
        process.wait()
    with Journal(tmp_path, "ada") as journal:
        assert not journal.append(decide(acknowledged[0]))
    found = numbers(tmp_path)
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found))
    assert len(found) - len(acknowledged) <= 6  # written, and killed before it could say so


def test_merging_twice_is_merging_once(tmp_path: Path) -> None:
    one, two, into = tmp_path / "one", tmp_path / "two", tmp_path / "into"
    write(one, 1, 4)
    write(two, 3, 6)
    write(two, 6, 8, "bob")
    with (two / "bob.jsonl").open("a") as file:
        file.write("nonsense\n")
    merged = merge([read_journals(one), read_journals(two)], into)
    assert (merged.new, merged.known, merged.differing) == (7, 1, 0)
    assert [str(fault) for fault in merged.faults] == [f"{two / 'bob.jsonl'}, line 3: is not JSON in UTF-8"]
    assert numbers(into) == [1, 2, 3, 4, 5, 6, 7]
    files = {path.name: path.read_bytes() for path in into.iterdir()}
    again = merge([read_journals(folder) for folder in (one, two, into)], into)
    assert (again.new, again.known, again.differing) == (0, 15, 0)
    assert {path.name: path.read_bytes() for path in into.iterdir()} == files


def test_journals_are_found_in_a_build_or_in_their_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no decisions: neither .*review nor the folder itself"):
        find_journals(tmp_path)
    write(tmp_path / "review", 1, 2)
    assert find_journals(tmp_path) == find_journals(tmp_path / "review") == tmp_path / "review"


def test_one_id_for_two_decisions_is_told(tmp_path: Path) -> None:
    write(tmp_path / "one", 1, 2)
    with Journal(tmp_path / "two", "ada") as journal:
        journal.append(decide(1, verdict="skip"))
    readings = [read_journals(tmp_path / name) for name in ("one", "two")]
    assert merge(readings, tmp_path / "into").differing == 1
    assert [one.verdict for one in read_journals(tmp_path / "into").decisions] == ["accept"]
    assert read_journals(tmp_path / "two", tmp_path / "one").decisions[0].id == UUID(int=1)
