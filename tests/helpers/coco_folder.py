"""Tiny instances files in COCO's format."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from naturel.builders.sources.coco_labels import COCO_CATEGORIES

WIDTH, HEIGHT = 200, 100
"""Pixels of every picture."""
COCO = tuple(sorted(COCO_CATEGORIES))
LICENSES = [
    {
        "id": 1,
        "name": "Attribution-NonCommercial License",
        "url": "http://creativecommons.org/licenses/by-nc/2.0/",
    },
    {"id": 4, "name": "Attribution License", "url": "http://creativecommons.org/licenses/by/2.0/"},
]
LEFT = (0, 20, 60, 60)
"""Of the picture: x 0 to .3, y .2 to .8."""
RIGHT = (140, 20, 60, 60)
"""x .7 to 1, y .2 to .8."""
ABOVE = (60, 0, 80, 30)
"""x .3 to .7, y 0 to .3."""
BELOW = (60, 60, 80, 40)
"""x .3 to .7, y .6 to 1."""

Things = Sequence[tuple[Any, ...]]
"""Category, box in pixels [x, y, width, height], and fields that differ."""


def instances(
    pictures: Mapping[int, Things],
    categories: Sequence[str] = COCO,
    photos: Mapping[int, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """An instances file: pictures by id, each with its things; `photos` has fields of pictures that differ."""
    number = {name: i for i, name in enumerate(categories, start=1)}
    annotations: list[dict[str, Any]] = []
    for picture, things in pictures.items():
        for category, box, *more in things:
            entry = {
                "id": len(annotations) + 1,
                "image_id": picture,
                "category_id": number.get(category, category),
                "bbox": list(box) if isinstance(box, tuple) else box,
                "iscrowd": 0,
                "area": 1.0,
                "segmentation": [[0.5, 1.5, 2.5, 3.5]],
            }
            annotations.append(entry | (more[0] if more else {}))
    images = [
        {
            "id": picture,
            "width": WIDTH,
            "height": HEIGHT,
            "file_name": f"{picture:012}.jpg",
            "coco_url": f"http://pictures.example/train2017/{picture:012}.jpg",
            "flickr_url": f"http://flickr.example/{picture}",
            "license": 4,
        }
        | dict((photos or {}).get(picture, {}))
        for picture in pictures
    ]
    return {
        "info": {"year": 2017},
        "licenses": LICENSES,
        "images": images,
        "annotations": annotations,
        "categories": [{"id": i, "name": name} for name, i in number.items()],
    }


def write_instances(path: Path, content: object) -> Path:
    """Write a file as JSON; text is written as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path
