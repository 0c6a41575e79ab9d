"""The command `naturel review`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from naturel.annotations.errors import UserError
from naturel.builders.command import guard
from naturel.review.choices import Queue

BUILD_OR_RELEASE = "A build's folder (its newest release is taken), or one release."
ANNOTATOR = "Who decides; several, separated by commas: one server each. Default: your user name."
SHARE = "So many annotators, one server each on the ports from --port on; they share the work."
DATABASE = "A MongoDB server of yours. Default: one of our own, below BUILD/review/db."
OVERLAP = "The share of items that two annotators get, to measure their agreement."


def review_command(
    path: Annotated[Path, typer.Argument(metavar="BUILD_OR_RELEASE", help=BUILD_OR_RELEASE)],
    annotator: Annotated[str | None, typer.Option(help=ANNOTATOR)] = None,
    queue: Annotated[Queue, typer.Option(help="What is shown.")] = Queue.CAPTIONS,
    port: Annotated[int, typer.Option(help="Where the first server listens.")] = 5151,
    share: Annotated[int, typer.Option(min=1, help=SHARE)] = 1,
    overlap: Annotated[float, typer.Option(min=0, max=1, help=OVERLAP)] = 0.1,
    gold: Annotated[
        Path | None, typer.Option(help="Items with the right verdict; everybody gets them.")
    ] = None,
    database_uri: Annotated[str | None, typer.Option(help=DATABASE)] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the database anew, from the release and the journals.")
    ] = False,
    address: Annotated[
        str, typer.Option(help="Where servers listen. Others can then decide too: there are no passwords.")
    ] = "127.0.0.1",
    open_browser: Annotated[bool, typer.Option("--open/--no-browser", help="Open the browser.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Clean a dataset in the FiftyOne app: captions and pictures, by keyboard, by one or several annotators.

    Decisions are kept in BUILD/review/NAME.jsonl; the next build of that folder follows them. Press ? in the app for
    its keys.
    """

    def work() -> None:
        # Imported here so that --help and bad options answer at once.
        from naturel.builders.engine import require_extra

        names = annotators(annotator, share)
        require_extra("fiftyone", "naturel review")
        from naturel.review.start import Options, review

        options = Options(
            path, names, queue, address, port, database_uri, rebuild, overlap, gold, open_browser
        )
        review(options)

    guard(work, debug)


def annotators(given: str | None, share: int) -> tuple[str, ...]:
    """The names of all annotators.

    Args:
        given: As the user gives them; None: the user's own.
        share: How many there are; further ones are named after the first.

    Raises:
        UserError: A name cannot be one, is there twice, or there are more names than shares.
    """
    from naturel.annotations.decisions import NAME_RULE, is_annotator  # slow to load

    names = [name.strip() for name in (given or _user()).split(",")]
    if bad := [name for name in names if not is_annotator(name)]:
        raise UserError(f"--annotator: {bad[0]!r} is no annotator's name: {NAME_RULE}.")
    if share > 1 and len(names) not in (1, share):
        raise UserError(f"--share {share}, but --annotator has {len(names)} names. Give one a share.")
    if share > 1 and len(names) == 1:
        names = [f"{names[0]}-{number}" for number in range(1, share + 1)]
    if len({name.casefold() for name in names}) < len(names):
        raise UserError("--annotator has a name twice.")
    return tuple(names)


def _user() -> str:
    import getpass

    from naturel.annotations.decisions import is_annotator

    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = ""
    return name if is_annotator(name) else "annotator"
