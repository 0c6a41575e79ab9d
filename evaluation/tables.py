"""Results as tables: figures in rows, models in columns; for a terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from naturel.evaluation.evaluating import CORRECTED
from naturel.evaluation.measures import Measure
from naturel.evaluation.measuring import MACROS
from naturel.evaluation.results import Results

LOWER_IS_BETTER = ("brittleness",)
BLIND = "blind:"
KINDS = (BLIND, "open_clip:")
"""Names of models that begin so are shown whole."""
PRIMARY = (MACROS["asymmetric_relation"], "group", "AugAcc", "AUC", "accuracy")
"""The metric that stands for a benchmark where there is room for one: the first that it has."""


@dataclass(frozen=True)
class Row:
    """One figure of each model."""

    benchmark: str
    metric: str
    facet: str
    slice: str
    measures: tuple[Measure | None, ...]
    """Of each model, in the order of `Results.models`; None where it has none."""

    @property
    def chance(self) -> float | None:
        """What random scores reach."""
        return next((found.chance for found in self.measures if found), None)

    @property
    def counts(self) -> tuple[int, int]:
        """What the figures are shares of: the fewest and the most of a model."""
        counts = [found.count for found in self.measures if found]
        return min(counts), max(counts)


def rows_of(results: Results, keep: Callable[[Measure], bool]) -> list[Row]:
    """The figures that are wanted, in the order in which they were found, each with those of all models."""
    places = {name: place for place, name in enumerate(results.models)}
    rows: dict[tuple[str, str, str, str], list[Measure | None]] = {}
    for found in results.measures:
        if keep(found):
            key = (found.benchmark, found.metric, found.facet, found.slice)
            rows.setdefault(key, [None] * len(places))[places[found.model]] = found
    order = {name: place for place, name in enumerate(dict.fromkeys(run.benchmark for run in results.runs))}
    ordered = sorted(rows.items(), key=lambda item: order.get(item[0][0], len(order)))
    return [Row(*key, tuple(measures)) for key, measures in ordered]


def summary_rows(results: Results, *, corrected: bool = False) -> list[Row]:
    """Figures of whole benchmarks: of plain scores, or of those without the sentences' priors."""
    return rows_of(results, lambda found: not found.facet and found.metric.startswith(CORRECTED) == corrected)


def primary_rows(results: Results) -> list[Row]:
    """The one figure of each benchmark that stands for it."""
    by_benchmark = groupby(summary_rows(results), key=lambda row: row.benchmark)
    return [
        min(rows, key=lambda row: PRIMARY.index(row.metric) if row.metric in PRIMARY else len(PRIMARY))
        for rows in (list(some) for _, some in by_benchmark)
    ]


def slice_rows(results: Results) -> Iterator[tuple[str, str, str, list[Row]]]:
    """Benchmark, facet and metric, with their rows: those of most questions first, then by name."""
    rows = rows_of(results, lambda found: bool(found.facet) and not found.metric.startswith(CORRECTED))
    parts: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        parts.setdefault((row.benchmark, row.facet, row.metric), []).append(row)
    for key, some in parts.items():
        yield *key, sorted(some, key=lambda row: (-row.counts[1], row.slice))


def labels_of(models: Iterable[str]) -> list[str]:
    """Short names of models: of folders and hub ids the last parts, as many as tell each from all others."""
    parts = [(name,) if name.startswith(KINDS) else tuple(name.rstrip("/").split("/")) for name in models]
    labels = []
    for mine in parts:
        others = [part for part in parts if part != mine]
        shown = next(
            (n for n in range(1, len(mine)) if all(part[-n:] != mine[-n:] for part in others)), len(mine)
        )
        labels.append("/".join(mine[-shown:]))
    return labels


def percent(share: float | None) -> str:
    """Such as `61.2`; `-` where there is nothing."""
    return "-" if share is None else f"{100 * share:.1f}"


def figure(found: Measure | None) -> str:
    """A figure in percent with half its interval, such as `61.2 ±2.1`."""
    return "-" if found is None else f"{percent(found.value)} ±{50 * (found.high - found.low):.1f}"


def count(row: Row) -> str:
    """What the figures are shares of; two numbers where models differ."""
    low, high = row.counts
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def metric_name(metric: str) -> str:
    """As tables name it: with an arrow where less is better."""
    return f"{metric} ↓" if metric.removeprefix(CORRECTED) in LOWER_IS_BETTER else metric


def legend(results: Results) -> str:
    """How figures are to be read."""
    parts = ["In percent; ± is half the 95 % interval.", "↓: less is better."]
    if any(name.startswith(BLIND) for name in results.models):
        parts.append("Ties are wrong: a blind model that has nothing to go by is at 0, not at chance.")
    return " ".join(parts)


def left_out_lines(results: Results) -> list[str]:
    """What was not asked, a line for each benchmark and reason, of models one by one where they differ; and ties."""
    lines = []
    for benchmark in dict.fromkeys(run.benchmark for run in results.runs):
        runs = [run for run in results.runs if run.benchmark == benchmark]
        for reason in dict.fromkeys(reason for run in runs for reason in run.left_out):
            counts = {run.model: run.left_out.get(reason, 0) for run in runs}
            if len(set(counts.values())) == 1:
                lines.append(f"{benchmark}: {runs[0].left_out[reason]:,} left out: {reason}")
            else:
                told = ", ".join(f"{number:,} by {model}" for model, number in counts.items() if number)
                lines.append(f"{benchmark}: left out: {reason}: {told}")
        for run in runs:
            if run.ties and not run.model.startswith(BLIND):
                lines.append(f"{benchmark}: {run.ties:,} of {run.asked:,} questions are ties: {run.model}")
        if not any(run.asked for run in runs):
            lines.append(f"{benchmark}: no question could be asked")
    return lines


def markdown(results: Results) -> str:
    """All tables as Markdown: whole benchmarks, without priors, by slices, and what was left out."""
    labels = labels_of(results.models)
    seed, resamples = results.settings.get("seed", "-"), results.settings.get("resamples", "-")
    parts = [
        "# Results",
        f"{legend(results)} chance: what random scores reach. n: what the figures are shares of. Intervals are those "
        f"of a bootstrap ({resamples} resamples, seed {seed}).",
        _table(
            ("benchmark", "metric"), labels, summary_rows(results), lambda row: (row.benchmark, row.metric)
        ),
    ]
    if corrected := summary_rows(results, corrected=True):
        parts += [
            "## Without the sentences' priors",
            "Of each score, the mean score of its sentence with the benchmark's other pictures is taken away.",
            _table(
                ("benchmark", "metric"),
                labels,
                corrected,
                lambda row: (row.benchmark, row.metric.removeprefix(CORRECTED)),
            ),
        ]
    for benchmark, facet, metric, rows in slice_rows(results):
        parts += [
            f"## {_cell(benchmark)}, {_cell(metric_name(metric))} by {facet.replace('_', ' ')}",
            _table((facet.replace("_", " "),), labels, rows, lambda row: (row.slice,)),
        ]
    if lines := left_out_lines(results):
        parts += ["## Left out", "\n".join(f"- {_cell(line)}" for line in lines)]
    if results.notes:
        notes = [f"- {_cell(name)}: {_cell(note)}" for name, told in results.notes.items() for note in told]
        parts += ["## Notes", "\n".join(notes)]
    models = [
        f"- {_cell(label)}: `{name}`" + (f", digest {digest[:16]}" if digest else "")
        for label, (name, digest) in zip(labels, results.models.items(), strict=True)
    ]
    parts += ["## Models", "\n".join(models)]
    return "\n\n".join(parts) + "\n"


def _table(
    head: Sequence[str], labels: Sequence[str], rows: Sequence[Row], name: Callable[[Row], Sequence[str]]
) -> str:
    """A Markdown table whose first columns are names."""
    lines = [[*head, "n", "chance", *map(_cell, labels)]]
    lines.append(["---"] * len(head) + ["---:"] * (2 + len(labels)))
    for row in rows:
        *first, last = name(row)
        named = [*first, metric_name(last)]
        lines.append([*map(_cell, named), count(row), percent(row.chance), *map(figure, row.measures)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
