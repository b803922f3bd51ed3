"""How a command ends early: one sentence on what happened, one on what to do, and an exit code.

    Stop
    ├── Failed   1: the work failed
    └── Misused  2: wrong use

Anything else that escapes a command is a fault in Sluice and shows its traceback.
"""

from __future__ import annotations


class Stop(Exception):  # noqa: N818 - an end that is expected, not an error in the program
    """The command ends here; `happened` and `remedy` are for the person who typed it."""

    code = 1

    def __init__(self, happened: str, remedy: str = "") -> None:
        super().__init__(happened)
        self.happened = happened
        self.remedy = remedy


class Failed(Stop):
    """The work could not be done, or not all of it."""

    code = 1


class Misused(Stop):
    """The command was asked for something that makes no sense."""

    code = 2
