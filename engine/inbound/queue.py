"""One SQS queue: a free slot, a message, one ingest, and what its outcome means for the message.

Slots first, then receive. An idle poll holds one slot; after a receive that brought something, all that are free.
Knows nothing of what an ingest does. A long poll is never cancelled: SQS would still hand it a message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import assert_never

import structlog

from engine.db.port import Source
from engine.dependencies import Dependencies
from engine.inbound.messages import Message, Messages
from engine.order import Order
from engine.slots import Slot, Slots
from policies.outcome import IngestError, Unreadable
from policies.request import read_request, request_key
from policies.settle import Delay, Delete, Leave, QueueAction, Resend, Settlement

log = structlog.get_logger(__name__)

AT_ONCE = 10
"""The most messages that SQS hands over in one receive."""
GATHER = 0.003
"""Seconds for more slots to become free, while there is more to receive: a call costs us more than its messages do."""
FIRST_PAUSE = 0.5
LAST_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """How one queue is read."""

    source: Source
    poll_seconds: int = 20

    @property
    def priority(self) -> bool:
        return self.source is Source.PRIORITY


class QueueConsumer:
    """Reads one queue until it is told to stop."""

    def __init__(
        self,
        messages: Messages,
        slots: Slots,
        dependencies: Dependencies,
        ingest: Callable[[Order], Awaitable[Settlement]],
        settings: QueueSettings,
    ) -> None:
        self._messages = messages
        self._slots = slots
        self._dependencies = dependencies
        self._ingest = ingest
        self._settings = settings
        self._stopping = asyncio.Event()
        self.last_receive: float | None = None  # the loop's time of the last receive that SQS answered

    def stop(self) -> None:
        """No receive begins after this; one that is under way ends by itself."""
        self._stopping.set()

    async def consume(self) -> None:
        """Receives and ingests; returns when it was stopped and all it had begun has ended."""
        async with asyncio.TaskGroup() as ingests:
            hungry = False
            pause = FIRST_PAUSE
            while slots := await self._slots_when_wanted(AT_ONCE if hungry else 1):
                if hungry and len(slots) < AT_ONCE:
                    await asyncio.sleep(GATHER)
                    slots += self._slots.take_free(AT_ONCE - len(slots), priority=self._settings.priority)
                wait = 0 if len(slots) > 1 else self._settings.poll_seconds
                try:
                    received = await self._messages.receive(len(slots), wait)
                except IngestError as error:
                    await _give_back(slots)
                    log.warning("receiving failed", queue=self._messages.name, error=str(error), pause=pause)
                    await self._stopped_within(pause)
                    pause = min(LAST_PAUSE, pause * 2)
                    continue
                pause = FIRST_PAUSE
                hungry = bool(received)
                self.last_receive = asyncio.get_running_loop().time()
                for message in received:
                    ingests.create_task(self._handle(message, slots.pop()))
                await _give_back(slots)

    async def _slots_when_wanted(self, most: int) -> list[Slot]:
        """Slots to receive for, when nothing is away; none once stopping."""
        stopping = asyncio.ensure_future(self._stopping.wait())
        wanted = asyncio.ensure_future(self._all_there_and_a_slot(most))
        try:
            await asyncio.wait((stopping, wanted), return_when=asyncio.FIRST_COMPLETED)
            if not stopping.done():
                return await wanted
            if wanted.done():
                await _give_back(await wanted)
            return []
        finally:
            stopping.cancel()
            wanted.cancel()

    async def _all_there_and_a_slot(self, most: int) -> list[Slot]:
        await self._dependencies.all_there()
        return await self._slots.take(most, priority=self._settings.priority)

    async def _handle(self, message: Message, slot: Slot) -> None:
        structlog.contextvars.bind_contextvars(message=message.id, queue=self._messages.name)
        with self._messages.kept(message):
            order = self._read(message)
            try:
                action = await self._work(order, message)
            finally:
                await slot.give_back()
            try:
                await self._tell_queue(message, order, action)
            except IngestError as error:
                # Settled but not told: the message comes again and is recognised as redelivered.
                log.warning("the queue did not take our word", error=str(error))

    async def _work(self, order: Order | Unreadable, message: Message) -> QueueAction:
        """What is to become of the message, after its ingest if there was one.

        A message that must not come back any more is replaced before the work, for whoever dies in the work cannot.
        """
        if isinstance(order, Unreadable):
            return Leave()
        if order.last_receive and message.receives > 1:
            return Resend(0)
        if self._stopping.is_set():
            return Resend(0) if order.last_receive else Delay(0)
        settlement = await self._ingest(order)
        await self._dependencies.heard(settlement.reason)
        return settlement.queue

    def _read(self, message: Message) -> Order | Unreadable:
        request = read_request(message.body)
        if isinstance(request, Unreadable):
            log.error("unreadable message", reason=request.reason.message, receives=message.receives)
            return request
        return Order(
            request=request,
            key=message.key or request_key(request, message.id),
            source=self._settings.source,
            priority=self._settings.priority,
            last_receive=self._messages.is_last(message.receives),
            body=message.body,
        )

    async def _tell_queue(self, message: Message, order: Order | Unreadable, action: QueueAction) -> None:
        match action:
            case Delete():
                await self._messages.delete(message)
            case Delay(seconds):
                await self._messages.delay(message, seconds)
            case Resend(seconds):
                assert isinstance(order, Order)
                await self._messages.send(order.body, order.key, seconds)
                await self._messages.delete(message)
            case Leave():
                await self._messages.give_up(message)
            case never:
                assert_never(never)

    async def _stopped_within(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


async def _give_back(slots: list[Slot]) -> None:
    for slot in slots:
        await slot.give_back()
