"""Visual Genome as a source of a build."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.visual_genome_folder import Folder, node, photo, relation

from naturel.annotations.errors import UserError
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.builders.progress import SilentProgress
from naturel.builders.settings import BuildSettings
from naturel.builders.sources.opening import demand_addresses, open_origins


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = Folder(tmp_path / "vg")
    folder.pictures(photo(4))
    cup, desk = node(1, "cup"), node(2, "desk", (0, 40, 100, 50))
    folder.relations({4: [relation(1, cup, "on", desk), relation(2, cup, "glistening by", desk)]})
    return folder.path


def settings(**more: object) -> BuildSettings:
    return BuildSettings(source=("visual-genome",), **more)


def test_it_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"needs --data DIR.*washington\.edu"):
        open_origins(settings(), tmp_path, SilentProgress())


def test_a_folder(data: Path, tmp_path: Path) -> None:
    (origin,) = open_origins(settings(data=data, seed=3), tmp_path, SilentProgress())
    assert origin.name == "visual_genome"
    assert origin.inputs == {
        "relationships": data / "relationships.json",
        "image_data": data / "image_data.json",
    }
    assert origin.folders == (data,)
    assert origin.key == {"split": "train", "sampling": [3, None, None, []], "licenses": []}
    assert origin.card_license == "cc-by-4.0"
    assert any("80 : 10 : 10" in note for note in origin.notes)
    demand_addresses([origin])


def test_crops_have_no_address(data: Path, tmp_path: Path) -> None:
    (origin,) = open_origins(settings(data=data, crop="union"), tmp_path, SilentProgress())
    assert origin.key["crop"] == "union"
    with pytest.raises(UserError, match="--images link: the pictures of visual_genome, as they are used"):
        demand_addresses([origin])
    tables = origin.read(load_vocabulary(), load_nouns())
    assert tables.images["crop"].null_count == 0


def test_predicates_that_we_do_not_have_are_told(data: Path, tmp_path: Path) -> None:
    origins = open_origins(settings(data=data), tmp_path, SilentProgress())
    assert origins[0].read(load_vocabulary(), load_nouns()).unmapped == {"glistening by": 1}


def test_the_relations_of_aro() -> None:
    aro = {r.name for r in load_vocabulary().usable if "aro" in r.sources}
    assert set(settings(relations="aro").relations) == aro
    assert set(settings(relations="hits,aro").relations) == aro | {"hits"}
    assert {"on", "wears", "behind", "sits_on_top_of"} <= aro
    assert "hits" not in aro
