"""Run the build command as users do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-c", "from naturel.builders.cli import build_main; build_main()"]


def run_build(*options: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `build-naturel --source openimages` with options and environment variables."""
    command = [*COMMAND, "--source", "openimages", *map(str, options)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | environment, timeout=300
    )


def must_build(*options: str | Path, **environment: str) -> str:
    """Run it, and give what it prints; it must succeed."""
    done = run_build(*options, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def release_files(out: Path, version: str = "1.0.0") -> dict[str, bytes]:
    """Every file of a release, by its path in it."""
    root = out / "release" / version
    return {
        str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()
    }
