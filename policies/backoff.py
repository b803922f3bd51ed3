"""How long to wait before a message is tried again: full jitter, and what an origin asked for."""

from __future__ import annotations

SHORTEST = 30.0
LONGEST = 15 * 60.0
PATIENCE = 6 * 3600.0
"""The longest wait that an origin may ask for; queues keep a message invisible for twelve hours at most."""
SOON, SOON_ENOUGH = 10.0, 60.0
"""Between these a Busy message comes back: nothing is wrong with it."""


def wait_to_retry(attempt: int, chance: float, asked: float | None = None) -> float:
    """Seconds until the next attempt: anywhere up to a bound that doubles, never before the origin wants us."""
    bound = min(LONGEST, SHORTEST * (1 << min(attempt, 10)))
    wait = SHORTEST + chance * (bound - SHORTEST)
    return wait if asked is None else max(wait, min(asked, PATIENCE))


def wait_while_busy(chance: float, asked: float | None = None) -> float:
    """Seconds until a message that nobody could start is offered again."""
    if asked is not None:
        return min(max(asked, 0.0), LONGEST)
    return SOON + chance * (SOON_ENOUGH - SOON)
