"""Many small calls made as few: what is asked while one batch is under way goes together in the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")

Send = Callable[[Sequence[Item]], Awaitable[Sequence[Exception | None]]]
"""Sends a batch; for each item, what went wrong with it."""


class Batching(Generic[Item]):
    """Hands items to `send` in batches; each caller waits for its own item's fate.

    A batch that is not full waits `linger` seconds for company.
    """

    def __init__(self, send: Send[Item], most: int, linger: float = 0.0) -> None:
        self._send = send
        self._most = most
        self._linger = linger
        self._full = asyncio.Event()
        self._waiting: list[tuple[Item, asyncio.Future[None]]] = []
        self._sender: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> None:
        """Returns when the item was taken; raises what went wrong with it."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if len(self._waiting) >= self._most:
            self._full.set()
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_all())
        await done

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                await self._company()
                batch = self._waiting[: self._most]
                del self._waiting[: self._most]
                await self._send_batch(batch)
        finally:
            self._sender = None

    async def _company(self) -> None:
        """Waits until a batch is full, or for as long as one may wait; those of the same turn of the loop join it."""
        self._full.clear()
        if len(self._waiting) >= self._most:
            return
        try:
            async with asyncio.timeout(self._linger):
                await self._full.wait()
        except TimeoutError:
            return

    async def _send_batch(self, batch: Sequence[tuple[Item, asyncio.Future[None]]]) -> None:
        try:
            fates = await self._send([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001  whatever it is, it is every caller's
            fates = [error] * len(batch)
        for (_, done), fate in zip(batch, fates, strict=True):
            if done.cancelled():
                continue
            if fate is None:
                done.set_result(None)
            else:
                done.set_exception(fate)
