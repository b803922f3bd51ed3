"""Ingests whose caller waits for the end: POST /asset-ingest without the HTTP.

Takes a slot at once or not at all; a request equal to a running one joins it; a caller that goes away changes
nothing. When another worker holds the asset, an equal request reports that worker's run, another one waits and runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID, uuid4

import structlog

from engine.db.port import AssetState, RunRecord, Source
from engine.order import Order
from engine.slots import Slots
from policies.outcome import Busy, IngestError, Redelivered, Refused, Superseded
from policies.reasons import AT_CAPACITY, CATALOGUE, CLAIMED_ELSEWHERE, INTERNAL, STILL_RUNNING, Reason
from policies.request import AssetId, IngestRequest, request_key
from policies.settle import HttpAnswer, Settlement, settle

log = structlog.get_logger(__name__)

CLAIMS = 5
"""How often a request asks for an asset that others keep taking, before its caller is told to come again."""
MOMENT = 0.1
"""Seconds until an asset is asked for again that no run holds."""


class Remembers(Protocol):
    """What the database knows of runs and assets, as an answer needs it."""

    async def run(self, run: UUID) -> RunRecord | None: ...
    async def last_run(self, asset: AssetId) -> RunRecord | None: ...
    async def wait_for(self, run: UUID, seconds: float) -> RunRecord | None: ...
    async def asset(self, asset: AssetId) -> AssetState: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller is told."""

    http: HttpAnswer
    asset: AssetId
    outcome: str
    reason: Reason | None = None
    run: RunRecord | None = None
    state: AssetState | None = None  # what the rows say now; only after a success


class Synchronous:
    """The ingests of this process that somebody waits for."""

    def __init__(
        self,
        ingest: Callable[[Order], Awaitable[Settlement]],
        slots: Slots,
        memory: Remembers,
        *,
        seconds: float,
        most_waiting: int = 256,
    ) -> None:
        self._ingest = ingest
        self._slots = slots
        self._memory = memory
        self._seconds = seconds
        self._most_waiting = most_waiting
        self._waiting = 0
        self._running: dict[IngestRequest, asyncio.Task[Answer]] = {}
        self._stopping = asyncio.Event()

    async def answer(self, request: IngestRequest) -> Answer:
        """Ingests, or joins an equal request, and answers when it is done or the caller's time is up."""
        waiting = max(self._waiting, len(self._running))  # what callers began who have gone since goes on
        if waiting >= self._most_waiting:
            return _busy(request.asset, AT_CAPACITY.of(f"{request.asset}: {waiting} requests wait already"))
        self._waiting += 1
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.shield(self._task(request))
        except TimeoutError:
            return _busy(request.asset, STILL_RUNNING.of(f"{request.asset}: not done within {self._seconds:g} s"))
        finally:
            self._waiting -= 1

    def stop(self) -> None:
        """From now on nobody waits for what other workers do: this engine is about to end."""
        self._stopping.set()

    async def ended(self) -> None:
        """Waits until all that was begun has ended; who stops the service has told the ingests already."""
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _task(self, request: IngestRequest) -> asyncio.Task[Answer]:
        task = self._running.get(request)
        if task is None:
            task = asyncio.create_task(self._to_its_end(request))
            self._running[request] = task
            task.add_done_callback(lambda _: self._running.pop(request, None))
        return task

    async def _to_its_end(self, request: IngestRequest) -> Answer:
        try:
            return await self._work(request)
        except IngestError as error:
            return _busy(request.asset, error.reason)
        except Exception as error:
            log.exception("a synchronous ingest met what nobody foresaw")
            return _busy(request.asset, INTERNAL.of(f"{request.asset}: {type(error).__name__}: {error}"))

    async def _work(self, request: IngestRequest) -> Answer:
        order = Order(request, request_key(request, f"http-{uuid4()}"), Source.HTTP, priority=True)
        settlement = None
        for nth in range(CLAIMS):
            settlement = await self._in_a_slot(order)
            if settlement is None:
                return _busy(request.asset, AT_CAPACITY.of(f"{request.asset}: all {self._slots.settings.slots} slots"))
            if settlement.reason is None or settlement.reason.kind is not CLAIMED_ELSEWHERE:
                return await self._settled(settlement, order)
            other = await self._memory.last_run(request.asset)
            if other is None or other.finished:  # a run that has ended is no answer: held to be tidied, for a moment
                await asyncio.sleep(MOMENT * 2**nth)
                continue
            ended = await self._end_of(other.id)
            if ended is None:
                break
            if _equal(request, ended):
                return await self._reported(ended)
        assert settlement is not None
        return await self._settled(settlement, order)

    async def _end_of(self, run: UUID) -> RunRecord | None:
        """Another worker's run, once it has ended; None when the time, or this engine, ends before."""
        end = asyncio.ensure_future(self._memory.wait_for(run, self._seconds))
        stop = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((end, stop), return_when=asyncio.FIRST_COMPLETED)
            return end.result() if end.done() else None
        finally:
            end.cancel()
            stop.cancel()

    async def _in_a_slot(self, order: Order) -> Settlement | None:
        taken = self._slots.take_free(1, priority=True)
        if not taken:
            return None
        try:
            return await self._ingest(order)
        finally:
            await taken[0].give_back()

    async def _settled(self, settlement: Settlement, order: Order) -> Answer:
        record = await self._record_of(settlement, order)
        if record is not None and isinstance(settlement.outcome, Redelivered):
            return await self._reported(record)
        return await self._with_state(
            Answer(
                http=settlement.http,
                asset=order.request.asset,
                outcome=type(settlement.outcome).__name__.lower(),
                reason=settlement.reason,
                run=record,
            )
        )

    async def _record_of(self, settlement: Settlement, order: Order) -> RunRecord | None:
        """The run that the outcome is about: our own, unless an earlier one settled the request."""
        match settlement.outcome:
            case Redelivered(run) | Superseded(run):
                return await self._memory.run(run)
            case Busy():
                return None
        last = await self._memory.last_run(order.request.asset)
        return last if last is not None and last.key == order.key else None

    async def _reported(self, record: RunRecord) -> Answer:
        """The answer that the caller of that run got, or would have got."""
        outcome = record.outcome or "running"
        kind = CATALOGUE.get(record.reason_code or "")
        reason = kind.of(record.reason or "") if kind else None
        http = _status_of(outcome, reason)
        return await self._with_state(Answer(http, record.asset, outcome, reason, record))

    async def _with_state(self, answer: Answer) -> Answer:
        if answer.outcome != "ingested":
            return answer
        state = await self._memory.asset(answer.asset)
        return Answer(answer.http, answer.asset, answer.outcome, answer.reason, answer.run, state)


def _equal(request: IngestRequest, run: RunRecord) -> bool:
    """Whether that run did what this request asks; a full message may ask for something else."""
    return request.named is None and request.batch == run.batch and request.created in {None, run.created}


def _busy(asset: AssetId, reason: Reason) -> Answer:
    settled = settle(Busy(reason), 1, 1, datetime.now(UTC), 0.5)
    return Answer(settled.http, asset, "busy", reason.about(str(asset)))


def _status_of(outcome: str, reason: Reason | None) -> HttpAnswer:
    match outcome:
        case "ingested":
            return HttpAnswer(200)
        case "superseded":
            return HttpAnswer(409)
        case "refused" if reason is not None:
            return settle(Refused(reason), 1, 1, datetime.now(UTC), 0.5).http
        case "refused":
            return HttpAnswer(422)
        case _:
            return HttpAnswer(503, retry_after=30)
