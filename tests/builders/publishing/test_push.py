"""`naturel push` against a server on 127.0.0.1 that speaks the Hub's interface."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.hub_server import TOKEN, Blob, HubServer
from huggingface_hub import HfApi, constants

from naturel.annotations.errors import UserError
from naturel.builders.publishing.fitness import FitRelease, check_release
from naturel.builders.publishing.hub import hub_errors, plan_push, push

REPO = "org/naturel"
NATUREL = [sys.executable, "-c", "from naturel.cli import main; main()"]


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        yield server


@pytest.fixture
def api(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> HfApi:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    return HfApi(endpoint=hub.address, token=TOKEN)


@pytest.fixture
def first(build: Path) -> FitRelease:
    return check_release(build / "release" / "1.0.0")


@pytest.fixture
def second(build: Path) -> FitRelease:
    return check_release(build)


def naturel(
    hub: HubServer, home: Path, *options: str | Path, token: str | None = TOKEN
) -> subprocess.CompletedProcess[str]:
    """Run the command as users do, its caches apart."""
    command = [*NATUREL, *map(str, options)]
    env = os.environ | hub.environment(home, token=token)
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=120)


def sent(api: HfApi, release: FitRelease, tag: str | None = None, *, private: bool = False) -> str:
    """Plan and push."""
    plan = plan_push(api, release, REPO, tag or f"v{release.version}", private=private)
    return push(api, release, plan)


def test_what_is_pushed_is_loaded_again(hub: HubServer, build: Path, tmp_path: Path) -> None:
    release = build / "release" / "1.0.0"
    planned = naturel(hub, tmp_path, "push", REPO, "--release", release, "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert f"to {REPO} (public, new) as v1.0.0" in planned.stdout
    assert "  upload data/openimages/train-00000-of-00001.parquet\n" in planned.stdout
    assert hub.repos == {}

    pushed = naturel(hub, tmp_path, "push", REPO, "--release", release)
    assert pushed.returncode == 0, pushed.stderr
    assert pushed.stdout.endswith(f"{hub.address}/datasets/{REPO}/tree/v1.0.0\n")
    repo = hub.repos[REPO]
    assert repo.messages == ["initial commit", "NatuRel 1.0.0"]
    assert repo.tags == {"v1.0.0": repo.head}
    there = {path: blob.data for path, blob in repo.commits[repo.head].items() if path != ".gitattributes"}
    assert there == {
        path.relative_to(release).as_posix(): path.read_bytes()
        for path in release.rglob("*")
        if path.is_file()
    }
    assert not any(TOKEN.encode() in data for data in there.values())

    uploads = hub.uploads.copy()
    again = naturel(hub, tmp_path, "push", REPO, "--release", release)
    assert (
        again.stdout == f"{REPO} (public) has v1.0.0 already, with the same files: nothing is to be done.\n"
    )
    assert hub.uploads == uploads
    assert len(repo.messages) == 2

    script = (
        "from datasets import load_dataset\n"
        f"there = load_dataset({REPO!r}, revision='v1.0.0', split='train')\n"
        f"here = load_dataset({str(release)!r}, split='train')\n"
        "assert there.features == here.features\n"
        "for name in ('records', 'captions', 'claims'):\n"
        "    if name != 'records':\n"
        f"        there = load_dataset({REPO!r}, name, revision='v1.0.0', split=name)\n"
        f"        here = load_dataset({str(release)!r}, name, split=name)\n"
        "    one, other = (part.with_format('arrow')[:] for part in (there, here))\n"
        "    assert one.equals(other), name\n"
        "    print(name, len(there))\n"
    )
    env = os.environ | hub.environment(tmp_path / "fresh")
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, env=env
    )
    assert loaded.returncode == 0, loaded.stderr
    assert [line.split()[0] for line in loaded.stdout.splitlines()] == ["records", "captions", "claims"]


def test_releases_on_the_hub_are_compared_like_folders(
    hub: HubServer, api: HfApi, build: Path, first: FitRelease, second: FitRelease, tmp_path: Path
) -> None:
    for release in (first, second):
        sent(api, release)
    old, new = (f"v{release.version}" for release in (first, second))
    out = tmp_path / "hub.md"
    done = naturel(hub, tmp_path, "diff", f"{REPO}@{old}", f"{REPO}@{new}", "--out", out)
    assert done.returncode == 0, done.stderr
    folders = [build / "release" / release.version for release in (first, second)]
    here = naturel(hub, tmp_path, "diff", *folders, "--out", tmp_path / "folders.md")
    assert here.stdout == done.stdout
    assert (tmp_path / "folders.md").read_text() == out.read_text()
    missing = naturel(hub, tmp_path, "diff", f"{REPO}@v9.0.0", f"{REPO}@{new}")
    assert missing.returncode == 2
    assert f"{REPO}@v9.0.0: the Hub has no such revision" in missing.stderr


def test_the_next_version_is_a_commit_of_its_own_and_takes_old_shards_away(
    hub: HubServer, api: HfApi, first: FitRelease, second: FitRelease
) -> None:
    sent(api, first)
    repo = hub.repos[REPO]
    repo.commit(
        repo.commits[repo.head]
        | {
            "data/openimages/train-00001-of-00002.parquet": Blob(b"of an earlier release", True),
            "notes/for_readers.md": Blob(b"written by hand", False),
        },
        "by hand",
    )
    plan = plan_push(api, second, REPO, f"v{second.version}", private=False)
    assert plan.delete == ("data/openimages/train-00001-of-00002.parquet",)
    push(api, second, plan)
    assert set(repo.commits[repo.head]) == {*second.digests, ".gitattributes", "notes/for_readers.md"}
    assert repo.messages[-1] == f"NatuRel {second.version}"
    assert set(repo.tags) == {"v1.0.0", f"v{second.version}"}
    assert repo.tags["v1.0.0"] != repo.head


def test_a_tag_is_never_moved(
    hub: HubServer, api: HfApi, first: FitRelease, second: FitRelease, tmp_path: Path
) -> None:
    sent(api, first, "stable")
    with pytest.raises(UserError, match=r"has the tag stable with other contents .* never changed"):
        plan_push(api, second, REPO, "stable", private=False)
    with pytest.raises(UserError, match=r"--tag v7\.0\.0: the release is 1\.0\.0"):
        plan_push(api, first, REPO, "v7.0.0", private=False)
    assert len(hub.repos[REPO].messages) == 2


def test_an_interrupted_upload_goes_on_where_it_was(hub: HubServer, build: Path, tmp_path: Path) -> None:
    release = build / "release" / "1.0.0"
    hub.hang_after = 1
    env = os.environ | hub.environment(tmp_path)
    with subprocess.Popen(
        [*NATUREL, "push", REPO, "--release", str(release)], env=env, stdout=subprocess.DEVNULL
    ) as process:
        assert hub.hanging.wait(60)
        process.kill()
    arrived = dict(hub.uploads)
    assert len(arrived) == 1
    assert hub.repos[REPO].messages == ["initial commit"]  # nothing can be seen yet

    hub.hang_after = None
    done = naturel(hub, tmp_path, "push", REPO, "--release", release)
    assert done.returncode == 0, done.stderr
    assert {name: hub.uploads[name] for name in arrived} == arrived  # not sent again
    repo = hub.repos[REPO]
    assert repo.tags == {"v1.0.0": repo.head}
    assert set(repo.commits[repo.head]) == {*check_release(release).digests, ".gitattributes"}


def test_a_push_that_was_stopped_before_its_tag_sets_the_tag(
    hub: HubServer, api: HfApi, first: FitRelease
) -> None:
    sent(api, first)
    repo = hub.repos[REPO]
    repo.tags.clear()
    uploads = hub.uploads.copy()
    sent(api, first)
    assert repo.tags == {"v1.0.0": repo.head}
    assert hub.uploads == uploads
    assert len(repo.messages) == 2


def test_private_is_private(hub: HubServer, api: HfApi, first: FitRelease) -> None:
    sent(api, first, private=True)
    assert hub.repos[REPO].private
    assert plan_push(api, first, REPO, "v1.0.0", private=False).private
    hub.repos[REPO].private = False
    with pytest.raises(UserError, match="is public, so --private would promise too much"):
        plan_push(api, first, REPO, "v1.0.0", private=True)


def test_who_changes_the_dataset_meanwhile_is_not_overwritten(
    hub: HubServer, api: HfApi, first: FitRelease, second: FitRelease
) -> None:
    sent(api, first)
    repo = hub.repos[REPO]
    hub.before_commit = lambda: repo.commit(dict(repo.commits[repo.head]), "by somebody else")
    with pytest.raises(UserError, match="somebody else changed the dataset meanwhile"):
        sent(api, second)
    assert repo.messages[-1] == "by somebody else"


def test_without_a_token_nothing_is_written(
    hub: HubServer, api: HfApi, build: Path, second: FitRelease, tmp_path: Path
) -> None:
    command = ("push", REPO, "--release", build / "release" / "1.0.0")
    refused = [naturel(hub, tmp_path, *command, token=None)]  # the dataset is missing
    assert hub.repos == {}
    sent(api, second)
    refused.append(naturel(hub, tmp_path, *command, token=None))  # it is there
    for done in refused:
        assert done.returncode == 2
        assert "Log in with a token that may write (hf auth login), or set HF_TOKEN." in done.stderr
        assert "Traceback" not in done.stderr
    assert hub.repos[REPO].messages == ["initial commit", f"NatuRel {second.version}"]
    assert set(hub.repos[REPO].tags) == {f"v{second.version}"}


def test_a_hub_that_is_not_there_is_told(first: FitRelease) -> None:
    with HubServer() as gone:
        address = gone.address
    with pytest.raises(UserError, match=f"{REPO}: the Hub cannot be reached"):
        plan_push(HfApi(endpoint=address), first, REPO, "v1.0.0", private=False)


@pytest.mark.parametrize("name", ["a/b/c", "naturel", "org/na turel"])
def test_a_name_that_is_none_is_told(api: HfApi, first: FitRelease, name: str) -> None:
    with pytest.raises(UserError, match=rf"{name}: this is not the name of a dataset\. Names are org/name"):
        plan_push(api, first, name, "v1.0.0", private=False)


def test_other_errors_are_not_the_hubs() -> None:
    with pytest.raises(ZeroDivisionError), hub_errors(REPO):
        print(1 / 0)


def test_a_release_that_is_not_fit_is_not_looked_up(hub: HubServer, build: Path, tmp_path: Path) -> None:
    spoilt = Path(shutil.copytree(build / "release" / "1.0.0", tmp_path / "1.0.0"))
    (spoilt / "README.md").write_text("# Better than it is\n")
    done = naturel(hub, tmp_path, "push", REPO, "--release", spoilt)
    assert done.returncode == 2
    assert "card and files do not match" in done.stderr
    assert not hub.requests
