"""Run `naturel review` as users do, and sit before it in a real browser."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from naturel.annotations.errors import UserError
from naturel.annotations.journal import read_journals
from naturel.review.database import find_mongod

COMMAND = [sys.executable, "-c", "from naturel.cli import main; main()", "review"]
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
START_SECONDS = 180
PATIENCE = 90_000
"""Milliseconds for what a busy machine shows late."""


def need_app() -> str:
    """The browser's program; skips the test where it or the database's is missing."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    try:
        find_mongod()
    except UserError as error:
        pytest.skip(str(error))
    return chromium


@contextmanager
def open_browser(program: str) -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


class ReviewApp:
    """A running `naturel review`."""

    def __init__(self, build: Path, *options: str) -> None:
        self.build = build
        self.process = subprocess.Popen(
            [*COMMAND, str(build), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        self.told: list[str] = []
        self.places: dict[str, str] = {}
        """Annotator -> the address to open."""
        until = time.monotonic() + START_SECONDS
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.told.append(line)
            if found := re.match(r"(\S+): (http://\S+)$", line):
                self.places[found[1]] = found[2]
            if "Ctrl-C stops" in line:
                return
            if time.monotonic() > until:
                break
        self.stop()
        raise AssertionError("naturel review did not start:\n" + "".join(self.told))

    def kill(self, what: str) -> int:
        """Kill -9 the children whose command line has a word; how many there were."""
        killed = 0
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                if any(what in word for word in child.cmdline()):
                    child.kill()
                    killed += 1
        return killed

    def stop(self) -> str:
        """Stop it as Ctrl-C does; what it printed last."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=90)
        return rest

    def journal(self, annotator: str) -> list[dict[str, Any]]:
        """The lines of an annotator's journal."""
        path = self.build / "review" / f"{annotator}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []

    def ids(self) -> set[str]:
        """The ids of all decisions in the journals."""
        return {str(one.id) for one in read_journals(self.build / "review").decisions}


class Annotator:
    """Somebody at the keyboard."""

    def __init__(self, browser: Browser, place: str, theme: str = "dark") -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 800})
        self.context.add_init_script(f"localStorage.setItem('mui-mode', '{theme}')")
        self.page: Page = self.context.new_page()
        self.page.goto(place)
        self.ready()

    def ready(self) -> None:
        """Wait until there is something to decide, or nothing is left."""
        self.page.wait_for_selector(
            "[data-testid=sentence], [data-testid=claim], [data-testid=all-done]", timeout=PATIENCE
        )

    def press(self, *keys: str) -> None:
        """Press keys, one after another, without waiting."""
        for key in keys:
            self.page.keyboard.press(key)

    def ask(self, question: str, params: dict[str, Any]) -> dict[str, Any]:
        """Ask the server as the panel does."""
        body = {"operator_uri": f"@naturel/review/{question}", "params": params}
        answer = self.page.request.post(urljoin(self.page.url, "/operators/execute"), data=body)
        result: dict[str, Any] = answer.json()["result"]
        return result

    def text(self, name: str) -> str:
        """The text of a part of the panel."""
        return self.page.get_by_test_id(name).inner_text()

    def shows(self, name: str, text: str | re.Pattern[str]) -> None:
        """Wait until a part of the panel has a text."""
        expect(self.page.get_by_test_id(name)).to_contain_text(text, timeout=PATIENCE)

    def all_saved(self) -> None:
        """Wait until the panel says that everything is saved."""
        expect(self.page.get_by_test_id("state")).to_have_attribute("data-waiting", "0", timeout=PATIENCE)

    @property
    def saved(self) -> int:
        """How many items the panel calls saved."""
        return int(self.page.get_by_test_id("state").get_attribute("data-saved") or 0)

    def reload(self) -> None:
        """Load the page again."""
        self.page.reload()
        self.ready()

    def close(self) -> None:
        """Leave."""
        self.context.close()
