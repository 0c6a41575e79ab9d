"""From a source of annotated pictures to a released dataset."""

import os

# Before anything imports the engine (Daft): no telemetry, and progress is shown by us alone.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("DAFT_PROGRESS_BAR", "0")
os.environ.setdefault("DAFT_SHOW_QUERY_ID", "0")
