"""What's "up" A and B (Kamath and others, 2023): four captions of a photo that differ in the preposition.

`controlled_images_dataset.json` (A) and `controlled_clevr_dataset.json` (B) are lists of `image_path` and
`caption_options`, the right one first; from `image_path`, `data/controlled_images/beer-bottle_on_armchair.jpeg`,
things and preposition are read (github.com/amitakamath/whatsup_vlms, `dataset_zoo/aro_datasets.py`). A pair is two
opposite prepositions of the same two things, a set is all four. The authors divide by questions / 2 and / 4; so does
this where no photo is missing, and else it divides by the pairs and sets of which all photos are there.
"""

from __future__ import annotations

import re

from naturel.evaluation.benchmarks.collecting import Collector, keep_whole
from naturel.evaluation.benchmarks.rows import (
    BadRow,
    Photos,
    Place,
    find_file,
    object_of,
    read_rows,
    text_of,
)
from naturel.evaluation.questions import Kind, Questions

FILES = {"a": "controlled_images_dataset.json", "b": "controlled_clevr_dataset.json"}
FOLDERS = {"a": "controlled_images", "b": "controlled_clevr"}
PUBLISHED = (
    "https://drive.google.com/drive/folders/164q6X9hrvP-QYpi3ioSnfMuyHpG5oRkZ "
    "(see https://github.com/amitakamath/whatsup_vlms)"
)
AXES = {
    "left_of": "horizontal", "right_of": "horizontal", "on": "vertical", "under": "vertical",
    "in-front_of": "depth", "behind": "depth",
}  # fmt: skip
"""Preposition -> which pair it is of."""
NAME = re.compile(rf"([^_/]+)_({'|'.join(AXES)})_([^_/]+)\.\w+$")
OPTIONS = 4


def open_part(part: str, place: Place) -> list[Questions]:
    """Read A or B.

    Args:
        part: `a` or `b`.
        place: Its folder.

    Raises:
        MissingFileError: The file is not there.
        UserError: It is not in this format.
    """
    path = find_file(place, [FILES[part], f"data/{FILES[part]}"], PUBLISHED)
    photos = Photos([path.parent, *place.below("")], PUBLISHED)
    collector = Collector(f"whatsup/{part}", Kind.CHOICE, path)
    for where, row in read_rows(path):
        with collector.row(where):
            told = object_of(row)
            options = told.get("caption_options")
            if not isinstance(options, list) or len(options) != OPTIONS:
                raise BadRow(f"caption_options are not {OPTIONS}")
            sentences = [text_of(option, "a caption option") for option in options]
            name = told.get("image_path")
            name = name.removeprefix("data/") if isinstance(name, str) else name
            picture = photos.picture(name)
            if not (found := NAME.search(picture.key)):
                raise BadRow("the photo's name does not tell two things and their preposition")
            subject, preposition, other = found.groups()
            facts = {
                "id": where.split()[-1],
                "relation": preposition,
                "pair": f"{subject} {other} {AXES[preposition]}",
                "set": f"{subject} {other}",
            }
            collector.add([picture], sentences, [[True, *[False] * (OPTIONS - 1)]], facts)
    return [keep_whole(collector.questions(photos.notes()), {"pair": 2, "set": 4})]
