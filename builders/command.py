"""How every command meets errors: what users can mend is one paragraph on standard error, and exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn

import typer

from naturel.annotations.errors import UserError


def guard(work: Callable[[], None], debug: bool) -> None:
    """Run a command; what users can mend is one paragraph and exit code 2."""
    try:
        work()
    except UserError as error:
        if debug:
            raise
        fail(str(error))
    except KeyboardInterrupt:
        print("\nStopped. Finished steps are kept: the same command goes on.", file=sys.stderr)
        raise SystemExit(130) from None
    except OSError as error:
        if debug:
            raise
        where = f" {error.filename}" if error.filename else ""
        fail(
            f"The system refused{where}: {error.strerror or error}. Mend that and run the same command again."
        )


def fail(text: str) -> NoReturn:
    """Print an error paragraph and leave with exit code 2."""
    print(f"Error: {text}", file=sys.stderr)
    raise SystemExit(2)


def run_command(application: typer.Typer, name: str) -> NoReturn:
    """Run a command line: unknown options and bad values are one paragraph and exit code 2."""
    command = typer.main.get_command(application)
    try:
        code = command.main(prog_name=name, standalone_mode=False)
    except typer.Abort:
        raise SystemExit(130) from None
    except typer.TyperException as error:
        message = error.format_message() if isinstance(error, typer.BadParameter) else str(error)
        fail(f"{message} See {name} --help.")
    raise SystemExit(code if isinstance(code, int) else 0)
