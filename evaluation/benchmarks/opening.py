"""Benchmarks by their names. Nothing slow is imported before one is opened, so that commands can list them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from naturel.annotations.errors import UserError
from naturel.evaluation.benchmarks.families import BENCHMARKS, FAMILIES, SHARED

if TYPE_CHECKING:
    from naturel.evaluation.benchmarks.rows import Place
    from naturel.evaluation.questions import Questions

__all__ = ["BENCHMARKS", "SHARED", "Data", "open_benchmarks"]

Data = Mapping[str, Path | str] | Path | str | None
"""Where benchmarks lie: a mapping from names, or one folder for all."""
RELEASE = "naturel"
"""The family whose parts are read together, as all are of the same records."""


def open_benchmarks(
    names: Sequence[str],
    data: Data = None,
    *,
    split: Sequence[str] | None = None,
    config: str | None = None,
    max_questions: int | None = None,
    seed: int = 0,
) -> list[Questions]:
    """Read benchmarks: what is missing is counted and told, and pictures are not opened.

    Args:
        names: Of `BENCHMARKS`: families (`sugarcrepe`: all its parts that are there), parts (`sugarcrepe/add_att`).
        data: Where they lie: the folder of one benchmark, a folder that holds one folder a family (`sugarcrepe/`),
            or a mapping from families, parts and `SHARED` to folders, with such a folder for all others under "". For
            `naturel` also a release's name on the Hub, for `jsonl` also a file.
        split: Of `naturel`: its splits; None: all for testing and validation. Of `vsr`: `train`, `dev`, `test`.
        config: Of `naturel`: the configuration; None: the default one.
        max_questions: Of each part: more than these are left out, chosen by hash; pairs and sets stay whole.
        seed: Shapes that choice.

    Returns:
        The questions of each part, by family in the order of `names`. A part may have no question: where all its
        photos are missing, for example.

    Raises:
        UserError: There is no such benchmark, a file is missing or not in its format, or nothing of it is there.
    """
    from naturel.evaluation.benchmarks.selecting import sample

    found: list[Questions] = []
    for family, parts in _wanted(names).items():
        if family == RELEASE:
            module = import_module(f"{__package__}.{FAMILIES[family].module}")
            found += module.open_parts(list(parts), _where(family, "", data), split=split, config=config)
        else:
            found += _open(family, parts, data, split or ())
    if max_questions is not None:
        found = [sample(questions, max_questions, seed) for questions in found]
    return found


def _wanted(names: Sequence[str]) -> dict[str, dict[str, bool]]:
    """Family -> its parts, with whether each was named by itself.

    Raises:
        UserError: There is no such benchmark.
    """
    wanted: dict[str, dict[str, bool]] = {}
    for name in names:
        family, _, part = name.strip().partition("/")
        if name.strip() not in BENCHMARKS and not (family == "jsonl" and part):
            raise UserError(f"there is no benchmark {name}. Give some of {', '.join(BENCHMARKS)}.")
        parts = wanted.setdefault(family, {})
        for each in [part] if part else FAMILIES[family].parts or [""]:
            parts[each] = parts.get(each, False) or bool(part)
    return wanted


def _open(family: str, parts: Mapping[str, bool], data: Data, split: Sequence[str]) -> list[Questions]:
    """Read parts of a family. One whose file is missing is a note to the others, unless it was named by itself."""
    from naturel.evaluation.benchmarks.rows import MissingFileError

    module = import_module(f"{__package__}.{FAMILIES[family].module}")
    opened: list[Questions] = []
    missing: list[str] = []
    for part, named in parts.items():
        try:
            opened += module.open_part(part, _place(family, part, data, split))
        except MissingFileError as error:
            if named:
                raise
            missing.append(str(error))
    if missing and not opened:
        raise UserError(" ".join(missing))
    if missing:
        opened[0] = replace(opened[0], notes=(*opened[0].notes, *missing))
    return opened


def _place(family: str, part: str, data: Data, split: Sequence[str]) -> Place:
    from naturel.evaluation.benchmarks.rows import Place

    where = Path(_where(family, part, data))
    if not where.exists():
        raise UserError(f"{where} is not there. Give the folder of {family} with --data.")
    given = data if isinstance(data, Mapping) else {"": data or where}
    below = {name: Path(given[""]) / name for name in SHARED if "" in given}
    photos = {name: folder for name, folder in below.items() if folder.is_dir()}
    photos |= {name: Path(given[name]) for name in SHARED if name in given}
    return Place(where, family, photos, tuple(split))


def _where(family: str, part: str, data: Data) -> Path | str:
    """The folder of a benchmark: its own where there is one, else the folder of all."""
    name = f"{family}/{part}" if part else family
    if data is None:
        raise UserError(f"where is {name}? Give its folder with --data.")
    if isinstance(data, Mapping):
        for key in (name, family):
            if key in data:
                return data[key]
        if "" not in data:
            raise UserError(f"where is {name}? Give its folder with --data {family}=FOLDER.")
        data = data[""]
    below = Path(data) / family
    return below if below.is_dir() else data
