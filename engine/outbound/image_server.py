"""The image server, one request at a time: in turn, under the limiter, past the breaker, to one of its addresses.

Nothing is repeated here and no picture is looked into: an answer is a body, or it is raised as what it means.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

import aiohttp
from yarl import URL

from engine.outbound.breaker import Breaker, State
from engine.outbound.connections import Connections, Line
from engine.outbound.costs import reading_info
from engine.outbound.image_server_answers import GONE, LESS, Answer, Unanswered, read_answer
from engine.outbound.image_server_asking import Asking, Closed, Request
from engine.outbound.limiter import Limiter
from engine.outbound.limiter_gate import LimiterGate, Permit
from engine.outbound.thumbnail_settings import ThumbnailSettings
from engine.outbound.thumbnailer import Tally
from images.size import Size
from policies.outcome import IngestError
from policies.reasons import IMAGE_SERVER_AWAY, IMAGE_SERVER_BLIND

WORDS = 2048  # characters of an error that are read
CONNECT = 3.0
UNREACHED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""Nothing was sent: another address may do."""


class Watcher(Protocol):
    """Whoever counts requests: the metrics."""

    def image_server_request(self, answer: str) -> None: ...
    def limiter_waited(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class ServerState:
    """Limiter and breaker as they stand."""

    limit: float
    in_flight: int
    waiting: int
    is_open: bool


class ImageServer:
    """One image server, at however many addresses."""

    def __init__(
        self,
        settings: ThumbnailSettings,
        connections: Connections,
        now: Callable[[], float],
        watcher: Watcher | None = None,
    ) -> None:
        self.settings = settings
        self.now = now
        self.breaker = Breaker()
        self.gate = LimiterGate(Limiter(settings.limiter, now(), random.random), now)
        self._connections = connections
        self._watcher = watcher

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: ThumbnailSettings, watcher: Watcher | None = None) -> AsyncIterator[ImageServer]:
        """The server, with connections that are closed at the end."""
        now = time_of_day()
        async with Connections(settings.image_server, settings.resolve_every, now).opened() as connections:
            yield cls(settings, connections, now, watcher)

    def states(self) -> dict[str, ServerState]:
        """Limiter and breaker, under the server's name."""
        name = " ".join(self.settings.image_server)
        limiter, open_ = self.gate.limiter, self.breaker.state is not State.CLOSED
        return {name: ServerState(limiter.limit, self.gate.in_flight, self.gate.waiting, open_)} if name else {}

    async def ping(self) -> None:
        """Raises IngestError when the server does not answer."""
        sent = self.now()
        try:
            async with self._connections.line() as line, asyncio.timeout(5), line.http.get(line.address.base) as answer:
                if read_answer(answer.status, "") is not Answer.AWAY:
                    self.breaker.heard(sent)
                    return
                said = f"answered {answer.status}"
        except (aiohttp.ClientError, OSError) as error:
            raise IngestError(IMAGE_SERVER_AWAY, f"the image server: {type(error).__name__} {error}") from error
        raise IngestError(IMAGE_SERVER_AWAY, f"the image server {said}")

    async def info(
        self,
        identifier: str,
        format_: str = "",
        *,
        customer: int = 0,
        priority: bool = False,
        tally: Tally | None = None,
    ) -> Size:
        """The dimensions of an image, asked with the same care as a picture; IngestError when they cannot be had."""
        asking = Asking(self, identifier, customer=customer, priority=priority, failure=IMAGE_SERVER_BLIND, tally=tally)
        async with asking.patiently(self.settings.patience):
            return await asking.get("info.json", reading_info(format_), _read_info)

    async def ask(self, request: Request, tally: Tally) -> bytes:
        """The body of one answer; Unanswered when there is none to use, Closed while nobody may ask."""
        if self.breaker.state is not State.CLOSED:
            return await self._look_whether_it_is_back(request, tally)
        async with self._permit(request, tally) as permit:
            if self.breaker.state is not State.CLOSED:
                raise self._closed()
            return await self._ask(request, tally, permit)

    @asynccontextmanager
    async def _permit(self, request: Request, tally: Tally) -> AsyncIterator[Permit]:
        """A permit; the time in line is noted, and so it is when the turn never comes."""
        began = self.now()
        waited: float | None = None
        try:
            async with self.gate.permit(request.work, request.customer, priority=request.priority) as permit:
                waited = permit.waited
                yield permit
        finally:
            waited = self.now() - began if waited is None else waited
            tally.waited += waited
            if self._watcher:
                self._watcher.limiter_waited(waited)

    async def _look_whether_it_is_back(self, request: Request, tally: Tally) -> bytes:
        if not self.breaker.passes(self.now()):
            raise self._closed()
        try:
            return await self._ask(request, tally, None)
        finally:
            self.breaker.abandoned(self.now())  # does nothing once the answer, or its lack, was noted

    async def _ask(self, request: Request, tally: Tally, permit: Permit | None) -> bytes:
        tally.requests += 1
        sent = self.now()
        try:
            body = await self._send(request, self._time_for(request))
        except Unanswered as error:
            self._note(error.answer, sent, permit)
            raise
        self._note(Answer.WELL, sent, permit)
        return body

    def _note(self, answer: Answer, sent: float, permit: Permit | None) -> None:
        """What limiter, breaker and metrics learn from one answer."""
        if self._watcher:
            self._watcher.image_server_request(answer.value)
        if answer not in GONE:
            self.breaker.heard(sent)
        if permit and answer is Answer.WELL:
            permit.served()
        if permit and answer in LESS:
            permit.overloaded()
        if answer in GONE:
            self.breaker.missed(sent, self.now(), random.random())  # noqa: S311  # spreading, no secret
            if self.breaker.state is State.OPEN:
                self.gate.limiter.suspend()
                self.gate.turn_away(self._closed)

    def _closed(self) -> Closed:
        return Closed(self.breaker.retry_after(self.now()))

    def _time_for(self, request: Request) -> float:
        """Several times what the request should take by all that was measured, and longer after a first failure."""
        usual = self.gate.limiter.longest(request.work) or self.settings.slowest_timeout
        return min(max(usual * 2.0**request.slow, self.settings.quickest_timeout), self.settings.slowest_timeout)

    async def _send(self, request: Request, seconds: float) -> bytes:
        """Asks one address, or the next ones as long as nobody listens there."""
        refused: set[Line] = set()
        while True:
            try:
                async with self._connections.line() as line:
                    if line in refused:
                        raise Unanswered(Answer.UNHEARD, f"nobody listens at {line.address.base}")
                    try:
                        return await self._get(line, request, seconds)
                    except UNREACHED:
                        self._connections.rest(line)
                        refused.add(line)
            except OSError as error:  # the name resolves to nothing
                raise Unanswered(Answer.UNHEARD, str(error)) from error

    async def _get(self, line: Line, request: Request, seconds: float) -> bytes:
        url = picture_url(line.address.base, request.identifier, request.tail)
        limits = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT)
        try:
            async with line.http.get(url, timeout=limits, max_redirects=3) as answer:
                if answer.status == 200:
                    return await _read(answer, self.settings.largest_answer)
                text = (await answer.content.read(WORDS)).decode("utf-8", "replace")
        except UNREACHED:
            raise
        except TimeoutError as error:
            raise Unanswered(Answer.SLOW, f"no answer within {seconds:.1f} s") from error
        except aiohttp.ClientPayloadError as error:
            raise Unanswered(Answer.DAMAGED, f"the answer broke off: {error}") from error
        except (aiohttp.ClientError, OSError) as error:
            self._connections.rest(line, 0.5)
            raise Unanswered(Answer.AWAY, f"no answer: {type(error).__name__} {error}") from error
        raise Unanswered(read_answer(answer.status, text), f"{answer.status} {' '.join(text.split())[:200]}")


def picture_url(base: str, identifier: str, tail: str) -> URL:
    """Where an image is found: the identifier percent-encoded throughout, but for the colon of its scheme."""
    return URL(f"{base}/iiif/3/{quote(identifier, safe=':')}/{tail}", encoded=True)


def time_of_day() -> Callable[[], float]:
    """The time of day as it was at the start, and from there on as a clock that never jumps."""
    offset = time.time() - time.monotonic()
    return lambda: time.monotonic() + offset


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_chunked(65536):
        body += piece
        if len(body) > most:
            raise Unanswered(Answer.DAMAGED, f"more than {most} bytes")
    return bytes(body)


async def _read_info(body: bytes) -> Size:
    try:
        said = json.loads(body)
        return Size(int(said["width"]), int(said["height"]))
    except (ValueError, KeyError, TypeError) as error:
        raise Unanswered(Answer.DAMAGED, f"an info.json without dimensions: {error}") from error
