"""How many connections each host gets from this process, so that one slow server cannot hold every slot.

Who is refused is told to come back one second later than the one refused before, until a place is given back: the
messages of a server that hangs then cost about one look a second, however many there are, and no slot waits for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from policies.outcome import IngestError
from policies.reasons import ORIGIN_HOST_BUSY

LONGEST = 900.0
"""Seconds after which anybody may look again."""


class Hosts:
    """A bounded number of connections to each host; who gets none in time gives up its turn."""

    def __init__(self, most: int, wait: float) -> None:
        self._most = most
        self._wait = wait
        self._gates: dict[str, asyncio.Semaphore] = {}
        self._users: dict[str, int] = {}
        self._refused: dict[str, int] = {}  # since a place was last given back

    @asynccontextmanager
    async def connection(self, host: str) -> AsyncIterator[None]:
        """Holds one of the host's places, first come first served, or raises IngestError after the wait."""
        gate = self._gates.setdefault(host, asyncio.Semaphore(self._most))
        self._users[host] = self._users.get(host, 0) + 1
        try:
            await self._enter(gate, host)
            try:
                yield
            finally:
                self._refused.pop(host, None)
                gate.release()
        finally:
            self._users[host] -= 1
            if not self._users[host]:
                del self._users[host], self._gates[host]

    async def _enter(self, gate: asyncio.Semaphore, host: str) -> None:
        hopeless = host in self._refused  # somebody waited in vain, and nobody has left since
        try:
            async with asyncio.timeout(0 if hopeless else self._wait):
                await gate.acquire()
        except TimeoutError as error:
            self._refused[host] = self._refused.get(host, 0) + 1
            raise IngestError(
                ORIGIN_HOST_BUSY,
                f"all {self._most} connections to {host} are taken",
                after=min(self._wait * self._refused[host], LONGEST),
            ) from error
