"""Names to addresses, addresses to sockets: the one way out of this room, and the guard that stands in it.

HTTP hands `socket_for` to its connector, which asks it for every connection with the resolved address, redirects
included; SFTP dials by itself. Names are resolved in threads of our own, so that a name server which never answers
holds up no other work.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from origins.forbidden import Network, why_forbidden
from policies.outcome import IngestError
from policies.reasons import ORIGIN_ADDRESS_FORBIDDEN, ORIGIN_UNREACHABLE, ORIGIN_UNRESOLVABLE

AddressInfo = tuple[Any, Any, Any, Any, tuple[Any, ...]]  # (family, type, protocol, canonical name, address)
Lookup = Callable[[str, int, int, int], Sequence[AddressInfo]]  # as socket.getaddrinfo: host, port, family, type
LOOKUPS = 16


@contextmanager
def on_the_way_to(address: str) -> Iterator[None]:
    """Says for which origin a name or an address was refused."""
    try:
        yield
    except IngestError as error:
        raise IngestError(error.reason.kind, f"{address}: {error.reason.message}") from error


class Dialler(AbstractResolver):
    """Resolves and connects, but never to a forbidden address."""

    def __init__(self, allowed: Sequence[Network], seconds: float, lookup: Lookup = socket.getaddrinfo) -> None:
        self._allowed = tuple(allowed)
        self._seconds = seconds
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="names")

    def socket_for(self, info: AddressInfo) -> socket.socket:
        """A socket for this address, or IngestError (no OSError, so that no other address is tried instead)."""
        family, kind, protocol, _, address = info
        if why := why_forbidden(str(address[0]), self._allowed):
            raise IngestError(ORIGIN_ADDRESS_FORBIDDEN, f"nothing is fetched from {address[0]}, which is {why}")
        return socket.socket(family, kind, protocol)

    async def dial(self, host: str, port: int) -> socket.socket:
        """A connected socket: the first of the name's addresses that takes us."""
        loop = asyncio.get_running_loop()
        failure: Exception | None = None
        try:
            async with asyncio.timeout(self._seconds):
                for info in await self._addresses(host, port, socket.AF_UNSPEC):
                    plug = self.socket_for(info)
                    plug.setblocking(False)
                    try:
                        await loop.sock_connect(plug, info[4])
                    except OSError as error:
                        plug.close()
                        failure = error
                    except BaseException:
                        plug.close()
                        raise
                    else:
                        return plug
        except TimeoutError as error:
            raise IngestError(ORIGIN_UNREACHABLE, f"{host}:{port}: no connection in {self._seconds:g} s") from error
        raise IngestError(ORIGIN_UNREACHABLE, f"{host}:{port}: {failure}") from failure

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name, as aiohttp's connector wants them."""
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=found,
                proto=protocol,
                flags=socket.AI_NUMERICHOST,
            )
            for found, _, protocol, _, address in await self._addresses(host, port, family)
        ]

    async def _addresses(self, host: str, port: int, family: int) -> list[AddressInfo]:
        def ask() -> list[AddressInfo]:
            return list(self._lookup(host, port, family, socket.SOCK_STREAM))

        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        except (socket.gaierror, UnicodeError) as error:
            said = error.strerror if isinstance(error, socket.gaierror) else "no host name"
            raise IngestError(ORIGIN_UNRESOLVABLE, f"the host {host} has no address: {said}") from error

    async def close(self) -> None:
        """Lets the threads go; one that still waits for a name server ends when that gives up."""
        self._threads.shutdown(wait=False, cancel_futures=True)
