"""Benchmarks by their names. Nothing slow is imported before one is opened, so that commands can list them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naturel.annotations.errors import UserError

if TYPE_CHECKING:
    from naturel.evaluation.questions import Questions

Data = Mapping[str, Path | str] | Path | str | None
"""Where benchmarks lie: a mapping from names, or one folder for all."""
SHARED = {
    "coco": "photos of COCO 2017 (val2017/, train2017/, or the photos themselves)",
    "visual_genome": "photos of Visual Genome (VG_100K/ and VG_100K_2/)",
}
"""Further names that `data` may have: folders of photos that several benchmarks use."""


@dataclass(frozen=True)
class Family:
    """Benchmarks that are published together."""

    module: str
    about: str
    parts: Mapping[str, str]
    """Name -> what it asks."""


FAMILIES = {
    "naturel": Family(
        "naturel_release",
        "a NatuRel release: each test and validation split by itself",
        {
            "simple": "the simple caption against the simple negative",
            "complex": "each complex caption against its negative",
            "groups": "2x2 groups: two pictures, two captions, each true of one",
            "hard_positives": "a complex caption, another one that is true as well, and a negative",
            "hard_positives_simple": "a complex caption, the simple one that is true as well, and a negative",
        },
    ),
    "aro": Family(
        "aro",
        "ARO (Yuksekgonul and others, 2023)",
        {"vg_relation": "the X is R the Y, against the two exchanged; 23,937 crops of Visual Genome"},
    ),
    "whatsup": Family(
        "whatsup",
        'What\'s "up" (Kamath and others, 2023): four prepositions, one is right',
        {
            "a": "408 photos of household things: on, under, left of, right of",
            "b": "photos of small things on a table: in front of, behind, left of, right of",
        },
    ),
    "coco_spatial": Family(
        "spatial_qa",
        'COCO-spatial of What\'s "up": the right preposition against its opposite',
        {"one": "one thing and its side of the photo", "two": "two things"},
    ),
    "gqa_spatial": Family(
        "spatial_qa",
        'GQA-spatial of What\'s "up": the right preposition against its opposite',
        {"one": "one thing and its side of the photo", "two": "two things"},
    ),
    "sugarcrepe": Family(
        "sugarcrepe",
        "SugarCrepe (Hsieh and others, 2023): captions of COCO with one change",
        {
            "add_att": "an attribute added",
            "add_obj": "a thing added",
            "replace_att": "an attribute replaced",
            "replace_obj": "a thing replaced",
            "replace_rel": "a relation replaced",
            "swap_att": "two attributes exchanged",
            "swap_obj": "two things exchanged",
        },
    ),
    "winoground": Family(
        "winoground",
        "Winoground (Thrush and others, 2022)",
        {"all": "two pictures, two captions of the same words; 400 of them"},
    ),
    "hard_positives": Family(
        "hard_positives",
        "The hard positive truth (Kamath and others, 2024): a caption, another that is true, one that is false",
        {
            "replace_rel": "relations replaced",
            "replace_att": "attributes replaced",
            "swap": "two things with their attributes in the other order",
        },
    ),
    "vsr": Family(
        "vsr",
        "Visual Spatial Reasoning (Liu and others, 2023) as a ranking of true and false sentences",
        {
            "random": "the test split of the random splits",
            "zeroshot": "the test split of the zero-shot splits",
            "all": "all 10,119 sentences that were validated",
        },
    ),
    "jsonl": Family("jsonl", "any JSON Lines of image, captions, labels", {}),
}
"""All benchmarks by family."""

BENCHMARKS: dict[str, str] = {
    name: about
    for family, told in FAMILIES.items()
    for name, about in {
        family: told.about,
        **{f"{family}/{part}": what for part, what in told.parts.items()},
    }.items()
}
"""Every name that `open_benchmarks` takes, with what it is."""


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
        The questions of each part, in the order of `names`. A part may have no question: where all its photos are
        missing, for example.

    Raises:
        UserError: There is no such benchmark, a file is missing or not in its format, or nothing of it is there.
    """
    from naturel.evaluation.benchmarks.selecting import sample

    found: list[Questions] = []
    for name in dict.fromkeys(name.strip() for name in names):
        family, _, part = name.partition("/")
        if name not in BENCHMARKS and not (family == "jsonl" and part):
            raise UserError(f"there is no benchmark {name}. Give some of {', '.join(BENCHMARKS)}.")
        options = {"split": split, "config": config}
        found += _open(family, part, data, {key: value for key, value in options.items() if value})
    if max_questions is not None:
        found = [sample(questions, max_questions, seed) for questions in found]
    return found


def _open(family: str, part: str, data: Data, options: Mapping[str, Any]) -> list[Questions]:
    """One family, or one part of it."""
    from naturel.evaluation.benchmarks.rows import MissingFileError

    module = import_module(f"naturel.evaluation.benchmarks.{FAMILIES[family].module}")
    if family == "naturel":
        parts = [part] if part else list(FAMILIES[family].parts)
        found: list[Questions] = module.open_parts(parts, _where(family, part, data), **options)
        return found
    given = options.get("split") if family == "vsr" else None
    opened, missing = [], []
    for each in [part] if part or family == "jsonl" else FAMILIES[family].parts:
        place = _place(family, each, data)
        try:
            if family in ("coco_spatial", "gqa_spatial"):
                opened += module.open_part(f"{family}/{each}", place)
            elif given:
                opened += module.open_part(each, place, split=given)
            else:
                opened += module.open_part(each, place)
        except MissingFileError as error:
            missing.append(str(error))
    if missing and not opened:
        raise UserError(" ".join(dict.fromkeys(missing)))
    if missing:
        opened[0] = replace(opened[0], notes=(*opened[0].notes, *missing))
    return opened


def _place(family: str, part: str, data: Data) -> Any:
    from naturel.evaluation.benchmarks.rows import Place

    where = Path(_where(family, part, data))
    if not where.exists():
        raise UserError(f"{where} is not there: give the folder of {family} with --data.")
    given = data if isinstance(data, Mapping) else {"": data or where}
    shared = {name: Path(given[""]) / name for name in SHARED if "" in given}
    photos = {name: folder for name, folder in shared.items() if folder.is_dir()}
    return Place(where, photos | {name: Path(given[name]) for name in SHARED if name in given})


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
