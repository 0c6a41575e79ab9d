"""When to try again, and how to run a loop of calls from anywhere."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime


def jitter(number: int, backoff: float, longest: float) -> float:
    """Seconds to wait after failed try `number` (1, 2, ...): anything up to a limit that doubles each time."""
    return random.uniform(0, min(longest, backoff * 2 ** min(number - 1, 30)))  # noqa: S311 (no secret)


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds for which a server asks to be left alone; None where it does not.

    Args:
        headers: Names in lower case, or a mapping that does not mind: `retry-after-ms` as OpenAI sends it, or
            `retry-after`, in seconds or as an HTTP date.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * unit
        except ValueError:
            try:
                seconds = parsedate_to_datetime(value).timestamp() - time.time()
            except (ValueError, OverflowError):
                continue
        if math.isfinite(seconds):
            return max(seconds, 0.0)
    return None


def run(work: Coroutine[None, None, None]) -> None:
    """Run `work` to its end, also inside a notebook, where a loop runs already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work)
    else:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, work).result()
