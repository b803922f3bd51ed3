"""Customer totals, moved by the difference: a re-ingest never counts twice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """What one asset stores, in bytes: originals and derivatives, and thumbnails."""

    bytes: int = 0
    thumb_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Moves:
    """What is added to "CustomerStorage"; negative when an asset has become smaller."""

    bytes: int = 0
    thumb_bytes: int = 0


def storage_moves(old: Held, new: Held) -> Moves:
    """How the totals move when an asset that stored `old` now stores `new`."""
    return Moves(new.bytes - old.bytes, new.thumb_bytes - old.thumb_bytes)
