"""Files of scores: any model can be judged without our code running it.

`write_requests` writes what has to be scored, a row for each picture and sentence; whoever runs the model adds the
column `score`, and `read_scores` makes scorers of it. Requests have the columns `id` (a digest of benchmark, picture
and sentence, the same in every run), `benchmark`, `picture` (its key), `path` (its file), `crop` (null, or x_min,
y_min, x_max, y_max in pixels: the part that is shown) and `caption`. Scores need `id` and `score` only, and `model`
where the file holds those of several.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from naturel.annotations.errors import UserError
from naturel.annotations.joins import codes_of
from naturel.builders.engine import conform
from naturel.builders.files import sync_and_rename, write_file
from naturel.builders.progress import Progress
from naturel.evaluation.questions import Picture, Questions
from naturel.evaluation.scoring import Answers, answered

REQUESTS = pa.schema(
    {
        "id": pa.string(),
        "benchmark": pa.string(),
        "picture": pa.string(),
        "path": pa.string(),
        "crop": pa.list_(pa.int64()),
        "caption": pa.string(),
    }
)
SCORES = pa.schema({"id": pa.string(), "score": pa.float64(), "model": pa.string()})
NO_SCORE = "a score is missing in the score file"
ENDINGS = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png", b"RIFF": ".webp"}
"""How encoded pictures begin -> what their files are called."""


@dataclass(frozen=True)
class Written:
    """What was written for a model to score."""

    path: Path
    rows: int
    pictures: int
    """Files made, for pictures that were no files."""


def write_requests(questions: Sequence[Questions], path: Path, progress: Progress) -> Written:
    """Write every picture and sentence that belong together in a question, once a benchmark.

    Pictures that are no files, such as those within a release, are written to the folder `NAME_pictures` beside it.

    Args:
        questions: Of all benchmarks.
        path: A Parquet or CSV file to make; in CSV, `crop` is text such as `1 2 30 40`.
        progress: Where rows are counted.

    Raises:
        UserError: The file's name has another ending, or it cannot be written.
    """
    _check_ending(path)
    made: set[Path] = set()
    total = sum(some.true.size for some in questions)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = path.with_name(f"{path.stem}_pictures")
        with progress.task("requests", total, "pairs") as task:
            tables = []
            for some in questions:
                tables.append(_requests(some, folder, made))
                task.advance(some.true.size)
        table = pa.concat_tables(tables) if tables else REQUESTS.empty_table()
        temporary = path.with_name(path.name + ".partial")
        if path.suffix == ".parquet":
            pq.write_table(table, temporary, compression="zstd")
        else:
            crops = [" ".join(map(str, crop)) if crop else None for crop in table["crop"].to_pylist()]
            place = table.column_names.index("crop")
            pc_csv.write_csv(table.set_column(place, "crop", pa.array(crops, pa.string())), temporary)
        sync_and_rename(temporary, path)
    except OSError as error:
        raise UserError(
            f"--requests {path} cannot be written: {error.strerror or error}. Choose another file."
        ) from error
    return Written(path, table.num_rows, len(made))


class ScoreFile:
    """The scores of one model, from a file."""

    def __init__(self, name: str, digest: str, ids: pa.Array, scores: pa.Array) -> None:
        """Takes the scores.

        Args:
            name: The model's.
            digest: Of the file.
            ids: Of requests, each once.
            scores: Theirs; NaN or null where there is none.
        """
        self.name = name
        self.digest = digest
        self._ids = ids
        self._scores = np.append(np.asarray(scores.to_numpy(zero_copy_only=False), np.float64), np.nan)

    def score(self, questions: Questions, progress: Progress) -> Answers:
        """Look the scores up; questions that lack one are left out."""
        ids = pa.array(list(_ids(questions)), pa.string())
        # A pair that has no row gets the last score, which is NaN.
        scores = self._scores[codes_of(ids, self._ids)].reshape(questions.true.shape)
        answers = Answers(np.where((questions.texts >= 0)[:, None, :] & np.isfinite(scores), scores, np.nan))
        lost = len(questions) - len(answered(questions, answers))
        return Answers(answers.scores, {NO_SCORE: lost} if lost else {})

    def close(self) -> None:
        """Nothing is open."""


def read_scores(path: Path) -> list[ScoreFile]:
    """Read a file of scores.

    Args:
        path: Parquet or CSV with the columns `id` and `score`, and `model` where there are several.

    Returns:
        A scorer for each model, in the order of the file; without the column `model` one with the file's name.

    Raises:
        UserError: The file cannot be read, lacks a column, holds no number, or holds a pair twice.
    """
    _check_ending(path)
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        table = _read(path)
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"--scores {path} cannot be read: {error}. Give a Parquet or CSV file.") from error
    if twice := [name for name in SCORES.names if table.column_names.count(name) > 1]:
        raise UserError(f"--scores {path} has the column {twice[0]} twice. Keep one.")
    if missing := [name for name in ("id", "score") if name not in table.column_names]:
        raise UserError(
            f"--scores {path} has no column {', '.join(missing)}. Add a column `score` to the file that --requests "
            "writes, and keep its `id`."
        )
    try:
        table = conform(table, SCORES)
    except (pa.ArrowException, ValueError) as error:
        raise UserError(
            f"--scores {path}: its ids are not all text, or its scores not all numbers: {str(error).rstrip('.')}."
        ) from error
    given = pc.fill_null(table["model"], "")
    names = pc.if_else(pc.equal(given, ""), path.stem, given).combine_chunks()
    scorers = []
    for name in names.unique().to_pylist():
        rows = table.filter(pc.equal(names, name)).combine_chunks()
        _check(rows, path, name)
        scorers.append(
            ScoreFile(name, digest, *(rows[column].combine_chunks() for column in ("id", "score")))
        )
    if not scorers:
        raise UserError(f"--scores {path} holds no row.")
    return scorers


def _read(path: Path) -> pa.Table:
    if path.suffix == ".csv":
        types = {"id": pa.string(), "model": pa.string(), "caption": pa.string()}
        return pc_csv.read_csv(
            path,
            parse_options=pc_csv.ParseOptions(newlines_in_values=True),
            convert_options=pc_csv.ConvertOptions(column_types=types),
        )
    present = pq.read_schema(path).names
    return pq.read_table(path, columns=[name for name in SCORES.names if name in present])


def _check(rows: pa.Table, path: Path, name: str) -> None:
    if empty := rows["id"].null_count:
        raise UserError(
            f"--scores {path}: {empty:,} rows of the model {name} have no id. Keep --requests' ids."
        )
    counts = pc.value_counts(rows["id"].combine_chunks())
    twice = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    if len(twice):
        raise UserError(
            f"--scores {path} has {len(twice):,} pairs more than once for the model {name}, such as {twice[0]}. Give "
            " each pair one score; name models in a column `model`."
        )
    if not pc.any(pc.is_finite(pc.fill_null(rows["score"], float("nan")))).as_py():
        raise UserError(f"--scores {path}: the model {name} has no score that is a number.")


def _check_ending(path: Path) -> None:
    if path.suffix not in (".parquet", ".csv"):
        raise UserError(f"{path} is neither Parquet nor CSV. Give a file that ends in .parquet or .csv.")


def _ids(questions: Questions) -> Iterator[str | None]:
    """The id of each picture and sentence, in the order of scores of shape (n, a, c); None where there is none."""
    known: dict[tuple[int, int], str] = {}
    for images, texts in zip(questions.images.tolist(), questions.texts.tolist(), strict=True):
        for image in images:
            for text in texts:
                if text < 0:
                    yield None
                    continue
                if (image, text) not in known:
                    key, caption = questions.pictures[image].key, questions.captions[text]
                    parts = "\0".join((questions.benchmark, key, caption))
                    known[image, text] = hashlib.sha256(parts.encode()).hexdigest()[:32]
                yield known[image, text]


def _requests(questions: Questions, folder: Path, made: set[Path]) -> pa.Table:
    """The requests of one benchmark, a row for each different pair."""
    shape = questions.true.shape
    images = np.broadcast_to(questions.images[:, :, None], shape).ravel()
    texts = np.broadcast_to(questions.texts[:, None, :], shape).ravel()
    rows: dict[str, tuple[int, int]] = {}
    for identity, image, text in zip(_ids(questions), images.tolist(), texts.tolist(), strict=True):
        if identity is not None:
            rows.setdefault(identity, (image, text))
    files: dict[int, str] = {}
    for image, _ in rows.values():
        if image not in files:
            files[image] = _file(questions.pictures[image], folder, made)
    pairs = list(rows.values())
    columns = {
        "id": list(rows),
        "benchmark": [questions.benchmark] * len(rows),
        "picture": [questions.pictures[image].key for image, _ in pairs],
        "path": [files[image] for image, _ in pairs],
        "crop": [questions.pictures[image].crop for image, _ in pairs],
        "caption": [questions.captions[text] for _, text in pairs],
    }
    return pa.table(columns, schema=REQUESTS)


def _file(picture: Picture, folder: Path, made: set[Path]) -> str:
    """The file of a picture, made where it is none; it is named by its digest."""
    source = picture.source
    if isinstance(source, Path):
        return str(source.absolute())
    ending = next((ending for start, ending in ENDINGS.items() if source.startswith(start)), "")
    path = folder / (hashlib.sha256(source).hexdigest() + ending)
    if path not in made and not path.exists():
        folder.mkdir(exist_ok=True)
        temporary = path.with_name(path.name + ".partial")
        write_file(temporary, source)
        temporary.replace(path)
    made.add(path)
    return str(path.absolute())
