"""A server's own pace: how many seconds one unit of predicted work takes it when nobody waits. Pure.

Learned for each kind of work by itself, since predictions err by kind. What is measured in calm moments counts; until
there is enough of that, what little is known: the first requests, and the quickest of those that came after.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection

REMEMBERED = 48  # measurements of calm moments
AGREEING = 3  # of the newest suffice, when all say that the server has changed
CHANGED = 0.35  # in logarithms: by more than requests scatter
ENOUGH = 3  # calm measurements, to need no guess beside them
FIRST = 3  # requests that make the first guess
PLAUSIBLE = 0.5  # so much slower than the server that costs were measured on, in logarithms, any may well be
DOUBT = 0.9  # in logarithms: what is seen of an overloaded server is so much too slow
QUICK = 64  # requests among which the quickest are looked for
ABOVE_QUICKEST = 0.2  # by so much, in logarithms, the usual lies above the quickest third


class KindPace:
    """The pace of one kind of work; all in logarithms of seconds for a unit."""

    def __init__(self, guess: float) -> None:
        self._calm: deque[float] = deque(maxlen=REMEMBERED)
        self._first: list[float] = []
        self._quick: deque[float] = deque(maxlen=QUICK)
        self._guess = guess

    @property
    def sure(self) -> bool:
        """Whether it was measured when it was calm."""
        return len(self._calm) >= ENOUGH

    @property
    def count(self) -> int:
        """Of measurements in calm moments."""
        return len(self._calm)

    @property
    def log(self) -> float:
        """The pace as far as it is known."""
        return _mean(self._calm if self.sure else [*self._calm, self._guess])

    def measured(self, took: float) -> None:
        """One unit took so long in a calm moment."""
        self._calm.append(took)

    def shift(self, change: float) -> None:
        """The server has become so much slower."""
        self._guess += change
        self._calm = deque((one + change for one in self._calm), maxlen=REMEMBERED)

    def saw(self, took: float, slowdown: float) -> None:
        """One unit took so long at some other time, when requests of all kinds were slowed down like this."""
        if self.sure:
            return
        if len(self._first) < FIRST:
            self._first.append(took - slowdown)
            self._guess = _doubted(_mean(self._first))
        self._quick.append(took)
        if len(self._quick) >= 2 * FIRST:
            quickest = sorted(self._quick)[: len(self._quick) // 3]
            self._guess = min(self._guess, _mean(quickest) + ABOVE_QUICKEST)

    def doubt(self) -> None:
        """What was guessed so far was seen in a crowd."""
        if not self.sure:
            self._first.clear()
            self._quick.clear()
            self._guess -= DOUBT


class Pace:
    """The pace of one server, by kind of work."""

    def __init__(self) -> None:
        self._kinds: dict[str, KindPace] = {}
        self.suspects = False  # the newest calm measurement was slow
        self._apart: deque[float] = deque(maxlen=AGREEING)  # of the newest calm measurements from what was expected

    @property
    def sure(self) -> bool:
        """Whether it was measured when it was calm."""
        return sum(kind.count for kind in self._kinds.values()) >= ENOUGH

    def seconds(self, kind: str) -> float:
        """What a unit of this kind takes when nobody waits; 0 while nothing is known of it."""
        return math.exp(self._kinds[kind].log) if kind in self._kinds else 0.0

    def learn(self, kind: str, seconds: float, *, calm: bool, alone: bool, slowdown: float) -> None:
        """One unit took so long, in a calm moment or not, when requests of all kinds were slowed down like this.

        Alone: no other request of ours was in flight.
        """
        took = math.log(seconds)
        if kind not in self._kinds:
            self._kinds[kind] = KindPace(_doubted(took))
        if calm:
            apart = took - self._kinds[kind].log
            self.suspects = apart > CHANGED and self.sure
            if self.suspects and not alone:
                return  # slower, or not as calm as it should be: the next moment will show it, with one at a time
            self._follow(apart)
            self._kinds[kind].measured(took)
        else:
            self._kinds[kind].saw(took, math.log(max(slowdown, 1.0)))

    def _follow(self, apart: float) -> None:
        """Moves all kinds at once when the newest measurements agree that the server has changed."""
        self._apart.append(apart)
        if self.sure and len(self._apart) == AGREEING and (min(self._apart) > CHANGED or max(self._apart) < -CHANGED):
            for kind in self._kinds.values():
                kind.shift(sorted(self._apart)[AGREEING // 2])
            self._apart.clear()

    def doubt(self) -> None:
        """The server turned out to be overloaded: guesses made in that crowd are worth little."""
        for kind in self._kinds.values():
            kind.doubt()


def _doubted(guess: float) -> float:
    """Of a server that seems much slower than the one the costs were measured on, half is put down to a crowd."""
    return min(guess, PLAUSIBLE + (guess - PLAUSIBLE) / 2)


def _mean(values: Collection[float]) -> float:
    return sum(values) / len(values)
