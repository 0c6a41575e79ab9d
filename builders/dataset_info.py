"""What the Hub shows of a dataset before anything is loaded: the columns, splits and sizes of each configuration.

The form is that of `dataset_info` in the YAML of a dataset's card, which `datasets` reads and checks:
https://huggingface.co/docs/datasets/repository_structure .
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from naturel.annotations import schema


def dataset_info(folder: Path, configs: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Describe the configurations of a release from its files.

    Args:
        folder: The release's folder.
        configs: Entries as in the card's YAML: `config_name`, and `data_files` with `split` and `path`.

    Returns:
        An entry a configuration: `features`, `splits` with bytes and rows, `download_size` and `dataset_size`.
    """
    infos = []
    for config in configs:
        splits, columns = [], pa.schema([])
        for entry in config["data_files"]:
            paths = sorted(folder.glob(entry["path"]))
            columns = pq.read_schema(paths[0])
            size = sum(path.stat().st_size for path in paths)
            rows = sum(pq.read_metadata(path).num_rows for path in paths)
            splits.append({"name": entry["split"], "num_bytes": size, "num_examples": rows})
        total = sum(split["num_bytes"] for split in splits)
        infos.append(
            {
                "config_name": config["config_name"],
                "features": [{"name": field.name, **_feature(field.type)} for field in columns],
                "splits": splits,
                "download_size": total,
                "dataset_size": total,
            }
        )
    return infos


def _feature(kind: pa.DataType) -> dict[str, Any]:
    """The type of a column as the YAML says it."""
    if kind == schema.IMAGE:
        return {"dtype": "image"}
    if pa.types.is_struct(kind):
        return {"struct": [{"name": field.name, **_feature(field.type)} for field in kind]}
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        inner = _feature(kind.value_type)
        length = {"length": kind.list_size} if pa.types.is_fixed_size_list(kind) else {}
        plain = inner.get("dtype", inner.get("struct"))  # a list in a list stays one
        return {"list": inner if plain is None else plain, **length}
    return {"dtype": {pa.float32(): "float32", pa.bool_(): "bool"}.get(kind, str(kind))}
