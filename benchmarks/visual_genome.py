"""Reading Visual Genome's relations against a bare walk of the same file.

Writes, once, a `relationships.json` like the real one (108,077 pictures, 2.3 million relations, about 800 MB) and an
`image_data.json`, made up from a fixed seed. Then each contestant reads them in a process of its own:

* bare ijson walk: `ijson.items` over the file, and nothing done with what it gives;
* ours: `read_visual_genome` up to its tables, for the split train.

    python benchmarks/visual_genome.py --pictures 108077
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measuring import measure, show

PER_PICTURE = 21
LIMIT_MIB = 1024
WALK = "import ijson, sys; n = sum(1 for _ in ijson.items(open(sys.argv[1], 'rb'), 'item', use_float=True))"
OURS = """
import sys
from pathlib import Path
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.annotations.words import load_words
from naturel.builders.settings import Split
from naturel.builders.sources.sampling import Sampling
from naturel.builders.sources.visual_genome import read_visual_genome
from naturel.builders.sources.visual_genome_files import find_files
files = find_files(Path(sys.argv[1]))
tables = read_visual_genome(files, Split.TRAIN, Sampling(), load_vocabulary(), load_nouns(), load_words())
print(f"{tables.images.num_rows:,} pictures, {tables.relations.num_rows:,} relations, "
      f"{tables.triplets.num_rows:,} (picture, triplet)s, {tables.objects.num_rows:,} objects", file=sys.stderr)
"""


def write_input(folder: Path, pictures: int) -> None:
    """Write both files, unless they are there."""
    done = folder / "pictures.json"
    if done.exists() and json.loads(done.read_text()) == pictures:
        return
    from naturel.annotations.nouns import load_nouns
    from naturel.annotations.relations import load_vocabulary

    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    nouns = load_nouns().nouns.values()
    names = [noun.noun for noun in nouns] + [noun.plural for noun in nouns if noun.plural]
    names += [f"{colour} {noun.noun}" for colour in ("white", "red", "large") for noun in nouns]
    predicates = [
        name for relation in load_vocabulary() for name in relation.sources.get("visual_genome", ())
    ]
    name_of = _often(names, [f"thing {number}" for number in range(20_000)], rng)
    said = _often(predicates, [f"doing {number} to" for number in range(20_000)], rng)
    with (folder / "relationships.json").open("w", encoding="utf-8") as file:
        for image in range(1, pictures + 1):
            boxes = rng.integers(1, 300, (2 * PER_PICTURE, 4)).tolist()
            rows = []
            for number in range(PER_PICTURE):
                one, two = (_node(image, 2 * number + side, name_of(), boxes) for side in (0, 1))
                row = {"predicate": said(), "object": two, "relationship_id": image * 100 + number}
                rows.append(row | {"synsets": ["along.r.01"], "subject": one})
            entry = {"relationships": rows, "image_id": image}
            file.write(("[" if image == 1 else ", ") + json.dumps(entry))
        file.write("]")
    url = "https://cs.stanford.edu/people/rak248/VG_100K_2/{}.jpg"
    photos = [
        {
            "width": 800,
            "url": url.format(image),
            "height": 600,
            "image_id": image,
            "coco_id": None,
            "flickr_id": None,
        }
        for image in range(1, pictures + 1)
    ]
    (folder / "image_data.json").write_text(json.dumps(photos))
    done.write_text(json.dumps(pictures))


def _node(image: int, place: int, name: str, boxes: list[list[int]]) -> dict[str, object]:
    x, y, width, height = boxes[place]
    box = {"h": height, "object_id": image * 100 + place, "synsets": ["thing.n.01"]}
    return {"name": name} | box | {"w": width, "y": y, "x": x}


def _often(common: list[str], rare: list[str], rng: np.random.Generator) -> Callable[[], str]:
    """Draw words as they are used: the n-th most frequent one 1/n as often as the first; `rare` mean nothing."""
    values: list[str] = [common[i] for i in rng.permutation(len(common))] + rare
    chances = 1 / np.arange(1, len(values) + 1)
    drawn: list[int] = []

    def draw() -> str:
        if not drawn:
            drawn.extend(rng.choice(len(values), 100_000, p=chances / chances.sum()).tolist())
        return values[drawn.pop()]

    return draw


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=108_077)
    parser.add_argument(
        "--folder", type=Path, help="where the made-up files are kept; default: a temporary folder"
    )
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.gettempdir()) / f"naturel-visual-genome-{options.pictures}"
    write_input(folder, options.pictures)
    file = folder / "relationships.json"
    print(f"{file.stat().st_size / 1e6:,.0f} MB, {options.pictures * PER_PICTURE:,} relations")
    rows = {
        "bare ijson walk": measure([sys.executable, "-c", WALK, str(file)]),
        "ours": measure([sys.executable, "-c", OURS, str(folder)]),
    }
    show(rows)
    print(f"the aim: at most {LIMIT_MIB:,} MiB; ours takes {rows['ours'].peak_mib:,.0f}")


if __name__ == "__main__":
    main()
