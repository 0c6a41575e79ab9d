"""The labels of categories in COCO's format.

They are those of the noun table where it has the thing, so that captions are good English and sources share labels.
"""

from __future__ import annotations

from collections.abc import Iterable

from naturel.annotations.nouns import NounTable

COCO_CATEGORIES = frozenset(
    (
        *(
            "airplane",
            "apple",
            "backpack",
            "banana",
            "baseball bat",
            "baseball glove",
            "bear",
            "bed",
            "bench",
        ),
        *(
            "bicycle",
            "bird",
            "boat",
            "book",
            "bottle",
            "bowl",
            "broccoli",
            "bus",
            "cake",
            "car",
            "carrot",
            "cat",
        ),
        *("cell phone", "chair", "clock", "couch", "cow", "cup", "dining table", "dog", "donut", "elephant"),
        *(
            "fire hydrant",
            "fork",
            "frisbee",
            "giraffe",
            "hair drier",
            "handbag",
            "horse",
            "hot dog",
            "keyboard",
        ),
        *("kite", "knife", "laptop", "microwave", "motorcycle", "mouse", "orange", "oven", "parking meter"),
        *(
            "person",
            "pizza",
            "potted plant",
            "refrigerator",
            "remote",
            "sandwich",
            "scissors",
            "sheep",
            "sink",
        ),
        *("skateboard", "skis", "snowboard", "spoon", "sports ball", "stop sign", "suitcase", "surfboard"),
        *("teddy bear", "tennis racket", "tie", "toaster", "toilet", "toothbrush", "traffic light", "train"),
        *("truck", "tv", "umbrella", "vase", "wine glass", "zebra"),
    )
)
"""COCO's own 80 categories (https://cocodataset.org/#explore), all of which were looked for in every photo."""

LABELS = {
    "cup": "Cup",
    "hair drier": "Hair dryer",
    "keyboard": "Computer keyboard",
    "mouse": "Computer mouse",
    "mouse (computer equipment)": "Computer mouse",
    "orange": "Orange",
    "potted plant": "Potted plant",
    "skis": "Skis",
    "sports ball": "Ball",
    "tie": "Tie",
}
"""Categories that the noun table would take for another thing, or has under another name.

COCO's cups are of any kind, its potted plants stand outdoors too, and its skis come in pairs, so these three have
labels of their own."""


def label_of(category: str, nouns: NounTable) -> str:
    """The label of a category.

    Args:
        category: Its name, for example `cell phone`, or `bow_(weapon)` in LVIS: what stands in parentheses tells two
            things of one name apart and is not said.
        nouns: The noun table. What it does not know, or knows as another kind of thing too ("bat"), keeps its name.
    """
    name = " ".join(category.replace("_", " ").split())
    plain = " ".join(name.partition("(")[0].split()) or name
    for known in (name.lower(), plain.lower()):
        if known in LABELS:
            return LABELS[known]
    if plain.lower() in nouns.words.ambiguous:
        return plain
    found = nouns.by_noun(plain) or nouns.by_label(plain)
    return found.label if found else plain


def is_coco(categories: Iterable[str]) -> bool:
    """Whether these are COCO's own 80 categories."""
    return {name.lower() for name in categories} == COCO_CATEGORIES
