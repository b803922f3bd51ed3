"""How long to wait before a broken transfer is resumed."""

from __future__ import annotations

from collections.abc import Iterator

FIRST = 0.1


def pauses(resumptions: int) -> Iterator[float | None]:
    """One pause for each failure that may be followed by another try, each twice the last; then None."""
    for done in range(resumptions):
        yield FIRST * 2**done
    yield None
