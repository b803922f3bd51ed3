"""One fetch as it fills its file: counted, capped, timed and digested, all heavy work in threads.

Strategies bring bytes; how they came by them is their business. What is not finished is not there.
"""

from __future__ import annotations

import asyncio
import time
from asyncio import Future
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from images.header import sniff_media_type
from origins.decoding import Decoder
from origins.integrity import Checksum
from origins.landing import Landing
from origins.pace import Pace
from origins.port import Fetched, OriginSettings
from policies.outcome import IngestError
from policies.reasons import IMAGE_TOO_LARGE, ORIGIN_DAMAGED

T = TypeVar("T")
BATCH = 1024 * 1024
"""Bytes that go to the threads at once."""
IN_FLIGHT = 3
"""Batches of one stream that the threads may hold, so that reading, writing and digesting overlap."""


class Downloads:
    """Opens downloads; owns the limits and shares the threads."""

    def __init__(self, settings: OriginSettings, threads: Executor) -> None:
        self._settings = settings
        self._threads = threads

    @asynccontextmanager
    async def into(self, path: Path) -> AsyncIterator[Download]:
        """A download into a file that is there only if `finish` was reached."""
        landing = Landing(path, self._settings.max_bytes)
        download = Download(path, landing, self._settings, self._threads)
        try:
            await download.open()
            yield download
        finally:
            await asyncio.shield(download.let_go())


class Download:
    """Where a strategy puts bytes: `add` for a stream, `put` for pieces in any order."""

    def __init__(self, path: Path, landing: Landing, settings: OriginSettings, threads: Executor) -> None:
        self._path = path
        self._landing = landing
        self._most = settings.max_bytes
        self._threads = threads
        self._pace = Pace(settings.slowest, settings.slow_seconds)
        self._decoder: Decoder | None = None
        self._checksums: tuple[Checksum, ...] = ()
        self._batch: list[bytes] = []
        self._batched = 0
        self._flushed = 0  # where the batch begins
        self._flushing: deque[asyncio.Task[None]] = deque()
        self._turn = asyncio.Lock()
        self._digested = 0
        self._early: dict[int, int] = {}  # written before their turn: start to end
        self.received = 0
        self.started = time.monotonic()

    async def open(self) -> None:
        """Makes the file."""
        await self._run(self._landing.open)

    def expect(self, length: int | None) -> None:
        """Raises when what is announced is more than may come."""
        if length is not None and length > self._most:
            raise IngestError(IMAGE_TOO_LARGE, f"it is {length} bytes; at most {self._most} are fetched")

    async def start(self, checksums: Iterable[Checksum] = (), decoder: Decoder | None = None) -> None:
        """Begins, or begins again: forgets what came, and knows what to expect of what comes."""
        await self._settle()
        self._batch, self._batched, self._flushed, self.received = [], 0, 0, 0
        self._digested, self._early = 0, {}
        self._checksums, self._decoder = tuple(checksums), decoder
        await self._run(self._landing.restart, {each.algorithm: each.hash() for each in self._checksums})

    async def add(self, chunk: bytes) -> None:
        """The next bytes of a stream."""
        self._count(len(chunk))
        self._batch.append(chunk)
        self._batched += len(chunk)
        if self._batched >= BATCH:
            await self._flush()

    async def put(self, at: int, chunks: list[bytes]) -> None:
        """Bytes of which the place is known; several callers may do so at once."""
        length = sum(map(len, chunks))
        self._count(length)
        await self._land(at, chunks, length)

    async def finish(
        self, *, address: str, media_type: str | None = None, etag: str | None = None, last_modified: str | None = None
    ) -> Fetched:
        """Checks what came, gives the file its name and tells what it is."""
        await self._flush()
        await self._settle()
        if self._decoder:
            self._decoder.end()
        for checksum in self._checksums:
            if self._landing.raw_digest(checksum.algorithm) != checksum.value:
                raise IngestError(ORIGIN_DAMAGED, f"{address}: what came does not match its {checksum.header}")
        await self._run(self._landing.finish)
        return Fetched(
            path=self._path,
            bytes=self._landing.bytes,
            media_type=sniff_media_type(self._landing.head),
            declared_media_type=media_type,
            sha256=self._landing.sha256,
            etag=etag,
            last_modified=last_modified,
            address=address,
            seconds=time.monotonic() - self.started,
            head=self._landing.head,
        )

    async def let_go(self) -> None:
        """Stops what still runs and removes what was not finished; the landing minds threads that come late."""
        for flushing in self._flushing:
            flushing.cancel()
        await asyncio.gather(*self._flushing, return_exceptions=True)
        await self._run(self._landing.discard)

    def _count(self, length: int) -> None:
        self.received += length
        if self.received > self._most:
            raise IngestError(IMAGE_TOO_LARGE, f"more than {self._most} bytes came; no more are fetched")
        self._pace.moved(length)

    async def _flush(self) -> None:
        await self._settle(IN_FLIGHT - 1)
        chunks, length, at = self._batch, self._batched, self._flushed
        self._batch, self._batched, self._flushed = [], 0, at + length
        if chunks:
            self._flushing.append(asyncio.create_task(self._land(at, chunks, length)))

    async def _settle(self, most: int = 0) -> None:
        """Waits until at most so many batches are in the threads' hands."""
        while len(self._flushing) > most:
            await self._flushing.popleft()

    async def _land(self, at: int, chunks: list[bytes], length: int) -> None:
        if self._decoder:
            async with self._turn:
                await self._run(self._landing.decode, self._decoder, chunks)
            return
        writing = self._run(self._landing.write, at, chunks)
        try:
            async with self._turn:
                if at == self._digested:
                    await self._run(self._landing.digest, chunks)
                    self._digested += length
                else:
                    await writing
                    self._early[at] = at + length
                while (start := self._digested) in self._early:
                    await self._run(self._landing.digest_written, start, self._early[start])
                    self._digested = self._early.pop(start)
        finally:
            await writing

    def _run(self, work: Callable[..., T], *arguments: object) -> Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
