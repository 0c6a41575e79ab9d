"""Releases by name: a folder, or a revision of a dataset on the Hub."""

from __future__ import annotations

import re
from pathlib import Path

from naturel.annotations.errors import UserError
from naturel.builders.publishing.hub import hub_errors

_REVISION = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)@(?P<revision>[\w./-]+)")


def locate(name: str) -> Path:
    """The folder of a release, downloaded where it is on the Hub.

    Args:
        name: A folder, or `org/name@revision`.

    Raises:
        UserError: The Hub does not have it, or cannot be reached.
    """
    path, found = Path(name), _REVISION.fullmatch(name)
    if found is None or path.exists():
        return path
    from huggingface_hub import snapshot_download

    with hub_errors(name):
        folder = snapshot_download(found["repo"], repo_type="dataset", revision=found["revision"])
    if not Path(folder, "manifest.json").is_file():
        raise UserError(f"{name} has no manifest.json: it is not a release of NatuRel.")
    return Path(folder)
