"""Reading Open Images against a bare DuckDB script that does the same join and selection.

Writes, once, a relation file like that of Open Images V6 (3.3 million rows), a class file and an image metadata file
(1.7 million rows), all made up from a fixed seed. Then each contestant reads them in a process of its own:

* ours: `read_openimages` up to its tables;
* duckdb: typed and filtered relations with class names, distinct (picture, triplet)s with their counts, and the
  metadata of the pictures in them, written to three Parquet files.

    python benchmarks/ingest.py --rows 3300000
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

IMAGES_PER_ROW = 0.17
"""Pictures with relations a row: 560,000 for 3.3 million rows."""
METADATA_PER_ROW = 0.52
"""Pictures in the metadata file a row: 1.7 million for 3.3 million rows."""
CHUNK = 100_000

RELATIONS = "challenge-2018-train-vrd.csv"
CLASSES = "class-descriptions-boxable.csv"
METADATA = "train-images-boxable-with-rotation.csv"
VRD_HEADER = "ImageID,LabelName1,LabelName2,XMin1,XMax1,YMin1,YMax1,XMin2,XMax2,YMin2,YMax2,RelationshipLabel"
IMAGE_HEADER = (
    "ImageID,Subset,OriginalURL,OriginalLandingURL,License,AuthorProfileURL,Author,Title,OriginalSize,OriginalMD5,"
    "Thumbnail300KURL,Rotation"
)

DUCKDB = """
SET preserve_insertion_order = false;
CREATE TABLE classes AS SELECT * FROM read_csv('{classes}', header=false, names=['mid', 'label']);
INSERT INTO classes SELECT * FROM (VALUES {attributes}) AS given(mid, label);
CREATE TABLE relations AS
    SELECT DISTINCT ImageID AS image_id, one.label AS subject_label, RelationshipLabel AS relation,
        two.label AS object_label, XMin1, YMin1, XMax1, YMax1, XMin2, YMin2, XMax2, YMax2
    FROM read_csv('{relations}', header=true, types={{
        'ImageID': 'VARCHAR', 'LabelName1': 'VARCHAR', 'LabelName2': 'VARCHAR', 'RelationshipLabel': 'VARCHAR',
        'XMin1': 'FLOAT', 'XMax1': 'FLOAT', 'YMin1': 'FLOAT', 'YMax1': 'FLOAT',
        'XMin2': 'FLOAT', 'XMax2': 'FLOAT', 'YMin2': 'FLOAT', 'YMax2': 'FLOAT'}})
    JOIN classes one ON LabelName1 = one.mid JOIN classes two ON LabelName2 = two.mid
    WHERE RelationshipLabel IN ({names})
        AND XMin1 BETWEEN -.01 AND XMax1 AND XMax1 <= 1.01 AND YMin1 BETWEEN -.01 AND YMax1 AND YMax1 <= 1.01
        AND XMin2 BETWEEN -.01 AND XMax2 AND XMax2 <= 1.01 AND YMin2 BETWEEN -.01 AND YMax2 AND YMax2 <= 1.01;
CREATE TABLE triplets AS
    SELECT image_id, subject_label, relation, object_label, count(*) AS pairs FROM relations GROUP BY ALL;
CREATE TABLE images AS
    SELECT ImageID, OriginalLandingURL, License, Author, Title, Rotation
    FROM read_csv('{metadata}', header=true, types={{
        'ImageID': 'VARCHAR', 'OriginalLandingURL': 'VARCHAR', 'License': 'VARCHAR', 'Author': 'VARCHAR',
        'Title': 'VARCHAR', 'Rotation': 'FLOAT'}})
    SEMI JOIN triplets ON ImageID = image_id;
"""


def write_input(folder: Path, rows: int) -> None:
    """Write the three files, unless they are there."""
    done = folder / "rows.json"
    if done.exists() and json.loads(done.read_text()) == rows:
        return
    from naturel.annotations.nouns import load_nouns
    from naturel.annotations.relations import load_vocabulary

    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    nouns = load_nouns()
    classes = sorted(noun.mid for noun in nouns.nouns.values() if noun.mid)
    attributes = sorted(attribute.mid for attribute in nouns.attributes.values() if attribute.mid)
    names = [
        name for r in load_vocabulary() if r.kind != "attribute" for name in r.sources.get("openimages", ())
    ]
    triplets = [(a, b, names[rng.integers(len(names))]) for a, b in rng.choice(classes, (1400, 2))]
    triplets += [(a, attributes[i % len(attributes)], "is") for i, a in enumerate(rng.choice(classes, 66))]
    chances = 1 / np.arange(1, len(triplets) + 1)
    order = rng.permutation(len(triplets))
    ids = [f"{number:016x}" for number in rng.integers(0, 2**63, int(rows * METADATA_PER_ROW) + 1)]
    with_relations = max(1, int(rows * IMAGES_PER_ROW))
    with (folder / RELATIONS).open("w", encoding="utf-8") as file:
        file.write(VRD_HEADER + "\n")
        for start in range(0, rows, CHUNK):
            count = min(CHUNK, rows - start)
            kinds = order[rng.choice(len(triplets), count, p=chances / chances.sum())]
            low = rng.random((count, 4)) * 0.6
            high = low + 0.02 + rng.random((count, 4)) * 0.35
            images = np.sort(rng.integers(0, with_relations, count))
            lines = []
            for image, kind, (a, b, c, d), (e, f, g, h) in zip(
                images.tolist(), kinds.tolist(), low.tolist(), high.tolist(), strict=True
            ):
                one, two, relation = triplets[kind]
                if relation == "is":
                    c, d, g, h = a, b, e, f
                lines.append(
                    f"{ids[image]},{one},{two},{a:.6f},{e:.6f},{b:.6f},{f:.6f},"
                    f"{c:.6f},{g:.6f},{d:.6f},{h:.6f},{relation}\n"
                )
            file.writelines(lines)
    with (folder / CLASSES).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((noun.mid, noun.label) for noun in nouns.nouns.values() if noun.mid)
    with (folder / METADATA).open("w", encoding="utf-8") as file:
        file.write(IMAGE_HEADER + "\n")
        file.writelines(
            f"{name},train,https://farm3.staticflickr.com/5310/{number}_{name[:10]}_o.jpg,"
            f"https://www.flickr.com/photos/author{number % 90_000}/{number},"
            f"https://creativecommons.org/licenses/by/2.0/,https://www.flickr.com/people/author{number % 90_000}/,"
            f'Author {number % 90_000},"Title {number}, with a comma",{number},KFukvivpCM5QXl5SqKe41g==,'
            f"https://c1.staticflickr.com/6/5310/{number}_{name[:10]}_z.jpg,{('0.0', '', '90.0')[number % 50 % 3]}\n"
            for number, name in enumerate(ids)
        )
    done.write_text(json.dumps(rows))


def ours(folder: Path) -> dict[str, int]:
    """Read with `read_openimages`."""
    from naturel.annotations.nouns import load_nouns
    from naturel.annotations.relations import load_vocabulary
    from naturel.builders.engine import use_runner
    from naturel.builders.sources.openimages import Sampling, read_openimages
    from naturel.builders.sources.openimages_files import find_files

    use_runner("native")
    files = find_files(folder, "train")
    tables = read_openimages(files, "train", Sampling(), load_vocabulary(), load_nouns())
    return {
        "relations": tables.relations.num_rows,
        "triplets": tables.triplets.num_rows,
        "images": tables.images.num_rows,
    }


def duckdb(folder: Path) -> dict[str, int]:
    """Read with a bare script."""
    import duckdb as engine

    from naturel.annotations.nouns import load_nouns
    from naturel.annotations.relations import load_vocabulary

    names = [name for relation in load_vocabulary() for name in relation.sources.get("openimages", ())]
    given = [(a.mid, a.label) for a in load_nouns().attributes.values() if a.mid]
    script = DUCKDB.format(
        classes=folder / CLASSES,
        relations=folder / RELATIONS,
        metadata=folder / METADATA,
        attributes=", ".join(f"('{mid}', '{label}')" for mid, label in given),
        names=", ".join(f"'{name}'" for name in names),
    )
    connection = engine.connect()
    connection.execute(script)
    counts = {}
    for name in ("relations", "triplets", "images"):
        counts[name] = connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
    return counts


CONTESTANTS = {"ours": ours, "duckdb": duckdb}


def measure(name: str, folder: Path) -> None:
    """Run one contestant in this process, and print what it took."""
    start = time.perf_counter()
    counts = CONTESTANTS[name](folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "wall": time.perf_counter() - start,
        "cpu": used.ru_utime + used.ru_stime,
        "rss": used.ru_maxrss / 1e6,
    }
    print(json.dumps(figures | counts))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=3_300_000)
    parser.add_argument(
        "--folder", type=Path, help="where the made-up files are kept; default: a temporary folder"
    )
    parser.add_argument("--only", choices=CONTESTANTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.gettempdir()) / f"naturel-ingest-{options.rows}"
    if options.only:
        return measure(options.only, folder)
    write_input(folder, options.rows)
    found = {}
    for name in CONTESTANTS:
        command = [
            sys.executable,
            __file__,
            "--rows",
            str(options.rows),
            "--folder",
            str(folder),
            "--only",
            name,
        ]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ))
        found[name] = json.loads(done.stdout.strip().splitlines()[-1])
        figures = found[name]
        print(
            f"{name:>7}: {figures['wall']:6.1f} s, {figures['cpu']:6.1f} s of processor, {figures['rss']:5.2f} GB at "
            f"most; {figures['relations']:,} relations, {figures['triplets']:,} (picture, triplet)s, "
            f"{figures['images']:,} pictures"
        )
    ratio = found["ours"]["cpu"] / found["duckdb"]["cpu"]
    print(f"ours / duckdb: {ratio:.2f} x the processor time (the aim: at most 2), at most 1.5 GB")


if __name__ == "__main__":
    main()
