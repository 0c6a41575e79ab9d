"""A server on 127.0.0.1 that speaks OpenAI's API, misbehaves on purpose, and counts what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, TypeAlias

from naturel.builders.llm.requests import Message, Request, Sampling, Schema

Json: TypeAlias = dict[str, Any]

SCHEMA = Schema.of(
    "caption",
    {
        "type": "object",
        "properties": {"caption": {"type": "string", "minLength": 1}},
        "required": ["caption"],
        "additionalProperties": False,
    },
)


def question(text: str, sampling: Sampling | None = None, schema: Schema | None = SCHEMA) -> Request:
    """A request for a caption about a text."""
    messages = (Message("system", "Write a caption."), Message("user", text))
    return Request("tiny", messages, sampling or Sampling(max_tokens=50), schema)


@dataclass(frozen=True)
class Reply:
    """One response.

    Attributes:
        body: JSON, or text that is sent as it is.
        status: The status code.
        headers: Besides Content-Type and Content-Length.
        pause: Seconds before it.
        drip: Seconds after every 20 bytes of it.
        cut: Bytes after which the connection is closed.
        hang: Say nothing until the server stops.
        drop: Close the connection without a word.
    """

    body: Json | str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0
    drip: float = 0
    cut: int | None = None
    hang: bool = False
    drop: bool = False

    @property
    def is_whole(self) -> bool:
        return self.status == 200 and self.cut is None and not self.hang and not self.drop


def completion(content: str | None, text: str = "", *, finish: str = "stop", **message: Any) -> Json:
    """A Chat Completions response that used 10 + len(text) tokens in and 5 out."""
    said = {"role": "assistant", "content": content} | message
    choice = {"index": 0, "message": said, "finish_reason": finish, "logprobs": None}
    usage = {"prompt_tokens": 10 + len(text), "completion_tokens": 5, "total_tokens": 15 + len(text)}
    return {"object": "chat.completion", "model": "tiny-2026", "choices": [choice], "usage": usage}


def caption(text: str) -> str:
    """What a model that is well says about a text."""
    return json.dumps({"caption": f"Here is {text}."})


def good(text: str) -> Json:
    return completion(caption(text), text)


def without_usage(text: str) -> Json:
    return {name: value for name, value in good(text).items() if name != "usage"}


def twice(text: str) -> Json:
    """Two choices, though one was asked for."""
    other = completion('{"caption": "Another."}', text)["choices"]
    return good(text) | {"choices": good(text)["choices"] + other}


def with_logprobs(text: str) -> Json:
    response = completion("yes", text)
    top = [{"token": "yes", "logprob": -0.1}, {"token": "no", "logprob": -2.5}]
    response["choices"][0]["logprobs"] = {"content": [top[0] | {"top_logprobs": top}]}
    return response


def error(message: str, param: str | None = None, code: str | None = None) -> Json:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


HTML = Reply("<html><body>502 Bad Gateway</body></html>", headers={"Content-Type": "text/html"})

Judge: TypeAlias = Callable[[Json], Reply | None]
"""Looks at the body of a call, and rejects it or not."""


def strict_openai(body: Json) -> Reply | None:
    """What a reasoning model of OpenAI takes."""
    for name, advice in (("max_tokens", "Use 'max_completion_tokens' instead."), ("temperature", "Only 1.")):
        if name in body:
            text = f"Unsupported parameter: '{name}' is not supported with this model. {advice}"
            return Reply(error(text, name, "unsupported_parameter"), 400)
    return None


def llama_cpp(body: Json) -> Reply | None:
    """What llama_cpp.server takes."""
    if body.get("response_format", {}).get("type") not in (None, "text", "json_object"):
        text = "[{'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), "
        text += "'msg': \"Input should be 'text' or 'json_object'\", 'input': 'json_schema'}]"
        return Reply(error(text), 500)
    return None


def no_json_at_all(body: Json) -> Reply | None:
    """A server without structured answers, seeds and log-probabilities; it says so as FastAPI does."""
    for name in ("response_format", "seed", "top_logprobs"):
        if name in body:
            fault = {
                "type": "extra_forbidden",
                "loc": ["body", name],
                "msg": "Extra inputs are not permitted",
            }
            return Reply({"detail": [fault | {"input": body}]}, 422)
    return None


def text_of(body: Json) -> str:
    """What a call is about: the last message, or the prompt."""
    return str(body["prompt"] if "prompt" in body else body["messages"][-1]["content"])


class LlmServer:
    """Answers the nth call about a text with its nth scripted reply, later ones well.

    The text is the last message of a call, or its prompt, of whose likelihood `likely` tells. A server has files and
    batches too: `batch_ends` are the final states of the batches in the order of their making, each seen at the
    second look.

    Attributes:
        calls: How often each text was asked about.
        finished: How often the answer about a text was sent to its end.
        bodies: All calls, in order.
        most_at_once: Most calls that were open at the same time.
        batches: By id.
        files: Content by id.
    """

    def __init__(
        self,
        script: Mapping[str, Sequence[Reply]] | None = None,
        *,
        judge: Judge | None = None,
        answer: Callable[[str], Json] = good,
        likely: Callable[[str], Json] | None = None,
        pause: float = 0,
        key: str | None = None,
        batch_ends: Sequence[str] = (),
        lose_created_batch: bool = False,
    ) -> None:
        self.script = dict(script or {})
        self.judge = judge
        self.answer = answer
        self.likely = likely
        self.pause = pause
        self.key = key
        self.batch_ends = batch_ends
        self.lose_created_batch = lose_created_batch
        self.calls: Counter[str] = Counter()
        self.finished: Counter[str] = Counter()
        self.bodies: list[Json] = []
        self.batches: dict[str, Json] = {}
        self.files: dict[str, str] = {}
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

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

    def begin(self) -> None:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)

    def end(self, text: str, reply: Reply, is_sent: bool) -> None:
        with self._lock:
            self._at_once -= 1
            self.finished[text] += is_sent and reply.is_whole

    def reply(self, body: Json) -> Reply:
        """Count a call and choose its reply."""
        text = text_of(body)
        with self._lock:
            self.bodies.append(body)
            rejected = self.judge(body) if self.judge else None
            if rejected is not None:
                return rejected
            self.calls[text] += 1
            replies = self.script.get(text, ())
            if self.calls[text] <= len(replies):
                return replies[self.calls[text] - 1]
        if "messages" in body:
            return Reply(self.answer(text), pause=self.pause)
        return Reply(self.likely(text), pause=self.pause) if self.likely else Reply(error("no model"), 404)

    def get(self, path: str) -> Reply:
        parts = path.partition("?")[0].removeprefix("/v1/").split("/")
        with self._lock:
            if parts == ["models"]:
                return Reply({"object": "list", "data": [{"id": "tiny", "object": "model", "created": 0}]})
            if parts == ["batches"]:
                newest = list(reversed(self.batches.values()))
                return Reply({"object": "list", "data": newest, "has_more": False})
            if parts[0] == "batches" and parts[1] in self.batches:
                return Reply(self._look(self.batches[parts[1]]))
            if parts[0] == "files" and parts[2:] == ["content"] and parts[1] in self.files:
                return Reply(self.files[parts[1]])
        return Reply(error("not found"), 404)

    def upload(self, data: bytes) -> Reply:
        """Take the file out of a multipart form."""
        boundary = data.partition(b"\r\n")[0]
        for part in data.split(boundary):
            head, _, content = part.partition(b"\r\n\r\n")
            if b'name="file"' in head:
                id = f"file-{len(self.files)}"
                self.files[id] = content.removesuffix(b"\r\n").decode()
                return Reply({"id": id, "object": "file", "bytes": len(content), "created_at": 0})
        return Reply(error("no file"), 400)

    def create_batch(self, body: Json) -> Reply:
        with self._lock:
            number = len(self.batches)
            end = self.batch_ends[number] if number < len(self.batch_ends) else "completed"
            batch = {
                "id": f"batch-{number}",
                "object": "batch",
                "endpoint": body["endpoint"],
                "input_file_id": body["input_file_id"],
                "completion_window": "24h",
                "created_at": int(time.time()),
                "status": "validating",
                "metadata": body.get("metadata"),
                "looks": 0,
                "end": end,
            }
            self.batches[batch["id"]] = batch
        return Reply(drop=True) if self.lose_created_batch else Reply(batch)

    def _look(self, batch: Json) -> Json:
        batch["looks"] += 1
        batch["status"] = "in_progress" if batch["looks"] == 1 else batch["end"]
        if batch["looks"] == 2:
            self._work(batch)
        return batch

    def _work(self, batch: Json) -> None:
        """Answer what is in a batch; an expired or cancelled one only half, a failed one not at all."""
        if batch["end"] == "failed":
            batch["errors"] = {
                "object": "list",
                "data": [{"code": "bad", "message": "Enqueued token limit reached"}],
            }
            return
        lines = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        half = len(lines) if batch["end"] == "completed" else len(lines) // 2
        done: list[Json] = []
        failed: list[Json] = []
        for line in lines[:half]:
            text = line["body"]["messages"][-1]["content"]
            self.calls[text] += 1
            rejected = self.judge(line["body"]) if self.judge else None
            replies = self.script.get(text, ())
            number = self.calls[text] - 1
            reply = rejected or (replies[number] if number < len(replies) else Reply(self.answer(text)))
            response = {"status_code": reply.status, "request_id": "r", "body": reply.body}
            out = {"id": "x", "custom_id": line["custom_id"], "response": response, "error": None}
            (done if reply.status == 200 else failed).append(out)
            self.finished[text] += reply.is_whole
        for line in lines[half:]:
            why = {
                "code": "batch_expired",
                "message": "The request was not executed before the window expired.",
            }
            failed.append({"id": "x", "custom_id": line["custom_id"], "response": None, "error": why})
        for name, results in (("output_file_id", done), ("error_file_id", failed)):
            if results:
                batch[name] = f"file-{len(self.files)}"
                # No batch keeps the order of its requests.
                self.files[batch[name]] = "".join(json.dumps(line) + "\n" for line in reversed(results))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    owner: LlmServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the play."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        self._send(self.server.owner.get(self.path))

    def do_POST(self) -> None:
        owner = self.server.owner
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if owner.key is not None and self.headers["Authorization"] != f"Bearer {owner.key}":
            self._send(Reply(error(f"Incorrect API key provided: {self.headers['Authorization']}"), 401))
        elif self.path == "/v1/files":
            self._send(owner.upload(data))
        elif self.path == "/v1/batches":
            self._send(owner.create_batch(json.loads(data)))
        elif self.path in ("/v1/chat/completions", "/v1/completions"):
            self._answer(json.loads(data))
        else:
            self._send(Reply(error("no such place"), 404))

    def _answer(self, body: Json) -> None:
        owner = self.server.owner
        owner.begin()
        reply, is_sent = owner.reply(body), False
        try:
            is_sent = self._send(reply)
        finally:
            owner.end(text_of(body), reply, is_sent)

    def _send(self, reply: Reply) -> bool:
        stopping = self.server.owner.stopping
        if reply.hang or reply.pause:
            stopping.wait(60 if reply.hang else reply.pause)
        if reply.hang or reply.drop:
            self.close_connection = True
            return False
        data = (reply.body if isinstance(reply.body, str) else json.dumps(reply.body)).encode()
        self.send_response(reply.status)
        for name, value in ({"Content-Type": "application/json"} | dict(reply.headers)).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if reply.cut is not None:
            self.close_connection = True
            data = data[: reply.cut]
        step = 20 if reply.drip else len(data) or 1
        for start in range(0, len(data), step):
            self.wfile.write(data[start : start + step])
            if reply.drip and stopping.wait(reply.drip):
                break
        return True
