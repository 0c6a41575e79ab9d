"""`naturel review`, step by step: the database, the dataset, the servers, until the user stops it."""

from __future__ import annotations

import os
import signal
import sys
import uuid
import webbrowser
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from naturel.annotations.journal import REVIEW, read_journals
from naturel.builders.files import locked_folder
from naturel.builders.report.tables import find_release
from naturel.review.choices import Queue
from naturel.review.contents import Contents
from naturel.review.database import Mongod, check_server
from naturel.review.gold import accuracy, read_gold
from naturel.review.queues import lost_keys
from naturel.review.servers import AppServer, app_environment, check_port, stop_all, watch
from naturel.review.session import Session

LOCAL = ("127.0.0.1", "localhost", "::1")
SHOWN = 3
"""Decisions about lost sentences told."""


@dataclass(frozen=True)
class Options:
    """What the user asks for."""

    path: Path
    annotators: tuple[str, ...]
    queue: Queue
    address: str
    port: int
    database_uri: str | None
    rebuild: bool
    overlap: float
    gold: Path | None
    open_browser: bool


def review(options: Options) -> None:
    """Serve the app until the user stops it.

    Raises:
        UserError: Something is missing or in the way; the text says what.
    """
    release = find_release(options.path)
    folder = review_folder(release)
    for number in range(len(options.annotators)):
        check_port(options.address, options.port + number)
    with ExitStack() as stack:
        stack.enter_context(_alone(folder))
        stack.enter_context(_terminable())
        database = None
        if options.database_uri is None:
            database = Mongod(folder / "db")
            stack.callback(database.stop)
            database.start()
        else:
            check_server(options.database_uri)
        uri = options.database_uri or (database.uri if database else "")
        os.environ.update(app_environment(uri))
        dataset = _prepare(release, folder, options)
        servers = [
            AppServer(
                _session(options, release, folder, dataset, uri, name), options.address, options.port + number
            )
            for number, name in enumerate(options.annotators)
        ]
        stack.callback(stop_all, servers)
        for server in servers:
            server.start()
        _tell(servers, options)
        try:
            watch(servers, database)
        except KeyboardInterrupt:
            print(f"\nStopped. The decisions are in {folder}.", flush=True)


def review_folder(release: Path) -> Path:
    """Where the journals of a release are: in its build; of a release that lies elsewhere, beside it."""
    if release.parent.name == "release":
        return release.parent.parent / REVIEW
    return release.parent / REVIEW


def _session(options: Options, release: Path, folder: Path, dataset: str, uri: str, name: str) -> Session:
    return Session(
        release=release.resolve(),
        folder=folder.resolve(),
        annotator=name,
        annotators=options.annotators,
        queue=options.queue,
        overlap=options.overlap,
        gold=options.gold.resolve() if options.gold else None,
        dataset=dataset,
        database_uri=uri,
        name=uuid.uuid4().hex[:12],
    )


def _prepare(release: Path, folder: Path, options: Options) -> str:
    """Load the release where it is not loaded, and bring it up to the journals.

    FiftyOne does it in a process of its own: it keeps hold of the database until its process ends.

    Returns:
        The dataset's name.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        name = pool.submit(_load, release, folder, options.rebuild).result()
    decisions = read_journals(folder).decisions
    if options.gold:
        for annotator, found in accuracy(decisions, read_gold(options.gold)).items():
            print(f"{annotator}: {found.right} of {found.items} gold items right")
    lost = lost_keys(Contents(release), decisions)
    if lost:
        print(
            f"{len(lost):,} decisions are about what this release does not have; they are kept. For example:"
        )
        for decision in lost[:SHOWN]:
            print(f"  {decision.verdict} by {decision.annotator}: {decision.sentence or decision.key}")
    return name


def _load(release: Path, folder: Path, rebuild: bool) -> str:
    from naturel.review.loading import prepare

    return prepare(release, folder, rebuild)


def _tell(servers: Sequence[AppServer], options: Options) -> None:
    """Print where annotators go."""
    for server in servers:
        place = server.wait()
        print(f"{server.session.annotator}: {place}", flush=True)
        if options.open_browser:
            webbrowser.open(place)
    ports = " ".join(f"-L {server.port}:127.0.0.1:{server.port}" for server in servers)
    print(f"From another machine: ssh {ports} {os.uname().nodename}, then the same address there.")
    if options.address not in LOCAL:
        print(
            f"Everybody who reaches {options.address} can decide under these names and read any file that you can: "
            "there are no passwords. An SSH tunnel is safer.",
            file=sys.stderr,
        )
    print("Decisions are kept as they are saved. Ctrl-C stops.", flush=True)


def _alone(folder: Path) -> AbstractContextManager[object]:
    """Keep other reviews out of the folder.

    Raises:
        UserError: Another one is at work, or the folder cannot be written.
    """
    return locked_folder(
        folder,
        f"{folder} cannot be written: {{reason}}.",
        f"another naturel review is at work on {folder.parent}. Stop it and give all names at once "
        "(--annotator anna,ben): they share one database.",
    )


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM stop us as Ctrl-C does, so that the database is closed."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
