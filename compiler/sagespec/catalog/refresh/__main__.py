"""python -m sagespec.catalog.refresh: rewrites the fetched parts of the catalogue; with --check, says what is stale."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sagespec.catalog.refresh import check, refresh

COMMAND = "python -m sagespec.catalog.refresh"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 fresh or written, 1 something is stale or has no source, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Refresh the catalogue's fetched files.")
    parser.add_argument("--check", action="store_true", help="write nothing; say what is stale")
    parser.add_argument("--sdk", type=Path, metavar="PATH", help="a wheel of sagemaker-core or of the SDK 2")
    parser.add_argument("--offline", action="store_true", help="with --check: leave out what would have to be fetched")
    given = parser.parse_args(arguments)
    if given.sdk and not given.sdk.exists():
        parser.error(f"there is no file {given.sdk}")
    if not given.check:
        sys.stdout.writelines(f"{line}\n" for line in refresh(given.sdk))
        return 0
    found = check(given.sdk, offline=given.offline)
    sys.stdout.writelines(f"{line}\n" for line in found.left_out)
    sys.stderr.writelines(f"{line}\n" for line in found.stale)
    if found.stale:
        sys.stderr.write(f"To repair it, run: {COMMAND}\n")
    return 1 if found.stale else 0


if __name__ == "__main__":
    sys.exit(main())
