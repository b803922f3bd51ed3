"""The circuit breaker of the image server: after a run of failures nobody asks, but one now and then to see.

Pure: the clock and the chance are arguments. Counts only failures that may mean that the server is gone; any answer
that shows it alive, an error included, closes it again. Answers to what was asked before it opened change nothing: a
server that goes may still deliver what it had finished.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Whether requests pass."""

    CLOSED = "closed"
    OPEN = "open"
    TRYING = "trying"  # one request is out to see


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """When the server counts as gone, and how often it is looked for."""

    failures: int = 8  # in a row
    few: int = 3  # as many suffice when nothing good was heard for `silence`
    silence: float = 5.0
    shortest: float = 1.0  # between two looks
    longest: float = 5.0


class Breaker:
    """One breaker; `opened` counts how often."""

    def __init__(self, settings: BreakerSettings | None = None) -> None:
        self._settings = settings or BreakerSettings()
        self.state = State.CLOSED
        self.opened = 0
        self._bad = 0
        self._since = 0.0  # of the first failure of the run
        self._pause = self._settings.shortest
        self._until = 0.0
        self._opened_at = float("-inf")

    def passes(self, now: float) -> bool:
        """Whether a request may go now; while open, the first to ask after the pause goes to see."""
        if self.state is State.OPEN and now >= self._until:
            self.state = State.TRYING
            return True
        return self.state is State.CLOSED

    def retry_after(self, now: float) -> float:
        """Seconds until the next look."""
        return 0.0 if self.state is State.CLOSED else max(self._until - now, self._settings.shortest)

    def heard(self, sent: float) -> None:
        """The server answered a request sent then: whatever it said, it is there."""
        if sent < self._opened_at:
            return  # what was asked before it opened says nothing of now
        self.state = State.CLOSED
        self._bad = 0
        self._pause = self._settings.shortest

    def missed(self, sent: float, now: float, chance: float) -> None:
        """No answer, or one that is no sign of life; chance in [0, 1) spreads the looks of many engines."""
        if sent < self._opened_at or self.state is State.OPEN:
            return
        if self.state is State.TRYING:
            self._pause = min(self._pause * 2, self._settings.longest)
            self._open(now, chance)
            return
        self._bad += 1
        if self._bad == 1:
            self._since = now
        silent = now - self._since >= self._settings.silence
        if self._bad >= self._settings.failures or (silent and self._bad >= self._settings.few):
            self._open(now, chance)

    def abandoned(self, now: float) -> None:
        """The request that went to see was given up by its asker: somebody else may go."""
        if self.state is State.TRYING:
            self.state = State.OPEN
            self._until = now

    def _open(self, now: float, chance: float) -> None:
        self.state = State.OPEN
        self.opened += 1
        self._opened_at = now
        self._bad = 0
        self._until = now + self._pause * (1 + chance / 2)
