"""A release as exports read it: streamed, so that nothing is copied into a cache, and pictures as they lie there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from naturel.annotations.errors import UserError
from naturel.loaders.opening import open_release
from naturel.loaders.sentences import check_columns

BLOCK = 100
"""Records whose pictures are in memory at once."""


class Source:
    """The splits of one configuration of a release."""

    def __init__(
        self, release: Path | str, config: str | None = None, splits: list[str] | None = None
    ) -> None:
        """Opens a release.

        Args:
            release: Its folder, or its name on the Hub.
            config: The configuration; None: the default one.
            splits: The splits; None: all.

        Raises:
            UserError: There is no such configuration or split, or it does not hold records.
        """
        self.release, self.config = release, config
        found = open_release(release, config=config, streaming=True)
        self.splits = sorted(found) if splits is None else list(dict.fromkeys(splits))
        if missing := [split for split in self.splits if split not in found]:
            raise UserError(
                f"{release} has no split {', '.join(missing)}; it has {', '.join(sorted(found))}."
            )
        self.columns = list(found[self.splits[0]].column_names)
        check_columns(self.columns)

    @property
    def embedded(self) -> bool:
        """Whether the records have their pictures."""
        return "image" in self.columns

    def table(self, split: str, columns: list[str]) -> pa.Table:
        """Some columns of all records, without pictures; those that the release does not have are left out."""
        return pa.concat_tables(self.blocks(split, columns, 10_000))

    def blocks(self, split: str, columns: list[str], rows: int = BLOCK) -> Iterator[pa.Table]:
        """The records in their order, in blocks; pictures are structs of `bytes` and `path`.

        Raises:
            UserError: A file is damaged.
        """
        columns = [name for name in columns if name in self.columns]
        try:
            stream: Any = open_release(self.release, config=self.config, streaming=True, columns=columns)
            yield from stream[split].with_format("arrow").iter(rows)
        except (pa.ArrowInvalid, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the system's, which names the file
            raise UserError(
                f"{self.release} is damaged ({error}). Copy it again completely, or build it again."
            ) from error
