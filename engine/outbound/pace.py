"""A server's own pace: how many seconds one unit of predicted work takes it when nobody waits. Pure.

Learned for each kind of work by itself, since predictions err by kind. What is measured in calm moments counts; until
there is some of that, what little is known: the first requests, and the quickest of those that came after.
"""

from __future__ import annotations

import math
from collections import deque

REMEMBERED = 24  # measurements of calm moments
AGREEING = 5  # of the newest suffice to forget the older, when they say that the server has changed
CHANGED = 0.4  # in logarithms
ENOUGH = 3  # calm measurements, to need no guess beside them
FIRST = 3
QUICK = 64  # requests among which the quickest are looked for
ABOVE_QUICKEST = 0.2  # by so much, in logarithms, the usual lies above the quickest third


class Pace:
    """The pace of one kind of work."""

    def __init__(self, guess: float) -> None:
        self.seconds = guess  # per unit of work
        self._calm: deque[float] = deque(maxlen=REMEMBERED)
        self._first: list[float] = []
        self._quick: deque[float] = deque(maxlen=QUICK)
        self._guess = math.log(guess)

    @property
    def sure(self) -> bool:
        """Whether it was measured when it was calm."""
        return len(self._calm) >= ENOUGH

    def measured(self, seconds: float) -> None:
        """One unit took so long in a calm moment."""
        self._calm.append(math.log(seconds))
        newest = sorted(list(self._calm)[-AGREEING:])
        if len(self._calm) > AGREEING and abs(newest[AGREEING // 2] - _mean(self._calm)) > CHANGED:
            self._calm = deque(newest, maxlen=REMEMBERED)
        self._settle()

    def saw(self, seconds: float, *, alone: bool) -> None:
        """One unit took so long at some other time; alone: no other request of ours was in flight."""
        if self.sure:
            return
        took = math.log(seconds)
        if alone and len(self._first) < FIRST:
            self._first.append(took)
            self._guess = _doubted(_mean(self._first))
        self._quick.append(took)
        if len(self._quick) >= 2 * FIRST:
            quickest = sorted(self._quick)[: len(self._quick) // 3]
            self._guess = min(self._guess, _mean(quickest) + ABOVE_QUICKEST)
        self._settle()

    def doubt(self) -> None:
        """The server turned out to be overloaded: what was guessed so far was seen in a crowd."""
        if not self.sure:
            self._first.clear()
            self._quick.clear()
            self._guess -= CHANGED
            self._settle()

    def _settle(self) -> None:
        known = self._calm if self.sure else [*self._calm, self._guess]
        self.seconds = math.exp(_mean(known))


def _doubted(guess: float) -> float:
    """A server that seems slower than the one the costs were measured on may as well be crowded: half of it."""
    return guess / 2 if guess > 0 else guess


def _mean(values: deque[float] | list[float]) -> float:
    return sum(values) / len(values)
