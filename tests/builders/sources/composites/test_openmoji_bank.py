"""The bank of OpenMoji pictograms."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from naturel.annotations.errors import UserError
from naturel.annotations.nouns import load_nouns
from naturel.builders.sources.composites.cutouts import FAINT, Role, Scene, Wanted
from naturel.builders.sources.composites.openmoji_bank import OpenMojiBank, read_table

TABLE = read_table()
CODES = [(label, number) for label, codes in TABLE.nouns.items() for number in range(len(codes))]


@pytest.fixture(scope="module")
def bank() -> OpenMojiBank:
    return OpenMojiBank()


def test_the_table_names_nouns_that_the_noun_table_has() -> None:
    nouns = load_nouns().nouns
    assert len(TABLE.nouns) >= 150
    assert not TABLE.nouns.keys() - nouns.keys()
    assert not {label for shown in TABLE.shows.values() for label in shown} - nouns.keys()
    assert (
        TABLE.shows.keys() | TABLE.standing.keys() | TABLE.inside.keys() | TABLE.small <= TABLE.nouns.keys()
    )


def test_no_drawing_shows_two_nouns() -> None:
    codes = [code for listed in TABLE.nouns.values() for code in listed]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(("label", "number"), CODES[::6])
def test_a_drawing_fills_its_room_and_is_cut_tight(bank: OpenMojiBank, label: str, number: int) -> None:
    cut_out = bank.cut_out(Wanted(label, number, Scene.BESIDE, Role.THING), 120, 90)
    assert cut_out.image.mode == "RGBA"
    assert cut_out.image.width <= 120
    assert cut_out.image.height <= 90
    assert cut_out.image.width >= 118 or cut_out.image.height >= 88
    alpha = np.asarray(cut_out.image.getchannel("A"))
    assert not ((alpha > 0) & (alpha < FAINT)).any()
    assert all(side.any() for side in (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]))


def test_every_code_point_has_a_drawing(bank: OpenMojiBank) -> None:
    files = {path.stem for path in bank.folder.glob("*.svg")}
    assert {code for listed in TABLE.nouns.values() for code in listed} <= files


def test_an_instance_is_one_of_the_drawings(bank: OpenMojiBank) -> None:
    pictures = [
        bank.cut_out(Wanted("Apple", number, Scene.BESIDE, Role.THING), 60, 60).image.tobytes()
        for number in range(4)
    ]
    assert pictures[0] == pictures[2] != pictures[1] == pictures[3]


def test_whose_they_are(bank: OpenMojiBank) -> None:
    credit = bank.cut_out(Wanted("Cat", 0, Scene.BESIDE, Role.THING), 60, 60).credit
    assert credit.license == "https://creativecommons.org/licenses/by-sa/4.0/"
    assert credit.author == "OpenMoji"


def test_what_else_a_drawing_shows_is_not_called_absent(bank: OpenMojiBank) -> None:
    house = bank.cut_out(Wanted("House", 0, Scene.BESIDE, Role.THING), 60, 60).absent
    assert house is not None
    assert not house & {"Door", "Window"}
    assert "Cat" in house
    assert bank.cut_out(Wanted("Cat", 0, Scene.BESIDE, Role.THING), 60, 60).absent is None


def test_only_chairs_and_containers_bear_anything(bank: OpenMojiBank) -> None:
    assert bank.fits(Scene.STANDING, "Cat", "Chair")
    assert not bank.fits(Scene.STANDING, "Elephant", "Chair")
    assert bank.fits(Scene.INSIDE, "Duck", "Bathtub")
    assert not any(bank.fits(Scene.STACKED, *pair) for pair in combinations(list(bank.labels)[:40], 2))


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"--backend openmoji needs .*naturel\[openmoji\]"):
        OpenMojiBank()
