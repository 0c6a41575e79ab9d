"""The rule-based writer, sentence by sentence. The expected sentences were written by hand."""

from __future__ import annotations

import pytest

from naturel.annotations.claims import Claim
from naturel.annotations.nouns import Attribute, Noun, Number, load_nouns
from naturel.annotations.relations import Frame, Kind, Phrases, Relation, Symmetry, Verb, load_vocabulary
from naturel.builders.captions.grammar import CONSTRUCTIONS, Writer, choose_constructions


def noun(text: str, kind: str = "object", number: Number = Number.SINGULAR) -> Noun:
    article = "" if number is not Number.SINGULAR else "an" if text[0] in "aeiou" else "a"
    return Noun(label=text.capitalize(), noun=text, number=number, article=article, kind=kind)


def place(name: str, *prepositions: str, **more: object) -> Relation:
    phrases = Phrases(simple=prepositions[0], prepositions=prepositions)
    return Relation.model_validate({"name": name, "kind": Kind.SPATIAL, "phrases": phrases, **more})


def action(
    name: str, forms: str, particle: str = "", passive: bool = True, progressive: bool = True
) -> Relation:
    base, third, gerund, participle = forms.split()
    verb = Verb(
        base=base,
        third=third,
        gerund=gerund,
        participle=participle,
        particle=particle,
        passive=passive,
        progressive=progressive,
    )
    phrases = Phrases(simple=f"{gerund} {particle}".strip(), verb=verb)
    return Relation(name=name, kind=Kind.ACTION, phrases=phrases)


NOUNS = [
    *(noun(text, "animal") for text in ("cat", "dog", "horse", "elephant")),
    *(noun(text, "person") for text in ("man", "woman", "person")),
    *(noun(text, "furniture") for text in ("table", "desk", "bed")),
    *(noun(text, "plant") for text in ("tree",)),
    *(
        noun(text)
        for text in ("guitar", "cup", "box", "umbrella", "plate", "surfboard", "bag", "hat", "book")
    ),
    noun("car", "vehicle"),
    noun("child"),
    noun("apple", "food"),
    noun("jeans", "clothing", Number.PLURAL),
    noun("glasses", "clothing", Number.PLURAL),
    noun("flowers", "plant", Number.PLURAL),
    noun("French fries", "food", Number.PLURAL),
    noun("milk", "food", Number.MASS),
]
RELATIONS = [
    place("on", "on"),
    place("in", "in", inverse="contain"),
    place("near", "near", symmetry=Symmetry.SYMMETRIC, inverse="near"),
    place("above", "above", inverse="below"),
    place("below", "below", inverse="above"),
    place("in_front_of", "in front of"),
    place("at", "at"),
    place("far_from", "far from"),
    place("covered_with", "covered with"),
    place("left_of", "to the left of", inverse="right_of", frame=Frame.VIEWER),
    place("right_of", "to the right of", inverse="left_of", frame=Frame.VIEWER),
    action("contain", "contain contains containing contained", passive=False, progressive=False),
    action("holds", "hold holds holding held"),
    action("wears", "wear wears wearing worn"),
    action("covers", "cover covers covering covered"),
    action("touching", "touch touches touching touched"),
    action("eat", "eat eats eating eaten"),
    action("hug", "hug hugs hugging hugged"),
    action("surf", "surf surfs surfing surfed", "on", passive=False),
    action("holding_hands", "hold holds holding held", "hands with", passive=False),
]
ATTRIBUTES = [
    Attribute(label="Wooden", adjective="wooden", predicate="wooden", group="material"),
    Attribute(label="(made of)Leather", adjective="leather", predicate="made of leather", group="material"),
    Attribute(label="Smile", adjective="smiling", predicate="smiling", group="expression"),
    Attribute(label="Lay", adjective="lying", predicate="lying down", group="posture"),
    Attribute(label="Opaque", adjective="opaque", predicate="opaque", group="transparency"),
]
WRITER = Writer(
    {relation.name: relation for relation in RELATIONS}, NOUNS, {each.label: each for each in ATTRIBUTES}
)

# (subject, relation, object, construction, sentence; None where the construction does not fit)
SENTENCES: list[tuple[str, str, str, str, str | None]] = [
    # simple
    ("cat", "on", "desk", "simple", "cat on desk"),
    ("desk", "on", "cat", "simple", "desk on cat"),
    ("man", "holds", "guitar", "simple", "man holds guitar"),
    ("man", "surf", "surfboard", "simple", "man surfs on surfboard"),
    ("French fries", "on", "plate", "simple", "French fries on plate"),
    ("table", "is", "Wooden", "simple", "wooden table"),
    # places
    ("cat", "on", "table", "svo", "The cat is on the table."),
    ("jeans", "on", "bed", "svo", "The jeans are on the bed."),
    ("milk", "in", "cup", "svo", "The milk is in the cup."),
    ("table", "on", "cat", "svo", "The table is on the cat."),
    ("cat", "on", "table", "present", None),
    ("cat", "on", "table", "passive", None),
    ("cat", "on", "table", "have", "The table has a cat on it."),
    ("cat", "on", "jeans", "have", "The jeans have a cat on them."),
    ("cat", "on", "woman", "have", "The woman has a cat on her."),
    ("cat", "on", "person", "have", None),
    ("man", "at", "table", "have", None),
    ("cat", "on", "table", "existential", "There is a cat on the table."),
    ("elephant", "near", "tree", "existential", "There is an elephant near the tree."),
    ("jeans", "on", "bed", "existential", "There are jeans on the bed."),
    ("milk", "in", "cup", "existential", "There is milk in the cup."),
    ("cat", "on", "table", "existential_relative", "There is a cat that is on the table."),
    ("man", "on", "horse", "existential_relative", "There is a man who is on the horse."),
    ("cat", "on", "table", "existential_with", "There is a table with a cat on it."),
    ("cat", "on", "table", "fronted", "On the table, there is a cat."),
    ("jeans", "on", "bed", "fronted", "On the bed, there are jeans."),
    ("cat", "covered_with", "flowers", "fronted", None),
    ("cat", "in_front_of", "car", "inversion", "In front of the car is a cat."),
    ("apple", "on", "table", "inversion", "On the table is an apple."),
    ("jeans", "on", "bed", "inversion", "On the bed are jeans."),
    ("cat", "on", "table", "cleft", "It is the cat that is on the table."),
    ("man", "on", "horse", "cleft", "It is the man who is on the horse."),
    ("jeans", "on", "bed", "cleft", "It is the jeans that are on the bed."),
    ("cat", "on", "table", "object_cleft", "It is the table that the cat is on."),
    ("man", "at", "table", "object_cleft", "It is the table that the man is at."),
    ("cat", "near", "woman", "object_cleft", "It is the woman whom the cat is near."),
    ("cat", "on", "table", "pseudo_cleft", "What is on the table is a cat."),
    ("milk", "in", "cup", "pseudo_cleft", "What is in the cup is milk."),
    ("man", "on", "horse", "pseudo_cleft", None),
    ("jeans", "on", "bed", "pseudo_cleft", None),
    ("cat", "on", "table", "topic", "As for the cat, it is on the table."),
    ("man", "on", "horse", "topic", "As for the man, he is on the horse."),
    ("jeans", "on", "bed", "topic", "As for the jeans, they are on the bed."),
    ("person", "on", "horse", "topic", None),
    ("child", "on", "horse", "cleft", "It is the child who is on the horse."),
    ("cat", "on", "table", "object_topic", "As for the table, the cat is on it."),
    ("man", "at", "table", "object_topic", None),
    ("apple", "on", "umbrella", "reduced", "An apple on an umbrella."),
    ("milk", "in", "cup", "reduced", "Milk in a cup."),
    ("cat", "on", "table", "with", "A table with a cat on it."),
    ("jeans", "on", "table", "with", "A table with jeans on it."),
    ("cat", "on", "jeans", "with", "Jeans with a cat on them."),
    ("cat", "on", "man", "with", "A man with a cat on him."),
    ("cat", "on", "table", "relative", "A cat that is on a table."),
    ("cat", "on", "table", "object_relative", "This is the table that the cat is on."),
    ("cat", "on", "jeans", "object_relative", "These are the jeans that the cat is on."),
    ("cat", "on", "table", "pied", "A table on which there is a cat."),
    ("cat", "far_from", "table", "pied", None),
    ("cat", "far_from", "table", "with", None),
    ("cat", "far_from", "table", "fronted", "Far from the table, there is a cat."),
    ("dog", "near", "woman", "pied", "A woman near whom there is a dog."),
    ("horse", "left_of", "tree", "pied", "A tree to the left of which there is a horse."),
    ("table", "covered_with", "flowers", "pied", "Flowers with which a table is covered."),
    ("cat", "on", "table", "picture", "The picture shows a cat on a table."),
    ("cat", "on", "table", "picture_of", "This is a picture of a cat on a table."),
    ("jeans", "on", "bed", "in_picture", "In the picture, jeans are on a bed."),
    ("cat", "on", "table", "seen", "You can see a cat on the table."),
    ("milk", "in", "cup", "seen_passive", "Milk can be seen in the cup."),
    # the inverse
    ("cat", "above", "table", "inverse", "The table is below the cat."),
    ("jeans", "below", "cat", "inverse", "The cat is above the jeans."),
    ("milk", "in", "box", "inverse", "The box contains the milk."),
    ("man", "in", "car", "inverse", None),
    ("cat", "above", "table", "inverse_existential", "There is a table below the cat."),
    ("milk", "in", "cup", "inverse_existential", "There is a cup containing milk."),
    ("cat", "above", "table", "inverse_reduced", "A table below a cat."),
    ("cat", "on", "table", "inverse", None),
    ("cat", "near", "table", "inverse", None),
    # a verb that says a state
    ("box", "contain", "cat", "svo", "The box contains the cat."),
    ("box", "contain", "cat", "reduced", "A box containing a cat."),
    ("box", "contain", "cat", "present", None),
    ("hat", "covers", "box", "svo", "The hat covers the box."),
    ("hat", "covers", "box", "passive", "The box is covered by the hat."),
    ("cat", "touching", "dog", "svo", "The cat is touching the dog."),
    ("cat", "touching", "dog", "passive_relative", "A dog that is being touched by a cat."),
    # left and right
    ("horse", "left_of", "tree", "svo", "The horse is to the left of the tree."),
    ("horse", "left_of", "tree", "inverse", "The tree is to the right of the horse."),
    ("horse", "left_of", "tree", "possessive", "The horse is to the tree's left."),
    ("horse", "right_of", "flowers", "possessive", "The horse is to the flowers' right."),
    ("horse", "left_of", "man", "possessive", None),
    ("horse", "left_of", "tree", "possessive_inversion", "To the tree's left is a horse."),
    ("horse", "left_of", "tree", "comparative", "The horse is farther to the left than the tree."),
    ("horse", "left_of", "tree", "coordination", "A horse is on the left and a tree is on the right."),
    ("jeans", "right_of", "apple", "coordination", "Jeans are on the right and an apple is on the left."),
    ("cat", "on", "tree", "coordination", None),
    # actions
    ("man", "holds", "guitar", "svo", "The man is holding the guitar."),
    ("guitar", "holds", "man", "svo", "The guitar is holding the man."),
    ("man", "wears", "glasses", "svo", "The man is wearing the glasses."),
    ("glasses", "wears", "man", "svo", "The glasses are wearing the man."),
    ("man", "holds", "guitar", "present", "The man holds the guitar."),
    ("jeans", "holds", "guitar", "present", "The jeans hold the guitar."),
    ("man", "holds", "guitar", "passive", "The guitar is being held by the man."),
    ("man", "wears", "glasses", "passive", "The glasses are being worn by the man."),
    ("man", "surf", "surfboard", "passive", None),
    ("man", "holds", "guitar", "have", None),
    ("man", "holds", "umbrella", "existential", "There is a man holding an umbrella."),
    ("cat", "wears", "glasses", "existential", "There is a cat wearing glasses."),
    ("man", "holds", "guitar", "existential_relative", "There is a man who is holding a guitar."),
    ("man", "holds", "guitar", "existential_passive", "There is a guitar held by a man."),
    ("man", "eat", "apple", "existential_passive", "There is an apple being eaten by a man."),
    ("man", "eat", "apple", "existential_object", "There is an apple that a man is eating."),
    ("man", "hug", "woman", "existential_object", "There is a woman whom a man is hugging."),
    ("man", "holds", "guitar", "cleft", "It is the man who is holding the guitar."),
    ("man", "holds", "guitar", "object_cleft", "It is the guitar that the man is holding."),
    ("man", "holds", "guitar", "pseudo_cleft", "What the man is holding is a guitar."),
    ("man", "hug", "woman", "pseudo_cleft", None),
    ("man", "holds", "guitar", "topic", "As for the man, he is holding the guitar."),
    ("man", "holds", "guitar", "object_topic", "As for the guitar, the man is holding it."),
    ("man", "wears", "glasses", "object_topic", "As for the glasses, the man is wearing them."),
    ("man", "hug", "woman", "reduced", "A man hugging a woman."),
    ("man", "holds", "guitar", "reduced_passive", "A guitar held by a man."),
    ("man", "hug", "woman", "reduced_passive", "A woman being hugged by a man."),
    ("man", "holds", "guitar", "relative", "A man who is holding a guitar."),
    ("man", "holds", "guitar", "object_relative", "This is the guitar that the man is holding."),
    ("man", "holds", "guitar", "passive_relative", "A guitar that is being held by a man."),
    ("man", "surf", "surfboard", "pied", "A surfboard on which a man is surfing."),
    ("man", "holding_hands", "woman", "pied", "A woman with whom a man is holding hands."),
    ("man", "holds", "guitar", "pied", None),
    ("man", "holds", "guitar", "picture", "The picture shows a man holding a guitar."),
    ("man", "holds", "guitar", "picture_passive", "The picture shows a guitar held by a man."),
    ("man", "wears", "glasses", "picture_of", "This is a picture of a man wearing glasses."),
    ("man", "holds", "guitar", "in_picture", "In the picture, a man is holding a guitar."),
    ("man", "holds", "guitar", "seen", "You can see a man holding a guitar."),
    ("man", "holds", "guitar", "seen_passive", "A man can be seen holding a guitar."),
    # the same noun twice
    ("man", "holding_hands", "man", "svo", "A man is holding hands with another man."),
    ("man", "hug", "man", "passive", "A man is being hugged by another man."),
    ("man", "hug", "man", "existential", "There is a man hugging another man."),
    ("book", "on", "book", "fronted", "On a book, there is another book."),
    ("book", "on", "book", "with", "A book with another book on it."),
    ("book", "above", "book", "inverse", "A book is below another book."),
    ("jeans", "on", "jeans", "svo", "Some jeans are on some other jeans."),
    ("milk", "near", "milk", "existential", "There is some milk near some other milk."),
    ("man", "hug", "man", "cleft", None),
    ("horse", "left_of", "horse", "coordination", None),
    # attributes
    ("table", "is", "Wooden", "svo", "The table is wooden."),
    ("bag", "is", "(made of)Leather", "svo", "The bag is made of leather."),
    ("jeans", "is", "(made of)Leather", "svo", "The jeans are made of leather."),
    ("table", "is", "Wooden", "existential", "There is a wooden table."),
    ("umbrella", "is", "Wooden", "existential", "There is a wooden umbrella."),
    ("cup", "is", "Opaque", "existential", "There is an opaque cup."),
    ("jeans", "is", "(made of)Leather", "existential", "There are leather jeans."),
    ("bag", "is", "(made of)Leather", "existential_reduced", "There is a bag made of leather."),
    ("table", "is", "Wooden", "existential_reduced", None),
    ("dog", "is", "Lay", "simple", "dog lying down"),
    ("dog", "is", "Lay", "existential", "There is a dog lying down."),
    ("dog", "is", "Lay", "existential_reduced", None),
    ("dog", "is", "Lay", "seen_passive", "A dog lying down can be seen."),
    ("man", "is", "Smile", "existential_relative", "There is a man who is smiling."),
    ("table", "is", "Wooden", "cleft", "It is the table that is wooden."),
    ("man", "is", "Smile", "topic", "As for the man, he is smiling."),
    ("person", "is", "Smile", "topic", None),
    ("table", "is", "Wooden", "identification", "This is a wooden table."),
    ("jeans", "is", "(made of)Leather", "identification", "These are leather jeans."),
    ("man", "is", "Smile", "relative", "A man who is smiling."),
    ("bag", "is", "(made of)Leather", "reduced", "A bag made of leather."),
    ("table", "is", "Wooden", "picture", "The picture shows a wooden table."),
    ("table", "is", "Wooden", "picture_of", "This is a picture of a wooden table."),
    ("bag", "is", "(made of)Leather", "picture_relative", "The picture shows a bag that is made of leather."),
    ("table", "is", "Wooden", "in_picture", "In the picture, the table is wooden."),
    ("man", "is", "Smile", "seen", "You can see a smiling man."),
    ("milk", "is", "Opaque", "seen_passive", "Opaque milk can be seen."),
]


@pytest.mark.parametrize(("subject", "relation", "object_", "construction", "expected"), SENTENCES)
def test_sentence(subject: str, relation: str, object_: str, construction: str, expected: str | None) -> None:
    written = {each.construction: each for each in WRITER.write(Claim(subject, relation, object_))}
    if expected is None:
        assert construction not in written
    else:
        assert written[construction].text == expected
        assert written[construction].style == ("simple" if construction == "simple" else "complex")


def test_every_construction_has_a_hand_written_sentence() -> None:
    written = {construction for *_, construction, expected in SENTENCES if expected is not None}
    assert written == set(CONSTRUCTIONS)


def test_every_hand_written_construction_is_described_by_an_example() -> None:
    for name, description in CONSTRUCTIONS.items():
        assert ": " in description, name


@pytest.mark.parametrize(
    "claim", [Claim("unicorn", "on", "table"), Claim("cat", "loves", "table"), Claim("table", "is", "Green")]
)
def test_unknown_words_are_named(claim: Claim) -> None:
    with pytest.raises(LookupError, match=r"unicorn|loves|Green"):
        WRITER.write(claim)


def test_alternative_prepositions_are_shared_by_a_claim_and_its_swap() -> None:
    writer = Writer({"on": place("on", "on", "on top of", "atop")}, NOUNS)
    used = set()
    for one, other in (("cat", "table"), ("dog", "bed"), ("apple", "plate"), ("cup", "desk"), ("hat", "box")):
        claim = Claim(one, "on", other)
        for mine, swap in zip(writer.write(claim), writer.write(claim.swapped()), strict=True):
            said, swapped = (
                [phrase for phrase in ("on top of", "atop") if phrase in each.text.lower()]
                for each in (mine, swap)
            )
            assert said == swapped, (mine, swap)
            used |= set(said)
    assert used == {"on top of", "atop"}


def test_another_seed_chooses_other_prepositions() -> None:
    writer = Writer({"on": place("on", "on", "on top of", "atop")}, NOUNS)
    claim = Claim("cat", "on", "table")
    assert writer.write(claim) == writer.write(claim, seed=0)
    assert any(writer.write(claim, seed) != writer.write(claim) for seed in range(1, 5))


def test_shared_constructions_leave_out_what_the_swap_cannot_say() -> None:
    claim = Claim("horse", "on", "man")
    assert "pseudo_cleft" in {each.construction for each in WRITER.write(claim)}
    assert "pseudo_cleft" not in WRITER.shared_constructions(claim)
    assert {"svo", "existential", "with"} <= set(WRITER.shared_constructions(claim))
    assert "simple" not in WRITER.shared_constructions(claim)


def test_choose_constructions_is_stable_and_independent_of_order() -> None:
    names = list(CONSTRUCTIONS)
    chosen = choose_constructions(names, "cat\ttable", 3, seed=7)
    assert len(set(chosen)) == 3
    assert chosen == choose_constructions(names[::-1], "cat\ttable", 3, seed=7)
    assert chosen == choose_constructions(chosen, "cat\ttable", 5, seed=7)
    assert choose_constructions([], "cat\ttable", 3) == []


def test_choose_constructions_spreads_over_keys_and_seeds() -> None:
    names = list(CONSTRUCTIONS)
    assert {choose_constructions(names, f"key {i}", 1)[0] for i in range(2000)} == set(names)
    assert {choose_constructions(names, "one key", 1, seed)[0] for seed in range(2000)} == set(names)


def test_what_a_picture_has_only_one_of_is_never_introduced() -> None:
    table, vocabulary = load_nouns(), load_vocabulary()
    nouns = [table.noun_for("sky"), table.noun_for("tower")]
    writer = Writer(vocabulary.by_name, nouns)
    said = [sentence.text for sentence in writer.write(Claim("sky", "above", "tower"))]
    said += [sentence.text for sentence in writer.write(Claim("tower", "below", "sky"))]
    assert "In the picture, the sky is above a tower." in said
    assert "A tower that is below the sky." in said
    assert not [text for text in said if "a sky" in text or "here is the sky" in text]
