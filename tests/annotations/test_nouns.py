"""Noun phrases: the words of the table, its hierarchy, its checks, and defaults for other sources."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from naturel.annotations import nouns as nouns_module
from naturel.annotations.errors import UserError
from naturel.annotations.nouns import Noun, NounKind, NounTable, NounTableError, Number, load_nouns

CLASS_FILE = Path(__file__).parents[3] / "shared/data/openimages/class-descriptions-boxable.csv"
TABLE_FILE = Path(nouns_module.__file__).with_name("nouns.yaml")
S, P, M = Number.SINGULAR, Number.PLURAL, Number.MASS
TABLE = load_nouns()
labels = st.sampled_from(sorted(TABLE.nouns))

ATTRIBUTES = {
    "Transparent": ("transparent", "transparent"),
    "Plastic": ("plastic", "made of plastic"),
    "(made of)Textile": ("fabric", "made of fabric"),
    "(made of)Leather": ("leather", "made of leather"),
    "Wooden": ("wooden", "made of wood"),
    "Stand": ("standing", "standing"),
    "Sit": ("sitting", "sitting"),
    "Lay": ("lying", "lying down"),
    "Walk": ("walking", "walking"),
    "Run": ("running", "running"),
    "Jump": ("jumping", "jumping"),
    "Sing": ("singing", "singing"),
    "Talk": ("talking", "talking"),
    "Smile": ("smiling", "smiling"),
    "Cry": ("crying", "crying"),
}


@pytest.mark.parametrize(
    ("label", "mid", "indefinite", "number", "plural", "kind"),
    [
        ("Cat", "/m/01yrx", "a cat", S, "cats", "animal"),
        ("Man", "/m/04yx4", "a man", S, "men", "person"),
        ("Woman", "/m/03bt1vf", "a woman", S, "women", "person"),
        ("Person", "/m/01g317", "a person", S, "people", "person"),
        ("Girl", "/m/05r655", "a girl", S, "girls", "person"),
        ("Human face", "/m/0dzct", "a face", S, "faces", "body_part"),
        ("Human hand", "/m/0k65p", "a hand", S, "hands", "body_part"),
        ("Human foot", "/m/031n1", "a foot", S, "feet", "body_part"),
        ("Human eye", "/m/014sv8", "an eye", S, "eyes", "body_part"),
        ("Human ear", "/m/039xj_", "an ear", S, "ears", "body_part"),
        ("Human hair", "/m/03q69", "hair", M, "", "body_part"),
        ("Human body", "/m/02p0tk3", "a human body", S, "human bodies", "body_part"),
        ("Umbrella", "/m/0hnnb", "an umbrella", S, "umbrellas", "object"),
        ("Unicycle", "/m/0f6nr", "a unicycle", S, "unicycles", "vehicle"),
        ("Oboe", "/m/05kms", "an oboe", S, "oboes", "instrument"),
        ("Ipod", "/m/0mcx2", "an iPod", S, "iPods", "object"),
        ("Aircraft", "/m/0k5j", "an aircraft", S, "aircraft", "vehicle"),
        ("Watercraft", "/m/01rzcn", "a watercraft", S, "watercraft", "vehicle"),
        ("Mechanical fan", "/m/02x984l", "a fan", S, "fans", "object"),
        ("Bat", "/m/01h44", "a bat", S, "bats", "animal"),
        ("Baseball bat", "/m/03g8mr", "a baseball bat", S, "baseball bats", "object"),
        ("Mouse", "/m/04rmv", "a mouse", S, "mice", "animal"),
        ("Computer mouse", "/m/020lf", "a computer mouse", S, "computer mice", "object"),
        ("Computer keyboard", "/m/01m2v", "a computer keyboard", S, "computer keyboards", "object"),
        ("Musical keyboard", "/m/057cc", "a keyboard", S, "keyboards", "instrument"),
        ("French fries", "/m/02y6n", "French fries", P, "French fries", "food"),
        ("Christmas tree", "/m/025nd", "a Christmas tree", S, "Christmas trees", "plant"),
        ("Segway", "/m/076bq", "a Segway", S, "Segways", "vehicle"),
        ("Jeans", "/m/0fly7", "jeans", P, "jeans", "clothing"),
        ("Trousers", "/m/07mhn", "trousers", P, "trousers", "clothing"),
        ("Glasses", "/m/0jyfg", "glasses", P, "glasses", "clothing"),
        ("Scissors", "/m/01lsmm", "scissors", P, "scissors", "tool"),
        ("Binoculars", "/m/0lt4_", "binoculars", P, "binoculars", "object"),
        ("Headphones", "/m/01b7fy", "headphones", P, "headphones", "object"),
        ("Stairs", "/m/01lynh", "stairs", P, "stairs", "building"),
        ("Earrings", "/m/01r546", "an earring", S, "earrings", "clothing"),
        ("Milk", "/m/04zpv", "milk", M, "", "food"),
        ("Pasta", "/m/05z55", "pasta", M, "", "food"),
        ("Clothing", "/m/09j2d", "clothing", M, "", "clothing"),
        ("Footwear", "/m/09j5n", "footwear", M, "", "clothing"),
        ("Furniture", "/m/0c_jw", "furniture", M, "", "furniture"),
        ("Luggage and bags", "/m/0hf58v5", "luggage", M, "", "container"),
        ("Kitchen & dining room table", "/m/0h8n5zk", "a dining table", S, "dining tables", "furniture"),
        ("Chest of drawers", "/m/05kyg_", "a chest of drawers", S, "chests of drawers", "furniture"),
        ("Bow and arrow", "/m/01g3x7", "a bow and arrow", S, "bows and arrows", "tool"),
        ("Shelf", "/m/0gjbg72", "a shelf", S, "shelves", "furniture"),
        ("Kitchen knife", "/m/058qzx", "a kitchen knife", S, "kitchen knives", "tool"),
        ("Scarf", "/m/02h19r", "a scarf", S, "scarves", "clothing"),
        ("Giraffe", "/m/03bk1", "a giraffe", S, "giraffes", "animal"),
        ("Sheep", "/m/07bgp", "a sheep", S, "sheep", "animal"),
        ("Goose", "/m/0dbvp", "a goose", S, "geese", "animal"),
        ("Ostrich", "/m/05n4y", "an ostrich", S, "ostriches", "animal"),
        ("Butterfly", "/m/0cyf8", "a butterfly", S, "butterflies", "animal"),
        ("Monkey", "/m/08pbxl", "a monkey", S, "monkeys", "animal"),
        ("Cattle", "/m/01xq0k1", "a cow", S, "cows", "animal"),
        ("Tomato", "/m/07j87", "a tomato", S, "tomatoes", "food"),
        ("Piano", "/m/05r5c", "a piano", S, "pianos", "instrument"),
        ("Snowman", "/m/0152hh", "a snowman", S, "snowmen", "object"),
        ("Box", "/m/025dyy", "a box", S, "boxes", "container"),
        ("Waste container", "/m/0bjyj5", "a trash can", S, "trash cans", "container"),
        ("Swimming pool", "/m/0b_rs", "a swimming pool", S, "swimming pools", "place"),
        ("Teddy bear", "/m/0kmg4", "a teddy bear", S, "teddy bears", "toy"),
        ("Auto part", "/m/08dz3q", "a car part", S, "car parts", "object"),
        ("Isopod", "/m/035vxb", "an isopod", S, "isopods", "animal"),
    ],
)
def test_words_of_a_label(
    label: str, mid: str, indefinite: str, number: Number, plural: str, kind: NounKind
) -> None:
    noun = TABLE.nouns[label]
    assert (noun.indefinite(), noun.number, noun.plural, noun.kind) == (indefinite, number, plural, kind)
    assert TABLE.by_mid(mid) is noun
    assert TABLE.noun_for(label) is noun


def test_verb_and_definite_form() -> None:
    assert TABLE.nouns["Jeans"].is_plural
    assert not TABLE.nouns["Milk"].is_plural
    assert TABLE.nouns["Umbrella"].definite() == "the umbrella"
    pairs = {label for label, noun in TABLE.nouns.items() if noun.pair}
    assert {"Jeans", "Scissors", "Glasses", "Roller skates"} <= pairs
    assert not {"Stairs", "French fries", "Dice", "Cosmetics", "Cat"} & pairs


def test_the_table_is_complete() -> None:
    assert len(TABLE.nouns) == 601
    assert {label: (a.adjective, a.predicate) for label, a in TABLE.attributes.items()} == ATTRIBUTES
    spread = "Accordion,Dog bed,Harbor seal,Kitchen & dining room table,Rays and skates,Wood-burning stove,Zucchini"
    assert set(spread.split(",")) <= TABLE.nouns.keys()
    assert all(noun.label == label for label, noun in TABLE.nouns.items())


def test_every_open_images_class_has_its_noun() -> None:
    if not CLASS_FILE.exists():
        pytest.skip("the Open Images class list is not here; give it as ../shared/data/openimages")
    with CLASS_FILE.open(newline="", encoding="utf-8") as file:
        official = {label: mid for mid, label in csv.reader(file)}
    assert {label: noun.mid for label, noun in TABLE.nouns.items()} == official


def test_words_fit_into_sentences() -> None:
    capitals = {"Christmas tree", "French fries", "Horn", "Ipod", "Segway"}
    for noun in TABLE.nouns.values():
        assert noun.noun == " ".join(noun.noun.split())
        assert (noun.noun != noun.noun.lower()) == (noun.label in capitals)
        assert noun.noun.replace(" ", "").replace("-", "").isalpha()


def test_the_embedded_table_is_read_once() -> None:
    assert load_nouns() is TABLE
    assert load_nouns(TABLE_FILE) == TABLE


# Reading


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("sofa", "Couch"),
        ("Sofa", "Couch"),
        ("bikes", None),
        ("bike", "Bicycle"),
        ("cats", "Cat"),
        ("people", "Person"),
        ("french  fries", "French fries"),
        ("mouse", "Mouse"),
        ("glasses", "Glasses"),
        ("tv", "Television"),
        ("computer mice", "Computer mouse"),
        ("wombat", None),
    ],
)
def test_a_noun_is_read(said: str, label: str | None) -> None:
    noun = TABLE.by_noun(said)
    assert (noun.label if noun else None) == label


@given(labels)
def test_every_noun_and_synonym_is_read_back(label: str) -> None:
    noun = TABLE.nouns[label]
    for said in (noun.noun, *noun.synonyms, noun.noun.upper()):
        assert TABLE.by_noun(said) is noun


def test_unknown_ids_and_labels_are_none() -> None:
    assert TABLE.by_mid("") is None
    assert TABLE.by_mid("/m/0bl9f") is None
    assert TABLE.by_label("Wombat") is None
    assert TABLE.attribute_for("") is None
    assert TABLE.attribute_for("Shiny") is None


def test_later_spellings_of_a_label_are_known() -> None:
    assert TABLE.noun_for("Bat (Animal)") is TABLE.nouns["Bat"]
    assert TABLE.by_label("Squash (Plant)") is TABLE.nouns["Squash"]
    assert TABLE.same_thing("Bat (Animal)") == TABLE.same_thing("Bat")
    assert TABLE.by_label("(made of)Leather") is None


# Labels of other sources


@pytest.mark.parametrize(
    ("label", "indefinite", "number", "plural"),
    [
        ("wombat", "a wombat", S, "wombats"),
        ("Igloo", "an igloo", S, "igloos"),
        ("traffic_cone", "a traffic cone", S, "traffic cones"),
        ("  stop   button ", "a stop button", S, "stop buttons"),
        ("hourglass", "an hourglass", S, "hourglasses"),
        ("unicorn", "a unicorn", S, "unicorns"),
        ("uniform", "a uniform", S, "uniforms"),
        ("undershirt", "an undershirt", S, "undershirts"),
        ("SUV", "an suv", S, "suvs"),
        ("one-way sign", "a one-way sign", S, "one-way signs"),
        ("x-ray", "an x-ray", S, "x-rays"),
        ("cup of coffee", "a cup of coffee", S, "cups of coffee"),
        ("man", "a man", S, "men"),
        ("policeman", "a policeman", S, "policemen"),
        ("child", "a child", S, "children"),
        ("bookshop", "a bookshop", S, "bookshops"),
        ("wine glass", "a wine glass", S, "wine glasses"),
        ("bus", "a bus", S, "buses"),
        ("lens", "a lens", S, "lenses"),
        ("city", "a city", S, "cities"),
        ("toy", "a toy", S, "toys"),
        ("blue jeans", "blue jeans", P, "blue jeans"),
        ("pants", "pants", P, "pants"),
        ("trees", "trees", P, "trees"),
        ("bananas", "bananas", P, "bananas"),
        ("skis", "skis", P, "skis"),
        ("people", "people", P, "people"),
        ("french fries", "French fries", P, "French fries"),
        ("grass", "grass", M, ""),
        ("orange juice", "orange juice", M, ""),
        ("street sign", "a street sign", S, "street signs"),
    ],
)
def test_default_for_the_label_of_another_source(
    label: str, indefinite: str, number: Number, plural: str
) -> None:
    noun = TABLE.noun_for(label)
    assert (noun.indefinite(), noun.number, noun.plural) == (indefinite, number, plural)
    assert (noun.label, noun.mid, noun.hypernyms, noun.confusable) == (label, "", (), ())


def test_a_default_takes_the_kind_of_a_clear_word_only() -> None:
    assert TABLE.noun_for("man").kind == "person"
    assert TABLE.noun_for("dog").kind == "animal"
    assert TABLE.noun_for("mouse").kind == "object"
    assert TABLE.noun_for("wombat").kind == "object"
    assert TABLE.noun_for("blue jeans").pair


@pytest.mark.parametrize("label", ["", "   ", "_"])
def test_a_blank_label_has_no_noun(label: str) -> None:
    with pytest.raises(ValueError, match="noun"):
        TABLE.noun_for(label)


@given(st.text().filter(lambda text: text.replace("_", " ").strip()))
def test_any_label_has_a_well_formed_noun(label: str) -> None:
    noun = TABLE.noun_for(label)
    assert noun.label == label or label.startswith(noun.label)
    assert noun.article in (("a", "an") if noun.number is S else ("",))
    assert bool(noun.plural) is (noun.number is not M)
    assert noun.indefinite().endswith(noun.noun)


# Hierarchy


def test_ancestors_and_descendants() -> None:
    assert TABLE.ancestors("Man") == {"Person"}
    assert TABLE.ancestors("Polar bear") == {"Bear", "Carnivore", "Mammal", "Animal"}
    assert TABLE.ancestors("Person") == frozenset()
    assert TABLE.descendants("Person") == {"Man", "Woman", "Boy", "Girl"}
    assert TABLE.descendants("Bear") == {"Brown bear", "Panda", "Polar bear"}
    assert TABLE.descendants("Cat") == frozenset()
    assert "Tomato" in TABLE.descendants("Fruit") & TABLE.descendants("Vegetable")
    assert "Human face" not in TABLE.descendants("Person"), "a part is no kind"
    assert "Wheel" not in TABLE.descendants("Car")


def test_a_loose_link_blocks_but_does_not_prove() -> None:
    assert TABLE.nouns["Frog"].loose_hypernyms == ("Reptile",)
    assert "Reptile" not in TABLE.ancestors("Frog")
    assert "Frog" not in TABLE.descendants("Reptile")
    assert "Reptile" in TABLE.same_thing("Frog")
    assert "Frog" in TABLE.same_thing("Reptile")
    assert "Teddy bear" in TABLE.same_thing("Animal")
    assert TABLE.ancestors("Teddy bear") == {"Toy"}


def test_same_thing() -> None:
    assert TABLE.same_thing("Man") == {"Man", "Boy", "Person", "Human body"}
    assert {"Man", "Woman", "Boy", "Girl"} < TABLE.same_thing("Person")
    assert {"Couch", "Stool", "Bench", "Furniture"} < TABLE.same_thing("Chair")
    assert {"Desk", "Coffee table", "Countertop", "Kitchen & dining room table"} < TABLE.same_thing("Table")
    assert {"Taxi", "Van", "Limousine", "Vehicle"} < TABLE.same_thing("Car")
    assert "Baseball bat" in TABLE.same_thing("Bat")
    assert "Computer mouse" in TABLE.same_thing("Mouse")
    assert "Weapon" in TABLE.same_thing("Vehicle"), "a tank is both"
    assert TABLE.same_thing("Giraffe") == {"Giraffe", "Mammal", "Animal"}
    assert not {"Desk", "Dog", "Man"} & TABLE.same_thing("Cat")


@given(labels, labels)
def test_same_thing_is_symmetric_and_covers_the_hierarchy(one: str, other: str) -> None:
    assert (other in TABLE.same_thing(one)) == (one in TABLE.same_thing(other))
    assert {
        one,
        *TABLE.ancestors(one),
        *TABLE.descendants(one),
        *TABLE.nouns[one].confusable,
    } <= TABLE.same_thing(one)
    assert (other in TABLE.ancestors(one)) == (one in TABLE.descendants(other))


def test_an_unknown_label_stands_alone() -> None:
    assert TABLE.same_thing("wombat") == {"wombat"}
    assert TABLE.ancestors("wombat") == TABLE.descendants("wombat") == frozenset()


def write_hierarchy(folder: Path, *classes: object) -> Path:
    path = folder / "hierarchy.json"
    path.write_text(json.dumps({"LabelName": "/m/0bl9f", "Subcategory": classes}), encoding="utf-8")
    return path


def branch(label: str, *below: object, part: object = None) -> dict[str, object]:
    node: dict[str, object] = {"LabelName": TABLE.nouns[label].mid if label in TABLE.nouns else label}
    return node | ({"Subcategory": below} if below else {}) | ({"Part": [part]} if part else {})


def test_the_official_hierarchy_adds_links(tmp_path: Path) -> None:
    unicycle = branch("Unicycle", part=branch("Wheel", branch("Tire")))
    path = write_hierarchy(
        tmp_path,
        branch("Toy", unicycle, branch("Balloon"), branch("/m/unknown", branch("Ladder"))),
        branch("Furniture", branch("Chair", branch("Ladder"))),
        branch("Reptile", branch("Frog")),
    )
    table = TABLE.with_hierarchy(path)
    assert table.nouns["Unicycle"].hypernyms == ("Land vehicle", "Toy")
    assert table.ancestors("Unicycle") == {"Land vehicle", "Vehicle", "Toy"}
    assert table.ancestors("Ladder") == {"Tool", "Toy", "Chair", "Furniture"}, (
        "several places, unknown class between"
    )
    assert "Wheel" not in table.descendants("Unicycle"), "Part is ignored"
    assert table.ancestors("Tire") == TABLE.ancestors("Tire"), "and so is all below it"
    assert table.ancestors("Frog") == {"Animal"}, "a loose link stays loose"
    assert table.ancestors("Balloon") == frozenset()
    assert table.ancestors("Polar bear") == TABLE.ancestors("Polar bear")
    assert TABLE.ancestors("Unicycle") == {"Land vehicle", "Vehicle"}, "the old table is unchanged"


def test_a_cycle_in_the_hierarchy_is_refused(tmp_path: Path) -> None:
    path = write_hierarchy(tmp_path, branch("Cat", branch("Animal")), branch("Tent", branch("Tent")))
    with pytest.raises(NounTableError) as caught:
        TABLE.with_hierarchy(path)
    assert caught.value.faults == (
        "Animal: hypernyms go in a circle through Animal, Carnivore, Cat, Mammal; drop one link",
        "Tent: hypernyms go in a circle through Tent; drop one link",
    )
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "no class hierarchy"),
        ('{"Subcategory": []}', "no class hierarchy"),
        ('{"LabelName": "/m/0jbk", "Subcategory": [7]}', "no class hierarchy"),
        ('{"LabelName": ["/m/0jbk"]}', "no class hierarchy"),
        ('{"LabelName": "/m/0bl9f"}', "no class of the noun table"),
        ("\ufeff[", "cannot be read as JSON"),
    ],
)
def test_a_broken_hierarchy_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "hierarchy.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NounTableError, match=fault):
        TABLE.with_hierarchy(path)
    with pytest.raises(NounTableError, match="cannot be read"):
        TABLE.with_hierarchy(tmp_path / "missing.json")


# Attributes


def test_attributes_by_label_and_id() -> None:
    assert TABLE.attribute_for("/m/083vt") is TABLE.attribute_for("Wooden") is TABLE.attributes["Wooden"]
    ids = {label: TABLE.attributes[label].mid for label in list(ATTRIBUTES)[:5]}
    assert list(ids.values()) == ["/m/02gy9n", "/m/05z87", "/m/0dnr7", "/m/04lbp", "/m/083vt"]


def test_attributes_exclude_each_other_only_where_a_box_cannot_have_both() -> None:
    pairs = {frozenset((label, other)) for label, a in TABLE.attributes.items() for other in a.excludes}
    still, moving = ("Sit", "Lay"), ("Walk", "Run", "Jump")
    expected = {frozenset(("Stand", "Sit")), frozenset(("Stand", "Lay")), frozenset(("Sit", "Lay"))}
    expected |= {frozenset((one, other)) for one in still for other in moving}
    assert pairs == expected | {frozenset(("Smile", "Cry"))}


# Faults


def write_table(folder: Path, text: str) -> Path:
    path = folder / "nouns.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(folder: Path, text: str) -> list[str]:
    path = write_table(folder, text)
    with pytest.raises(NounTableError) as caught:
        load_nouns(path)
    assert isinstance(caught.value, UserError)
    assert str(caught.value).splitlines() == [f"{path}: {fault}" for fault in caught.value.faults]
    return list(caught.value.faults)


def test_a_small_table_loads(tmp_path: Path) -> None:
    table = load_nouns(
        write_table(tmp_path, "nouns: {Hay Bale: {}, Milk: {number: mass}, Ox: {plural: oxen}}")
    )
    assert [noun.indefinite() for noun in table.nouns.values()] == ["a hay bale", "milk", "an ox"]
    assert [noun.plural for noun in table.nouns.values()] == ["hay bales", "", "oxen"]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = """
words: {an: [hour], nope: [x]}
verbs: {}
attributes:
  Wet: {mid: /m/1, adjective: wet, predicate: wet, group: water, excludes: [Dry]}
  Dry: {mid: /m/9, adjective: dry, predicate: dry, group: water, excludes: [Damp]}
nouns:
  Cat: {mid: /m/1, hypernyms: [Beast], confusable: [Dog, Cat]}
  Dog: {mid: /m/2, article: the}
  Kitty: {mid: /m/2, noun: cat, synonyms: [dog, puss, puss]}
  Milk: {number: mass, article: a, plural: milks, pair: true}
  Jeans: {number: plural, plural: ""}
  Egg: {hypernyms: [Hen]}
  Hen: {loose_hypernyms: [Egg, Egg]}
  Bad: {number: several, kind: ghost, size: 3}
  Blank: {noun: ""}
  Odd: [1]
  Dog: {mid: /m/2, article: the}
"""
    expected = [
        "Dog: stands twice; keep one",
        "verbs: no section of this file; drop it",
        "words: nope: Extra inputs are not permitted",
        "Bad: number: Input should be 'singular', 'plural' or 'mass', not 'several'; mend this field",
        "Bad: kind: Input should be 'person'",
        "Bad: size: Extra inputs are not permitted, not 3; mend this field",
        "Blank: noun: String should have at least 1 character, not ''; mend this field",
        "Odd: entry: Extra inputs are not permitted, not [1]; mend this field",
        'Dog: article "the" of a singular noun; use a or an',
        'Milk: article "a" of a mass noun; leave it out',
        'Milk: plural "milks" of a mass noun; leave it out',
        "Milk: pair of a mass noun; leave it out",
        'Jeans: plural "" of a plural noun; give one',
        'Kitty: noun "cat" is that of Cat too; reword one',
        'Kitty: synonym "dog" means Dog already; drop it',
        'Kitty: synonym "puss" means Kitty already; drop it',
        "Kitty: mid /m/2 is that of Dog too; mend one",
        "Wet: mid /m/1 is that of Cat too; mend one",
        "Cat: hypernym Beast is no label here; mend or drop it",
        "Hen: hypernym Egg stands twice; drop one",
        "Cat: confusable Dog is one-sided; add Cat to Dog",
        "Cat: confusable Cat is the label itself; drop it",
        "Wet: excludes Dry is one-sided; add Wet to Dry",
        "Dry: excludes Damp is no label here; mend or drop it",
        "Egg: hypernyms go in a circle through Egg, Hen; drop one link",
    ]
    told = faults_of(tmp_path, text)
    assert [next((e for e in expected if fault.startswith(e)), fault) for fault in told] == expected


@pytest.mark.parametrize("text", ["", "[]", "nouns: []", "nouns:", "cats", "attributes: {}"])
def test_a_file_without_nouns_is_refused(tmp_path: Path, text: str) -> None:
    assert faults_of(tmp_path, text)


@pytest.mark.parametrize(
    "text", ["nouns: {", "nouns: {a: b: c}", "nouns: !!python/object:os.x {}", "a: \x00"]
)
def test_unreadable_yaml_is_one_fault(tmp_path: Path, text: str) -> None:
    (fault,) = faults_of(tmp_path, text)
    assert fault.startswith("cannot be read: ")


def test_a_missing_file_is_one_fault(tmp_path: Path) -> None:
    with pytest.raises(NounTableError, match="cannot be read"):
        load_nouns(tmp_path / "missing.yaml")


def test_nouns_and_tables_are_frozen() -> None:
    with pytest.raises(ValidationError):
        TABLE.nouns["Cat"].noun = "dog"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        TABLE.words = TABLE.words  # type: ignore[misc]
    assert NounTable({"Cat": Noun(label="Cat", noun="cat", plural="cats")}).descendants("Cat") == frozenset()


def test_the_file_carries_only_exceptions() -> None:
    """A field that its default would give as well is noise for the next editor."""
    entries = yaml.safe_load(TABLE_FILE.read_text(encoding="utf-8"))["nouns"]
    assert list(entries) == sorted(entries, key=str.casefold)
    for label, entry in entries.items():
        bare = {
            "label": label,
            "noun": entry.get("noun", label.lower()),
            "number": entry.get("number", "singular"),
        }
        derived = {
            "number": "singular",
            "kind": "object",
            **TABLE.words.complete(bare),
            "noun": label.lower(),
        }
        assert not {key for key in entry if entry[key] == derived.get(key)} - {"number"}, label
