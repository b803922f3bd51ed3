"""Ids of runs: UUIDs of version 7, so that their order is that of time and an index grows at its end."""

from __future__ import annotations

import os
import time
from uuid import UUID

VERSION = 0x7 << 76
VARIANT = 0b10 << 62


def new_run_id() -> UUID:
    """A new id: 48 bits of milliseconds since 1970, then 74 of chance."""
    milliseconds = time.time_ns() // 1_000_000
    chance = int.from_bytes(os.urandom(10), "big")
    return UUID(int=milliseconds << 80 | VERSION | (chance >> 68) << 64 | VARIANT | chance & (1 << 62) - 1)
