"""A bounded queue in front of worker processes: started once, replaced when they die, hang or have done enough.

Whatever an image does to its worker costs that one job. Cancelling a job kills its worker, for nothing else stops
a native decoder. Knows orders and verdicts; opens no image.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from processor.errors import Overloaded
from processor.order import Made, Order
from processor.settings import ProcessorSettings
from processor.slot import KilledError, Slot
from processor.worker import arguments


class Workers:
    """All workers of this process; an async context manager."""

    def __init__(self, settings: ProcessorSettings, command: Sequence[str] = ()) -> None:
        """Workers are started by `command`, which is our own worker unless another is given."""
        self._settings = settings
        self._slots = [Slot(settings, command or arguments(settings.limits)) for _ in range(settings.workers)]
        self._free: list[Slot] = []
        self._queue: deque[asyncio.Future[Slot]] = deque()
        self._closing = False

    async def __aenter__(self) -> Self:
        try:
            await asyncio.gather(*(slot.start() for slot in self._slots))
        except BaseException:
            await self._stop()
            raise
        self._free = list(self._slots)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.refuse()
        await self._stop()

    @property
    def waiting(self) -> int:
        """Jobs that no worker has begun."""
        return sum(not future.done() for future in self._queue)

    @property
    def running(self) -> int:
        """Jobs that a worker is busy with."""
        return len(self._slots) - len(self._free)

    @property
    def replaced(self) -> int:
        """Workers that died, hung or were cancelled so far."""
        return sum(slot.replaced for slot in self._slots)

    async def run(self, order: Order) -> Made:
        """Has a job done; raises Refusal for the image's verdict and Overloaded when there is no room."""
        slot = await self._acquire()
        try:
            return await slot.run(order)
        except KilledError as error:
            raise Overloaded("the processor is going down", 10) from error
        finally:
            self._release(slot)

    def refuse(self) -> None:
        """Takes on nothing more and sends away whoever waits; what runs, runs on."""
        self._closing = True
        for future in self._queue:
            if not future.done():
                future.set_exception(Overloaded("the processor is going down", 10))

    async def drained(self, seconds: float) -> None:
        """Waits until no job runs, but not longer than that; then stops those that still do."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(slot.idle.wait() for slot in self._slots))
        for slot in self._slots:
            slot.kill()

    async def _acquire(self) -> Slot:
        if self._closing:
            raise Overloaded("the processor is going down", 10)
        if self._free:
            return self._free.pop()
        if self.waiting >= self._settings.queue:
            raise Overloaded(f"{self.waiting} images are waiting already")
        future: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        self._queue.append(future)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self._release(future.result())
            raise

    def _release(self, slot: Slot) -> None:
        while self._queue:
            future = self._queue.popleft()
            if not future.done():
                future.set_result(slot)
                return
        self._free.append(slot)

    async def _stop(self) -> None:
        await asyncio.gather(*(slot.stop() for slot in self._slots))
