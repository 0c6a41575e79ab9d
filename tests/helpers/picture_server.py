"""A misbehaving HTTP server on 127.0.0.1 that answers by script and counts what it was asked."""

from __future__ import annotations

import io
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, TypeAlias

import numpy as np
from PIL import Image


def jpeg(width: int = 64, height: int = 48, seed: int = 0, quality: int = 90) -> bytes:
    """A JPEG of smooth random colours, different for each seed."""
    small = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC).save(
        buffer, "JPEG", quality=quality
    )
    return buffer.getvalue()


@dataclass(frozen=True)
class Answer:
    """One response.

    Attributes:
        status: The status code.
        body: What is sent.
        headers: Headers besides Content-Length.
        missing: Bytes that Content-Length promises beyond the body, after which the connection is closed.
        pause: Seconds before the response.
        drip: Seconds after each byte of the body.
        hang: Say nothing until the server stops.
        drop: Close the connection without a word.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    missing: int = 0
    pause: float = 0
    drip: float = 0
    hang: bool = False
    drop: bool = False


Script: TypeAlias = Mapping[str, Answer | list[Answer]]


class PictureServer:
    """Serves `script`: the nth request for a path gets its nth answer, later ones the last; else 404."""

    def __init__(self, script: Script) -> None:
        self.script = {
            path: [answer] if isinstance(answer, Answer) else answer for path, answer in script.items()
        }
        self.requests: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def begin(self, path: str, headers: dict[str, str]) -> Answer:
        """Count a request and choose its answer."""
        with self._lock:
            self.requests[path] += 1
            self.headers.append(headers)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            answers = self.script.get(path, [Answer(404)])
            return answers[min(self.requests[path], len(answers)) - 1]

    def end(self) -> None:
        with self._lock:
            self._at_once -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    owner: PictureServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the play."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        owner = self.server.owner
        answer = owner.begin(self.path, dict(self.headers.items()))
        try:
            self._respond(answer)
        finally:
            owner.end()

    def _respond(self, answer: Answer) -> None:
        stopping = self.server.owner.stopping
        stopping.wait(60 if answer.hang else answer.pause) if answer.hang or answer.pause else None
        if answer.hang or answer.drop:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body) + answer.missing))
        self.end_headers()
        if answer.drip:
            for byte in answer.body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                if stopping.wait(answer.drip):
                    break
        else:
            self.wfile.write(answer.body)
        if answer.missing:
            self.close_connection = True
