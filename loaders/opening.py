"""Pairs of whatever a release is opened as."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from naturel.annotations.errors import UserError
from naturel.builders.report.tables import find_release
from naturel.loaders.map_style import Pairs
from naturel.loaders.schemes import NegativeImages, Scheme
from naturel.loaders.stream import PairStream


def pairs(
    dataset: Any,
    scheme: Scheme = "single",
    seed: int = 0,
    *,
    split: str = "train",
    config: str | None = None,
    streaming: bool = False,
    negative_images: NegativeImages = "release",
    buffer: int = 1000,
) -> Pairs | PairStream:
    """Make training pairs of a release.

    Args:
        dataset: A `datasets.Dataset` or `IterableDataset` of records, the folder of a build or release, or a name on
            the Hub.
        scheme: `single`, `all`, `two` or `groups`; see `Scheme`.
        seed: Shapes every choice.
        split: Of a folder or name: the split.
        config: Of a folder or name: the configuration; None: the default one.
        streaming: Of a folder or name: whether to stream it.
        negative_images: The `release`'s, the poster's `blank` one, or `off`.
        buffer: Of a stream: pairs that are held back; see `PairStream`.

    Returns:
        `Pairs` (by number) of a `Dataset`, `PairStream` of an `IterableDataset`.

    Raises:
        UserError: There is no such scheme, release, split or configuration, or these are not records.
    """
    import datasets

    if isinstance(dataset, str | Path):
        dataset = open_release(dataset, config=config, streaming=streaming)
    if isinstance(dataset, dict):  # DatasetDict and IterableDatasetDict
        if split not in dataset:
            raise UserError(f"there is no split {split}: give one of {', '.join(dataset)}.")
        dataset = dataset[split]
    if isinstance(dataset, datasets.IterableDataset):
        return PairStream(dataset, scheme, seed, negative_images=negative_images, buffer=buffer)
    if isinstance(dataset, datasets.Dataset):
        return Pairs(dataset, scheme, seed, negative_images=negative_images)
    raise UserError(
        f"pairs are made of a dataset that load_dataset gives, or of a folder; not of {type(dataset).__name__}."
    )


def open_release(place: str | Path, *, config: str | None, streaming: bool, **options: Any) -> Any:
    """Open a release with `load_dataset`.

    Args:
        place: The folder of a build or release, or a name on the Hub.
        config: The configuration; None: the default one.
        streaming: Whether to stream it.
        **options: For `load_dataset`.

    Returns:
        All splits: `DatasetDict` or `IterableDatasetDict`.

    Raises:
        UserError: It cannot be opened.
    """
    import datasets

    name = str(find_release(Path(place))) if isinstance(place, Path) or Path(place).exists() else place
    try:
        return datasets.load_dataset(name, config, streaming=streaming, **options)
    except (FileNotFoundError, ConnectionError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise UserError(f"{place} cannot be opened as a dataset: {error}") from error
