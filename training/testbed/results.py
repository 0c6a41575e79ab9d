"""The results of a grid: as a table, as means over seeds, and as gains along the axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from naturel.builders.files import sync_and_rename
from naturel.training.testbed.names import NOTHING, UNSEEN


@dataclass(frozen=True)
class Row:
    """One accuracy of one cell of the grid."""

    pairs: int
    layouts: int
    seed: int
    asked: str
    removed: str
    measure: str
    accuracy: float
    count: int
    chance: float


@dataclass(frozen=True)
class Mean:
    """The mean over seeds and their standard deviation (n - 1; 0 of a single seed)."""

    value: float
    spread: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ± {self.spread:.3f}"


@dataclass(frozen=True)
class Results:
    """All rows of a grid."""

    rows: Sequence[Row]

    @property
    def pairs(self) -> list[int]:
        """The axis of label pairs, ascending."""
        return sorted({row.pairs for row in self.rows})

    @property
    def layouts(self) -> list[int]:
        """The axis of layouts, ascending."""
        return sorted({row.layouts for row in self.rows})

    @property
    def removed(self) -> list[str]:
        """The ablations, in the order in which they were made."""
        return list(dict.fromkeys(row.removed for row in self.rows))

    def mean(
        self,
        asked: str,
        measure: str,
        removed: str = NOTHING,
        *,
        pairs: int | None = None,
        layouts: int | None = None,
    ) -> Mean | None:
        """The mean over seeds.

        Args:
            asked: Which scenes.
            measure: `ORDER` or `CHOICE`.
            removed: The ablation.
            pairs: Only this number of pairs; None: the mean of all.
            layouts: Only this number of layouts; None: the mean of all.

        Returns:
            None where there are no such scenes.
        """
        by_seed = self._by_seed(asked, measure, removed, pairs, layouts)
        return _mean(list(by_seed.values())) if by_seed else None

    def chance(self, asked: str, measure: str) -> float:
        """What random scores reach; 0 where nothing was asked."""
        return next((row.chance for row in self.rows if (row.asked, row.measure) == (asked, measure)), 0.0)

    def gain_over_pairs(self, asked: str, measure: str) -> Mean | None:
        """The accuracy with the most pairs less that with the fewest, over all layouts; None: nothing was asked."""
        few, many = self.ends(asked)
        return self._gain(
            self._by_seed(asked, measure, NOTHING, few, None),
            self._by_seed(asked, measure, NOTHING, many, None),
        )

    def gain_over_layouts(self, asked: str, measure: str) -> Mean | None:
        """The accuracy with the most layouts less that with the fewest, over all pairs; None: nothing was asked."""
        return self._gain(
            self._by_seed(asked, measure, NOTHING, None, self.layouts[0]),
            self._by_seed(asked, measure, NOTHING, None, self.layouts[-1]),
        )

    def corner(self, asked: str = UNSEEN) -> tuple[int, int]:
        """The most pairs with which there are such scenes, and the most layouts."""
        return self.ends(asked)[1], self.layouts[-1]

    def ends(self, asked: str) -> tuple[int, int]:
        """The fewest and the most pairs with which there are such scenes."""
        there = {row.pairs for row in self.rows if row.asked == asked} or set(self.pairs)
        return min(there), max(there)

    def _by_seed(
        self, asked: str, measure: str, removed: str, pairs: int | None, layouts: int | None
    ) -> dict[int, float]:
        found: dict[int, list[float]] = {}
        for row in self.rows:
            if (row.asked, row.measure, row.removed) != (asked, measure, removed):
                continue
            if pairs in (None, row.pairs) and layouts in (None, row.layouts):
                found.setdefault(row.seed, []).append(row.accuracy)
        return {seed: float(np.mean(values)) for seed, values in sorted(found.items())}

    def _gain(self, low: dict[int, float], high: dict[int, float]) -> Mean | None:
        seeds = low.keys() & high.keys()
        return _mean([high[seed] - low[seed] for seed in sorted(seeds)]) if seeds else None

    def write(self, folder: Path) -> None:
        """Write accuracies.parquet and accuracies.csv, all rows in order."""
        order = sorted(self.rows, key=lambda row: (row.pairs, row.layouts, row.seed))
        table = pa.Table.from_pylist([asdict(row) for row in order])
        for name in ("accuracies.parquet", "accuracies.csv"):
            temporary = folder / (name + ".partial")
            if name.endswith("csv"):
                pyarrow.csv.write_csv(table, temporary)
            else:
                pq.write_table(table, temporary)
            sync_and_rename(temporary, folder / name)


def _mean(values: list[float]) -> Mean:
    return Mean(float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0)
