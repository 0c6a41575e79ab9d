"""Whole-process figures of a command."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """What the operating system counted for one process."""

    seconds: float
    cpu: float
    peak_mib: float


def measure(command: list[str]) -> Figures:
    """Run a command to its end, its standard output thrown away."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} failed with exit code {process.returncode}")
    return Figures(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def show(rows: dict[str, Figures]) -> None:
    """Print figures as a table, with the ratios of each row to the first."""
    first = next(iter(rows.values()))
    print(f"{'':34}{'seconds':>9}{'CPU s':>9}{'peak MiB':>10}{'CPU ratio':>11}{'memory ratio':>14}")
    for name, row in rows.items():
        ratios = f"{row.cpu / first.cpu:11.2f}{row.peak_mib / first.peak_mib:14.2f}"
        print(f"{name:34}{row.seconds:9.1f}{row.cpu:9.1f}{row.peak_mib:10.0f}{ratios}")
