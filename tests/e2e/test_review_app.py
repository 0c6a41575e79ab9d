"""The review app in a real browser: by keyboard, several annotators, servers that die."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.review_app import Annotator, ReviewApp, need_app, open_browser
from helpers.review_hammer import hammer
from helpers.small_release import write_release
from playwright.sync_api import Browser, expect

from naturel.review.database import free_port

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser(need_app()) as browser:
        yield browser


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """160 captions like "cat on desk" in 60 records of 4 pictures."""
    folder = tmp_path_factory.mktemp("reviewed")
    write_release(folder, records=60, pictures=4, pairs=20)
    return folder


@pytest.fixture(scope="module")
def captions(build: Path) -> Iterator[ReviewApp]:
    """Two annotators who get the same captions."""
    app = ReviewApp(build, "--annotator", "anna,ben", "--overlap", "1", "--port", _two_ports())
    yield app
    app.stop()


def _two_ports() -> str:
    """The first of two ports that nobody listens on, most likely."""
    return str(min(free_port(), 65_000))


class TestCaptions:
    def test_accept_reject_edit_flag_and_undo_by_keyboard(
        self, captions: ReviewApp, browser: Browser
    ) -> None:
        assert "ssh -L" in "".join(captions.told)
        anna = Annotator(browser, captions.places["anna"])
        assert anna.text("annotator") == "anna"
        first = anna.text("sentence")

        anna.press("a")
        expect(anna.page.get_by_test_id("sentence")).not_to_have_text(first)
        second = anna.text("sentence")
        anna.press("r")
        anna.shows("reasons", "ungrammatical")
        anna.press("4")
        expect(anna.page.get_by_test_id("sentence")).not_to_have_text(second)

        third = anna.text("sentence")
        (item,) = [one for one in anna.ask("next", {"count": 3})["items"] if one["sentence"] == third]
        swapped = "{object} on {subject}".format(**item["claim"])
        anna.press("2", "v", "b", "e", "Control+a")  # the last flag of the picture stands
        anna.page.keyboard.type(swapped)
        anna.shows("check", f"This now says: {swapped}. Its claim is not stated.")
        inserted = anna.page.get_by_test_id("difference").locator("ins")
        expect(inserted.first).to_have_text(item["claim"]["object"])
        anna.press("Enter")
        anna.shows("check", "Enter again")
        anna.press("Enter")
        anna.all_saved()

        lines = captions.journal("anna")
        assert [(line["kind"], line["verdict"]) for line in lines] == [
            ("caption", "accept"),
            ("caption", "reject"),
            ("caption", "edit"),
            ("relation", "reject"),
        ]
        assert [line.get("sentence") for line in lines[:3]] == [first, second, third]
        assert lines[1]["reason"] == "ungrammatical"
        assert lines[2]["text"] == swapped
        assert lines[3]["reason"] == "wrong_box"
        assert {line["annotator"] for line in lines} == {"anna"}

        anna.press("u")
        anna.shows("sentence", third)
        anna.all_saved()
        undone = captions.journal("anna")[4:]
        assert {line["verdict"] for line in undone} == {"undo"}
        assert {line["retracts"] for line in undone} == {lines[2]["id"], lines[3]["id"]}

        anna.press("k")
        anna.all_saved()
        anna.shows("progress", re.compile("^3 /"))
        assert captions.journal("anna")[-1]["verdict"] == "skip"
        fourth = anna.text("sentence")
        anna.press("2", "v")
        anna.reload()
        anna.shows("progress", re.compile("^3 /"))
        assert anna.text("sentence") == fourth
        anna.shows("positives", "wrong relation")  # the draft was kept
        anna.press("?")
        anna.shows("help", "accept")
        anna.close()

    def test_two_annotators_at_once_do_not_see_each_other(
        self, captions: ReviewApp, browser: Browser
    ) -> None:
        anna, ben = (Annotator(browser, captions.places[name]) for name in ("anna", "ben"))
        assert ben.text("annotator") == "ben"
        assert ben.page.get_by_test_id("votes").count() == 0
        ben.shows("progress", re.compile("^0 /"))
        hers = anna.text("sentence")
        ben.press("a", "a")
        ben.all_saved()
        assert anna.text("sentence") == hers
        anna.press("a")
        for annotator in (anna, ben):
            annotator.all_saved()
            annotator.close()
        assert [line["verdict"] for line in captions.journal("ben")] == ["accept", "accept"]
        assert captions.journal("ben")[0]["key"] == captions.journal("anna")[0]["key"]

    def test_what_is_called_saved_survives_killed_servers(
        self, captions: ReviewApp, browser: Browser
    ) -> None:
        ben = Annotator(browser, captions.places["ben"])
        before = len(captions.journal("ben"))
        ben.press("a")
        assert captions.kill("mongod") == 1
        ben.press("a")
        ben.all_saved()
        assert len(captions.journal("ben")) == before + 2
        assert captions.kill("fiftyone.server.main") == 2
        ben.press("r", "1", "a")
        ben.shows("away", "2 not saved yet: kept in this browser, nothing is lost")
        assert len(captions.journal("ben")) == before + 2
        ben.ready()  # the page came back by itself
        ben.all_saved()
        verdicts = [line["verdict"] for line in captions.journal("ben")[before:]]
        assert verdicts == ["accept", "accept", "reject", "accept"]
        ben.close()

    def test_kills_at_random_moments_lose_nothing_that_was_confirmed(self, captions: ReviewApp) -> None:
        confirmed, lost, twice = hammer(captions, "anna", kills=3)
        assert confirmed > 9
        assert (lost, twice) == (0, 0)


def test_pictures_and_then_a_dispute(build: Path, browser: Browser, captions: ReviewApp) -> None:
    captions.stop()
    app = ReviewApp(
        build, "--annotator", "anna,ben", "--overlap", "1", "--queue", "images", "--port", _two_ports()
    )
    try:
        anna = Annotator(browser, app.places["anna"], theme="light")
        before = len(app.journal("anna"))
        anna.press("b", "4", "r")
        anna.shows("reasons", "blurred")
        anna.press("1", "Enter")
        anna.all_saved()
        lines = app.journal("anna")[before:]
        assert [(line["kind"], line["verdict"], line.get("reason")) for line in lines] == [
            ("relation", "reject", "wrong_box"),
            ("image", "reject", "blurred"),
        ]
        anna.close()
        ben = Annotator(browser, app.places["ben"])
        ben.press("Enter")
        ben.all_saved()
        assert [line["key"] for line in app.journal("ben")[-2:]] == [line["key"] for line in lines]
        ben.close()
    finally:
        app.stop()
    _adjudicate(build, browser)


def _adjudicate(build: Path, browser: Browser) -> None:
    app = ReviewApp(build, "--annotator", "carol", "--queue", "adjudicate", "--port", _two_ports())
    try:
        carol = Annotator(browser, app.places["carol"])
        carol.shows("votes", "anna")
        carol.shows("votes", "ben")
        total = carol.text("progress")
        is_record = carol.page.get_by_test_id("claim").count() == 1
        carol.press("r", "1", *(["Enter"] if is_record else []))
        carol.all_saved()
        assert total.startswith("0 / ")
        decided = app.journal("carol")
        assert decided
        assert all(line["adjudication"] for line in decided)
    finally:
        app.stop()
