"""The benchmarks that there are, by name: nothing of them is imported, so that commands can list them at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SHARED = {
    "coco": "photos of COCO 2017 (val2017/, train2017/, or the photos themselves)",
    "visual_genome": "photos of Visual Genome (VG_100K/ and VG_100K_2/)",
}
"""Folders of photos that several benchmarks use."""


@dataclass(frozen=True)
class Family:
    """Benchmarks that are published together."""

    module: str
    """In this folder, with a function `open_part` (of releases `open_parts`)."""
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
