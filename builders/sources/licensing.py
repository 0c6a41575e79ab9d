"""Which pictures may be used: those whose licence is one of those asked for (`--licenses by,by-sa,cc0`)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import schema
from naturel.builders.engine import conform
from naturel.builders.sources.tables import SourceTables

CODES = ("by", "by-sa", "by-nd", "by-nc", "by-nc-sa", "by-nc-nd", "cc0", "pd")
"""Creative Commons licences; `cc0`: rights given up; `pd`: no rights known, or works of the US government."""
NAMES = {"0": "cc0", "zero": "cc0", "public-domain": "pd", "publicdomain": "pd", "pdm": "pd", "mark": "pd"}
"""Other ways to write them, after "cc" and the version are taken off."""

NOT_ASKED_FOR = "picture: its licence is not among --licenses"
UNKNOWN = "picture: its licence is unknown, and --licenses asks for one"

_ADDRESS = re.compile(r"creativecommons\.org/(?:licenses|publicdomain)/([a-z-]+)")
_SHORT = re.compile(r"\bcc[\s-]*(0|zero|by(?:[\s-](?:nc|nd|sa))*)(?![a-z-])")
_PARTS = (("nc", r"non-?\s?commercial"), ("nd", r"no-?\s?deriv"), ("sa", r"share-?\s?alike"))
_FREE = re.compile(
    r"public domain|no known copyright|flickr\.com/commons|(united states|us|u\.s\.) government"
)


def license_code(text: str) -> str | None:
    """Which of `CODES` a licence is, by its address, its short or its long name; None: none of them.

    "http://creativecommons.org/licenses/by-sa/2.0/", "CC BY-SA 4.0" and "Attribution-ShareAlike License" are `by-sa`.
    """
    text = text.lower()
    if said := _ADDRESS.search(text) or _SHORT.search(text):
        code = re.sub(r"\s+", "-", said[1])
        code = NAMES.get(code, code)
        return code if code in CODES else None
    if "attribution" in text:
        return "-".join(["by", *(part for part, words in _PARTS if re.search(words, text))])
    return "pd" if _FREE.search(text) else None


@dataclass(frozen=True)
class LicenseFilter:
    """Tells whether a licence is one of those asked for.

    A term is one of:

    * a Creative Commons code, whole: `by` is CC BY in any version and not CC BY-NC; "CC-BY", "cc by 2.0" and "BY" are
      the same, `cc0` may be `zero`, and `pd` (`public-domain`) also takes CC0;
    * a number: the licence with that id in a COCO file;
    * other words, all of which the licence's name or address must have.
    """

    terms: tuple[str, ...]

    def keeps(self, text: str | None, number: int | str | None = None) -> bool:
        """Whether a licence is wanted, given its name or address and its id in a COCO file."""
        return any(self._is(term, text, number) for term in self.terms)

    @staticmethod
    def _is(term: str, text: str | None, number: int | str | None) -> bool:
        if term.isdecimal():
            return str(number) == term
        if not text:
            return False
        if wanted := term_code(term):
            code = license_code(text)
            return code == wanted or (wanted == "pd" and code == "cc0")
        return set(_words(term)) <= set(_words(text))


def term_code(term: str) -> str | None:
    """Which of `CODES` a term of `--licenses` means; None: it is a number or other words."""
    plain = re.sub(r"[\s_]+", "-", term.strip().lower())
    plain = re.sub(r"-?\d\.\d$", "", plain)
    if plain in CODES:
        return plain
    bare = re.sub(r"^cc-?", "", plain)
    code = NAMES.get(bare, bare) if not term.strip().isdecimal() else ""
    return code if code in CODES else None


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def keep_licensed(tables: SourceTables, terms: Sequence[str]) -> SourceTables:
    """Leave out pictures whose licence is not asked for, with all that is known of them.

    Args:
        tables: What a source gave; a source without licences has none for any picture.
        terms: As for `LicenseFilter`; none: everything stays.
    """
    if not terms:
        return tables
    wanted = LicenseFilter(tuple(terms))
    tables = replace(tables, images=conform(tables.images, schema.IMAGES))
    encoded = tables.images["license"].cast(pa.string()).dictionary_encode().unify_dictionaries()
    codes = pc.fill_null(encoded.combine_chunks().indices, -1).to_numpy(zero_copy_only=False)
    names = encoded.chunk(0).dictionary.to_pylist() if encoded.num_chunks else []
    kept = np.array([*(wanted.keeps(name) for name in names), False], dtype=np.bool_)[codes]
    ids = tables.images["image_id"].cast(pa.string()).combine_chunks().filter(pa.array(kept))
    dropped = Counter(tables.dropped)
    dropped[UNKNOWN] += int((codes < 0).sum())
    dropped[NOT_ASKED_FOR] += int((~kept & (codes >= 0)).sum())
    parts = {
        name: (table := getattr(tables, name)).filter(
            pc.is_in(table["image_id"].cast(pa.string()), value_set=ids)
        )
        for name in ("images", "objects", "absent_labels", "relations", "triplets")
    }
    return replace(tables, **parts, dropped=+dropped)
