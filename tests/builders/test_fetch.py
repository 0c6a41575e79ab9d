from __future__ import annotations

import asyncio
import gzip
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from helpers.picture_server import Answer, PictureServer, Script, jpeg

from naturel.annotations.errors import UserError
from naturel.builders.fetch import Fetched, Fetcher, index_folders, read_file, retry_after
from naturel.builders.picture_store import PictureError, PictureSettings

PICTURE = jpeg()
OK = Answer(body=PICTURE)


def settings(**changes: float | bool | str) -> PictureSettings:
    fast = {"read_timeout": 0.3, "total_timeout": 1.5, "attempts": 3, "backoff": 0.01, "longest_wait": 0.5}
    return PictureSettings.model_validate({**fast, **changes})


def fetch(url: str, **changes: float | bool | str) -> Fetched:
    async def run() -> Fetched:
        async with Fetcher(settings(**changes)) as fetcher:
            return await fetcher.fetch(url)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("answers", "reason", "requests"),
    [
        pytest.param([OK], None, 1, id="ok"),
        pytest.param([Answer(404)], "not_found", 1, id="404"),
        pytest.param([Answer(403)], "http_403", 1, id="403"),
        pytest.param([Answer(410)], "gone", 1, id="410"),
        pytest.param([Answer(204)], "http_204", 1, id="204"),
        pytest.param([Answer(429), OK], None, 2, id="429 then ok"),
        pytest.param([Answer(429)], "rate_limited", 3, id="429 always"),
        pytest.param([Answer(500)], "server_error", 3, id="500 always"),
        pytest.param([Answer(500), Answer(503), OK], None, 3, id="500, 503, then ok"),
        pytest.param([Answer(408), OK], None, 2, id="408 then ok"),
        pytest.param([Answer(drop=True), OK], None, 2, id="dropped then ok"),
        pytest.param([Answer(drop=True)], "connection", 3, id="dropped always"),
        pytest.param([Answer(hang=True)], "timeout", 3, id="hang"),
        pytest.param([Answer(hang=True), OK], None, 2, id="hang then ok"),
        pytest.param([Answer(body=PICTURE, drip=0.05)], "timeout", 1, id="slow drip"),
        pytest.param([Answer(body=PICTURE[:300], missing=99)], "truncated", 3, id="truncated always"),
        pytest.param([Answer(body=PICTURE[:300], missing=99), OK], None, 2, id="truncated then ok"),
        pytest.param([Answer(302)], "http_302", 1, id="redirect to nowhere"),
        pytest.param([Answer(302, headers={"Location": "/picture"})], "redirect_loop", 6, id="redirect loop"),
        pytest.param([Answer(302, headers={"Location": "file:///etc/passwd"})], "bad_url", 1, id="to a file"),
        pytest.param([Answer(headers={"X-Robots-Tag": "noai"})], "opted_out", 1, id="noai"),
        pytest.param(
            [Answer(headers={"X-Robots-Tag": "noindex, NoImageAI"})], "opted_out", 1, id="noimageai"
        ),
        pytest.param([Answer(headers={"X-Robots-Tag": "otherbot: noai"})], "opted_out", 1, id="scoped noai"),
        pytest.param([Answer(body=PICTURE, headers={"X-Robots-Tag": "noindex"})], None, 1, id="noindex"),
        pytest.param([Answer(429, headers={"Retry-After": "nonsense"}), OK], None, 2, id="odd Retry-After"),
        pytest.param(
            [Answer(body=b"not gzip", headers={"Content-Encoding": "gzip"})], "corrupt", 1, id="damaged gzip"
        ),
        pytest.param(
            [Answer(body=gzip.compress(PICTURE), headers={"Content-Encoding": "gzip"})], None, 1, id="gzip"
        ),
    ],
)
def test_each_behaviour_has_its_reason_and_number_of_requests(
    answers: list[Answer], reason: str | None, requests: int
) -> None:
    with PictureServer({"/picture": answers}) as server:
        fetched = fetch(server.url("/picture"))
        assert fetched.reason == reason
        assert fetched.data == (PICTURE if reason is None else None)
        assert server.requests["/picture"] == requests
        assert fetched.attempts == (1 if reason == "redirect_loop" else requests)


def test_redirects_are_followed_and_their_opt_out_heeded() -> None:
    there = {"Location": "/there"}
    script = {
        "/here": Answer(301, headers=there),
        "/out": Answer(302, headers={**there, "X-Robots-Tag": "noai"}),
        "/there": OK,
    }
    with PictureServer(script) as server:
        assert fetch(server.url("/here")) == Fetched(PICTURE, None, 1)
        assert fetch(server.url("/out")).reason == "opted_out"


def test_opt_out_can_be_overridden() -> None:
    with PictureServer({"/a": Answer(body=PICTURE, headers={"X-Robots-Tag": "noai"})}) as server:
        assert fetch(server.url("/a"), respect_opt_out=False).data == PICTURE


def test_too_large_is_refused_by_its_length_and_while_it_streams() -> None:
    bomb = Answer(body=gzip.compress(bytes(5_000_000)), headers={"Content-Encoding": "gzip"})
    script: Script = {
        "/long": Answer(body=bytes(2_000_000)),
        "/bomb": bomb,
        "/promise": Answer(body=b"x", missing=2_000_000),
    }
    with PictureServer(script) as server:
        assert fetch(server.url("/long"), max_bytes=100_000).reason == "too_large"
        assert fetch(server.url("/bomb"), max_bytes=100_000).reason == "too_large"
        assert fetch(server.url("/long"), max_bytes=2_000_000).data == bytes(2_000_000)
        assert fetch(server.url("/promise"), max_bytes=100_000).reason == "too_large"
        assert server.requests == {"/long": 2, "/bomb": 1, "/promise": 1}


@pytest.mark.parametrize(
    "url", ["", "picture.jpg", "ftp://host/a.jpg", "file:///etc/passwd", "http://host:port/", "http://"]
)
def test_bad_addresses_are_named(url: str) -> None:
    assert fetch(url).reason == "bad_url"


def test_no_server_is_a_connection_failure() -> None:
    with PictureServer({}) as server:
        url = server.url("/a")
    assert fetch(url) == Fetched(None, "connection", 3)


def test_retry_after_is_waited_for_by_all_downloads_from_that_host() -> None:
    script: Script = {"/a": [Answer(429, headers={"Retry-After": "1"}), OK], "/b": OK}

    async def run(server: PictureServer) -> tuple[float, float]:
        async with Fetcher(settings(longest_wait=0.4, backoff=0)) as fetcher:
            start = time.monotonic()
            first = asyncio.create_task(fetcher.fetch(server.url("/a")))
            while not server.requests["/a"]:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.1)
            await fetcher.fetch(server.url("/b"))
            second = time.monotonic() - start
            assert (await first).attempts == 2
            return time.monotonic() - start, second

    with PictureServer(script) as server:
        first, second = asyncio.run(run(server))
    assert 0.4 <= second < 1  # the wait that the server asked for, capped at longest_wait
    assert 0.4 <= first < 1


def test_retry_after_is_seconds_or_a_date() -> None:
    now = 1_700_000_000.0
    assert retry_after("7", now) == 7
    assert retry_after(formatdate(now + 30, usegmt=True), now) == 30
    assert retry_after(formatdate(now - 30, usegmt=True), now) == 0
    assert retry_after("-3", now) == 0
    assert [retry_after(value, now) for value in (None, "", "soon", "nan", "inf")] == [None] * 5


def test_requests_say_who_asks() -> None:
    with PictureServer({"/a": OK}) as server:
        fetch(server.url("/a"))
        assert server.headers[0]["User-Agent"].startswith("naturel/")
        fetch(server.url("/a"), user_agent="someone else")
        assert server.headers[1]["User-Agent"] == "someone else"


def test_folders_are_indexed_by_names_found(tmp_path: Path) -> None:
    flat, nested = tmp_path / "flat", tmp_path / "nested"
    (nested / "images").mkdir(parents=True)
    flat.mkdir()
    for path in (
        flat / "a.JPG",
        flat / "a.png",
        flat / "b.WebP",
        nested / "images" / "b.jpeg",
        nested / "c.png",
    ):
        path.write_bytes(b"x")
    (flat / "d.jpg").mkdir()
    (tmp_path / "secret.jpg").write_bytes(b"x")
    wanted = {"a", "b", "c", "d", "../secret", "../../secret"}
    expected = {"a": flat / "a.JPG", "b": flat / "b.WebP", "c": nested / "c.png"}
    assert index_folders([flat, nested], wanted) == expected
    assert index_folders([nested, flat], wanted)["b"] == nested / "images" / "b.jpeg"
    assert index_folders([flat], {"c"}) == {}


def test_names_may_have_folders_and_extensions(tmp_path: Path) -> None:
    files = ["VG_100K/1.jpg", "VG_100K_2/1.jpg", "VG_100K/2.JPG", "3.png", "images/4.jpg"]
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(b"x")
    wanted = [
        "VG_100K/1.jpg",
        "VG_100K_2/1.jpg",
        "VG_100K/2.jpg",
        "VG_100K/3.jpg",
        "train2017/4.jpg",
        "/etc/5.jpg",
    ]
    found = index_folders([tmp_path], wanted)
    assert {name: str(path.relative_to(tmp_path)) for name, path in found.items()} == dict(
        zip(wanted[:5], files, strict=True)
    )


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere"):
        index_folders([tmp_path / "nowhere"], {"a"})


def test_local_files_are_bounded_too(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(bytes(101))
    assert read_file(tmp_path / "a.jpg", 101) == bytes(101)
    with pytest.raises(PictureError, match="too_large"):
        read_file(tmp_path / "a.jpg", 100)
    with pytest.raises(PictureError, match="unreadable_file"):
        read_file(tmp_path / "b.jpg", 100)
