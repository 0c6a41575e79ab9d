"""A release on the Hub: one commit, then its tag.

`upload_folder` would be shorter, but with xet it commits in several steps, so that a reader could meet half a
release. `create_commit` uploads first, each file by its digest: what arrived before an interruption is not sent
again. Then one commit makes all of it visible, or nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile

from naturel.annotations.errors import UserError
from naturel.builders.croissant import TABLES
from naturel.builders.publishing.fitness import FitRelease

DATASET = "dataset"
MAIN = "main"
FOLDERS = tuple(f"{table}/" for table in TABLES)
"""What a release fills: files of earlier releases in them would be loaded too, and go. Others are left alone."""
NO_NAME = "this is not the name of a dataset. Names are org/name."
LOG_IN = "Log in with a token that may write (hf auth login), or set HF_TOKEN."


@dataclass(frozen=True)
class PushPlan:
    """What a push would do."""

    repo: str
    tag: str
    private: bool
    exists: bool
    """Whether the repository is there."""
    head: str | None
    """The commit that the new one follows."""
    upload: tuple[str, ...]
    """Files that are new or other there."""
    delete: tuple[str, ...]
    """Files of an earlier release."""
    tagged: bool
    """Whether the tag is there, with the very same files: nothing is to be done."""


def plan_push(api: HfApi, release: FitRelease, repo: str, tag: str, *, private: bool) -> PushPlan:
    """Look at the repository and see what a push would do; nothing is changed.

    Args:
        api: The Hub.
        release: What to push.
        repo: `org/name`.
        tag: The tag that the release gets.
        private: Whether only the owners may see it.

    Raises:
        UserError: The tag is another version's or has other files, or the repository is public and `private` asked.
    """
    if repo.count("/") != 1:
        raise UserError(f"{repo}: {NO_NAME}")
    if re.fullmatch(r"v?\d+\.\d+\.\d+", tag) and tag.removeprefix("v") != release.version:
        raise UserError(f"--tag {tag}: the release is {release.version}. Its tag is v{release.version}.")
    with hub_errors(repo):
        try:
            info = api.repo_info(repo, repo_type=DATASET)
        except RepositoryNotFoundError:
            upload = tuple(release.digests)
            return PushPlan(repo, tag, private, False, None, upload, (), tagged=False)
        if private and not info.private:
            raise UserError(
                f"{repo} is public, so --private would promise too much. Make it private in its settings first."
            )
        refs = api.list_repo_refs(repo, repo_type=DATASET)
        head = next((branch.target_commit for branch in refs.branches if branch.name == MAIN), None)
        tagged = tag in {entry.name for entry in refs.tags}
        upload, delete = _differences(_files_at(api, repo, tag if tagged else head), release)
    if tagged and (upload or delete):
        other = (*upload, *delete)
        raise UserError(
            f"{repo} has the tag {tag} with other contents ({len(other)} files differ, {other[0]} first). A version "
            "is never changed: build the next one."
        )
    return PushPlan(repo, tag, bool(info.private), True, head, upload, delete, tagged)


def push(api: HfApi, release: FitRelease, plan: PushPlan) -> str:
    """Do what was planned.

    Returns:
        The address of the dataset.

    Raises:
        UserError: The Hub refuses, cannot be reached, or somebody else changed the repository meanwhile. What was
            uploaded is kept there: the same command goes on.
    """
    address = f"{api.endpoint}/datasets/{plan.repo}"
    if plan.tagged:
        return address
    with hub_errors(plan.repo):
        if not plan.exists:
            api.create_repo(plan.repo, repo_type=DATASET, private=plan.private, exist_ok=False)
        commit = plan.head
        if plan.upload or plan.delete:
            operations: list[CommitOperationAdd | CommitOperationDelete] = [
                *(CommitOperationAdd(name, release.folder / name) for name in plan.upload),
                *(CommitOperationDelete(name, is_folder=False) for name in plan.delete),
            ]
            message = f"NatuRel {release.version}"
            made = api.create_commit(
                plan.repo, operations, commit_message=message, repo_type=DATASET, parent_commit=plan.head
            )
            commit = made.oid
        api.create_tag(plan.repo, tag=plan.tag, revision=commit, repo_type=DATASET)
    return address


def _files_at(api: HfApi, repo: str, revision: str | None) -> dict[str, RepoFile]:
    if revision is None:
        return {}
    tree = api.list_repo_tree(repo, recursive=True, revision=revision, repo_type=DATASET)
    return {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}


def _differences(
    there: Mapping[str, RepoFile], release: FitRelease
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Files to upload, and files of an earlier release."""
    upload = [
        name
        for name, digest in release.digests.items()
        if name not in there or not _same(there[name], release.folder / name, digest)
    ]
    delete = [name for name in there if name.startswith(FOLDERS) and name not in release.digests]
    return tuple(upload), tuple(sorted(delete))


def _same(there: RepoFile, path: Path, sha256: str) -> bool:
    """Whether a file on the Hub is this one: large ones are known by their SHA-256, others by git's SHA-1."""
    if there.lfs is not None:
        return bool(there.lfs.sha256 == sha256)
    if there.size != path.stat().st_size:
        return False
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() == there.blob_id


@contextmanager
def hub_errors(name: str) -> Iterator[None]:
    """Tell users what the Hub refuses, and the mend.

    Args:
        name: The repository, or a revision of it, for the message.

    Raises:
        UserError: In place of what huggingface_hub and its HTTP library raise.
    """
    try:
        yield
    except Exception as error:
        told = _told(error)
        if told is None:
            raise
        raise UserError(f"{name}: {told}") from error


def _told(error: BaseException) -> str | None:
    """What an error means; None where it is none of the Hub's."""
    if isinstance(error, RuntimeError) and error.__cause__ is not None:  # an upload's, with its file's name
        cause = _told(error.__cause__)
        return cause and f"{error} {cause}"
    if isinstance(error, HFValidationError):
        return NO_NAME
    if isinstance(error, RevisionNotFoundError):
        return "the Hub has no such revision. Look at the tags of the dataset."
    if isinstance(error, RepositoryNotFoundError):
        return f"the Hub has no such dataset, or does not show it to you. Check the name. {LOG_IN}"
    if isinstance(error, HfHubHTTPError):
        return _refused(
            error.response.status_code, error.server_message or str(error).strip().splitlines()[0]
        )
    if isinstance(error, LocalEntryNotFoundError) or type(error).__module__.startswith("httpx"):
        return f"the Hub cannot be reached ({error}). Run the same command again: it goes on where it was."
    return None


def _refused(status: int, message: str) -> str:
    if status in (401, 403):
        return f"the Hub refuses ({message}). {LOG_IN}"
    if status in (409, 412):
        return f"somebody else changed the dataset meanwhile ({message}). Run the same command again."
    return f"the Hub answers {status} ({message}). Run the same command again: it goes on where it was."
