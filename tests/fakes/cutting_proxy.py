"""A TCP proxy in front of S3 that breaks uploads half-way when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

CHUNK = 64 * 1024


class CuttingProxy:
    """Pumps bytes both ways; the next `cuts` uploads lose their connection in the middle."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self.cuts = 0
        self.cut = 0
        self.url = ""

    async def serve(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        try:
            reader, writer = await asyncio.open_connection(self._host, self._port)
        except OSError:  # the target is being restarted: refuse as it would
            answer.transport.abort()
            return
        pumps = [asyncio.ensure_future(self._up(client, writer)), asyncio.ensure_future(self._down(reader, answer))]
        try:
            with suppress(asyncio.CancelledError):  # the proxy is closed
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for side in (writer, answer):
                side.transport.abort() if self._is_cut(pumps) else side.close()

    async def _up(self, client: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """True when the connection is to be cut."""
        with suppress(ConnectionError):
            while chunk := await client.read(CHUNK):
                if self.cuts and chunk.startswith(b"PUT "):
                    self.cuts -= 1
                    self.cut += 1
                    writer.write(chunk[: len(chunk) // 2])
                    await writer.drain()
                    return True
                writer.write(chunk)
                await writer.drain()
        return False

    async def _down(self, reader: asyncio.StreamReader, answer: asyncio.StreamWriter) -> bool:
        with suppress(ConnectionError):
            while chunk := await reader.read(CHUNK):
                answer.write(chunk)
                await answer.drain()
        return False

    @staticmethod
    def _is_cut(pumps: Sequence[asyncio.Future[bool]]) -> bool:
        return any(pump.done() and not pump.cancelled() and pump.result() for pump in pumps)


@asynccontextmanager
async def cutting_proxy(host: str, port: int) -> AsyncIterator[CuttingProxy]:
    """A proxy on a free port in front of that address."""
    proxy = CuttingProxy(host, port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
