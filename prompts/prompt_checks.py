"""Checks of a prompt's file beyond its fields' types: template, schema, styles and examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from naturel.annotations.errors import UserError
from naturel.annotations.nouns import Number
from naturel.prompts.answers import answer_faults, schema_faults
from naturel.prompts.templates import template_faults, used_variables
from naturel.prompts.words import CLAIM_VARIABLES, ClaimWords, View

if TYPE_CHECKING:
    from naturel.prompts.prompt import Prompt

CAPTION_VARIABLES = CLAIM_VARIABLES | {"styles", "count"}
JUDGE_VARIABLES = CLAIM_VARIABLES | {"sentence"}

SAMPLES = (
    ClaimWords("a cat is under a desk", "a cat", "under", "a desk", paraphrases=("beneath",), place=True),
    ClaimWords(
        "jeans are to the left of milk",
        "jeans",
        "to the left of",
        "milk",
        Number.PLURAL,
        Number.MASS,
        view=View.LEFT_RIGHT,
        inverse="milk is to the right of jeans",
        place=True,
    ),
    ClaimWords(
        "milk is behind jeans", "milk", "behind", "jeans", Number.MASS, Number.PLURAL, view=View.DEPTH
    ),
    ClaimWords(
        "a man is hugging another man",
        "a man",
        "hugging",
        "another man",
        verb=True,
        passive="is being hugged by",
        subject_synonyms=("guy",),
        object_synonyms=("guy",),
        twins=True,
    ),
    ClaimWords("a table is made of wood", "a table", "made of wood"),
)
"""Claims of every sort, for trying a template."""


def faults(document: Mapping[str, Any]) -> list[str]:
    """Find every fault that a file's content shows, whether or not all its fields have their types.

    Args:
        document: The file's content. What has not its type is passed over: the model tells of it.

    Returns:
        One text a fault, with its field and its mend.
    """
    kind = document.get("kind")
    if kind not in ("captions", "judge"):
        return []
    schema = document.get("schema")
    found = [*_text_faults(document, kind), *_style_faults(document, kind)]
    broken = [] if schema is None else list(schema_faults(schema))
    if schema is not None and not broken:
        broken += _shape_faults(schema, kind, [str(style.get("construction")) for style in _styles(document)])
        found += _example_faults(document, kind, schema)
    return found + broken


def rendering_faults(prompt: Prompt) -> list[str]:
    """Try a prompt that has no other fault on its examples and on claims of every sort."""
    try:
        for words in SAMPLES:
            every = [style.construction for style in prompt.styles_for(words)]
            prompt.render(words, every, "It is so." if prompt.kind == "judge" else "")
    except UserError as error:
        return [str(error).partition(": ")[2]]
    return []


def _text_faults(document: Mapping[str, Any], kind: str) -> Iterator[str]:
    system, user = document.get("system"), document.get("user")
    if isinstance(system, str) and any(mark in system for mark in ("{{", "{%", "{#")):
        yield "system: is sent as it stands; move what has {{ }} or {% %} to user"
    if not isinstance(user, str):
        return
    found = template_faults(user, JUDGE_VARIABLES if kind == "judge" else CAPTION_VARIABLES)
    yield from (f"user: {fault}" for fault in found)
    if found:
        return
    used = used_variables(user)
    if "statement" not in used and not {"subject", "relation", "object"} <= used:
        yield "user: never names the claim; write {{ statement }} where it belongs"
    if kind == "judge" and "sentence" not in used:
        yield "user: never shows the sentence; write {{ sentence }} where it belongs"
    if kind == "captions" and "styles" not in used:
        yield "user: never names the constructions; write a loop over styles"


def _styles(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [style for style in _items(document, "styles") if isinstance(style, dict)]


def _items(document: Mapping[str, Any], field: str) -> list[Any]:
    value = document.get(field)
    return value if isinstance(value, list) else []


def _style_faults(document: Mapping[str, Any], kind: str) -> Iterator[str]:
    styles, captions = _styles(document), document.get("captions", 0)
    if kind == "judge":
        if styles or captions:
            yield "styles: a judge writes no sentences; drop styles and captions"
        return
    for number, style in enumerate(styles):
        told = style.get("description")
        found = template_faults(told, CLAIM_VARIABLES) if isinstance(told, str) else []
        yield from (f"styles.{number}.description: {fault}" for fault in found)
    for field in ("construction", "description"):
        times = Counter(str(style.get(field)) for style in styles if field in style)
        for value in (value for value, count in times.items() if count > 1):
            yield f"styles: {field} {value!r} stands twice; keep one, or tell them apart"
    if isinstance(captions, int) and not 1 <= captions <= len(styles):
        yield f"captions: {captions} of {len(styles)} styles; ask for at least 1 and at most one a style"
    if styles and not any(not style.get("needs") for style in styles):
        yield "styles: none fits every claim; give at least one without needs"


def _shape_faults(schema: dict[str, Any], kind: str, styles: list[str]) -> Iterator[str]:
    """Whether the schema is that of the prompt's kind."""
    if kind == "judge":
        if set(schema.get("enum", ())) != {"yes", "no"}:
            yield "schema: a judge answers yes or no; write {type: string, enum: ['yes', 'no']}"
        return
    try:
        caption = schema["properties"]["captions"]["items"]["properties"]
        names = caption["construction"].get("enum", styles)
        sound = caption["text"]["type"] == caption["construction"]["type"] == "string"
    except (KeyError, TypeError):
        sound, names = False, styles
    if not sound:
        yield (
            "schema: is no object with a list `captions` of objects with the texts `construction` and `text`; "
            "copy the one of naturel-v1.yaml"
        )
    elif set(names) != set(styles):
        odd = ", ".join(sorted(set(names) ^ set(styles)))
        yield f"schema: its constructions and those of styles differ in {odd}; name the same ones"


def _example_faults(document: Mapping[str, Any], kind: str, schema: dict[str, Any]) -> Iterator[str]:
    """Whether each example answers what it asks."""
    needs = {str(style.get("construction")): style.get("needs") or () for style in _styles(document)}
    for number, example in enumerate(_items(document, "examples")):
        if not isinstance(example, dict) or "answer" not in example:
            continue
        place = f"examples.{number}"
        if bool(example.get("sentence")) != (kind == "judge"):
            yield f"{place}.sentence: {'write the sentence to judge' if kind == 'judge' else 'drop it'}"
        off = list(answer_faults(example["answer"], schema, f"{place}.answer"))
        yield from (f"{fault}; write it as the schema says" for fault in off)
        captions = example["answer"].get("captions") if isinstance(example["answer"], dict) else None
        if off or kind == "judge" or not isinstance(captions, list):
            continue
        asked = [str(caption.get("construction")) for caption in captions if isinstance(caption, dict)]
        if not asked:
            yield f"{place}.answer.captions: is empty; write at least one sentence"
        yield from _asked_faults(place, asked, needs, _words(example.get("claim")))


def _asked_faults(
    place: str, asked: list[str], needs: Mapping[str, Any], words: ClaimWords | None
) -> Iterator[str]:
    for name, times in Counter(asked).items():
        where = f"{place}.answer: construction {name!r}"
        if times > 1:
            yield f"{where} stands twice; keep one"
        if name not in needs:
            yield f"{where} is none of the styles; add it there"
        elif words and not {str(need) for need in needs[name]} <= {str(one) for one in words.features}:
            yield f"{where} does not fit the example's claim, by its needs; choose another"


def _words(claim: object) -> ClaimWords | None:
    """The claim of an example; None where the model will tell what is wrong with it."""
    try:
        return TypeAdapter(ClaimWords).validate_python(claim)
    except ValidationError:
        return None
