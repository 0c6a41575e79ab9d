"""What several test files share."""

from __future__ import annotations

from pathlib import Path

import pytest

from naturel.builders.sources.sample import write_sample


@pytest.fixture(autouse=True, scope="session")
def own_caches(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep tests away from the user's caches."""
    cache = tmp_path_factory.mktemp("cache")
    patch = pytest.MonkeyPatch()
    patch.setenv("HF_HOME", str(cache / "huggingface"))
    patch.setenv("HF_DATASETS_CACHE", str(cache / "datasets"))
    patch.setenv("NATUREL_CACHE", str(cache / "naturel"))


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded sample, drawn once."""
    folder = tmp_path_factory.mktemp("sample") / "openimages"
    write_sample(folder)
    return folder
