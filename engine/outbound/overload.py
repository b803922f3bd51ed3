"""Answers that say overload: whether they are our doing. Pure.

A server without memory must be asked less; a server, or a network, that fails now and then whatever we do must not.
So a cut is a trial: if as many of the requests sent after it fail, the faults are the background, the cut is taken
back, and for a while they are left to those who repeat requests. If fewer fail, the limit stays a little lower.
"""

from __future__ import annotations

from enum import Enum

ANSWERS = 12  # of requests sent after a cut, to judge it by
MEMORY = 1 / 16  # weight of one answer in the rate
ISOLATED = 0.07  # a rate at which there was but one fault of late
BACKGROUND_MOST = 0.35  # a larger share of faults is never taken for background
BACKGROUND_LASTS = 30.0
HEAVY = 4  # faults after a cut, the half of all answers, that ask for another at once


class Judgement(Enum):
    """What a trial showed."""

    OPEN = "open"
    BACKGROUND = "background"  # it did not help
    RELIEVED = "relieved"  # it helped
    SEVERE = "severe"  # it was badly needed


class Overload:
    """The faults of one server, as one limiter sees them."""

    def __init__(self) -> None:
        self.rate = 0.0
        self._before = 0.0  # the rate when the limit was cut
        self._since: float | None = None  # a trial runs: of requests sent from here on
        self._answers = 0
        self._faults = 0
        self._background = 0.0
        self._background_until = float("-inf")

    def note(self, sent: float, *, fault: bool) -> None:
        """One more answer."""
        self.rate += (fault - self.rate) * MEMORY
        if self._since is not None and sent >= self._since:
            self._answers += 1
            self._faults += fault

    def calls_for_cut(self, now: float) -> bool:
        """Whether a fault that was just noted is a reason to ask less."""
        if self._since is not None:
            return self._faults >= HEAVY and 2 * self._faults >= self._answers
        return now >= self._background_until or self.rate > max(2 * self._background, BACKGROUND_MOST)

    def cut(self, now: float) -> None:
        """The limit was cut: the trial begins."""
        self._before = self.rate
        self._since = now
        self._answers = self._faults = 0

    def judge(self, now: float, *, crowded: bool) -> Judgement:
        """What the trial showed, once, when it is over; where it is crowded, faults are never the background."""
        if self._since is None or self._answers < ANSWERS:
            return Judgement.OPEN
        self._since = None
        rate = self._faults / self._answers
        isolated = self._before <= ISOLATED and rate <= ISOLATED
        if crowded:
            return Judgement.SEVERE
        if isolated or self._before / 2 <= rate <= BACKGROUND_MOST:
            self._background, self._background_until = rate, now + BACKGROUND_LASTS
            return Judgement.BACKGROUND
        return Judgement.RELIEVED if max(self._before, rate) < BACKGROUND_MOST else Judgement.SEVERE
