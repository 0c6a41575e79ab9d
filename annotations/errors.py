"""The error that users meet."""

from __future__ import annotations


class UserError(Exception):
    """Something that the user can mend: a bad option, file or environment.

    The text is one paragraph that names the file, the row or field, and the mend. Commands print it without a
    traceback and leave with exit code 2.
    """
