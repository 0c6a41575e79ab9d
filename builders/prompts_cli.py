"""The commands `naturel prompts list | show | lint | try`."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from naturel.annotations.errors import UserError
from naturel.builders.command import guard

if TYPE_CHECKING:
    from naturel.annotations.claims import Claim
    from naturel.annotations.nouns import NounTable
    from naturel.annotations.relations import Relation, Vocabulary
    from naturel.prompts.prompt import Prompt
    from naturel.prompts.words import ClaimWords

Request = dict[str, Any]
"""What shapes an answer, whatever the engine: prompt, digest, messages, schema and sampling settings."""

PIPE_WIDTH = 110
SHORT_DIGEST = 12
NAME = "A prompt's name, with its version (naturel-v1) or without (its newest), or a file that ends in .yaml."
CLAIM = "Subject, relation and object, or an attribute: 'cat,on,desk', 'table,is,Wooden'."
SENTENCE = "The sentence to judge; by default, the claim as a plain sentence."
DEBUG = "Show tracebacks."
MODEL = "The language model, by the name that its server knows."
BASE_URL = "Address of the server, mostly ending in /v1; by default OPENAI_BASE_URL, or else OpenAI."
CACHE = "File of answers, none of which is asked for twice; by default below ~/.cache/naturel."
PRICE = "USD for a million tokens in and out, of a model that the price table does not know."
NO_MODEL = "No model is given: this is the request, and nothing was sent."


def prompts_app() -> typer.Typer:
    """Make the commands."""
    app = typer.Typer(
        help="List, show, check and try prompts.", no_args_is_help=True, pretty_exceptions_enable=False
    )

    @app.command("list")
    def list_command(debug: Annotated[bool, typer.Option("--debug", help=DEBUG)] = False) -> None:
        """List the prompts that come with NatuRel."""
        guard(_list, debug)

    @app.command("show")
    def show_command(
        name: Annotated[str, typer.Argument(help=NAME)],
        claim: Annotated[str, typer.Option(help=CLAIM)] = "cat,on,desk",
        sentence: Annotated[str, typer.Option(help=SENTENCE)] = "",
        debug: Annotated[bool, typer.Option("--debug", help=DEBUG)] = False,
    ) -> None:
        """Show the messages for a claim, exactly as they are sent."""
        guard(lambda: _show(name, claim, sentence), debug)

    @app.command("lint")
    def lint_command(
        files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Prompt files.")],
        debug: Annotated[bool, typer.Option("--debug", help=DEBUG)] = False,
    ) -> None:
        """Check prompt files: every fault of every file, and exit code 2 if there is one."""
        guard(lambda: _lint(files), debug)

    @app.command("try")
    def try_command(
        name: Annotated[str, typer.Argument(help=NAME)],
        claim: Annotated[str, typer.Option(help=CLAIM)] = "cat,on,desk",
        sentence: Annotated[str, typer.Option(help=SENTENCE)] = "",
        model: Annotated[str | None, typer.Option(help=MODEL)] = None,
        base_url: Annotated[str | None, typer.Option(metavar="URL", help=BASE_URL)] = None,
        cache: Annotated[Path | None, typer.Option(help=CACHE)] = None,
        price: Annotated[str | None, typer.Option(metavar="IN,OUT", help=PRICE)] = None,
        debug: Annotated[bool, typer.Option("--debug", help=DEBUG)] = False,
    ) -> None:
        """Ask a model, and show each sentence with what the checker says; without --model, show the request."""
        guard(lambda: _try(name, claim, sentence, model, base_url, cache, price), debug)

    return app


def request_for(prompt: Prompt, words: ClaimWords, sentence: str = "") -> Request:
    """Everything that shapes an answer but the model.

    Args:
        prompt: The prompt.
        words: The claim's words.
        sentence: What a judge is to judge, by default the claim as a plain sentence; nothing else reads it.
    """
    judged = sentence or _plain(words)
    messages = prompt.render(words, sentence=judged if prompt.kind == "judge" else "")
    return {
        "prompt": prompt.name,
        "digest": prompt.digest,
        "messages": [message.to_dict() for message in messages],
        "schema": prompt.json_schema,
        **prompt.sampling.model_dump(),
    }


def _plain(words: ClaimWords) -> str:
    """A claim as a plain sentence."""
    return f"{words.statement[0].upper()}{words.statement[1:]}."


def read_claim(text: str, vocabulary: Vocabulary, nouns: NounTable) -> Claim:
    """Read a claim as people write it: "cat,on,desk"; a relation by its name or by its words.

    Args:
        text: Subject, relation and object, separated by commas.
        vocabulary: The relations.
        nouns: The nouns and attributes.

    Raises:
        UserError: It has not three parts, or its relation or attribute is unknown.
    """
    from naturel.annotations.claims import Claim
    from naturel.builders.captions.claim_words import attribute_named

    parts = [" ".join(part.split()) for part in text.split(",")]
    if len(parts) != 3 or not all(parts):
        raise UserError(
            f"--claim {text!r} is no claim: write subject, relation and object as in 'cat,on,desk'."
        )
    subject, said, other = parts
    relation = _relation(said, vocabulary)
    thing = _noun_label(subject, nouns)
    if relation.kind != "attribute":
        return Claim(
            nouns.noun_for(thing).noun, relation.name, nouns.noun_for(_noun_label(other, nouns)).noun
        )
    attribute = attribute_named(other, nouns)
    if attribute is None:
        raise UserError(
            f"--claim {text!r}: unknown attribute {other!r}; there are: {', '.join(nouns.attributes)}."
        )
    return Claim(nouns.noun_for(thing).noun, relation.name, attribute.label)


def _noun_label(text: str, nouns: NounTable) -> str:
    """The label of a noun that the table knows by any name; else the text, for a sensible default."""
    known = nouns.by_label(text) or nouns.by_noun(text)
    return known.label if known else text


def _relation(said: str, vocabulary: Vocabulary) -> Relation:
    wanted = said.lower().replace("_", " ")
    by_words = {words: each for each in reversed(list(vocabulary)) for words in _said(each)}
    if wanted in by_words:
        return by_words[wanted]
    close = difflib.get_close_matches(wanted, by_words, 3)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(vocabulary.names)}."
    raise UserError(f"--claim: unknown relation {said!r}; {hint}")


def _said(relation: Relation) -> Iterable[str]:
    """The words by which a relation can be named."""
    phrases = relation.phrases
    yield from (phrases.simple, *phrases.prepositions, relation.name.replace("_", " "))
    if phrases.verb:
        yield f"{phrases.verb.gerund} {phrases.verb.particle}".strip()


def _list() -> None:
    from naturel.prompts.picture_prompt import list_picture_prompts
    from naturel.prompts.prompt import list_prompts

    table = Table(box=None, pad_edge=False)
    for column in ("prompt", "kind", "captions a call", "digest"):
        table.add_column(column, no_wrap=True, justify="right" if column.startswith("captions") else "left")
    table.add_column("purpose", overflow="fold")
    for prompt in list_prompts():
        captions = str(prompt.captions) if prompt.captions else ""
        table.add_row(prompt.name, prompt.kind, captions, prompt.digest[:SHORT_DIGEST], prompt.purpose)
    for picture in list_picture_prompts():
        table.add_row(picture.name, picture.kind, "", picture.digest[:SHORT_DIGEST], picture.purpose)
    # A pipe has no width of its own; a table is not cut to a narrow one's.
    (Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)).print(
        table, highlight=False, markup=False
    )


def _show(name: str, claim: str, sentence: str) -> None:
    for message in _request(name, claim, sentence)["messages"]:
        print(f"--- {message['role']}\n{message['content']}\n")


def _try(
    name: str,
    claim: str,
    sentence: str,
    model: str | None,
    base_url: str | None,
    cache: Path | None,
    price: str | None,
) -> None:
    if model is None:
        if base_url or cache or price:
            raise UserError("--base-url, --cache and --price are for asking. Name the model with --model.")
        print(json.dumps(_request(name, claim, sentence), indent=2, ensure_ascii=False))
        print(NO_MODEL, file=sys.stderr)
        return
    # Imported here because it takes a second.
    from naturel.builders.captions.claim_words import claim_words
    from naturel.builders.prompts_try import Trial, TrySettings

    prompt, stated, vocabulary, nouns = _read(name, claim, sentence)
    judged = sentence or _plain(claim_words(stated, vocabulary, nouns))
    Trial(stated, vocabulary, nouns, TrySettings(model, base_url, cache, price)).ask(prompt, judged)


def _lint(files: list[Path]) -> None:
    from naturel.prompts.picture_prompt import is_picture_prompt, load_picture_prompt
    from naturel.prompts.prompt import PromptError, load_prompt

    faults: list[str] = []
    for file in files:
        try:
            prompt = load_picture_prompt(file) if is_picture_prompt(file) else load_prompt(file)
        except PromptError as error:
            faults.append(str(error))
        else:
            print(f"{file}: no faults, digest {prompt.digest}")
    if faults:
        raise UserError("\n".join(faults))


def _request(name: str, claim: str, sentence: str) -> Request:
    prompt, stated, vocabulary, nouns = _read(name, claim, sentence)
    from naturel.builders.captions.claim_words import claim_words

    return request_for(prompt, claim_words(stated, vocabulary, nouns), sentence)


def _read(name: str, claim: str, sentence: str) -> tuple[Prompt, Claim, Vocabulary, NounTable]:
    """What the options name."""
    # Imported here so that --help answers at once.
    from naturel.annotations.nouns import load_nouns
    from naturel.annotations.relations import load_vocabulary
    from naturel.prompts.parts import PromptKind
    from naturel.prompts.prompt import load_prompt

    prompt = load_prompt(name)
    if sentence and prompt.kind is not PromptKind.JUDGE:
        raise UserError(f"--sentence is for a judge; {prompt.name} writes sentences. Leave it out.")
    vocabulary, nouns = load_vocabulary(), load_nouns()
    return prompt, read_claim(claim, vocabulary, nouns), vocabulary, nouns
