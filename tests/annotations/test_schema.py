"""The Features that `datasets` restores from a release's schema."""

from __future__ import annotations

import json

import datasets
import pytest

from naturel.annotations import schema

TABLES = {
    "records": schema.RECORDS,
    "captions": schema.CAPTIONS,
    "claims": schema.CLAIMS,
    "tokens": schema.TOKENS,
}


@pytest.mark.parametrize("name", TABLES)
def test_features_of_a_table_give_its_own_types(name: str) -> None:
    full = schema.release_schema(TABLES[name], with_images=False)
    features = datasets.Features.from_arrow_schema(full)
    assert features.arrow_schema.types == TABLES[name].types
    assert features.arrow_schema.names == TABLES[name].names


def test_the_picture_is_the_second_column_and_decoded() -> None:
    full = schema.release_schema(schema.RECORDS, with_images=True)
    assert full.names[:2] == ["id", "image"]
    assert datasets.Features.from_arrow_schema(full)["image"] == datasets.Image(decode=True)


def test_a_record_has_eight_captions_and_four_denied_claims() -> None:
    features = datasets.Features.from_arrow_schema(schema.release_schema(schema.RECORDS, with_images=True))
    lists = {name: feature for name, feature in features.items() if isinstance(feature, datasets.List)}
    assert {name: feature.length for name, feature in lists.items() if feature.length >= 0} == {
        "complex_positives": 3,
        "complex_negatives": 3,
        "negative_claims": 4,
        "negative_kinds": 4,
        "negative_proofs": 4,
        "group_ids": 3,
        "caption_ids": 8,
    }
    assert features["subject"]["box"] == datasets.List(datasets.Value("float32"), length=4)


def test_the_metadata_is_plain_json() -> None:
    metadata = schema.release_schema(schema.CAPTIONS, with_images=False).metadata[b"huggingface"]
    assert json.loads(metadata)["info"]["features"]["text"] == {"_type": "Value", "dtype": "string"}
