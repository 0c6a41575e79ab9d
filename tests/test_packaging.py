"""What is packaged is what is in the tree."""

import tomllib
from pathlib import Path
from typing import Any

import naturel

ROOT = Path(__file__).parents[1]
ROOMS = ("annotations", "builders", "evaluation", "loaders", "prompts", "review", "training")


def read_pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_folder_with_python_is_packaged() -> None:
    folders = {str(path.parent.relative_to(ROOT)) for room in ROOMS for path in (ROOT / room).rglob("*.py")}
    expected = {"naturel"} | {"naturel." + folder.replace("/", ".") for folder in folders}
    setup = read_pyproject()["tool"]["setuptools"]
    assert set(setup["packages"]) == expected
    assert setup["package-dir"] == {"naturel": "src/naturel"} | {
        "naturel." + folder.replace("/", "."): folder for folder in folders
    }


def test_every_folder_is_a_package_with_a_docstring() -> None:
    for room in ROOMS:
        for folder in {path.parent for path in (ROOT / room).rglob("*.py")}:
            assert (folder / "__init__.py").read_text().startswith('"""'), folder


def test_every_room_is_linked_for_the_tools() -> None:
    for room in ROOMS:
        assert (ROOT / "src" / "naturel" / room).resolve() == ROOT / room


def test_data_files_are_packaged() -> None:
    data = read_pyproject()["tool"]["setuptools"]["package-data"]
    assert data["naturel"] == ["py.typed", "dataset_card.md"]
    present = {path.suffix for path in (ROOT / "annotations").iterdir()} - {".py", ""}
    assert present == {".yaml", ".txt"}
    assert data["naturel.annotations"] == ["*.yaml", "*.txt"]


def test_the_core_needs_neither_torch_nor_fiftyone() -> None:
    project = read_pyproject()["project"]
    heavy = ("torch", "fiftyone", "vllm", "diffusers", "ray", "transformers", "accelerate")
    assert not [need for need in project["dependencies"] if need.startswith(heavy)]
    assert set(project["optional-dependencies"]) == {
        *("review", "vllm", "generate", "openmoji", "ray", "train", "openclip"),
    }


def test_the_version_is_the_installed_one() -> None:
    assert naturel.__version__ == read_pyproject()["project"]["version"]


def test_every_constraint_is_exact() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert len(pins) > 30
    assert all("==" in pin for pin in pins)
