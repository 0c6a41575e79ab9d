"""Downloads against a server on this machine that misbehaves by script."""

from __future__ import annotations

import base64
import fcntl
import gzip
import hashlib
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from naturel.annotations.errors import UserError
from naturel.builders.progress import SilentProgress
from naturel.builders.sources import download
from naturel.builders.sources.download import ATTEMPTS, cache_folder, download_split
from naturel.builders.sources.openimages_files import KINDS, address_of

VRD = "v6/oidv6-train-annotations-vrd.csv"
NAME = VRD.rsplit("/", 1)[-1]
CONTENT = bytes(range(256)) * 2000


def md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


@dataclass
class Request:
    path: str
    range: str | None
    sent: int = 0


class Server:
    """Serves the files of a split under their addresses; faults are given by address, one a request."""

    def __init__(self, split: str = "train") -> None:
        self.files = {address_of(kind, split): f"content of {kind}".encode() for kind in KINDS}
        self.requests: list[Request] = []
        self.statuses: dict[str, list[int]] = defaultdict(list)
        """Answers before the true one."""
        self.cuts: dict[str, list[int]] = defaultdict(list)
        """After how many bytes the connection is cut."""
        self.hashes: dict[str, str] = {}
        self.knows_ranges = True
        self.compresses = False
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                """Stay silent."""

            def do_GET(self) -> None:
                owner.answer(self)

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/bucket"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.removeprefix("/bucket/")
        asked = Request(path, handler.headers.get("Range"))
        self.requests.append(asked)
        if self.statuses[path] or path not in self.files:
            handler.send_response(self.statuses[path].pop(0) if self.statuses[path] else 404)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        body, status, headers = self.files[path], 200, {}
        if asked.range and self.knows_ranges:
            start = int(asked.range.removeprefix("bytes=").removesuffix("-"))
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            body, status = body[start:], 206
            if not body:
                status, headers["Content-Range"] = 416, f"bytes */{start}"
        if self.hashes.get(path):
            headers["x-goog-hash"] = f"crc32c=AAAAAA==,md5={self.hashes[path]}"
        if self.compresses and "gzip" in handler.headers.get("Accept-Encoding", ""):
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        cut = self.cuts[path].pop(0) if self.cuts[path] else len(body)
        handler.wfile.write(body[:cut])
        asked.sent = min(cut, len(body))
        handler.close_connection = cut < len(body)

    def asked(self, path: str = VRD) -> list[str | None]:
        """The ranges asked for."""
        return [request.range for request in self.requests if request.path == path]

    def sent(self, path: str = VRD) -> int:
        return sum(request.sent for request in self.requests if request.path == path)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server()
    monkeypatch.setattr(download, "PUBLISHED_BYTES", {})
    thread = threading.Thread(target=server.http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NATUREL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "openimages"


def fetch(server: Server, split: str = "train", **options: bool) -> Path:
    return download_split(
        split, server.url, offline=options.get("offline", False), progress=SilentProgress(), backoff=0.001
    )


def test_the_files_of_one_split_and_only_those(server: Server, cache: Path) -> None:
    assert fetch(server) == cache
    assert Counter(request.path for request in server.requests) == dict.fromkeys(server.files, 1)
    for address, content in server.files.items():
        assert (cache / address.rsplit("/", 1)[-1]).read_bytes() == content
    assert not list(cache.glob("*.partial"))


def test_a_second_run_fetches_nothing(server: Server) -> None:
    fetch(server)
    server.requests.clear()
    fetch(server)
    assert server.requests == []


@pytest.mark.parametrize("damage", ["", "{", "[1]"])
def test_a_damaged_list_of_checked_files_means_fetching_again(
    server: Server, cache: Path, damage: str
) -> None:
    fetch(server)
    (cache / "checked.json").write_text(damage)
    fetch(server)
    assert len(server.asked()) == 2
    assert (cache / NAME).read_bytes() == server.files[VRD]


def test_a_file_that_was_changed_is_fetched_again(server: Server, cache: Path) -> None:
    fetch(server)
    (cache / NAME).write_bytes(b"half")
    fetch(server)
    assert (cache / NAME).read_bytes() == server.files[VRD]


def test_a_cut_download_is_continued(server: Server, cache: Path) -> None:
    server.files[VRD], server.cuts[VRD] = CONTENT, [300_000, 100_000]
    server.hashes[VRD] = md5(CONTENT)
    fetch(server)
    assert (cache / NAME).read_bytes() == CONTENT
    assert server.asked() == [None, "bytes=300000-", "bytes=400000-"]
    assert server.sent() == len(CONTENT)  # no byte twice


def test_a_server_without_ranges_starts_anew(server: Server, cache: Path) -> None:
    server.files[VRD], server.cuts[VRD] = CONTENT, [300_000]
    server.knows_ranges = False
    fetch(server)
    assert (cache / NAME).read_bytes() == CONTENT
    assert server.sent() == 300_000 + len(CONTENT)


def test_what_another_process_began_is_continued(server: Server, cache: Path) -> None:
    server.files[VRD] = CONTENT
    cache.mkdir(parents=True)
    (cache / (NAME + ".partial")).write_bytes(CONTENT[:123_456])
    fetch(server)
    assert (cache / NAME).read_bytes() == CONTENT
    assert server.asked() == ["bytes=123456-"]


def test_a_whole_file_that_only_lacks_its_name(server: Server, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / (NAME + ".partial")).write_bytes(server.files[VRD])
    fetch(server)
    assert (cache / NAME).read_bytes() == server.files[VRD]
    assert server.sent() == 0


def test_a_beginning_longer_than_the_file_is_thrown_away(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir(parents=True)
    (cache / (NAME + ".partial")).write_bytes(CONTENT)
    content = server.files[VRD]

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if "Range" not in handler.headers:
            return Server.answer(server, handler)
        handler.send_response(416)
        handler.send_header("Content-Range", f"bytes */{len(content)}")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    monkeypatch.setattr(server, "answer", answer)
    fetch(server)
    assert (cache / NAME).read_bytes() == content


@pytest.mark.parametrize("statuses", [[429], [500, 503], [408, 502, 504, 429]])
def test_busy_servers_are_asked_again(server: Server, cache: Path, statuses: list[int]) -> None:
    server.statuses[VRD] = list(statuses)
    fetch(server)
    assert len(server.asked()) == len(statuses) + 1
    assert (cache / NAME).read_bytes() == server.files[VRD]


def test_waits_double_with_jitter(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("naturel.builders.sources.download.time.sleep", waits.append)
    server.statuses[VRD] = [503] * (ATTEMPTS - 1)
    download_split("train", server.url, offline=False, progress=SilentProgress())
    assert len(waits) == ATTEMPTS - 1
    assert all(2**i / 2 <= wait <= 2**i for i, wait in enumerate(waits))


def test_a_server_that_stays_busy_stops(server: Server) -> None:
    server.statuses[VRD] = [503] * ATTEMPTS
    with pytest.raises(UserError, match=r"could not be downloaded in 5 attempts \(HTTP 503\)"):
        fetch(server)
    assert len(server.asked()) == ATTEMPTS


def test_what_came_is_kept_when_giving_up(server: Server, cache: Path) -> None:
    server.files[VRD], server.cuts[VRD] = CONTENT, [1000] * ATTEMPTS
    with pytest.raises(UserError, match="What came is kept"):
        fetch(server)
    assert (cache / (NAME + ".partial")).stat().st_size == 1000 * ATTEMPTS
    fetch(server)
    assert (cache / NAME).read_bytes() == CONTENT


@pytest.mark.parametrize("status", [403, 404, 410])
def test_no_relation_file_on_the_server_stops_at_once(server: Server, status: int) -> None:
    server.statuses[VRD] = [status] * 9
    with pytest.raises(UserError) as caught:
        fetch(server)
    expected = f"{server.url}/{VRD}: HTTP {status}. Give the official files with --data DIR."
    assert str(caught.value) == expected
    assert len(server.asked()) == 1


def test_another_file_that_the_server_lacks_is_left_out(server: Server, cache: Path) -> None:
    for kind in ("labels", "hierarchy", "boxes"):
        del server.files[address_of(kind, "train")]
    fetch(server)
    kept = {path.name for path in cache.iterdir()} - {"checked.json", ".lock"}
    assert kept == {address.rsplit("/", 1)[-1] for address in server.files}


def test_another_file_that_the_server_refuses_stops(server: Server) -> None:
    server.statuses[address_of("labels", "train")] = [401]
    with pytest.raises(UserError, match="HTTP 401"):
        fetch(server)


def test_a_wrong_size_stops(server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PUBLISHED_BYTES", {VRD: 1000})
    with pytest.raises(
        UserError, match=r"20 bytes came, 1,000 are published\. The file was removed: run again"
    ):
        fetch(server)
    assert not (cache / NAME).exists()
    assert not (cache / (NAME + ".partial")).exists()


def test_a_wrong_md5_stops(server: Server, cache: Path) -> None:
    server.hashes[VRD] = md5(b"another file")
    with pytest.raises(UserError, match="its MD5 is not the one that the server states"):
        fetch(server)
    assert not (cache / NAME).exists()
    server.hashes[VRD] = md5(server.files[VRD])
    fetch(server)
    assert (cache / NAME).exists()


def test_files_are_not_compressed_on_the_way(server: Server, cache: Path) -> None:
    server.compresses = True
    fetch(server)
    assert (cache / NAME).read_bytes() == server.files[VRD]


def test_offline(server: Server, cache: Path) -> None:
    with pytest.raises(UserError, match=r"--offline: .* of the split train are not in the cache"):
        fetch(server, offline=True)
    assert not cache.exists()
    fetch(server)
    server.requests.clear()
    assert fetch(server, offline=True) == cache
    with pytest.raises(UserError, match="of the split test"):
        fetch(server, split="test", offline=True)
    assert server.requests == []


@pytest.mark.parametrize("address", ["bucket", "ftp://127.0.0.1/x", ""])
def test_an_address_that_is_none_stops_at_once(address: str) -> None:
    with pytest.raises(UserError, match="Mend NATUREL_OPENIMAGES_URL"):
        download_split("train", address, offline=False, progress=SilentProgress(), backoff=60)


def test_no_server(server: Server) -> None:
    server.http.shutdown()
    server.http.server_close()
    with pytest.raises(UserError, match="could not be downloaded in 5 attempts"):
        fetch(server)


def test_a_cache_that_cannot_be_written(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NATUREL_CACHE", str(tmp_path / "file"))
    with pytest.raises(UserError, match=r"cannot be written: .* Name another folder in NATUREL_CACHE"):
        fetch(server)


def test_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATUREL_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("NATUREL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "naturel"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "naturel"


def test_progress_counts_each_byte_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.files[VRD], server.cuts[VRD], server.knows_ranges = CONTENT, [300_000], False
    counted = Counter[str]()

    class Progress(SilentProgress):
        def task(self, name: str, total: int | None, unit: str):  # type: ignore[no-untyped-def]
            task = SilentProgress().task(name, total, unit)

            class Counting:
                def __enter__(self) -> Counting:
                    task.__enter__()
                    return self

                def __exit__(self, *error: object) -> None:
                    task.__exit__(None, None, None)

                def advance(self, amount: int = 1) -> None:
                    counted[name] += amount

            return Counting()

    download_split("train", server.url, offline=False, progress=Progress(), backoff=0.001)
    assert counted[NAME] == len(CONTENT)


def test_a_second_process_waits_for_the_first(server: Server, cache: Path) -> None:
    cache.mkdir(parents=True)
    with (cache / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = threading.Thread(target=fetch, args=(server,), daemon=True)
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        assert server.requests == []
        fcntl.flock(lock, fcntl.LOCK_UN)
        waiting.join(20)
    assert (cache / NAME).exists()


def test_checked_files_are_listed_with_their_sizes(server: Server, cache: Path) -> None:
    fetch(server)
    listed = json.loads((cache / "checked.json").read_text())
    assert listed == {address.rsplit("/", 1)[-1]: len(content) for address, content in server.files.items()}
