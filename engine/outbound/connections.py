"""Where the image server is just now: names become addresses, and requests spread over them.

One HTTP session for each address, so that kept-alive connections cannot pile up on one task: every request goes to
the address with the fewest under way. Names are looked up again and again; a task that has come is used at the next
look, one that has gone is let go once its requests are done. An address that refuses is rested for a while.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

log = structlog.get_logger(__name__)

KEPT_ALIVE = 10.0
"""Seconds that an idle connection is kept: fewer than servers keep theirs, so that none is used as it is closed."""


@dataclass(frozen=True, slots=True)
class Address:
    """One place where the image server listens: the URL that names it, and the address the name stands for."""

    base: str
    ip: str
    family: int = socket.AF_INET


@dataclass(slots=True, eq=False)
class Line:
    """One address in use: its session, and how many requests it carries."""

    address: Address
    http: aiohttp.ClientSession = field(repr=False)
    under_way: int = 0
    rests_until: float = 0.0
    gone: bool = False


class Resolved(AbstractResolver):
    """Resolves every name to the one address it was made for."""

    def __init__(self, address: Address) -> None:
        self._address = address

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002  # aiohttp's signature
    ) -> list[ResolveResult]:
        """The address, whatever is asked."""
        return [
            ResolveResult(
                hostname=host, host=self._address.ip, port=port, family=self._address.family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Holds nothing."""


class Connections:
    """All addresses of one image server; open it before use."""

    def __init__(
        self,
        bases: Sequence[str],
        resolve_every: float,
        clock: Callable[[], float],
        look_up: Callable[[str], Awaitable[list[Address]]] | None = None,
    ) -> None:
        self._bases = tuple(base.rstrip("/") for base in bases)
        self._resolve_every = resolve_every
        self._clock = clock
        self._look_up = look_up or addresses_of
        self._lines: dict[Address, Line] = {}
        self._looked = float("-inf")
        self._look: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Connections]:
        """These connections, closed at the end."""
        try:
            yield self
        finally:
            if self._look:
                self._look.cancel()
                await asyncio.gather(self._look, return_exceptions=True)
            for line in self._lines.values():
                await line.http.close()

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Those in use now."""
        return tuple(line.address for line in self._lines.values() if not line.gone)

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """The address with the fewest requests under way, for one request; OSError when no name resolves."""
        if not self.addresses:
            await self._resolve()
        elif self._clock() - self._looked >= self._resolve_every and (self._look is None or self._look.done()):
            self._look = asyncio.create_task(self._resolve_again())
        line = self._choose()
        line.under_way += 1
        try:
            yield line
        finally:
            line.under_way -= 1
            if line.gone and not line.under_way:
                await self._forget(line)

    def rest(self, line: Line, seconds: float = 3.0) -> None:
        """Nothing was heard from this address: others first for a while, and a fresh look at the names."""
        line.rests_until = self._clock() + seconds
        self._looked = float("-inf")

    def _choose(self) -> Line:
        lines = [line for line in self._lines.values() if not line.gone]
        if not lines:
            raise OSError("the image server's name stands for no address")
        now = self._clock()
        return min(lines, key=lambda line: (line.rests_until > now, line.under_way, random.random()))  # noqa: S311  # spreading, no secret

    async def _resolve_again(self) -> None:
        try:
            await self._resolve()
        except OSError as error:  # the addresses at hand serve until names resolve again
            log.warning("image server's name did not resolve", error=str(error))

    async def _resolve(self) -> None:
        """Brings the lines up to date; OSError when no name resolves."""
        self._looked = self._clock()
        found: dict[Address, None] = {}
        failed: OSError | None = None
        for base in self._bases:
            try:
                found.update(dict.fromkeys(await self._look_up(base)))
            except OSError as error:
                failed = error
                found.update(dict.fromkeys(line.address for line in self._lines.values() if line.address.base == base))
        if not found and failed:
            raise failed
        for address in found:
            if address not in self._lines:
                self._lines[address] = Line(address, _session(address))
            self._lines[address].gone = False
        for line in [line for line in self._lines.values() if line.address not in found]:
            line.gone = True
            if not line.under_way:
                await self._forget(line)

    async def _forget(self, line: Line) -> None:
        if self._lines.get(line.address) is line:
            del self._lines[line.address]
        await line.http.close()


async def addresses_of(base: str) -> list[Address]:
    """What the name in a URL stands for just now; OSError when it stands for nothing."""
    url = URL(base)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(10):
        found = await loop.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    return [Address(base, str(sockaddr[0]), family) for family, _, _, _, sockaddr in found]


def _session(address: Address) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        resolver=Resolved(address), use_dns_cache=False, limit=0, keepalive_timeout=KEPT_ALIVE
    )
    http = aiohttp.ClientSession(connector=connector, headers={"User-Agent": "sluice"}, auto_decompress=True)
    http._retry_connection = False  # noqa: SLF001  # it would repeat a GET unseen by limiter and breaker
    return http
