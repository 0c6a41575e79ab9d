"""Several sources, one below the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from naturel.annotations.errors import UserError
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.builders.progress import SilentProgress
from naturel.builders.settings import BuildSettings
from naturel.builders.sources.origin import Origin
from naturel.builders.sources.reading import TABLES, read_origins
from naturel.builders.sources.tables import SourceTables
from naturel.builders.sources.testbed.origin import open_testbed


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    settings = BuildSettings(source=("testbed",), pairs=2, layouts=1)
    return open_testbed(settings, tmp_path, SilentProgress())


def without_tokens(origin: Origin) -> Origin:
    """The same source under another name, with other ids and no tokens."""

    def renamed(table: pa.Table) -> pa.Table:
        names = [f"other-{name}" for name in table["image_id"].to_pylist()]
        return table.set_column(table.schema.get_field_index("image_id"), "image_id", pa.array(names))

    def read(*rooms: object) -> SourceTables:
        tables = origin.read(*rooms)  # type: ignore[arg-type]
        return SourceTables(**{name: renamed(getattr(tables, name)) for name in TABLES})

    return replace(origin, name="other", read=read)


def test_tokens_are_of_the_sources_that_have_them(origin: Origin) -> None:
    rooms = (load_vocabulary(), load_nouns())
    alone = origin.read(*rooms)
    both = read_origins((without_tokens(origin), origin), *rooms, SilentProgress())
    assert alone.tokens is not None
    assert both.tokens == alone.tokens
    assert both.images.num_rows == 2 * alone.images.num_rows == 8
    assert both.notes == (f"testbed, train: {alone.notes[0]}",)
    assert read_origins((without_tokens(origin),), *rooms, SilentProgress()).tokens is None


def test_splits_of_the_testbed_share_their_tokens(origin: Origin, tmp_path: Path) -> None:
    settings = BuildSettings(source=("testbed",), pairs=2, layouts=1, splits=("test",))
    test = open_testbed(settings, tmp_path, SilentProgress())
    rooms = (load_vocabulary(), load_nouns())
    both = read_origins((origin, test), *rooms, SilentProgress())
    assert both.tokens == origin.read(*rooms).tokens
    assert {*both.images["source_split"].to_pylist()} == {"train", "test"}
    (note,) = both.notes
    assert note.startswith("testbed, train, test: the tokens of the testbed: 0 [padding], 1 cat, ")


def test_two_sources_with_one_id_are_refused(origin: Origin) -> None:
    with pytest.raises(UserError, match="two sources have a picture called testbed-"):
        read_origins((origin, origin), load_vocabulary(), load_nouns(), SilentProgress())
