"""The part of the Hub's HTTP interface that pushes and loads datasets and opens models, on 127.0.0.1.

It keeps commits, tags and stored files in memory, and counts what is uploaded.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_secret_of_the_tests"  # noqa: S105 (of this server only)


@dataclass(frozen=True)
class Blob:
    """A file of a commit."""

    data: bytes
    large: bool

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def oid(self) -> str:
        """Git's name of it; of a large file the name of its pointer."""
        data = self.data
        if self.large:
            data = (
                f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {len(data)}\n"
            ).encode()
        return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()

    def entry(self, path: str) -> dict[str, Any]:
        entry: dict[str, Any] = {"type": "file", "path": path, "oid": self.oid, "size": len(self.data)}
        if self.large:
            entry["lfs"] = {"oid": self.sha256, "size": len(self.data), "pointerSize": 130}
        return entry


@dataclass
class Repo:
    """A dataset or a model."""

    private: bool
    commits: dict[str, dict[str, Blob]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    head: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    def commit(self, files: dict[str, Blob], message: str) -> str:
        text = f"{self.head}{message}" + "".join(f"{path}{blob.oid}" for path, blob in sorted(files.items()))
        self.head = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        self.commits[self.head] = files
        self.messages.append(message)
        return self.head

    def resolve(self, revision: str) -> str | None:
        found = self.head if revision == "main" else self.tags.get(revision, revision)
        return found if found in self.commits else None


class HubServer:
    """The server; `with HubServer() as hub:`."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.stored: dict[str, bytes] = {}
        self.uploads: Counter[str] = Counter()
        """Bytes received, by the SHA-256 of large files and the path of others."""
        self.requests: Counter[str] = Counter()
        self.hang_after: int | None = None
        """So many large files are stored; then uploads are left hanging."""
        self.hanging = threading.Event()
        self.before_commit: Callable[[], object] = lambda: None
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def environment(self, home: object, *, token: str | None = TOKEN) -> dict[str, str]:
        """What sends huggingface_hub and datasets here, with caches of their own."""
        settings = {
            "HF_ENDPOINT": self.address,
            "HF_HOME": str(home),
            "HF_DATASETS_CACHE": f"{home}/datasets",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }
        return settings | ({"HF_TOKEN": token} if token else {"HF_TOKEN": ""})

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


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    owner: HubServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that are killed are part of the play."""


class _RefusalError(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    query: Mapping[str, list[str]]

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        self.query = parse_qs(parts.query)
        for method, pattern, answer in ROUTES:
            if method == self.command and (found := re.fullmatch(pattern, parts.path)):
                self.server.owner.requests[answer.__name__] += 1
                try:
                    answer(self, *map(unquote, found.groups()))
                except _RefusalError as refusal:
                    headers = {"X-Error-Code": refusal.code, "X-Error-Message": refusal.message}
                    self._send(refusal.status, json.dumps({"error": refusal.message}).encode(), headers)
                return
        self._send(404, b"{}", {"X-Error-Message": f"{self.command} {parts.path} is not served here"})

    do_GET = do_POST = do_PUT = do_HEAD = _serve  # noqa: N815 (names of the base class)

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline().strip() or b"0", 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    @property
    def _may_write(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _repo(self, name: str, *, write: bool = False) -> Repo:
        repo = self.server.owner.repos.get(name)
        if repo is None or (repo.private and not self._may_write):
            raise _RefusalError(404 if self._may_write else 401, "RepoNotFound", "Repository not found")
        if write and not self._may_write:
            raise _RefusalError(403, "", "You may not write here")
        return repo

    def _commit(self, repo: Repo, revision: str) -> tuple[str, dict[str, Blob]]:
        oid = repo.resolve(revision)
        if oid is None:
            raise _RefusalError(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return oid, repo.commits[oid]

    def create(self) -> None:
        asked = json.loads(self._body())
        if not self._may_write:
            raise _RefusalError(401, "", "Invalid username or password.")
        name = f"{asked['organization']}/{asked['name']}"
        assert asked["type"] == "dataset"
        repo = Repo(asked.get("visibility") == "private")
        repo.commit({".gitattributes": Blob(b"*.parquet filter=lfs\n", False)}, "initial commit")
        self.server.owner.repos[name] = repo
        self._json({"url": f"{self.server.owner.address}/datasets/{name}"})

    def info(self, name: str, revision: str = "main") -> None:
        repo = self._repo(name)
        oid, files = self._commit(repo, revision)
        siblings = [{"rfilename": path} for path in sorted(files)]
        self._json(
            {
                "id": name,
                "sha": oid,
                "private": repo.private,
                "tags": [],
                "downloads": 0,
                "siblings": siblings,
            }
        )

    def refs(self, name: str) -> None:
        repo = self._repo(name)
        branch = {"name": "main", "ref": "refs/heads/main", "targetCommit": repo.head}
        tags = [
            {"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": oid} for tag, oid in repo.tags.items()
        ]
        self._json({"branches": [branch], "converts": [], "tags": tags})

    def tree(self, name: str, revision: str, folder: str = "") -> None:
        _, files = self._commit(self._repo(name), revision)
        inside = {
            path: blob for path, blob in files.items() if path.startswith(f"{folder}/" if folder else "")
        }
        if folder and not inside:
            raise _RefusalError(404, "EntryNotFound", f"{folder} does not exist")
        recursive = self.query.get("recursive", ["false"])[0].lower() in ("true", "1")
        start = len(folder) + 1 if folder else 0
        entries: dict[str, dict[str, Any]] = {}
        for path, blob in sorted(inside.items()):
            parts = path[start:].split("/")
            for depth in range(1, len(parts)):
                parent = path[:start] + "/".join(parts[:depth])
                if recursive or depth == 1:
                    entries[parent] = {"type": "directory", "path": parent, "oid": "0" * 40, "size": 0}
            if recursive or len(parts) == 1:
                entries[path] = blob.entry(path)
        self._json(list(entries.values()))

    def paths_info(self, name: str, revision: str) -> None:
        _, files = self._commit(self._repo(name), revision)
        body = self._body().decode()
        asked = json.loads(body)["paths"] if body.startswith("{") else parse_qs(body)["paths"]
        entries = []
        for path in asked:
            if path in files:
                entries.append(files[path].entry(path))
            elif any(other.startswith(f"{path}/") for other in files):
                entries.append({"type": "directory", "path": path, "oid": "0" * 40, "size": 0})
        self._json(entries)

    def validate_yaml(self) -> None:
        self._body()
        self._json({"errors": [], "warnings": []})

    def preupload(self, name: str, revision: str) -> None:
        files = json.loads(self._body())["files"]
        _, present = self._commit(self._repo(name, write=True), revision)
        self._json(
            {
                "files": [
                    {
                        "path": entry["path"],
                        "uploadMode": "lfs" if entry["path"].endswith(".parquet") else "regular",
                        "shouldIgnore": False,
                        "oid": _known(present.get(entry["path"])),
                    }
                    for entry in files
                ]
            }
        )

    def batch(self, name: str) -> None:
        asked = json.loads(self._body())
        self._repo(name, write=True)
        owner = self.server.owner
        objects = []
        for entry in asked["objects"]:
            if entry["oid"] not in owner.stored:
                actions = {
                    "upload": {"href": f"{owner.address}/storage/{entry['oid']}"},
                    "verify": {"href": f"{owner.address}/verify/{entry['oid']}"},
                }
                entry = {**entry, "actions": actions}
            objects.append(entry)
        self._json({"transfer": "basic", "objects": objects})

    def store(self, oid: str) -> None:
        owner = self.server.owner
        data = self._body()
        with owner.lock:
            if owner.hang_after is not None and len(owner.stored) >= owner.hang_after:
                owner.hanging.set()
            else:
                assert hashlib.sha256(data).hexdigest() == oid
                owner.stored[oid] = data
                owner.uploads[oid] += len(data)
        if oid not in owner.stored:
            owner.stopping.wait(60)
            self.close_connection = True
            return
        self._send(200, b"")

    def verify(self, oid: str) -> None:
        asked = json.loads(self._body())
        assert len(self.server.owner.stored[oid]) == asked["size"]
        self._json({})

    def commit(self, name: str, revision: str) -> None:
        lines = [json.loads(line) for line in self._body().splitlines()]
        repo = self._repo(name, write=True)
        owner = self.server.owner
        owner.before_commit()
        header = lines[0]["value"]
        oid, files = self._commit(repo, revision)
        if header.get("parentCommit", oid) != oid:
            raise _RefusalError(412, "", "A commit has happened since. Please refresh and try again.")
        files = dict(files)
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                data = base64.b64decode(value["content"])
                owner.uploads[value["path"]] += len(data)
                files[value["path"]] = Blob(data, False)
            elif line["key"] == "lfsFile":
                files[value["path"]] = Blob(owner.stored[value["oid"]], True)
            else:
                assert line["key"] == "deletedFile"
                del files[value["path"]]
        oid = repo.commit(files, header["summary"])
        self._json({"commitUrl": f"{owner.address}/datasets/{name}/commit/{oid}", "commitOid": oid})

    def tag(self, name: str, revision: str) -> None:
        asked = json.loads(self._body())
        repo = self._repo(name, write=True)
        oid, _ = self._commit(repo, revision)
        if asked["tag"] in repo.tags:
            raise _RefusalError(409, "", "Tag reference exists already")
        repo.tags[asked["tag"]] = oid
        self._json({})

    def file(self, name: str, revision: str, path: str) -> None:
        oid, files = self._commit(self._repo(name), revision)
        if path not in files:
            raise _RefusalError(404, "EntryNotFound", f"{path} does not exist")
        blob = files[path]
        headers = {"X-Repo-Commit": oid, "ETag": f'"{blob.sha256 if blob.large else blob.oid}"'}
        headers["Accept-Ranges"] = "bytes"
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked is None:
            self._send(200, blob.data, headers)
            return
        start, end = int(asked[1]), int(asked[2] or len(blob.data) - 1)
        headers["Content-Range"] = f"bytes {start}-{end}/{len(blob.data)}"
        self._send(206, blob.data[start : end + 1], headers)


def _known(blob: Blob | None) -> str | None:
    """What the Hub says of a file that a commit may replace."""
    if blob is None:
        return None
    return blob.sha256 if blob.large else blob.oid


_NAME = r"([^/]+/[^/]+)"
ROUTES: tuple[tuple[str, str, Callable[..., None]], ...] = (
    ("POST", "/api/repos/create", _Handler.create),
    ("GET", f"/api/models/{_NAME}", _Handler.info),
    ("GET", f"/api/models/{_NAME}/tree/([^/]+)", _Handler.tree),
    ("GET", f"/api/models/{_NAME}/tree/([^/]+)/(.+)", _Handler.tree),
    ("GET", f"/api/datasets/{_NAME}", _Handler.info),
    ("GET", f"/api/datasets/{_NAME}/revision/(.+)", _Handler.info),
    ("GET", f"/api/datasets/{_NAME}/refs", _Handler.refs),
    ("GET", f"/api/datasets/{_NAME}/tree/([^/]+)", _Handler.tree),
    ("GET", f"/api/datasets/{_NAME}/tree/([^/]+)/(.+)", _Handler.tree),
    ("POST", f"/api/datasets/{_NAME}/paths-info/(.+)", _Handler.paths_info),
    ("POST", "/api/validate-yaml", _Handler.validate_yaml),
    ("POST", f"/api/datasets/{_NAME}/preupload/(.+)", _Handler.preupload),
    ("POST", f"/datasets/{_NAME}\\.git/info/lfs/objects/batch", _Handler.batch),
    ("PUT", "/storage/(.+)", _Handler.store),
    ("POST", "/verify/(.+)", _Handler.verify),
    ("POST", f"/api/datasets/{_NAME}/commit/(.+)", _Handler.commit),
    ("POST", f"/api/datasets/{_NAME}/tag/(.+)", _Handler.tag),
    ("GET", f"/datasets/{_NAME}/resolve/([^/]+)/(.+)", _Handler.file),
    ("HEAD", f"/datasets/{_NAME}/resolve/([^/]+)/(.+)", _Handler.file),
    ("GET", f"/{_NAME}/resolve/([^/]+)/(.+)", _Handler.file),
    ("HEAD", f"/{_NAME}/resolve/([^/]+)/(.+)", _Handler.file),
)
