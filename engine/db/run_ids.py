"""Ids of runs: UUIDs of version 7, so that their order is that of time and an index grows at its end."""

from __future__ import annotations

import os
import time
from uuid import UUID

VERSION = 0x7 << 76
VARIANT = 0b10 << 62
NANOSECONDS = 1_000_000  # in a millisecond


def new_run_id() -> UUID:
    """A new id: 48 bits of milliseconds since 1970, 12 of the fraction (a quarter of a microsecond), 62 of chance."""
    milliseconds, rest = divmod(time.time_ns(), NANOSECONDS)
    fraction = (rest << 12) // NANOSECONDS
    chance = int.from_bytes(os.urandom(8), "big") & (1 << 62) - 1
    return UUID(int=milliseconds << 80 | VERSION | fraction << 64 | VARIANT | chance)
