"""Open the newest release of a build with `load_dataset` and print one record.

Run it with the build's folder: `python examples/show_record.py build/demo`.
"""

import sys
from pathlib import Path

from datasets import load_dataset


def main() -> None:
    """Print the first record of the newest release."""
    releases = Path(sys.argv[1], "release").glob("*.*.*")
    newest = max(releases, key=lambda folder: [int(part) for part in folder.name.split(".")])
    records = load_dataset(str(newest), split="train")
    print(f"\nload_dataset({str(newest)!r}): {len(records)} records")
    for name, value in records[0].items():
        print(f"  {name}: {value}")


if __name__ == "__main__":
    main()
