"""SugarCrepe's layout: `<split>/<kind>.json`, `{"0": {"filename", "caption", "negative_caption"}, ...}`.

The kinds are SugarCrepe's (Hsieh and others, 2023), so that its evaluation reads them: a swapped claim is `swap_obj`,
another relation `replace_rel`, another attribute `replace_att`, another subject or object `replace_obj`. File names
are those in `images/`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from naturel.annotations.errors import UserError
from naturel.builders.progress import Progress
from naturel.loaders.formats.files import PictureFolder, write_pictures
from naturel.loaders.formats.result import NO_PICTURE, Counts
from naturel.loaders.formats.source import Source
from naturel.loaders.sentences import NEEDED, PAIRS

KINDS = {
    "swap": "swap_obj",
    "contrast": "replace_rel",
    "attribute": "replace_att",
    "subject": "replace_obj",
    "object": "replace_obj",
}
"""NatuRel's kinds of negatives, and SugarCrepe's."""


def write_sugarcrepe(source: Source, folder: Path, progress: Progress) -> Counts:
    """Write the four pairs of every record by their kind.

    Raises:
        UserError: The release does not say of what kind its negatives are.
    """
    counts = Counts()
    if "negative_kinds" not in source.columns:
        raise UserError(
            f"{source.release} has no column negative_kinds, so its pairs cannot be sorted. Build it again."
        )
    pictures = PictureFolder(folder)
    for split in source.splits:
        with progress.task(split, None, "records") as task:
            write_pictures(source, split, pictures, task)
        tests: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
        for record in source.table(split, [*NEEDED, "negative_kinds"]).to_pylist():
            name = pictures.names.get(record["image_id"])
            if name is None:
                counts.left_out[NO_PICTURE] += 1
                continue
            positives = [record["simple_positive"], *record["complex_positives"]]
            negatives = [record["simple_negative"], *record["complex_negatives"]]
            for pair in range(PAIRS):
                test = tests[_kind(record["negative_kinds"][pair])]
                test[str(len(test))] = {
                    "filename": name,
                    "caption": positives[pair],
                    "negative_caption": negatives[pair],
                }
        (folder / split).mkdir()
        for kind, test in sorted(tests.items()):
            text = json.dumps(test, indent=4, ensure_ascii=False) + "\n"
            (folder / split / f"{kind}.json").write_text(text, encoding="utf-8", newline="\n")
            counts.written["pairs"] += len(test)
    counts.written["pictures"] = len(pictures.names)
    return counts


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise UserError(f"SugarCrepe has no kind for negatives called {kind!r}; export jsonl.")
    return KINDS[kind]
