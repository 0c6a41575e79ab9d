"""The command `naturel push`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from naturel.builders.command import guard

REPO = "The dataset on the Hub: org/name. It is made where it is missing."
RELEASE = "A release's folder, or a build's (its newest release)."
VOUCH = (
    "You have the right to pass on pictures of this licence, as the records name it (unknown: those without one). "
    "Several: give it several times."
)


def push_command(
    repo: Annotated[str, typer.Argument(metavar="REPO", help=REPO)],
    release: Annotated[Path, typer.Option(help=RELEASE)] = Path("build/naturel"),
    tag: Annotated[
        str | None, typer.Option(help="Tag of the version. Default: vX.Y.Z of the release.")
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="Only you and your organisation see it.")
    ] = False,
    vouch: Annotated[list[str] | None, typer.Option(metavar="LICENSE", help=VOUCH)] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be uploaded, and leave.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Put a release on the Hugging Face Hub: one commit, then the tag of its version.

    An upload that was interrupted goes on where it was. A tag that is there is never moved. You log in with
    huggingface_hub's own means (hf auth login, or HF_TOKEN).
    """
    guard(lambda: _push(repo, release, tag, private, vouch or [], dry_run), debug)


def _push(repo: str, path: Path, tag: str | None, private: bool, vouched: list[str], dry_run: bool) -> None:
    # Imported here so that --help answers at once.
    from huggingface_hub import HfApi

    import naturel
    from naturel.builders.publishing.fitness import check_release
    from naturel.builders.publishing.hub import plan_push, push

    release = check_release(path, vouched)
    api = HfApi(library_name="naturel", library_version=naturel.__version__)
    plan = plan_push(api, release, repo, tag or f"v{release.version}", private=private)
    where = f"{repo} ({'private' if plan.private else 'public'}{'' if plan.exists else ', new'})"
    if plan.tagged:
        print(f"{where} has {plan.tag} already, with the same files: nothing is to be done.")
        return
    size = sum((release.folder / name).stat().st_size for name in plan.upload)
    print(f"{release.folder} to {where} as {plan.tag}: {len(plan.upload)} files, {size / 1e6:,.1f} MB")
    if dry_run:
        for name in plan.upload:
            print(f"  upload {name}")
        for name in plan.delete:
            print(f"  delete {name}")
        return
    print(f"{push(api, release, plan)}/tree/{plan.tag}")
