"""Further words: what they show, what they never show, and the checks of the file."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naturel.annotations import words as words_module
from naturel.annotations.errors import UserError
from naturel.annotations.nouns import load_nouns
from naturel.annotations.words import Lexicon, LexiconError, load_words

FOLDER = Path(words_module.__file__).parent
LEXICON = load_words()
TABLE = load_nouns()
LISTS = {"other": LEXICON.other, "scenery": LEXICON.scenery, "groups": LEXICON.groups}
listed = st.sampled_from(sorted((word, name) for name, words in LISTS.items() for word in words))
labelled = st.sampled_from(sorted((word, label) for label, words in LEXICON.words.items() for word in words))

SHOWN = {
    "kitten": "Cat",
    "kitty": "Cat",
    "tabby": "Cat",
    "puppy": "Dog",
    "pup": "Dog",
    "labrador": "Dog",
    "bulldog": "Dog",
    "poodle": "Dog",
    "German Shepherd": "Dog",
    "pony": "Horse",
    "stallion": "Horse",
    "rooster": "Chicken",
    "seagull": "Bird",
    "pigeon": "Bird",
    "ewe": "Sheep",
    "piglet": "Pig",
    "toad": "Frog",
    "gorilla": "Mammal",
    "donkey": "Mammal",
    "wolf": "Carnivore",
    "salamander": "Animal",
    "mosquito": "Insect",
    "alligator": "Reptile",
    "cobra": "Snake",
    "stag": "Deer",
    "gosling": "Goose",
    "walrus": "Marine mammal",
    "guitarist": "Person",
    "musician": "Person",
    "chef": "Person",
    "cook": "Person",
    "player": "Person",
    "rider": "Person",
    "student": "Person",
    "kid": "Person",
    "toddler": "Person",
    "infant": "Person",
    "teen": "Person",
    "skateboarder": "Person",
    "snowboarder": "Person",
    "biker": "Person",
    "goalie": "Person",
    "passer-by": "Person",
    "firefighter": "Person",
    "lady": "Woman",
    "grandmother": "Woman",
    "bride": "Woman",
    "waitress": "Woman",
    "guy": "Man",
    "gentleman": "Man",
    "policeman": "Man",
    "schoolboy": "Boy",
    "schoolgirl": "Girl",
    "sneaker": "Footwear",
    "slipper": "Footwear",
    "tee shirt": "Shirt",
    "t-shirt": "Shirt",
    "hoodie": "Clothing",
    "blazer": "Jacket",
    "beanie": "Hat",
    "bracelet": "Fashion accessory",
    "sedan": "Car",
    "pickup": "Truck",
    "tractor": "Land vehicle",
    "kayak": "Boat",
    "yacht": "Watercraft",
    "jet": "Airplane",
    "armchair": "Chair",
    "pew": "Bench",
    "daisy": "Flower",
    "oak": "Tree",
    "cactus": "Plant",
    "cherry": "Fruit",
    "onion": "Vegetable",
    "cheddar": "Cheese",
    "lemonade": "Drink",
    "cupcake": "Cake",
    "steak": "Food",
    "clarinet": "Musical instrument",
    "basket": "Container",
    "church": "Building",
    "cottage": "House",
    "steeple": "Tower",
    "shovel": "Tool",
    "spear": "Weapon",
    "novel": "Book",
    "fist": "Human hand",
    "ponytail": "Human hair",
    "yo-yo": "Toy",
    "toothpaste": "Personal care",
    "windshield": "Auto part",
    "pencil": "Office supplies",
}


@pytest.mark.parametrize(("word", "label"), list(SHOWN.items()))
def test_a_kind_shows_its_label_and_all_above(word: str, label: str) -> None:
    assert LEXICON.labels_of(word) == {label} | TABLE.ancestors(label)


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("cat", "Person"),
        ("kitten", "Dog"),
        ("hot dog", "Dog"),
        ("dog bed", "Dog"),
        ("bulldog", "Cattle"),
        ("sea lion", "Lion"),
        ("seahorse", "Horse"),
        ("guinea pig", "Pig"),
        ("prairie dog", "Dog"),
        ("jellyfish", "Fish"),
        ("starfish", "Fish"),
        ("butterfly", "Food"),
        ("ladybug", "Woman"),
        ("bat", "Person"),
        ("fox", "Person"),
        ("toy car", "Car"),
        ("fire truck", "Car"),
        ("teddy bear", "Bear"),
        ("polar bear", "Brown bear"),
        ("bookcase", "Book"),
        ("pineapple", "Apple"),
        ("eggplant", "Plant"),
        ("hamburger bun", "Hamburger"),
        ("houseboat", "House"),
        ("lighthouse", "House"),
        ("greenhouse", "House"),
        ("dollhouse", "House"),
        ("snowman", "Man"),
        ("scarecrow", "Bird"),
        ("shuttlecock", "Bird"),
        ("handbag", "Human hand"),
        ("football player", "Football"),
        ("guitarist", "Guitar"),
        ("doctor", "Man"),
        ("nurse", "Woman"),
        ("baby", "Boy"),
        ("tank top", "Tank"),
        ("wine bottle", "Wine"),
        ("mousepad", "Mouse"),
        ("keyboardist", "Musical keyboard"),
        ("crowd", "Person"),
        ("family", "Person"),
    ],
)
def test_a_word_does_not_show(word: str, label: str) -> None:
    assert label not in LEXICON.labels_of(word)


@pytest.mark.parametrize("word", ["asdf", "", "  ", "watch out", "bank", "crane", "cover", "walking", "the"])
def test_unknown_and_ambiguous_words_are_nothing(word: str) -> None:
    assert not LEXICON.labels_of(word)
    assert not any(ask(word) for ask in (LEXICON.is_other, LEXICON.is_scenery, LEXICON.is_group))


@pytest.mark.parametrize(
    ("word", "labels"),
    [
        ("bat", {"Bat", "Baseball bat"}),
        ("bats", {"Bat", "Baseball bat"}),
        ("mouse", {"Mouse", "Computer mouse"}),
        ("mice", {"Mouse", "Computer mouse"}),
        ("keyboard", {"Musical keyboard", "Computer keyboard"}),
        ("glasses", {"Glasses", "Wine glass"}),
        ("pitcher", {"Pitcher", "Person"}),
        ("fan", {"Mechanical fan", "Person"}),
        ("salmon", {"Fish", "Seafood"}),
        ("orca", {"Whale", "Dolphin"}),
        ("nephew", {"Boy", "Man"}),
        ("mother", {"Woman", "Animal"}),
    ],
)
def test_a_homonym_shows_all_that_it_may_mean(word: str, labels: set[str]) -> None:
    assert LEXICON.labels_of(word) == labels.union(*map(TABLE.ancestors, labels))


@pytest.mark.parametrize(
    ("many", "label"),
    [
        ("Kittens", "Cat"),
        ("puppies", "Dog"),
        ("LADIES", "Woman"),
        ("firemen", "Man"),
        ("fishermen", "Person"),
        ("policewomen", "Woman"),
        ("housewives", "Woman"),
        ("thieves", "Person"),
        ("passersby", "Person"),
        ("mothers-in-law", "Woman"),
        ("bookshelves", "Bookcase"),
        ("headscarves", "Scarf"),
        ("mosquitoes", "Insect"),
        ("cacti", "Plant"),
        ("bunnies", "Rabbit"),
        ("taxi cabs", "Taxi"),
        ("t shirts", "Shirt"),
        ("people", "Person"),
        ("wine  glasses", "Wine glass"),
        ("slacks", "Trousers"),
        ("chopstick", "Chopsticks"),
        ("ma’am", "Woman"),
    ],
)
def test_plurals_case_and_spelling_do_not_matter(many: str, label: str) -> None:
    assert LEXICON.labels_of(many) == {label} | TABLE.ancestors(label)


@pytest.mark.parametrize(
    "word",
    ["typewriter", "wall", "blanket", "knee", "elbow", "tail", "wing", "feather", "beach", "street", "road"],
)
def test_things_without_a_label(word: str) -> None:
    assert LEXICON.is_other(word)
    assert LEXICON.is_other(word.upper())
    assert not LEXICON.labels_of(word)


@pytest.mark.parametrize(
    "word", ["computer", "sign", "light", "machine", "device", "broom", "mask", "cage door", "gun", "seat"]
)
def test_what_could_be_a_kind_of_a_label_is_not_other(word: str) -> None:
    assert not LEXICON.is_other(word)


@pytest.mark.parametrize(
    "word",
    [
        "morning",
        "sunlight",
        "scene",
        "corner",
        "edge",
        "side",
        "top",
        "surface",
        "background",
        "air",
        "silence",
    ],
)
def test_scenery(word: str) -> None:
    assert LEXICON.is_scenery(word)
    assert not LEXICON.is_other(word)


@pytest.mark.parametrize("word", ["crowd", "couple", "families", "team", "herd", "flocks", "pile"])
def test_groups(word: str) -> None:
    assert LEXICON.is_group(word)
    assert not LEXICON.labels_of(word)


def test_leaves_of_a_tree_are_other() -> None:
    assert LEXICON.is_other("leaves")


@given(labelled)
def test_every_word_of_a_label_shows_it(pair: tuple[str, str]) -> None:
    word, label = pair
    for form in (word, word.title(), TABLE.words.plural(word)):
        assert label in LEXICON.labels_of(form) or form not in (word, word.title())
        assert not LEXICON.is_other(form)
    assert TABLE.by_noun(word) is None


@given(listed)
def test_a_listed_word_is_in_one_list_only(pair: tuple[str, str]) -> None:
    word, name = pair
    said = {
        "other": LEXICON.is_other(word),
        "scenery": LEXICON.is_scenery(word),
        "groups": LEXICON.is_group(word),
    }
    assert [one for one, is_it in said.items() if is_it] == [name]
    assert not LEXICON.labels_of(word)


@given(st.sampled_from(sorted(TABLE.nouns)))
def test_all_that_the_table_says_is_known(label: str) -> None:
    noun = TABLE.nouns[label]
    for said in (noun.noun, *noun.synonyms, *([noun.plural] if noun.plural else [])):
        assert {label} | TABLE.ancestors(label) <= LEXICON.labels_of(said)


def test_no_plural_means_another_thing_than_its_singular() -> None:
    singular = {word: {label} | TABLE.ancestors(label) for label, ws in LEXICON.words.items() for word in ws}
    for word, labels in singular.items():
        many = TABLE.words.plural(word)
        assert LEXICON.labels_of(many) in (labels, frozenset()), (word, many)


def test_the_lists_are_long_enough() -> None:
    assert sum(map(len, LEXICON.words.values())) > 4000
    assert len(LEXICON.other) > 1500
    assert len(LEXICON.scenery) > 300
    assert len(LEXICON.groups) > 100


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "words.yaml"
    path.write_text(text, "utf-8")
    return path


def test_a_small_file_is_read(tmp_path: Path) -> None:
    lexicon = load_words(
        write(tmp_path, "labels: {Cat: [grimalkin, on]}\nplurals: {on: onnen}\nother: [widget of]\n")
    )
    assert lexicon == Lexicon(
        TABLE,
        words={"Cat": ("grimalkin", "on")},
        other=frozenset({"widget of"}),
        plurals={"on": "onnen"},
    )
    assert lexicon.labels_of("Grimalkins") == {"Cat"} | TABLE.ancestors("Cat")
    assert lexicon.labels_of("onnen") == lexicon.labels_of("on")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("labels: {Kat: [kitten]}", "labels: Kat is no label of the noun table; mend or drop it"),
        (
            "labels: {Cat: [kitten], Dog: [kitten]}",
            'labels: Dog: "kitten" stands under labels: Cat already; keep one',
        ),
        ("labels: {Cat: [a-b, a b]}", 'labels: Cat: "a b" stands under labels: Cat already; keep one'),
        ("other: [brick, brick]", 'other: "brick" stands under other already; keep one'),
        ("other: [brick]\nscenery: [brick]", 'scenery: "brick" stands under other already; keep one'),
        ("labels: {Dog: [cat]}", 'labels: Dog: "cat" means Cat in the noun table; drop it'),
        ("other: [bunny]", 'other: "bunny" means Rabbit in the noun table; drop it'),
        ("groups: [mice]", 'groups: "mice" means Mouse in the noun table; drop it'),
        ("other: [Brick]", 'other: "Brick" is not one or two words in lower case; mend it'),
        ("other: [one two three]", 'other: "one two three" is not one or two words in lower case; mend it'),
        ("other: ['']", 'other: "" is not one or two words in lower case; mend it'),
        ("other: [1]", "other: 1 is no word; quote or mend it"),
        ("other: brick", "other: is no list of words, but 'brick'; mend it"),
        ("labels: [brick]", "labels: is no mapping, but ['brick']; mend this section"),
        ("homonyms: {bat: [Bat]}", "homonyms: bat needs two labels or more; put it under labels"),
        (
            "homonyms: {bat: [Bat, Club]}",
            "homonyms: bat: Club is no label of the noun table; mend or drop it",
        ),
        (
            "homonyms: {bat: [Baseball bat, Person]}",
            "homonyms: bat leaves out Bat, which the noun table means by it; add it",
        ),
        ("plurals: {thief: 2}", "plurals: thief: 2 is no word; quote or mend it"),
        ("things: [brick]", "things: no section of this file; drop it"),
        ("other: [brick]\nother: [stone]", "other: stands twice; keep one"),
    ],
)
def test_a_fault_is_told(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(LexiconError) as caught:
        load_words(write(tmp_path, text))
    assert fault in caught.value.faults


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "labels: {Kat: [kitten], Dog: [cat]}\nother: [Brick, 1]\n")
    with pytest.raises(UserError) as caught:
        load_words(path)
    assert isinstance(caught.value, LexiconError)
    assert len(caught.value.faults) == 4
    assert all(line.startswith(f"{path}: ") for line in str(caught.value).splitlines())


@pytest.mark.parametrize("text", ["[", "other", "- other", "other: !!python/none x"])
def test_what_is_no_word_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(LexiconError):
        load_words(write(tmp_path, text))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match="cannot be read"):
        load_words(tmp_path / "none.yaml")


def test_the_embedded_file_is_read_once() -> None:
    assert load_words() is load_words()


def test_source_and_licence_are_named() -> None:
    head = (FOLDER / "words.yaml").read_text("utf-8").split("\nlabels:")[0]
    assert "WordNet 3.1" in head
    assert "WORDNET_LICENSE.txt" in head
    notice = (FOLDER / "WORDNET_LICENSE.txt").read_text("utf-8")
    assert "WordNet 3.1 Copyright 2011 by Princeton University.  All rights reserved." in notice
    assert "Permission to use, copy, modify and distribute" in notice


def test_the_files_are_packaged() -> None:
    setup = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    patterns = setup["tool"]["setuptools"]["package-data"]["naturel.annotations"]
    for name in ("words.yaml", "WORDNET_LICENSE.txt"):
        assert any(fnmatch(name, pattern) for pattern in patterns), name


@pytest.mark.parametrize(
    ("label", "below", "loosely", "kind"),
    [
        ("skier", {"Person"}, {"Boy", "Girl", "Man", "Woman"}, "person"),
        ("guy", {"Man"}, set(), "person"),
        ("seagull", {"Bird"}, set(), "animal"),
        ("trees", set(), {"Tree"}, "plant"),
        ("bat", set(), {"Bat", "Baseball bat"}, "object"),
        ("lamppost top", set(), set(), "object"),
    ],
)
def test_further_labels_go_below_those_of_the_table(
    label: str, below: set[str], loosely: set[str], kind: str
) -> None:
    table = LEXICON.table_with([label, "Cat"], TABLE)
    noun = table.nouns[label]
    assert (set(noun.hypernyms), set(noun.loose_hypernyms), noun.kind) == (below, loosely, kind)
    for above in below | loosely:
        assert label in table.same_thing(above)
        assert (label in table.descendants(above)) is (above in below)
    assert table.nouns["Cat"] == TABLE.nouns["Cat"]
    assert label not in TABLE.nouns
