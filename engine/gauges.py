"""Figures that nobody tells: looked up every few seconds and put where Prometheus reads them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from engine.db.port import Source
from engine.dependencies import Dependencies
from engine.inbound.queue import QueueConsumer
from engine.parts import Parts
from engine.slots import Slots
from policies.outcome import IngestError

log = structlog.get_logger(__name__)

LOOK = 10.0


class Gauges:
    """Queue depths, the outbox, the oldest run, slots, limiters, and what is away."""

    def __init__(
        self, parts: Parts, slots: Slots, dependencies: Dependencies, consumers: Mapping[Source, QueueConsumer]
    ) -> None:
        self._parts = parts
        self._slots = slots
        self._dependencies = dependencies
        self._consumers = consumers

    async def keep_up(self) -> None:
        """Looks as long as the service runs."""
        metrics = self._parts.metrics
        metrics.slots("common", self._slots.settings.slots - self._slots.settings.priority)
        metrics.slots("priority", self._slots.settings.priority)
        while True:
            self._look_here()
            try:
                async with asyncio.timeout(LOOK):
                    await self._look_outside()
            except (IngestError, TimeoutError) as error:
                log.debug("a gauge could not be read", error=str(error) or "no answer in time")
            await asyncio.sleep(LOOK)

    def _look_here(self) -> None:
        metrics = self._parts.metrics
        now = asyncio.get_running_loop().time()
        for source, consumer in self._consumers.items():
            if consumer.last_receive is not None:
                metrics.received(str(source), now - consumer.last_receive)
        for part in self._dependencies.known:
            metrics.paused(part, is_paused=part in self._dependencies.away)
        for server, state in self._parts.image_server.states().items():
            metrics.limiter(server, limit=state.limit, in_flight=state.in_flight, waiting=state.waiting)
            metrics.breaker(server, is_open=state.is_open)

    async def _look_outside(self) -> None:
        metrics = self._parts.metrics
        for source, messages in self._parts.queues.items():
            depth = await messages.depth()
            metrics.queue_depth(str(source), visible=depth.visible, in_flight=depth.in_flight, delayed=depth.delayed)
        counts = await self._parts.db.counts()
        metrics.outbox(counts.outbox, counts.oldest_outbox)
        metrics.oldest_run(counts.oldest_run)
