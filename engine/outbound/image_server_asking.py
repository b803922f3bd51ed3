"""Asking until there is a usable answer: the requests of one order, repeated as far as patience goes.

The only place where time passes between tries. What an answer means and what follows from it are decided elsewhere;
here the identifier of an order changes when its copy in the server's cache is spoilt.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from engine.outbound.costs import Work
from engine.outbound.image_server_answers import GONE, LESS, Answer, Unanswered
from engine.outbound.image_server_retries import Attempts, GiveUp, Patience, next_step
from engine.outbound.thumbnail_settings import ThumbnailSettings
from engine.outbound.thumbnailer import Tally
from policies.outcome import IngestError
from policies.reasons import IMAGE_SERVER_AWAY, IMAGE_SERVER_BEHIND, THUMBNAILS_FAILED, Kind

T = TypeVar("T")


class Closed(Exception):  # noqa: N818  # a state of the breaker
    """Nobody may ask now; perhaps again after so many seconds."""

    def __init__(self, after: float) -> None:
        super().__init__(f"the image server is away, next look in {after:.1f} s")
        self.after = after


@dataclass(frozen=True, slots=True)
class Request:
    """One request: what of which image, what it costs, and whose it is."""

    identifier: str
    tail: str  # of the path: "full/1024,/0/default.jpg" or "info.json"
    work: Work
    customer: int
    priority: bool
    slow: int = 0  # how often it had no answer in time


class Asks(Protocol):
    """An image server, one request at a time."""

    settings: ThumbnailSettings
    now: Callable[[], float]

    async def ask(self, request: Request, tally: Tally) -> bytes: ...


class Asking:
    """The requests of one order."""

    def __init__(
        self,
        server: Asks,
        identifier: str,
        *,
        customer: int,
        priority: bool = False,
        restage: Callable[[], Awaitable[str]] | None = None,
        endure: float = 0.0,
        failure: Kind = THUMBNAILS_FAILED,
        tally: Tally | None = None,
    ) -> None:
        self.tally = tally or Tally()
        self._server = server
        self._identifier = identifier
        self._customer = customer
        self._priority = priority
        self._restage = restage
        self._restaging = asyncio.Lock()
        self._endure = endure  # seconds for which a server that is away is waited for
        self._failure = failure
        self._last: Unanswered | None = None

    @asynccontextmanager
    async def patiently(self, seconds: float) -> AsyncIterator[None]:
        """Bounds everything inside, waiting in line included."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as error:
            healthy = self._last is not None and self._last.answer not in LESS | GONE
            kind = self._failure if healthy else IMAGE_SERVER_BEHIND
            raise self._error(kind, f"no picture within {seconds:.0f} s") from error

    async def get(self, tail: str, work: Work, read: Callable[[bytes], Awaitable[T]]) -> T:
        """What `read` makes of the first answer that it can use; IngestError when it is no use to go on.

        A refusal to enlarge is raised as it came: it is final, and no failure.
        """
        settings = self._server.settings
        patience = Patience(settings.fresh, settings.tries)
        attempts = Attempts()
        while True:
            identifier = self._identifier
            slow = attempts.answers[Answer.SLOW]
            try:
                body = await self._ask(Request(identifier, tail, work, self._customer, self._priority, slow))
                return await read(body)
            except Unanswered as error:
                if error.answer is Answer.WONT_ENLARGE:
                    raise
                self._last = error
            step = next_step(attempts, self._last.answer, self._server.now(), random.random(), patience)  # noqa: S311  # spreading, no secret
            if isinstance(step, GiveUp):
                kind = self._failure if step.kind is THUMBNAILS_FAILED else step.kind
                raise self._error(kind, f"asked {attempts.answers.total()} times") from self._last
            self.tally.retries += 1
            if step.restage and self._restage:
                await self._stage_again(identifier, self._restage)
            await asyncio.sleep(step.after)

    async def _ask(self, request: Request) -> bytes:
        """One request, once the server is there."""
        patient_until = self._server.now() + self._endure
        while True:
            try:
                return await self._server.ask(request, self.tally)
            except Closed as closed:
                if self._server.now() + closed.after > patient_until:
                    raise self._error(IMAGE_SERVER_AWAY, str(closed), after=closed.after) from closed
                await asyncio.sleep(closed.after * (1 + random.random() / 4))  # noqa: S311  # spreading, no secret

    async def _stage_again(self, spoilt: str, restage: Callable[[], Awaitable[str]]) -> None:
        async with self._restaging:
            if self._identifier == spoilt:  # else another request of this order has done so
                self._identifier = await restage()

    def _error(self, kind: Kind, why: str, after: float | None = None) -> IngestError:
        said = f"; last: {self._last.answer}, {self._last}" if self._last else ""
        return IngestError(kind, f"image server, {self._identifier}: {why}{said}", after=after)
