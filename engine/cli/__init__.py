"""The `sluice` command: one name, a sub-command for every thing a person does with the engine.

Importing this imports nothing heavy: `engine.cli.commands` says where each sub-command lives, and only the
one that was asked for is loaded.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Runs the sub-command that the arguments name, and exits 0 (done), 1 (failed) or 2 (wrong use)."""
    try:
        from engine.cli.run import run  # noqa: PLC0415 - importing `engine.cli` stays free

        sys.exit(run(sys.argv[1:], os.environ))
    except KeyboardInterrupt:
        sys.exit(130)  # as shells know it
