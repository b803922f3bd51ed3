"""The engine as a running process: consumers, endpoint, heart, outbox and side tasks in one TaskGroup, and the drain.

A side task that dies takes the process with it: whoever watches over us starts a whole one. On SIGTERM nothing new is
received, what ends in time ends, the rest is handed back, and the process exits inside its stop time-out.
"""

from __future__ import annotations

import asyncio
import gc
import random
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from engine.dependencies import Dependencies
from engine.forget import DAY, Forgetting
from engine.gauges import Gauges
from engine.inbound.http import Endpoint, HttpSettings
from engine.inbound.queue import QueueConsumer, QueueSettings
from engine.inbound.synchronous import Synchronous
from engine.ingest import ingest
from engine.metrics import Metrics
from engine.order import Order
from engine.parts import VERSION, Parts, open_parts
from engine.readiness import readiness
from engine.scale_in import ScaleIn
from engine.settings import Settings
from engine.slots import Slots, SlotSettings
from policies.outcome import IngestError
from policies.reasons import DATABASE_AWAY, DRAINING, PROCESSOR_AWAY, STORAGE_AWAY, STORAGE_DENIED
from policies.settle import Settlement

log = structlog.get_logger(__name__)

HAND_BACK = 10.0
"""Seconds kept, of the time to stop in, for handing back what did not end."""
FOLD_PATIENCE = 2.0
"""Seconds that a synchronous caller waits for totals and counters to be folded in."""


async def run_engine(settings: Settings, *, told: Callable[[str], None] = lambda _: None) -> None:
    """Runs until SIGTERM or SIGINT; `told` hears the endpoint's address when everything is up."""
    metrics = Metrics(CollectorRegistry(), VERSION)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_parts(settings, metrics) as parts:
        _collect_less_garbage()
        await Service(settings, parts).run(stop, told)


def _collect_less_garbage() -> None:
    """What start-up made stays for good, and little else is cyclic: looking for it less often is a tenth of the CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


class Service:
    """One engine, wired."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self._settings = settings
        self._parts = parts
        self._slots = Slots(SlotSettings(settings.work.slots, settings.work.priority_slots))
        self._dependencies = Dependencies(
            {
                DATABASE_AWAY: parts.db.ping,
                STORAGE_AWAY: parts.reach_storage,
                STORAGE_DENIED: parts.reach_storage,
                PROCESSOR_AWAY: parts.processor.ping,
            }
        )
        self._consumers = {
            source: QueueConsumer(
                messages, self._slots, self._dependencies, self._ingest, QueueSettings(source, settings.work.poll)
            )
            for source, messages in parts.queues.items()
        }
        self._synchronous = Synchronous(self._ingest_now, self._slots, parts.db, seconds=settings.http.seconds)
        self._draining = False
        for messages in parts.queues.values():
            parts.heart.also(messages.keep_all)

    async def run(self, stop: asyncio.Event, told: Callable[[str], None]) -> None:
        """Until `stop` is set; then drains."""
        gauges = Gauges(self._parts, self._slots, self._dependencies, self._consumers)
        some_time_today = random.uniform(0, DAY)  # noqa: S311  spreads work, keeps no secret
        forgetting = Forgetting(self._parts.db, self._settings.database.keep_runs_days, first_in=some_time_today)
        sides = (
            self._parts.heart.beat_forever(),
            self._parts.outbox.run(),
            self._dependencies.watch(),
            gauges.keep_up(),
            forgetting.forget_daily(),
            ScaleIn(self._parts.heart).keep_protected(),
        )
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(side) for side in sides]
            async with self._endpoint() as address:
                told(address)
                log.info("engine up", address=address, slots=self._settings.work.slots)
                async with asyncio.TaskGroup() as consumers:
                    for consumer in self._consumers.values():
                        consumers.create_task(consumer.consume())
                    consumers.create_task(self._drain_when(stop))
                await self._synchronous.ended()
            await self._parts.outbox.settled(FOLD_PATIENCE)
            for side in running:
                side.cancel()
        log.info("engine down")

    async def _drain_when(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._draining = True
        log.info("draining", running=len(self._parts.heart.leases), seconds=self._settings.work.drain)
        for consumer in self._consumers.values():
            consumer.stop()
        self._synchronous.stop()
        try:
            async with asyncio.timeout(max(0.0, self._settings.work.drain - HAND_BACK)):
                await self._slots.all_free()
        except TimeoutError:
            log.info("handing back what did not end in time", running=len(self._parts.heart.leases))
            self._parts.heart.end_all(DRAINING)

    async def _ingest(self, order: Order) -> Settlement:
        lane = "priority" if order.priority else "common"
        self._parts.metrics.ingest_started(lane)
        try:
            return await ingest(order, self._parts)
        finally:
            self._parts.metrics.ingest_ended(lane)

    async def _ingest_now(self, order: Order) -> Settlement:
        """For a caller that waits: what it will read in the rows afterwards has been folded in."""
        if self._draining:
            raise IngestError(DRAINING, f"{order.request.asset}: this engine is about to stop")
        settlement = await self._ingest(order)
        await self._dependencies.heard(settlement.reason)
        await self._parts.outbox.settled(FOLD_PATIENCE)
        return settlement

    @asynccontextmanager
    async def _endpoint(self) -> AsyncIterator[str]:
        part = self._settings.http
        endpoint = Endpoint(
            self._synchronous,
            self._parts.db,
            readiness(self._settings, self._parts),
            alive=self._alive,
            metrics=self._parts.metrics.exposition,
            settings=HttpSettings(token=part.token),
        )
        runner = web.AppRunner(endpoint.application(), access_log=None, handle_signals=False)
        await runner.setup()
        try:
            await web.TCPSite(runner, part.host, part.port).start()
            host, port = runner.addresses[0][:2]
            yield f"http://{host}:{port}"
        finally:
            await runner.cleanup()

    def _alive(self) -> dict[str, Any]:
        now = asyncio.get_running_loop().time()
        return {
            "draining": self._draining,
            "running": len(self._parts.heart.leases),
            "away": dict(self._dependencies.away),
            "seconds_since_receive": {
                str(source): round(now - consumer.last_receive, 1) if consumer.last_receive is not None else None
                for source, consumer in self._consumers.items()
            },
        }
