"""Fetch and resize throughput: `gather_pictures` against plain loops of httpx + Pillow, in the same run.

A server in a process of its own gives the pictures of a folder from memory, each under many addresses, after a
pause like that of a network. Three plain contestants do the same download, decode, resize to 512 and JPEG encoding,
and write the result as one file a picture: one after another, with threads, and with processes x threads. The
last is how img2dataset divides its work; img2dataset itself is not run here.

    python benchmarks/fetch_images.py FOLDER --pictures 1000 --pause 0.03
"""

from __future__ import annotations

import argparse
import asyncio
import io
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path

import httpx
import pyarrow as pa
from PIL import Image

from naturel.builders.images import count_reasons, gather_pictures
from naturel.builders.picture_store import PictureSettings, open_store
from naturel.builders.progress import SilentProgress


def serve(pictures: list[bytes], pause: float, port: multiprocessing.Queue[int], stop: Event) -> None:
    """Serve picture number n modulo their count for /n, a pause (s) after each request."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                body = pictures[int(request.split(b" ", 2)[1].strip(b"/")) % len(pictures)]
                await asyncio.sleep(pause)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=512)
        port.put(server.sockets[0].getsockname()[1])
        while not stop.is_set():
            await asyncio.sleep(0.05)

    asyncio.run(run())


@contextmanager
def serving(pictures: list[bytes], pause: float) -> Iterator[str]:
    port: multiprocessing.Queue[int] = multiprocessing.Queue()
    stop = multiprocessing.Event()
    process = multiprocessing.Process(target=serve, args=(pictures, pause, port, stop), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{port.get(timeout=10)}"
    finally:
        stop.set()
        process.join()


def plain(client: httpx.Client, folder: Path, url: str) -> None:
    """What most people would write for one picture."""
    image = Image.open(io.BytesIO(client.get(url).raise_for_status().content))
    image.thumbnail((512, 512))
    image.convert("RGB").save(folder / f"{url.rpartition('/')[2]}.jpg", quality=95)


def plain_loop(urls: list[str], folder: Path) -> None:
    with httpx.Client() as client:
        for url in urls:
            plain(client, folder, url)


def plain_threads(urls: list[str], folder: Path, threads: int = 64) -> None:
    with httpx.Client() as client, ThreadPoolExecutor(threads) as pool:
        list(pool.map(partial(plain, client, folder), urls))


def plain_processes(urls: list[str], folder: Path) -> None:
    count = os.cpu_count() or 1
    with ProcessPoolExecutor(count) as pool:
        list(pool.map(plain_threads, [urls[i::count] for i in range(count)], [folder] * count, [32] * count))


def ours(urls: list[str], folder: Path) -> None:
    settings = PictureSettings()
    ids = [url.rpartition("/")[2] for url in urls]
    wanted = pa.table({"image_id": ids, "url": urls, "rotation": pa.nulls(len(ids))})
    index = gather_pictures(wanted, [], open_store(folder, settings), settings, SilentProgress())
    assert count_reasons(index) == {"fetched": len(urls)}


def seconds_of(work: Callable[[list[str], Path], None], urls: list[str]) -> tuple[float, float]:
    """Wall and processor seconds, those of child processes included."""
    with tempfile.TemporaryDirectory() as folder:
        wall, processor = time.perf_counter(), sum(os.times()[:4])
        work(urls, Path(folder))
        return time.perf_counter() - wall, sum(os.times()[:4]) - processor


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="JPEG pictures")
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--pause", type=float, default=0.03, help="seconds before each answer")
    options = parser.parse_args()
    pictures = [path.read_bytes() for path in sorted(options.folder.glob("*.jpg"))]
    print(
        f"{options.pictures} pictures of {sum(map(len, pictures)) / len(pictures) / 1000:.0f} kB on average"
    )
    rates: dict[str, float] = {}
    with serving(pictures, options.pause) as address:
        urls = [f"{address}/{i}" for i in range(options.pictures)]
        for work in (ours, plain_loop, plain_threads, plain_processes):
            wall, processor = seconds_of(work, urls)
            rates[work.__name__] = len(urls) / wall
            line = f"{work.__name__:>16}: {len(urls) / wall:7.1f} pictures/s"
            line += f", {processor / len(urls) * 1000:5.1f} ms of processor each"
            print(f"{line}, ours is {rates['ours'] / rates[work.__name__]:.2f} x")
            if work is ours:
                print(f"{'':>16}  {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB at most")


if __name__ == "__main__":
    main()
