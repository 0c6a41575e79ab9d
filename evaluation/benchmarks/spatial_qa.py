"""COCO-spatial and GQA-spatial of What's "up" (Kamath and others, 2023): a preposition against its opposite.

`coco_qa_one_obj.json`, `coco_qa_two_obj.json`, `vg_qa_one_obj.json`, `vg_qa_two_obj.json`: `[[image, right caption,
wrong caption], ...]`; photos `val2017/<image, twelve digits>.jpg` of COCO and `vg_images/<image>.jpg` of GQA
(github.com/amitakamath/whatsup_vlms, `dataset_zoo/aro_datasets.py`).
"""

from __future__ import annotations

from naturel.evaluation.benchmarks.collecting import RIGHT_FIRST, Collector
from naturel.evaluation.benchmarks.rows import BadRow, Photos, Place, find_file, label_of, read_rows, text_of
from naturel.evaluation.benchmarks.whatsup import PUBLISHED
from naturel.evaluation.questions import Kind, Questions

FILES = {"coco_spatial": "coco_qa", "gqa_spatial": "vg_qa"}
IMAGES = {
    "coco_spatial": "http://images.cocodataset.org/zips/val2017.zip",
    "gqa_spatial": "https://drive.google.com/uc?id=1idW7Buoz7fQm4-670n-oERw9U-2JLJvE (vg_images.tar.gz)",
}
PREPOSITIONS = (" left of ", " right of ", " above ", " below ", " front of ", " behind ", " top of ")
"""Of two things; of one thing it is the last word."""


def open_part(part: str, place: Place) -> list[Questions]:
    """Read one file.

    Args:
        part: `one` or `two`.
        place: Its folder, and which family: `coco_spatial` or `gqa_spatial`.

    Raises:
        MissingFileError: The file is not there.
        UserError: It is not in this format.
    """
    family = place.family
    file = f"{FILES[family]}_{part}_obj.json"
    path = find_file(place, [file, f"data/{file}"], PUBLISHED)
    coco = family == "coco_spatial"
    below = (
        place.below("val2017", "data/val2017", "images", "", photos="coco")
        if coco
        else place.below("vg_images", "data/vg_images", "VG_100K", "VG_100K_2", photos="visual_genome")
    )
    photos = Photos(below, IMAGES[family])
    collector = Collector(f"{family}/{part}", Kind.CHOICE, path)
    for where, row in read_rows(path):
        with collector.row(where):
            if not isinstance(row, list) or len(row) < 3:
                raise BadRow("it is no list of image, right caption and wrong caption")
            image = label_of(row[0])
            sentences = [text_of(caption, "a caption") for caption in row[1:3]]
            picture = photos.picture(image and f"{image.zfill(12) if coco else image}.jpg")
            facts = {"id": where.split()[-1], "relation": preposition_of(sentences[0], part == "one")}
            collector.add([picture], sentences, RIGHT_FIRST, facts)
    return [collector.questions(photos.notes())]


def preposition_of(caption: str, last: bool) -> str | None:
    """The preposition of a right caption: `left`, `above`, ...

    Args:
        caption: Such as `A photo of a cat to the left of a dog`.
        last: Whether it is the last word, as of one thing.
    """
    if last:
        return caption.split()[-1].strip(".").lower()
    found = next((words for words in PREPOSITIONS if words in caption), None)
    return found and found.split()[0]
