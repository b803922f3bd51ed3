"""The requests since the limit last changed: how slowed down they are, and when there are enough of them. Pure."""

from __future__ import annotations

import math

from engine.outbound.pace import SCATTER

CROWDED = 2.0  # a slowdown that needs no second look
AT_LEAST, STARTING_AT_LEAST = 4, 3  # requests
AT_MOST = 16  # requests, however large the limit
WIDER = 8.0  # times as many, at most, where times scatter widely


class Round:
    """The samples since some moment."""

    def __init__(self, since: float) -> None:
        self.since = since
        self._count = 0
        self._logs = 0.0
        self._level = 0.0

    def add(self, slowdown: float, level: float) -> None:
        """One request: what it took over what it should have taken, and how many were in flight with it."""
        self._count += 1
        self._logs += math.log(slowdown)
        self._level += level

    @property
    def slowdown(self) -> float:
        """Of all of them together."""
        return math.exp(self._logs / self._count)

    @property
    def level(self) -> float:
        """In flight, on average."""
        return self._level / self._count

    def tells(self, limit: float, scatter: float, *, starting: bool) -> bool:
        """Whether there are enough: few when they leave no doubt, more where times scatter widely."""
        chance = math.exp(2 * (scatter - SCATTER) / math.sqrt(self._count))
        if self._count >= AT_LEAST and self.slowdown > CROWDED * chance:
            return True
        enough = max(STARTING_AT_LEAST if starting else AT_LEAST, min(limit, AT_MOST))
        return self._count >= enough * min((scatter / SCATTER) ** 2, WIDER)
