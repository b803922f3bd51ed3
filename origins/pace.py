"""How slow an origin may be: bytes over a window of time. The clock is an argument, so tests need not wait."""

from __future__ import annotations

import time
from collections.abc import Callable

from policies.outcome import IngestError
from policies.reasons import ORIGIN_TOO_SLOW


class Pace:
    """Raises when, over a whole window, fewer bytes came than the slowest acceptable origin sends."""

    def __init__(self, slowest: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._least = slowest * seconds
        self._seconds = seconds
        self._clock = clock
        self._since = clock()
        self._bytes = 0

    def moved(self, count: int) -> None:
        """Notes that so many bytes came."""
        self._bytes += count
        passed = self._clock() - self._since
        if passed >= self._seconds:
            if self._bytes < self._least * passed / self._seconds:
                raise IngestError(ORIGIN_TOO_SLOW, f"only {self._bytes} bytes came in {passed:.0f} s")
            self._since, self._bytes = self._clock(), 0
