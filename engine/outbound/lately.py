"""What requests take of late: one slow answer must not make the next ones wait. Pure."""

from __future__ import annotations

from collections import deque
from statistics import median

FEW = 9  # requests, of which the one in the middle is believed
KNOWN = 3  # requests
SMOOTH = 0.15
OUTLIER = 4.0  # times the usual; a request that takes longer counts as that


class Lately:
    """The usual time of a request, as it is and as it would be if nobody waited; 0 while there was none."""

    def __init__(self) -> None:
        self.usual = 0.0
        self.alone = 0.0
        self._took: deque[float] = deque(maxlen=FEW)
        self._expected: deque[float] = deque(maxlen=FEW)

    @property
    def known(self) -> bool:
        """Whether one slow request among them would show."""
        return len(self._took) >= KNOWN

    def add(self, took: float, expected: float) -> None:
        """One request more, and what it should have taken if nobody had waited."""
        self._took.append(took)
        self._expected.append(expected)
        self.alone = median(self._expected)
        if len(self._took) < FEW:
            self.usual = median(self._took)
        else:
            self.usual += (self.bounded(took) - self.usual) * SMOOTH

    def bounded(self, took: float) -> float:
        """A request's time, unless it is out of all proportion."""
        return min(took, OUTLIER * self.usual)
