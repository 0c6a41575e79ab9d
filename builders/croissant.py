"""Croissant metadata: `croissant.json` describes a release's files and columns to machines.

The format is Croissant 1.1 (https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html): JSON-LD in which
everything follows from the files. `mlcroissant` reads records from it where it lies beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from naturel.annotations import schema

CROISSANT = "croissant.json"

TABLES = {
    "data": ("records", "One picture with one triplet and eight captions a row."),
    "captions": (
        "captions",
        "Every sentence with the claim that it states and what was found in it, one a row.",
    ),
    "claims": ("claims", "Every claim that a caption states, one a row."),
    "tokens": ("tokens", "A scene of the testbed as tokens, with all its captions, a row."),
}
"""Folder of a release -> its record set's name, and what a row is."""

FILE_OF_A_SPLIT = r"^data/[^/]+/(.+)-\d{5}-of-\d{5}\.parquet$"

CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The standard context of Croissant 1.1: readers warn of any other."""

_TYPES = {
    pa.string(): "sc:Text",
    pa.bool_(): "sc:Boolean",
    pa.int8(): "cr:Int8",
    pa.int16(): "cr:Int16",
    pa.int32(): "cr:Int32",
    pa.int64(): "cr:Int64",
    pa.float32(): "cr:Float32",
    pa.float64(): "cr:Float64",
}


def describe_release(
    folder: Path,
    digests: Mapping[str, Mapping[str, Any]],
    *,
    title: str,
    version: str,
    licenses: Sequence[str],
    citation: str,
) -> dict[str, Any]:
    """Describe a release whose tables are written.

    Args:
        folder: The release's folder.
        digests: `bytes` and `sha256` of each file, by its path in the release.
        title: The dataset's name.
        version: The release's version.
        licenses: Of the annotations, as the Hub names them.
        citation: How to cite the dataset.

    Returns:
        The JSON-LD document.
    """
    paths = sorted(name for name in digests if name.endswith(".parquet"))
    tables = {table: [name for name in paths if name.startswith(f"{table}/")] for table in TABLES}
    tables = {table: files for table, files in tables.items() if files}
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": title,
        "description": "Pictures with relation triplets, and captions whose truth in the picture is proved.",
        "version": version,
        "license": [license_address(name) for name in licenses],
        "citeAs": citation,
        "distribution": [
            *(_file_object(name, digests[name]) for name in paths),
            *(_file_set(table, files) for table, files in tables.items()),
        ],
        "recordSet": [
            _record_set(table, pq.read_schema(folder / files[0])) for table, files in tables.items()
        ],
    }


def license_address(name: str) -> str:
    """The address of a Creative Commons licence by its Hub name (`cc-by-4.0`); other names as they are."""
    return f"https://spdx.org/licenses/{name.upper()}.html" if name.startswith("cc") else name


def _file_object(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{entry['bytes']} B",
        "encodingFormat": "application/x-parquet",
        "sha256": entry["sha256"],
    }


def _file_set(table: str, files: Sequence[str]) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{table}-files",
        "name": f"{table}-files",
        "encodingFormat": "application/x-parquet",
        "includes": list(files),
    }


def _record_set(table: str, columns: pa.Schema) -> dict[str, Any]:
    name, text = TABLES[table]
    fields = [_field(f"{name}/{column.name}", column, f"{table}-files") for column in columns]
    if table == "data":
        fields.append(_split(f"{name}/split", f"{table}-files"))
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": text,
        "field": fields,
    }


def _split(place: str, files: str) -> dict[str, Any]:
    """The split of a record, which the name of its file tells."""
    path = {"extract": {"fileProperty": "fullpath"}, "transform": {"regex": FILE_OF_A_SPLIT}}
    return _leaf(place, "sc:Text") | {"source": {"fileSet": {"@id": files}, **path}}


def _field(place: str, column: pa.Field, files: str) -> dict[str, Any]:
    """A column; a struct's parts are found in it by their JSON path."""
    if column.type == schema.IMAGE:
        return _leaf(place, "sc:ImageObject") | {"source": _source(files, column.name, "bytes")}
    kind, shape = _element(column.type)
    if not pa.types.is_struct(kind):
        return _leaf(place, _TYPES[kind], shape) | {"source": _source(files, column.name)}
    parts = []
    for part in kind:
        inner, sides = _element(part.type)
        entry = _leaf(f"{place}/{part.name}", _TYPES[inner], shape + sides)
        parts.append(entry | {"source": _source(files, column.name, part.name)})
    return {"@type": "cr:Field", "@id": place, "name": place, "subField": parts}


def _element(kind: pa.DataType) -> tuple[pa.DataType, tuple[int, ...]]:
    """What a list (of lists) holds, with its lengths (-1: any); other types as they are, without a length."""
    if not (pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind)):
        return kind, ()
    inner, sides = _element(kind.value_type)
    return inner, (kind.list_size if pa.types.is_fixed_size_list(kind) else -1, *sides)


def _leaf(place: str, kind: str, shape: tuple[int, ...] = ()) -> dict[str, Any]:
    entry: dict[str, Any] = {"@type": "cr:Field", "@id": place, "name": place, "dataType": kind}
    if shape:
        entry |= {"isArray": True, "arrayShape": ",".join(map(str, shape))}
    return entry


def _source(files: str, column: str, path: str | None = None) -> dict[str, Any]:
    source: dict[str, Any] = {"fileSet": {"@id": files}, "extract": {"column": column}}
    if path:
        source["transform"] = {"jsonPath": path}
    return source
