"""Look at the cache of answers, write it out, and throw parts of it away."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from naturel.annotations.errors import UserError
from naturel.builders.files import sync_and_rename
from naturel.builders.llm.answers import Outcome
from naturel.builders.llm.cache import AnswerCache


@dataclass(frozen=True, slots=True)
class ModelStats:
    """What the cache holds of one model.

    Attributes:
        model: Its name.
        outcomes: Number of kept answers by outcome.
        failed_calls: Calls that brought no answer at all, by outcome.
        input_tokens: Tokens in, as the servers counted.
        output_tokens: Tokens out.
        seconds: Sum of the calls' durations.
        first: Time of the oldest answer.
        last: Time of the newest one.
    """

    model: str
    outcomes: dict[str, int]
    failed_calls: dict[str, int]
    input_tokens: int
    output_tokens: int
    seconds: float
    first: float | None
    last: float | None


@dataclass(frozen=True, slots=True)
class CacheStats:
    """What the cache holds."""

    path: Path
    bytes: int
    models: tuple[ModelStats, ...]


def cache_stats(cache: AnswerCache) -> CacheStats:
    """Count what the cache holds, by model."""
    sums = {
        row["model"]: row
        for row in cache.database.rows(
            "SELECT model, sum(input_tokens) AS input, sum(output_tokens) AS output, sum(seconds) AS seconds, "
            "min(time) AS first, max(time) AS last FROM answers GROUP BY model"
        )
    }
    kept = _count(cache, "answers")
    failed = _count(cache, "failures")
    models = []
    for model in sorted(kept.keys() | failed.keys()):
        row = sums.get(model)
        models.append(
            ModelStats(
                model,
                kept.get(model, {}),
                failed.get(model, {}),
                int(row["input"] or 0) if row else 0,
                int(row["output"] or 0) if row else 0,
                float(row["seconds"]) if row else 0.0,
                row["first"] if row else None,
                row["last"] if row else None,
            )
        )
    return CacheStats(cache.path, _size(cache.path), tuple(models))


def _count(cache: AnswerCache, table: str) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    sql = f"SELECT model, outcome, count(*) AS n FROM {table} GROUP BY model, outcome ORDER BY outcome"  # noqa: S608
    for row in cache.database.rows(sql):
        counts.setdefault(row["model"], {})[row["outcome"]] = row["n"]
    return counts


def _size(path: Path) -> int:
    parts = (path, path.with_name(path.name + "-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())


def export_cache(cache: AnswerCache, path: Path) -> int:
    """Write all answers as JSON lines: digest, request, raw response, and what was read from it.

    Returns:
        The number of lines.

    Raises:
        UserError: The file cannot be written.
    """
    temporary = path.with_name(path.name + ".partial")
    count = 0
    try:
        with temporary.open("w", encoding="utf-8") as file:
            for row in cache.database.stream("SELECT * FROM answers ORDER BY time, digest"):
                values = dict(row)
                values["request"] = json.loads(values["request"])
                file.write(json.dumps(values) + "\n")
                count += 1
        sync_and_rename(temporary, path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}. Name another file.") from error
    return count


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was thrown away, or would be."""

    answers: int
    failed_calls: int
    dry: bool


def prune_cache(
    cache: AnswerCache,
    *,
    model: str | None = None,
    older_than_days: float | None = None,
    failures: bool = False,
    dry: bool = True,
) -> Pruned:
    """Throw answers away: those of a model, old ones, or all that are no answers; given together, all must hold.

    What was thrown away is paid again when it is wanted again.

    Args:
        cache: The cache.
        model: Only this model.
        older_than_days: Only what came so many days ago.
        failures: Only refusals and empty, truncated and malformed answers.
        dry: Only count.

    Raises:
        UserError: Nothing was named.
    """
    conditions, values = ["1"], list[object]()
    if model is not None:
        conditions.append("model = ?")
        values.append(model)
    if older_than_days is not None:
        conditions.append("time < ?")
        values.append(time.time() - older_than_days * 86_400)
    if not values and not failures:
        raise UserError("Say what to prune: --model MODEL, --older-than DAYS or --failures.")
    where = " AND ".join(conditions)
    only = f" AND outcome <> '{Outcome.ANSWER}'" if failures else ""
    with cache.database.transaction() as connection:
        counts = []
        for table, extra in (("answers", only), ("failures", "")):
            verb = "SELECT count(*)" if dry else "DELETE"
            cursor = connection.execute(f"{verb} FROM {table} WHERE {where}{extra}", values)
            counts.append(cursor.fetchone()[0] if dry else cursor.rowcount)
    if not dry:
        cache.database.shrink()
    return Pruned(counts[0], counts[1], dry)


def abandon_batches(cache: AnswerCache, *, dry: bool = True) -> int:
    """Give up waiting for batches: their requests may be asked anew, and be paid twice.

    Args:
        cache: The cache.
        dry: Only count.

    Returns:
        The number of batches.
    """
    with cache.database.transaction() as connection:
        if dry:
            return int(connection.execute("SELECT count(*) FROM batches WHERE is_open").fetchone()[0])
        abandoned = "UPDATE batches SET is_open = 0, status = 'abandoned' WHERE is_open"
        return connection.execute(abandoned).rowcount
