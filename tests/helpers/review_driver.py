"""Review a build through the app, in a real browser, as an annotator with a simple plan would.

    python tests/helpers/review_driver.py BUILD [--captions 40] [--images 20] [--screenshots FOLDER]

Of every ten captions seven are accepted, two rejected (for the first and the fifth reason) and one edited: it begins
with "In this picture," then. Of every ten records seven are accepted, one has its relation rejected, one its
picture, one a box. What the journal then holds is printed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers.review_app import Annotator, ReviewApp, need_app, open_browser

from naturel.review.database import free_port

NAME = "driver"


def review(build: Path, captions: int, images: int, screenshots: Path | None) -> Counter[tuple[str, str]]:
    """Decide about so many captions and records.

    Returns:
        (kind, verdict) -> decisions in the journal.
    """
    with open_browser(need_app()) as browser:
        for queue, count, decide in (("captions", captions, caption), ("images", images, record)):
            app = ReviewApp(build, "--annotator", NAME, "--queue", queue, "--port", str(free_port()))
            try:
                annotator = Annotator(browser, app.places[NAME])
                for number in range(count):
                    decide(annotator, number)
                    if screenshots and number % 10 == 0:
                        annotator.page.wait_for_timeout(1_500)  # the large picture is loaded
                        annotator.page.screenshot(path=screenshots / f"{queue}-{number:03d}.png")
                annotator.all_saved()
                assert annotator.saved == count, f"{annotator.saved} of {count} saved"
                annotator.close()
            finally:
                app.stop()
        return Counter((line["kind"], line["verdict"]) for line in app.journal(NAME))


def caption(annotator: Annotator, number: int) -> None:
    """Decide about one caption, and wait for the next."""
    before = annotator.saved
    match number % 10:
        case 3:
            annotator.press("r", "1")
        case 6:
            annotator.press("r", "5")
        case 9:
            sentence = annotator.text("sentence")
            annotator.press("e", "Control+a")
            annotator.page.keyboard.type(f"In this picture, {sentence[0].lower()}{sentence[1:].rstrip('.')}.")
            annotator.page.get_by_test_id("check").filter(has_text="This now says").wait_for()
            annotator.press("Enter")
            if annotator.page.get_by_test_id("editor").count():
                annotator.press("Enter")  # all the same
        case _:
            annotator.press("a")
    annotator.page.wait_for_function(SAVED, arg=before)


def record(annotator: Annotator, number: int) -> None:
    """Decide about one record, and wait for the next."""
    before = annotator.saved
    match number % 10:
        case 3:
            annotator.press("v", "Enter")
        case 6:
            rows = annotator.page.locator("[data-testid^=row-]").filter(has_text="The picture is fit")
            name = rows.first.get_attribute("data-testid") or ""
            annotator.press(name.removeprefix("row-"), "r", "1", "Enter")
        case 9:
            annotator.press("b", "Enter")
        case _:
            annotator.press("Enter")
    annotator.page.wait_for_function(SAVED, arg=before)


SAVED = "before => Number(document.querySelector('[data-testid=state]').dataset.saved) > before"


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("build", type=Path)
    options.add_argument("--captions", type=int, default=40)
    options.add_argument("--images", type=int, default=20)
    options.add_argument("--screenshots", type=Path)
    asked = options.parse_args()
    counts = review(asked.build, asked.captions, asked.images, asked.screenshots)
    for (kind, verdict), count in sorted(counts.items()):
        print(f"{count:>4} {kind} {verdict}")


if __name__ == "__main__":
    main()
