"""One app server an annotator: started, watched, started again when it dies, and stopped."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from naturel.annotations.errors import UserError
from naturel.review.database import Mongod, end
from naturel.review.session import VARIABLE, Session

PLUGINS = Path(__file__).parent / "plugin"
START_SECONDS = 180.0
STOP_SECONDS = 2.0
LOOK_EVERY = 0.3
"""Seconds between two looks at the processes."""


def app_environment(database_uri: str) -> dict[str, str]:
    """Environment variables with which FiftyOne uses our database and plugin, and tells nobody."""
    return {
        "FIFTYONE_DATABASE_URI": database_uri,
        "FIFTYONE_PLUGINS_DIR": str(PLUGINS),
        "FIFTYONE_PLUGINS_CACHE_ENABLED": "true",
        "FIFTYONE_DATABASE_VALIDATION": "false",  # database.py has looked at its version
        "FIFTYONE_DO_NOT_TRACK": "1",
        "DO_NOT_TRACK": "1",
    }


def check_port(address: str, port: int) -> None:
    """Look whether a server can listen there.

    Raises:
        UserError: It cannot.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except (OSError, OverflowError) as error:
            raise UserError(
                f"--port {port}: nothing can listen on {address}:{port} ({getattr(error, 'strerror', error)}). Give "
                "another --port, or stop what uses it."
            ) from error


class AppServer:
    """One annotator's server."""

    def __init__(self, session: Session, address: str, port: int) -> None:
        self.session, self.address, self.port = session, address, port
        self.log = session.folder / "logs" / f"{session.annotator}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def origin(self) -> str:
        """Where this machine reaches it."""
        return f"http://{'127.0.0.1' if self.address == '0.0.0.0' else self.address}:{self.port}"  # noqa: S104

    def start(self) -> None:
        """Start it; it takes some seconds until it answers."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        environment = os.environ | app_environment(self.session.database_uri)
        environment[VARIABLE] = self.session.model_dump_json()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                [
                    sys.executable,
                    *("-m", "fiftyone.server.main", "--port", str(self.port), "--address", self.address),
                ],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait(self) -> str:
        """Wait until it answers.

        Returns:
            The address of the first open item, or of all records where nothing is open.

        Raises:
            UserError: It does not answer.
        """
        until = time.monotonic() + START_SECONDS
        while True:
            if self.died or time.monotonic() > until:
                raise UserError(f"the app of {self.session.annotator} did not start; {self.log} says why.")
            try:
                items = self.ask("next", {"count": 1})["items"]
                break
            except (httpx.HTTPError, ValueError):
                time.sleep(0.2)
        place = f"{self.origin}/datasets/{self.session.dataset}"
        if not items:
            return place
        item = items[0]
        return f"{place}?id={item['pictures'][0]['sample'] if item['pictures'] else item['sample']}"

    def ask(self, question: str, params: dict[str, Any]) -> dict[str, Any]:
        """Ask an operator of the plugin.

        Raises:
            httpx.HTTPError: The server does not answer.
            ValueError: The operator failed.
        """
        body = {"operator_uri": f"@naturel/review/{question}", "params": params}
        answer = httpx.post(f"{self.origin}/operators/execute", json=body, timeout=60)
        found = answer.raise_for_status().json()
        if found.get("error"):
            raise ValueError(found.get("error_message") or found["error"])
        result: dict[str, Any] = found["result"]
        return result

    @property
    def died(self) -> bool:
        """Whether it ended by itself."""
        return self.process is not None and self.process.poll() is not None


def stop_all(servers: Sequence[AppServer]) -> None:
    """End servers; they have nothing to lose, since journals are written before anything is answered."""
    running = [server.process for server in servers if server.process is not None]
    for process in running:
        if process.poll() is None:
            process.terminate()
    for process in running:
        end(process, STOP_SECONDS)


def watch(servers: Sequence[AppServer], database: Mongod | None) -> None:
    """Start again what dies, until the user stops us."""
    while True:
        if database is not None and database.died:
            print("The database ended; it is started again.", file=sys.stderr, flush=True)
            database.start()
        for server in servers:
            if server.died:
                print(
                    f"The app of {server.session.annotator} ended; it is started again.",
                    file=sys.stderr,
                    flush=True,
                )
                server.start()
        time.sleep(LOOK_EVERY)
