"""Everything that an image server was seen to answer instead of a picture, as middleware before any image server.

The rate is a knob, chance is seeded, and single faults can be ordered for the requests to come.
"""

from __future__ import annotations

import asyncio
import io
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

from aiohttp import web
from PIL import Image

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Fault(StrEnum):
    """One way to misbehave."""

    OUT_OF_MEMORY = "out-of-memory"
    HALF_FETCHED = "half-fetched"  # and so it stays, for this identifier
    TRUNCATED = "truncated"
    CUT_OFF = "cut-off"  # fewer bytes than were promised
    EMPTY = "empty"
    BAD_MESSAGE = "bad-message"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    HANG = "hang"
    RESET = "reset"
    DRIP = "drip"
    WRONG_SIZE = "wrong-size"
    BAD_GATEWAY = "bad-gateway"
    UNAVAILABLE = "unavailable"
    GATEWAY_TIMEOUT = "gateway-timeout"


PAGES = {
    Fault.OUT_OF_MEMORY: (500, "500 Internal Server Error\n\njava.lang.OutOfMemoryError: Java heap space"),
    Fault.HALF_FETCHED: (501, "501 Not Implemented\n\nUnsupported source format"),
    Fault.BAD_MESSAGE: (400, "<h1>Bad Message 400</h1><pre>reason: Bad Request</pre>"),
    Fault.FORBIDDEN: (403, "403 Forbidden"),
    Fault.NOT_FOUND: (404, "404 Not Found"),
    Fault.BAD_GATEWAY: (502, "<html><h1>502 Bad Gateway</h1></html>"),
    Fault.UNAVAILABLE: (503, "<html><h1>503 Service Temporarily Unavailable</h1></html>"),
    Fault.GATEWAY_TIMEOUT: (504, "<html><h1>504 Gateway Time-out</h1></html>"),
}


@dataclass(slots=True)
class Faults:
    """Middleware that puts faults before answers."""

    rate: float = 0.0
    kinds: Sequence[Fault] = tuple(Fault)
    seed: int = 1
    hang: float = 3600.0
    ordered: deque[Fault] = field(default_factory=deque)  # for the next requests, whatever the rate
    away: bool = False  # every connection is reset
    seen: Counter[Fault] = field(default_factory=Counter)
    while_away: list[float] = field(default_factory=list)  # when somebody asked all the same
    _spoilt: set[str] = field(default_factory=set)
    _chance: random.Random | None = None

    @web.middleware
    async def between(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The answer, or what comes instead."""
        if self.away:
            self.while_away.append(asyncio.get_running_loop().time())
            return _reset(request)
        identifier = request.raw_path.split("/iiif/3/", 1)[-1].partition("/")[0]
        fault = self._next(identifier)
        if fault is None:
            return await self._unless_gone_meanwhile(request, handler)
        self.seen[fault] += 1
        if fault is Fault.HALF_FETCHED:
            self._spoilt.add(identifier)
        if fault in PAGES:
            return page(fault)
        return await self._spoil(fault, request, handler)

    async def _unless_gone_meanwhile(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The answer; a server that goes takes with it what it was working on."""
        answer = await handler(request)
        return _reset(request) if self.away else answer

    def _next(self, identifier: str) -> Fault | None:
        if identifier in self._spoilt:
            return Fault.HALF_FETCHED
        if self.ordered:
            return self.ordered.popleft()
        if self._chance is None:
            self._chance = random.Random(self.seed)
        return self._chance.choice(self.kinds) if self._chance.random() < self.rate else None

    async def _spoil(self, fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
        if fault is Fault.HANG:
            await asyncio.sleep(self.hang)
            return _reset(request)
        if fault is Fault.RESET:
            return _reset(request)
        if fault is Fault.EMPTY:
            return web.Response(body=b"", content_type="image/jpeg")
        answer = await handler(request)
        if not isinstance(answer, web.Response) or answer.status != 200 or not isinstance(answer.body, bytes):
            return answer
        body = answer.body
        if fault is Fault.WRONG_SIZE:
            return web.Response(body=_another_size(body), content_type="image/jpeg")
        if fault is Fault.TRUNCATED:
            return web.Response(body=body[: len(body) // 2], content_type="image/jpeg")
        if fault is Fault.CUT_OFF:
            return await _cut_off(request, body)
        return await _drip(request, body, self.hang)


def page(fault: Fault) -> web.Response:
    """The page that a fault shows itself by, for those that have one."""
    status, text = PAGES[fault]
    return web.Response(status=status, text=text, content_type="text/html" if "<" in text else "text/plain")


def _reset(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _cut_off(request: web.Request, body: bytes) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": str(len(body)), "Content-Type": "image/jpeg"})
    await answer.prepare(request)
    await answer.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return answer


async def _drip(request: web.Request, body: bytes, seconds: float) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": str(len(body)), "Content-Type": "image/jpeg"})
    await answer.prepare(request)
    with suppress(ConnectionResetError):  # who asked has had enough
        for byte in body:
            await answer.write(bytes([byte]))
            await asyncio.sleep(min(seconds, 0.5))
    return answer


def _another_size(body: bytes) -> bytes:
    try:
        with Image.open(io.BytesIO(body)) as image:
            other = image.resize((image.width + 7, max(image.height - 5, 1)))
    except OSError:
        return b"{}"
    out = io.BytesIO()
    other.save(out, "JPEG")
    return out.getvalue()
