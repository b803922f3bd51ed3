"""The gate before the image server: as many pass as the limiter allows, in turn; no permit is ever lost.

The limiter says how many and how fast, `turns` says who; this is where they wait. Whoever holds a permit awaits
nothing but the one request it is for.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from engine.outbound.costs import Work
from engine.outbound.limiter import Limiter, Sample
from engine.outbound.turns import Turns

STUCK = 4.0  # times what was expected: a request that takes longer is waited for without its permit
STUCK_SHARE = 8.0  # of the limit; besides one: no more may be stuck at once, or a server that slows down gets more


@dataclass(slots=True, eq=False)
class Permit:
    """Leave for one request; its holder says how it went."""

    work: Work
    sent: float
    waited: float
    level: float  # requests in flight with this one; below one, the share of the time that one is
    _gate: LimiterGate = field(repr=False)
    stuck: bool = False

    def served(self) -> None:
        """The server did the work: a measurement."""
        self._gate.limiter.served(Sample(self.work, self.sent, self._gate.now(), self.level))

    def overloaded(self) -> None:
        """The server had no room, or no time."""
        self._gate.limiter.overloaded(self.sent, self._gate.now())


@dataclass(slots=True, eq=False)
class Waiter:
    """One request in line."""

    work: Work
    customer: int
    priority: bool
    since: float
    granted: asyncio.Future[Permit]


class LimiterGate:
    """One gate for all requests of a process to one image server."""

    def __init__(self, limiter: Limiter, now: Callable[[], float]) -> None:
        self.limiter = limiter
        self.now = now
        self.in_flight = 0  # but for those that are stuck
        self.stuck = 0
        self._turns: Turns[Waiter] = Turns()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many are in line."""
        return len(self._turns)

    @asynccontextmanager
    async def permit(self, work: Work, customer: int, *, priority: bool) -> AsyncIterator[Permit]:
        """Waits for this request's turn; the permit is given back whatever happens."""
        permit = await self._enter(work, customer, priority)
        timer = None
        if expected := self.limiter.expected(work):
            timer = asyncio.get_running_loop().call_later(STUCK * expected, self._let_pass, permit)
        try:
            yield permit
        finally:
            if timer:
                timer.cancel()
            self._leave(permit)

    def turn_away(self, reason: Callable[[], Exception]) -> None:
        """Everybody in line is told that it is of no use now."""
        for waiter in self._turns.clear():
            if not waiter.granted.done():
                waiter.granted.set_exception(reason())

    async def _enter(self, work: Work, customer: int, priority: bool) -> Permit:
        waiter = Waiter(work, customer, priority, self.now(), asyncio.get_running_loop().create_future())
        self._turns.join(waiter, customer, priority=priority)
        self._serve()
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            if waiter.granted.cancelled():
                self._turns.leave(waiter, customer, priority=priority)
            elif waiter.granted.exception() is None:
                self._leave(waiter.granted.result())  # granted and cancelled in the same moment
            raise

    def _let_pass(self, permit: Permit) -> None:
        """A request hangs: the next may go, for a few of them."""
        if self.stuck < 1 + self.limiter.limit // STUCK_SHARE:
            permit.stuck = True
            self.stuck += 1
            self.in_flight -= 1
            self._serve()

    def _leave(self, permit: Permit) -> None:
        if permit.stuck:
            self.stuck -= 1
        else:
            self.in_flight -= 1
        self._serve()

    def _serve(self) -> None:
        """Lets in as many as may go now, and looks again when time alone lets in the next."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        while len(self._turns):
            now = self.now()
            pause = self.limiter.wait(self.in_flight, now)
            if pause > 0:
                if math.isfinite(pause):
                    self._timer = asyncio.get_running_loop().call_later(pause, self._serve)
                return
            waiter = self._turns.next()
            if waiter.granted.done():
                continue  # cancelled, and not yet awake to leave the line
            self.in_flight += 1
            level = self.limiter.sent(self.in_flight)
            waiter.granted.set_result(Permit(waiter.work, now, now - waiter.since, level, self))
