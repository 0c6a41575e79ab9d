from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path

import pytest
from helpers.llm_server import completion, good, question

from naturel.annotations.errors import UserError
from naturel.builders.llm import cache as cache_module
from naturel.builders.llm.answers import Answer, NotACompletionError, Outcome
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.database import Database, default_path
from naturel.builders.llm.dialects import Dialect, Server


def answer(text: str, seconds: float = 1.0) -> Answer:
    return Answer(json.dumps(good(text)), seconds, "json_schema", time.time())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "answers.sqlite"


def test_answers_outlive_the_process(path: Path) -> None:
    with AnswerCache(path) as cache:
        kept = cache.keep(question("a"), answer("a"))
        assert not kept.cached
    with AnswerCache(path) as cache:
        found = cache.results([question("a"), question("b")])
        assert list(found) == [question("a").digest]
        result = found[question("a").digest]
        assert result.cached
        assert result.value == {"caption": "Here is a."}


def test_the_first_answer_stays(path: Path) -> None:
    with AnswerCache(path) as one, AnswerCache(path) as other:
        one.keep(question("a"), answer("a"))
        late = other.keep(question("a"), answer("something else"))
        assert late.cached
        assert late.value == {"caption": "Here is a."}


def test_failed_answers_are_answers_too(path: Path) -> None:
    refusal = Answer(json.dumps(completion(None, refusal="no")), 0.1, "words", time.time())
    with AnswerCache(path) as cache:
        cache.keep(question("a"), refusal)
        assert cache.results([question("a")])[question("a").digest].outcome is Outcome.REFUSAL
        assert cache.results([question("a").again()]) == {}


def test_what_is_no_response_is_not_kept(path: Path) -> None:
    with AnswerCache(path) as cache:
        with pytest.raises(NotACompletionError):
            cache.keep(question("a"), Answer("<html>", 0.1, "words", time.time()))
        assert cache.results([question("a")]) == {}


def test_a_mended_parser_reads_old_answers_again(path: Path) -> None:
    strict = question("a")
    with AnswerCache(path) as cache:
        raw = json.dumps(completion("Sure! Here it is."))
        cache.keep(strict, Answer(raw, 0.1, "words", time.time()))
        row = cache.database.rows("SELECT * FROM answers")[0]
        assert row["raw"] == raw
        assert row["outcome"] == "malformed"
        with cache.database.transaction() as connection:  # as if "malformed" had been a mistake of ours
            connection.execute("UPDATE answers SET raw = ?", (json.dumps(good("a")),))
        assert cache.results([strict])[strict.digest].is_answer


def test_many_at_once(path: Path) -> None:
    requests = [question(str(i)) for i in range(1200)]
    with AnswerCache(path) as cache:
        for request in requests[::2]:
            cache.keep(request, answer("a"))
        assert cache.results(requests).keys() == {request.digest for request in requests[::2]}


def test_servers_are_remembered_for_a_while(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(Dialect.JSON_OBJECT)
    with AnswerCache(path) as cache:
        assert cache.server("http://x/v1", "tiny") is None
        cache.remember_server("http://x/v1", "tiny", server)
        assert cache.server("http://x/v1", "tiny") == server
        assert cache.server("http://y/v1", "tiny") is None
        monkeypatch.setattr(cache_module, "SERVER_DAYS", 0)
        assert cache.server("http://x/v1", "tiny") is None


def test_two_processes_do_not_ask_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with AnswerCache(path) as one, AnswerCache(path) as other:
        assert one.claim(["a", "b"]) == {"a", "b"}
        assert one.claim(["a"]) == {"a"}
        assert other.claim(["b", "c"]) == {"c"}
        one.release_claims(["b"])
        assert other.claim(["b"]) == {"b"}
        one.release_claims()
        assert other.claim(["a"]) == {"a"}
        monkeypatch.setattr(cache_module, "CLAIM_SECONDS", -1)
        other.renew_claims()
        assert one.claim(["a", "b", "c"]) == {"a", "b", "c"}


def test_the_dead_hold_nothing(path: Path) -> None:
    with AnswerCache(path) as one, AnswerCache(path) as other:
        host, _, name = one._owner.rsplit(":", 2)
        one._owner = f"{host}:{2**22 + 1}:{name}"  # beyond the highest process id
        one.claim(["a"])
        assert other.claim(["a"]) == {"a"}
        one._owner = f"another-machine:1:{name}"
        one.claim(["b"])
        assert other.claim(["b"]) == set()


def test_a_claim_ends_with_the_answer(path: Path) -> None:
    with AnswerCache(path) as one, AnswerCache(path) as other:
        digest = question("a").digest
        one.claim([digest])
        one.keep(question("a"), answer("a"))
        assert other.claim([digest]) == {digest}


def test_default_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATUREL_CACHE", str(tmp_path))
    assert default_path() == tmp_path / "llm" / "answers.sqlite"
    monkeypatch.delenv("NATUREL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_path() == tmp_path / "naturel" / "llm" / "answers.sqlite"


def test_a_damaged_file(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"This is no database at all. " * 100)
    before = path.read_bytes()
    with pytest.raises(UserError, match=r"is damaged or no cache .* Move it away"):
        AnswerCache(path)
    assert path.read_bytes() == before


def test_a_torn_file(path: Path) -> None:
    with AnswerCache(path) as cache:
        for i in range(200):
            cache.keep(question(str(i)), answer("a"))
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(UserError, match="is damaged"), AnswerCache(path) as cache:
        cache.results([question("1")])


def test_a_file_of_another_program(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (name)")
    with pytest.raises(UserError, match=r"another program.*--cache"):
        AnswerCache(path)


def test_a_newer_file(path: Path) -> None:
    AnswerCache(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(UserError, match=r"newer naturel \(format 99.*Upgrade"):
        AnswerCache(path)


def test_nowhere_to_write(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot be made: .* Name another file with --cache"):
        AnswerCache(tmp_path / "file" / "answers.sqlite")
    with pytest.raises(UserError, match=r"cannot be written .*unable to open"):
        AnswerCache(tmp_path)
    with AnswerCache(path) as cache:
        cache.database.rows("PRAGMA query_only = ON")
        with pytest.raises(UserError, match=r"cannot be written .*readonly"):
            cache.keep(question("a"), answer("a"))


def fill(cache: AnswerCache) -> None:
    for i in range(1000):
        cache.keep(question(str(i)), answer("a" * 1000))


def test_a_full_disk(path: Path) -> None:
    with AnswerCache(path) as cache:
        cache.database.rows("PRAGMA max_page_count = 30")
        with pytest.raises(UserError, match="the disk is full"):
            fill(cache)
        cache.database.rows("PRAGMA max_page_count = 3000")
        cache.keep(question("later"), answer("a"))


def test_a_file_that_is_held(path: Path) -> None:
    patient, hasty = Database(path), Database(path, busy_seconds=0.05)
    with (
        patient.transaction(),
        pytest.raises(UserError, match="held by another process"),
        hasty.transaction(),
    ):
        pass
    with hasty.transaction():
        pass
    patient.close()
    hasty.close()
