"""The review app with many records: seconds to load, to start again, to the first picture; "save and next"; kills.

    python benchmarks/review_app.py [--records 100000] [--kills 20]

Pictures are few and small: what is measured is the app, not the disk.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import psutil
from helpers.review_app import Annotator, ReviewApp, need_app, open_browser
from helpers.review_hammer import hammer
from helpers.small_release import write_release

from naturel.review.database import free_port

T = TypeVar("T")
SAVES = 100
"""Measured in the browser."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=100_000)
    options.add_argument("--kills", type=int, default=20)
    asked = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="review-"))
    try:
        measure(folder, asked.records, asked.kills)
    finally:
        shutil.rmtree(folder)


def measure(folder: Path, records: int, kills: int) -> None:
    write_release(folder, records, pictures=200, pairs=45)
    first, app = timed(lambda: start(folder))
    app.stop()
    second, app = timed(lambda: start(folder))
    print(f"{records:,} records: first start {first:.1f} s, second start {second:.1f} s", flush=True)
    with open_browser(need_app()) as browser:
        shown, anna = timed(lambda: Annotator(browser, app.places["anna"]))
        print(f"first item in the browser after {shown:.1f} s")
        both = [save_and_next(anna) for _ in range(SAVES)]
        for name, times in zip(
            ("next item shown", "saved, next shown"), zip(*both, strict=True), strict=True
        ):
            late = sorted(times)[int(0.95 * SAVES)]
            print(
                f"{name}: median {1000 * statistics.median(times):.0f} ms, 95th percentile {1000 * late:.0f} ms"
            )
        anna.close()
    for name, size in memory(app).items():
        print(f"memory of {name}: {size / 2**20:,.0f} MiB", flush=True)
    confirmed, lost, twice = hammer(app, "anna", kills)
    print(f"{kills} kills: {confirmed:,} decisions confirmed, {lost} not in the journal, {twice} there twice")
    app.stop()


def start(folder: Path) -> ReviewApp:
    return ReviewApp(folder, "--annotator", "anna", "--queue", "images", "--port", str(free_port()))


def timed(work: Callable[[], T]) -> tuple[float, T]:
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def save_and_next(anna: Annotator) -> tuple[float, float]:
    """Accept a record with Enter: seconds until the next one is shown, and until the journal has it too."""
    shown, saved = anna.page.evaluate(
        """() => new Promise((done) => {
          const state = document.querySelector("[data-testid=state]");
          const before = Number(state.dataset.saved);
          const item = document.querySelector(".nr-main");
          const begin = performance.now();
          let shown = null;
          const look = () => {
            const now = performance.now() - begin;
            if (shown === null && document.querySelector(".nr-main") !== item) shown = now;
            if (shown !== null && Number(state.dataset.saved) > before) done([shown / 1000, now / 1000]);
            else requestAnimationFrame(look);
          };
          window.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
          look();
        })"""
    )
    return shown, saved


def memory(app: ReviewApp) -> dict[str, int]:
    """Bytes of each process."""
    parent = psutil.Process(app.process.pid)
    names = {"fiftyone.server.main": "the app's server", "mongod": "the database"}
    found = {"naturel review": parent.memory_info().rss}
    for child in parent.children():
        for word, name in names.items():
            if any(word in part for part in child.cmdline()):
                found[name] = child.memory_info().rss
    return found


if __name__ == "__main__":
    main()
