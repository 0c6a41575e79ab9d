"""Loading, rendering and digests of prompts, with small files whose outcome is worked out by hand."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from naturel.prompts import prompt as prompt_module
from naturel.prompts.parts import Message
from naturel.prompts.prompt import PromptError, list_prompts, load_prompt
from naturel.prompts.words import ClaimWords

SMALL = """\
id: small
version: 2
purpose: for tests
kind: captions
system: Write.
user: |
  {{ statement }}
  {% for style in styles %}
  - {{ style.construction }}: {{ style.description }}
  {% endfor %}
examples:
  - claim: {statement: a desk is on a cat, subject: a desk, relation: "on", object: a cat, place: true}
    answer: {captions: [{text: On the cat is a desk., construction: inversion}]}
schema:
  type: object
  additionalProperties: false
  required: [captions]
  properties:
    captions:
      type: array
      items:
        type: object
        required: [construction, text]
        additionalProperties: false
        properties: {construction: {type: string}, text: {type: string}}
sampling: {temperature: 1, top_p: 0.9, max_tokens: 50}
styles:
  - {construction: inversion, description: the place first, needs: [place]}
  - {construction: svo, description: plain}
captions: 1
"""
CANONICAL = (
    '{"captions":1,'
    '"examples":[{"answer":{"captions":[{"construction":"inversion","text":"On the cat is a desk."}]},'
    '"claim":{"object":"a cat","place":true,"relation":"on","statement":"a desk is on a cat","subject":"a desk"}}],'
    '"format":1,"kind":"captions",'
    '"sampling":{"max_tokens":50,"temperature":1.0,"top_p":0.9},'
    '"schema":{"additionalProperties":false,"properties":{"captions":{"items":{"additionalProperties":false,'
    '"properties":{"construction":{"type":"string"},"text":{"type":"string"}},"required":["construction","text"],'
    '"type":"object"},"type":"array"}},"required":["captions"],"type":"object"},'
    '"styles":[{"construction":"inversion","description":"the place first","needs":["place"]},'
    '{"construction":"svo","description":"plain"}],'
    '"system":"Write.",'
    '"user":"{{ statement }}\\n{% for style in styles %}\\n- {{ style.construction }}: {{ style.description }}\\n'
    '{% endfor %}"}'
)
CAT = ClaimWords("a cat is on a desk", "a cat", "on", "a desk", place=True)


def write(folder: Path, text: str = SMALL, name: str = "small-v2.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def changed(folder: Path, **fields: Any) -> Path:
    """The small prompt with other fields; None drops one."""
    document = {**yaml.safe_load(SMALL), **fields}
    return write(folder, yaml.safe_dump({key: value for key, value in document.items() if value is not None}))


def faults(path: Path | str) -> tuple[str, ...]:
    with pytest.raises(PromptError) as caught:
        load_prompt(path)
    assert all(line.startswith(f"{path}: ") for line in str(caught.value).splitlines())
    return caught.value.faults


def test_the_messages_are_system_examples_and_claim(tmp_path: Path) -> None:
    prompt = load_prompt(write(tmp_path))
    assert prompt.render(CAT) == (
        Message("system", "Write."),
        Message("user", "a desk is on a cat\n- inversion: the place first"),
        Message(
            "assistant", '{"captions": [{"construction": "inversion", "text": "On the cat is a desk."}]}'
        ),
        Message("user", "a cat is on a desk\n- inversion: the place first"),
    )
    assert prompt.render(CAT)[0].to_dict() == {"role": "system", "content": "Write."}


def test_styles_are_those_that_fit_or_those_that_are_named(tmp_path: Path) -> None:
    prompt = load_prompt(write(tmp_path))
    holding = ClaimWords("a man is holding a cat", "a man", "holding", "a cat", verb=True)
    assert prompt.render(holding)[-1].content == "a man is holding a cat\n- svo: plain"
    both = prompt.render(CAT, styles=("svo", "inversion"))[-1].content
    assert both == "a cat is on a desk\n- svo: plain\n- inversion: the place first"
    assert [style.construction for style in prompt.styles_for(CAT)] == ["inversion", "svo"]
    with pytest.raises(ValueError, match="cleft cannot be asked for"):
        prompt.render(CAT, styles=("svo", "cleft"))
    with pytest.raises(ValueError, match="no style"):
        prompt.render(CAT, styles=())
    with pytest.raises(ValueError, match="judge needs a sentence"):
        prompt.render(CAT, sentence="The cat is on the desk.")


def test_a_description_can_name_the_claims_words(tmp_path: Path) -> None:
    text = SMALL.replace("description: plain", "description: 'begin with {{ subject }}'")
    prompt = load_prompt(write(tmp_path, text))
    assert prompt.render(CAT, styles=("svo",))[-1].content == "a cat is on a desk\n- svo: begin with a cat"
    odd = ClaimWords("x is on y", "{{ object }}", "on", "y")
    assert prompt.render(odd)[-1].content == "x is on y\n- svo: begin with {{ object }}"


def test_all_but_the_last_message_are_shared_by_all_claims(tmp_path: Path) -> None:
    prompt = load_prompt(write(tmp_path))
    other = ClaimWords("a table is wooden", "a table", "wooden")
    assert prompt.render(CAT)[:-1] == prompt.render(other)[:-1]


def test_the_digest_is_that_of_the_documented_form(tmp_path: Path) -> None:
    prompt = load_prompt(write(tmp_path))
    assert prompt.canonical == CANONICAL
    assert prompt.digest == hashlib.sha256(CANONICAL.encode("utf-8")).hexdigest()
    assert prompt.digest == "e02b63f742177c2041110e2ba0858128188cb4fa9bd12fa102fdce3dc0a4ac08"


def test_comments_order_and_labels_do_not_count(tmp_path: Path) -> None:
    digest = load_prompt(write(tmp_path)).digest
    document = yaml.safe_load(SMALL)
    shuffled = {key: document[key] for key in reversed(document)}
    caption = shuffled["schema"]["properties"]["captions"]["items"]
    caption["properties"] = dict(reversed(caption["properties"].items()))
    text = "# a comment\n" + yaml.safe_dump(shuffled, sort_keys=False)
    renamed = (
        text.replace("id: small", "id: other").replace("version: 2", "version: 7").replace("tests", "fun")
    )
    other = load_prompt(write(tmp_path, renamed, "other-v7.yaml"))
    assert other.digest == digest
    assert other.json_schema == load_prompt(write(tmp_path)).json_schema
    assert json.dumps(other.json_schema) == json.dumps(load_prompt(write(tmp_path)).json_schema)
    assert other.render(CAT) == load_prompt(write(tmp_path)).render(CAT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("system: Write.", "system: Write!"),
        ("  {{ statement }}\n", "  Claim: {{ statement }}\n"),
        ("On the cat is a desk.", "On the cat is the desk."),
        ('relation: "on"', "relation: upon"),
        ("temperature: 1", "temperature: 0.5"),
        ("top_p: 0.9", "top_p: 0.95"),
        ("max_tokens: 50", "max_tokens: 51"),
        ("max_tokens: 50", "max_tokens: 50, top_logprobs: 1"),
        ("required: [construction, text]", "required: [text, construction]"),
        ("description: plain", "description: simple"),
        (", needs: [place]", ""),
        ("captions: 1\n", "captions: 2\n"),
    ],
)
def test_whatever_shapes_a_request_counts(tmp_path: Path, old: str, new: str) -> None:
    assert SMALL.count(old) == 1
    digest = load_prompt(write(tmp_path)).digest
    assert load_prompt(write(tmp_path, SMALL.replace(old, new))).digest != digest


def test_the_order_of_required_is_the_order_of_an_answers_keys(tmp_path: Path) -> None:
    swapped = SMALL.replace("required: [construction, text]", "required: [text, construction]")
    answer = load_prompt(write(tmp_path, swapped)).render(CAT)[2].content
    assert answer == '{"captions": [{"text": "On the cat is a desk.", "construction": "inversion"}]}'


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    document = yaml.safe_load(SMALL)
    style = {"construction": "svo", "description": "plain"}
    caption = {"construction": "svo", "text": "A cat.", "mood": "calm"}
    found = faults(
        changed(
            tmp_path,
            id="big",
            version=3,
            purpose=None,
            system="Write {{ statement }}.",
            user="{{ sentence }} {{ ''.__class__ }} {{ styles }}",
            examples=[{"claim": document["examples"][0]["claim"], "answer": {"captions": [caption]}}],
            sampling={"temperature": 3, "top_p": 0.9, "max_tokens": 50, "seed": 1},
            styles=[style, style],
            captions=9,
        )
    )
    text = "\n".join(found)
    for part in (
        "id: big is not the small of the file's name",
        "version: 3 is not the 2 of the file's name",
        "purpose: Field required",
        "system: is sent as it stands",
        "user: unknown variable 'sentence'",
        "user: line 1: attribute '__class__' is private",
        "examples.0.answer.captions.0: 'mood' is not in the schema",
        "sampling.temperature: ",
        "sampling.seed: ",
        "styles: construction 'svo' stands twice",
        "styles: description 'plain' stands twice",
        "captions: 9 of 2 styles",
    ):
        assert part in text, part
    assert len(found) == 12


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"user": "{{ styles }}"}, "user: never names the claim"),
        ({"user": "{{ statement }}"}, "user: never names the constructions"),
        (
            {"user": "{{ statement }}{% for s in styles %}{{ s.name }}{% endfor %}"},
            "unknown attribute 'name'",
        ),
        ({"user": "{{ statement }}{{ styles }}{{ count | join }}"}, "user or styles: fails on a claim"),
        ({"user": "{{ statement }}{{ styles }}{% if %}"}, "mend the template's syntax"),
        (
            {"styles": [{"construction": "svo", "description": "{{ sentence }}"}]},
            "styles.0.description: unknown var",
        ),
        (
            {"examples": [], "styles": [{"construction": "svo", "description": "{{ twins | join }}"}]},
            "user or styles: f",
        ),
        ({"kind": "novel"}, "kind: "),
        ({"extra": 1}, "extra: "),
        ({"schema": {"type": "string"}}, "schema: is no object with a list `captions`"),
        ({"schema": {"type": "object"}}, "schema.properties: "),
        (
            {"styles": [{"construction": "svo", "description": "x", "needs": ["place"]}]},
            "none fits every claim",
        ),
        ({"styles": [{"construction": "svo", "description": "x"}]}, "'inversion' is none of the styles"),
        ({"captions": 0}, "captions: 0 of 2 styles"),
        ({"captions": True}, "captions: "),
        ({"examples": [{"answer": "yes"}]}, "examples.0.claim: Field required"),
        ({"examples": ["yes"]}, "examples.0: "),
        ({"sampling": None}, "sampling: Field required"),
    ],
)
def test_a_fault_names_its_field(tmp_path: Path, fields: dict[str, Any], expected: str) -> None:
    assert any(expected in fault for fault in faults(changed(tmp_path, **fields)))


def test_examples_must_answer_what_they_ask(tmp_path: Path) -> None:
    holding = "{statement: a man is holding a cat, subject: a man, relation: holding, object: a cat}"
    text = re.sub(r"claim: \{.*\}", f"claim: {holding}", SMALL)
    [fault] = faults(write(tmp_path, text))
    assert fault.startswith("examples.0.answer: construction 'inversion' does not fit the example's claim")
    twice = SMALL.replace(
        "construction: inversion}]", "construction: inversion}, {text: B., construction: inversion}]"
    )
    assert "stands twice" in faults(write(tmp_path, twice))[0]
    blank = SMALL.replace("subject: a desk", "subject: ' '")
    assert "subject must not be blank" in faults(write(tmp_path, blank))[0]
    odd = SMALL.replace("place: true}", "place: true, colour: red}")
    assert "examples.0.claim.colour: " in faults(write(tmp_path, odd))[0]
    empty = SMALL.replace("[{text: On the cat is a desk., construction: inversion}]", "[]")
    assert "is empty" in faults(write(tmp_path, empty))[0]


def test_an_enum_of_the_schema_must_name_the_styles(tmp_path: Path) -> None:
    text = SMALL.replace(
        "{construction: {type: string}", "{construction: {type: string, enum: [inversion, cleft]}"
    )
    [fault] = faults(write(tmp_path, text))
    assert "differ in cleft, svo" in fault


def test_a_judge_has_sentences_and_no_styles(tmp_path: Path) -> None:
    claim = {"statement": "a desk is on a cat", "subject": "a desk", "relation": "on", "object": "a cat"}
    fields: dict[str, Any] = {
        "kind": "judge",
        "user": "{{ statement }}? {{ sentence }}",
        "examples": [{"claim": claim, "sentence": "The cat is on the desk.", "answer": "no"}],
        "schema": {"type": "string", "enum": ["yes", "no"]},
        "styles": None,
        "captions": None,
    }
    prompt = load_prompt(changed(tmp_path, **fields))
    messages = prompt.render(CAT, sentence="On the desk\nis a cat.")
    assert [message.content for message in messages] == [
        "Write.",
        "a desk is on a cat? The cat is on the desk.",
        "no",
        "a cat is on a desk? On the desk is a cat.",
    ]
    with pytest.raises(ValueError, match="judge needs a sentence"):
        prompt.render(CAT, sentence=" \n")
    assert "captions" not in json.loads(prompt.canonical)
    wrong = fields | {
        "user": "{{ statement }}",
        "examples": [{"claim": claim, "answer": "maybe"}],
        "captions": 2,
    }
    text = "\n".join(faults(changed(tmp_path, **wrong)))
    for part in (
        "never shows the sentence",
        "write the sentence to judge",
        "'maybe' is none of",
        "a judge writes no",
    ):
        assert part in text
    bad = faults(changed(tmp_path, **(fields | {"schema": {"type": "string", "enum": ["true", "false"]}})))
    assert any("a judge answers yes or no" in fault for fault in bad)


def test_files_that_are_no_prompts(tmp_path: Path) -> None:
    assert "is no mapping" in faults(write(tmp_path, "- a\n- b\n"))[0]
    assert "cannot be read as YAML" in faults(write(tmp_path, "id: [\n"))[0]
    assert "cannot be read as YAML" in faults(write(tmp_path, "id: !!python/object:os.system x\n"))[0]
    assert "cannot be read" in faults(tmp_path / "none-v1.yaml")[0]
    assert "captions: stands twice; keep one" in faults(write(tmp_path, SMALL + "captions: 1\n"))
    [fault] = faults(write(tmp_path, SMALL, "My prompt.yaml"))
    assert fault.startswith("file name: is not of the form ID-vVERSION.yaml")
    (tmp_path / "binary-v1.yaml").write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in faults(tmp_path / "binary-v1.yaml")[0]


def test_names_find_a_version_or_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in (2, 9, 10):
        write(tmp_path, SMALL.replace("version: 2", f"version: {version}"), f"small-v{version}.yaml")
    write(tmp_path, SMALL.replace("id: small", "id: small-v1-like"), "small-v1-like-v2.yaml")
    monkeypatch.setattr(prompt_module, "_FOLDER", tmp_path)
    assert load_prompt("small").name == "small-v10"
    assert load_prompt("small-v9").version == 9
    assert [prompt.name for prompt in list_prompts()] == [
        "small-v2",
        "small-v9",
        "small-v10",
        "small-v1-like-v2",
    ]
    [fault] = faults("smal-v9")
    assert "did you mean small-v9? There are: small-v2, small-v9, small-v10" in fault
    assert "there are:" in faults("zzz")[0]
    assert load_prompt(str(tmp_path / "small-v9.yaml")) == load_prompt("small-v9")


odd_text = st.text(max_size=20) | st.text(
    alphabet=st.sampled_from("{}%#'\"\\|_.,:-<>\n\r\t\u2028\x00ab "), max_size=20
)


def flat(text: str) -> str:
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()


@pytest.mark.parametrize("prompt", list_prompts(), ids=lambda prompt: prompt.name)
@given(subject=odd_text, thing=odd_text)
def test_odd_nouns_never_change_the_structure(prompt: Any, subject: str, thing: str) -> None:
    assume(flat(subject))
    assume(flat(thing))

    def ask(s: str, o: str) -> str:
        words = ClaimWords(
            f"{s} is under {o}",
            s,
            "under",
            o,
            paraphrases=("beneath",),
            inverse=f"{o} is over {s}",
            subject_synonyms=(f"{s} like",),
            place=True,
        )
        messages = prompt.render(words, sentence=f"It is {s} ." if prompt.kind == "judge" else "")
        assert [message.role for message in messages[:-1]] == [
            "system",
            *["user", "assistant"] * len(prompt.examples),
        ]
        return str(messages[-1].content)

    marked = ask("QSUBJECTQ", "QOBJECTQ")
    marks = {"QSUBJECTQ": flat(subject), "QOBJECTQ": flat(thing)}
    assert ask(subject, thing) == re.sub("QSUBJECTQ|QOBJECTQ", lambda match: marks[match[0]], marked)
