"""Calm moments: how engines that know nothing of each other all hold back at once, to see a server that is not busy.

A limiter must know how long a request takes when nobody waits, and in a crowd nobody can see that alone: one engine's
pause changes nothing. But all share the time of day. At every full interval each lets its requests come back, then
sends few for a moment, and what is measured in it is the server's own pace. Pure: time and chance are arguments.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum

PATIENCE = 4  # usual times that requests may take to come back; there is no moment if they take longer
LENGTH = 1.5  # usual times
LONG = 3.0  # usual times
MEASURED = 0.6  # of a moment: what is sent later meets the crowd that comes back
RARELY = 16  # times what a request takes alone, at least, from one moment to the next
SPARSE_SHARE = 0.1  # of the interval, at least, where requests are so rare that a moment would see none


class Phase(Enum):
    """Where in the interval this limiter is."""

    USUAL = "usual"
    DRAINING = "draining"  # nothing is sent
    CALM = "calm"  # little is sent, and measured


class Calm:
    """The calm moments of one limiter."""

    def __init__(self, every: float, now: float, chance: Callable[[], float]) -> None:
        self._every = every
        self._chance = chance
        self._interval = now // every
        self.phase = Phase.USUAL
        self._began = 0.0  # the moment, its draining included
        self._since = 0.0  # this phase of it
        self._last = 0.0  # until then what is sent counts as measured
        self._until = 0.0
        self._level = 1.0
        self._one_at = 0.0  # when the one request of a sparse moment goes

    def look(
        self, in_flight: int, now: float, *, usual: float, alone: float, level: float, sparse: bool, long: bool = False
    ) -> float:
        """Brings the phase up to date; the length of the calm moment that has just ended, else 0.

        `usual` is what a request takes of late, `alone` what it would if nobody waited, `level` how many are to be in
        flight when it is calm.
        """
        interval = now // self._every
        if interval > self._interval:
            self._interval = interval
            due = usual > 0 and self.phase is Phase.USUAL and interval % _rarely(alone / self._every) == 0
            if due and now - interval * self._every < max(2 * usual, 0.1):  # later, the others are done with it
                self.phase, self._since = Phase.DRAINING, interval * self._every
                self._began = self._since
        if self.phase is Phase.DRAINING:
            spent = now - self._since
            if spent >= usual and in_flight <= level / 2:
                self._begin(now, usual, level, sparse=sparse, long=long)
            elif spent >= PATIENCE * usual:
                return self._end(now)  # a server that takes so long is not calm
        if self.phase is Phase.CALM and now >= self._until:
            return self._end(self._until)
        return 0.0

    def wait(self, in_flight: int, now: float, usual: float) -> float:
        """Seconds until another may be sent, or until it is worth looking again; 0: now."""
        if self.phase is Phase.DRAINING:
            return max(self._since + (PATIENCE if in_flight else 1) * usual - now, 0.001)
        if self._level >= 1:
            return 0.0 if in_flight < int(self._level) else self._until - now
        if in_flight or self._one_at > now:
            return min(self._one_at, self._until) - now if self._one_at > now else self._until - now
        return 0.0

    def until_next(self, now: float) -> float:
        """Seconds until the next moment begins; whoever waits for something else should look then."""
        return (self._interval + 1) * self._every - now + 0.001

    def sent(self) -> None:
        """A request was sent: of a sparse moment it was the only one."""
        self._one_at = self._until

    def measures(self, sent: float) -> bool:
        """Whether a request sent then met a calm server; those sent last meet the crowd that comes back."""
        return self._since <= sent < self._last and self.phase is not Phase.DRAINING

    def _end(self, now: float) -> float:
        self.phase = Phase.USUAL
        return now - self._began

    def _begin(self, now: float, usual: float, level: float, *, sparse: bool, long: bool) -> None:
        length = max((LONG if long else LENGTH) * usual, SPARSE_SHARE * self._every if sparse else 0.0)
        self.phase, self._since = Phase.CALM, now
        self._until = now + length
        self._last = now + MEASURED * length
        self._level = level
        self._one_at = now + self._chance() * usual / level if level < 1 else now


def _rarely(share: float) -> int:
    """Every which interval has a moment, if a request alone takes this share of one; powers of two agree."""
    return 1 << max(math.ceil(math.log2(share * RARELY)), 0) if share > 0 else 1
