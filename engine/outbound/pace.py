"""A server's own pace: how many seconds one unit of predicted work takes it when nobody waits. Pure.

Learned for each kind of work by itself, since predictions err by kind. What is measured in calm moments counts; until
there is enough of that, what little is known: the first requests, and the quickest of those that came after. How
widely the times of equal requests scatter is learned as well: images differ, and chance must not be taken for change.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection

REMEMBERED = 48  # measurements of calm moments
AGREEING = 3  # of the newest suffice, when all say that the server has changed
CHANGED = 1.75  # times what requests scatter by: by more than that, the server has changed
ENOUGH = 3  # calm measurements, to need no guess beside them
FIRST = 3  # requests that make the first guess
PLAUSIBLE = 0.5  # so much slower than the server that costs were measured on, in logarithms, any may well be
MOST_DOUBT = 0.5  # in logarithms: with more, a limit of one would shrink although nobody else is there
ABSURD = 2.0  # in logarithms, above what is plausible: more than that is all put down to a crowd
DOUBT = 0.9  # in logarithms: what is seen of an overloaded server is so much too slow
RECENT = 6  # requests before a calm moment, to compare it with
AS_USUAL = 0.3  # in logarithms: a calm moment that is not so much quicker was no calmer than any other
QUICK = 64  # requests among which the quickest are looked for
ABOVE_QUICKEST = 1.1  # times what requests scatter by, the usual lies above the quickest third
SCATTER = 0.2  # in logarithms, of the times of equal requests; no less is believed
WILD = 2.0  # in logarithms; two times that are further apart count as so far
SCATTER_MEMORY = 1 / 32  # weight of one more


class KindPace:
    """The pace of one kind of work; all in logarithms of seconds for a unit."""

    def __init__(self, guess: float) -> None:
        self._calm: deque[float] = deque(maxlen=REMEMBERED)
        self._first: list[float] = []
        self._quick: deque[float] = deque(maxlen=QUICK)
        self._guess = guess
        self._last: float | None = None

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

    def since_last(self, took: float) -> float | None:
        """How far this time is from the one before, which was taken under much the same load."""
        last, self._last = self._last, took
        return None if last is None else took - last

    def measured(self, took: float) -> None:
        """One unit took so long in a calm moment."""
        self._calm.append(took)

    def as_usual(self, took: float) -> bool:
        """Whether a calm moment was no quicker than what came before it: then it was calm all the time."""
        return len(self._quick) >= FIRST and took > _mean(tuple(self._quick)[-RECENT:]) - AS_USUAL

    def trust(self) -> None:
        """What was seen so far was seen of a calm server."""
        if not self.sure and self._quick:
            self._guess = _mean(tuple(self._quick)[-RECENT:])

    def shift(self, change: float) -> None:
        """The server has become so much slower."""
        self._guess += change
        self._calm = deque((one + change for one in self._calm), maxlen=REMEMBERED)

    def saw(self, took: float, slowdown: float, scatter: float) -> None:
        """One unit took so long at some other time, when requests of all kinds were slowed down like this."""
        if self.sure:
            return
        if len(self._first) < FIRST:
            self._first.append(took - slowdown)
            self._guess = _doubted(_mean(self._first))
        self._quick.append(took)
        if len(self._quick) >= 2 * FIRST:
            quickest = sorted(self._quick)[: len(self._quick) // 3]
            self._guess = min(self._guess, _mean(quickest) + ABOVE_QUICKEST * scatter)

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
        self._variance = SCATTER**2
        self._apart: deque[float] = deque(maxlen=AGREEING)  # of the newest calm measurements from what was expected

    @property
    def scatter(self) -> float:
        """By how much, in logarithms, the times of equal requests differ."""
        return max(math.sqrt(self._variance), SCATTER)

    @property
    def _count(self) -> int:
        return sum(kind.count for kind in self._kinds.values())

    @property
    def sure(self) -> bool:
        """Whether it was measured when it was calm."""
        return self._count >= ENOUGH

    @property
    def doubtful(self) -> float:
        """By so much, in logarithms, the pace may seem too quick, since times scatter widely and few were measured."""
        return (self.scatter - SCATTER) / math.sqrt(max(self._count, 1))

    def seconds(self, kind: str) -> float:
        """What a unit of this kind takes when nobody waits; 0 while nothing is known of it."""
        return math.exp(self._kinds[kind].log) if kind in self._kinds else 0.0

    def learn(
        self, kind: str, seconds: float, *, calm: bool, alone: bool, slowdown: float, crowded: bool = False
    ) -> None:
        """One unit took so long, in a calm moment or not, when requests of all kinds were slowed down like this.

        Alone: no other request of ours was in flight. Crowded: its time says more of others than of the server.
        """
        took = math.log(seconds)
        if kind not in self._kinds:
            self._kinds[kind] = KindPace(_doubted(took))
        one = self._kinds[kind]
        between = one.since_last(took)
        if between is not None and (calm or not crowded):
            self._variance += (min(abs(between), WILD) ** 2 / 2 - self._variance) * SCATTER_MEMORY
        if not calm:
            one.saw(took, math.log(max(slowdown, 1.0)), self.scatter)
            return
        if not one.sure and one.as_usual(took):
            for each in self._kinds.values():
                each.trust()
        apart = took - one.log
        self.suspects = apart > CHANGED * self.scatter and self.sure
        if self.suspects and not alone:
            return  # slower, or not as calm as it should be: the next moment will show it, with one at a time
        self._follow(apart)
        one.measured(took)

    def _follow(self, apart: float) -> None:
        """Moves all kinds at once when the newest measurements agree that the server has changed."""
        self._apart.append(apart)
        changed = CHANGED * self.scatter
        if self.sure and len(self._apart) == AGREEING and (min(self._apart) > changed or max(self._apart) < -changed):
            for kind in self._kinds.values():
                kind.shift(sorted(self._apart)[AGREEING // 2])
            self._apart.clear()

    def doubt(self) -> None:
        """The server turned out to be overloaded: guesses made in that crowd are worth little."""
        for kind in self._kinds.values():
            kind.doubt()


def _doubted(guess: float) -> float:
    """Of a server that seems much slower than the one costs were measured on, half is put down to a crowd, at most."""
    excess = max(guess - PLAUSIBLE, 0.0)
    return guess - min(excess / 2, MOST_DOUBT) - max(excess - ABSURD, 0.0)


def _mean(values: Collection[float]) -> float:
    return sum(values) / len(values)
