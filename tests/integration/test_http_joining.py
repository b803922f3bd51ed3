"""Ingests whose caller waits: slots, joining, and callers that go away."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from engine.inbound.synchronous import Synchronous
from engine.order import Order
from engine.slots import Slots, SlotSettings
from policies.outcome import Busy, IngestError, Outcome, Redelivered, Refused, Superseded
from policies.reasons import CLAIMED_ELSEWHERE, DATABASE_AWAY, NOT_AN_IMAGE
from policies.request import IngestRequest, Named
from policies.settle import Settlement, settle
from tests.fakes.memory_runs import NOON, PAGE, MemoryRuns, make_run


class ScriptedWork:
    """An ingest that begins when asked and ends when the test says so."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.orders: list[Order] = []
        self.may_end = asyncio.Event()
        self.begun = asyncio.Event()
        self._outcomes = list(outcomes)

    async def __call__(self, order: Order) -> Settlement:
        self.orders.append(order)
        self.begun.set()
        await self.may_end.wait()
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        return settle(outcome, 1, 5, datetime.now(UTC), 0.5, over_http=True)

    def at_once(self) -> ScriptedWork:
        self.may_end.set()
        return self


REFUSED = Refused(NOT_AN_IMAGE.of("99/1/page-1 is a web page"))
ELSEWHERE = Busy(CLAIMED_ELSEWHERE.of("99/1/page-1 is being ingested"))


def synchronous(
    work: ScriptedWork, runs: MemoryRuns | None = None, *, slots: int = 2, seconds: float = 5
) -> Synchronous:
    return Synchronous(work, Slots(SlotSettings(slots, slots - 1)), runs or MemoryRuns(), seconds=seconds)


async def test_an_equal_request_joins_the_running_one() -> None:
    work = ScriptedWork(REFUSED)
    service = synchronous(work)
    first = asyncio.create_task(service.answer(IngestRequest(PAGE)))
    await work.begun.wait()
    second = asyncio.create_task(service.answer(IngestRequest(PAGE)))
    await asyncio.sleep(0)
    work.may_end.set()
    assert (await first).outcome == (await second).outcome == "refused"
    assert len(work.orders) == 1


async def test_a_caller_that_goes_away_neither_cancels_nor_doubles_the_work() -> None:
    work = ScriptedWork(REFUSED)
    service = synchronous(work)
    gone = asyncio.create_task(service.answer(IngestRequest(PAGE)))
    await work.begun.wait()
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    again = asyncio.create_task(service.answer(IngestRequest(PAGE)))
    await asyncio.sleep(0)
    work.may_end.set()
    assert (await again).http.status == 422
    assert len(work.orders) == 1


async def test_over_capacity_is_answered_at_once() -> None:
    work = ScriptedWork(REFUSED)
    service = synchronous(work, slots=1)
    running = asyncio.create_task(service.answer(IngestRequest(PAGE)))
    await work.begun.wait()
    answer = await service.answer(IngestRequest(PAGE, batch=7))
    assert answer.http.status == 503
    assert answer.http.retry_after is not None
    assert answer.reason is not None
    assert answer.reason.code == "at-capacity"
    work.may_end.set()
    await running


async def test_the_priority_slots_are_open_to_it() -> None:
    slots = Slots(SlotSettings(2, 1))
    taken = slots.take_free(1, priority=False)
    work = ScriptedWork(REFUSED).at_once()
    answer = await Synchronous(work, slots, MemoryRuns(), seconds=5).answer(IngestRequest(PAGE))
    assert answer.outcome == "refused"
    await taken[0].give_back()
    assert slots.busy == 0


async def test_a_caller_waits_no_longer_than_allowed_and_the_ingest_goes_on() -> None:
    work = ScriptedWork(REFUSED)
    service = synchronous(work, seconds=0.05)
    answer = await service.answer(IngestRequest(PAGE))
    assert answer.http.status == 503
    assert answer.reason is not None
    assert answer.reason.code == "still-running"
    work.may_end.set()
    await service.ended()
    assert len(work.orders) == 1


async def test_an_equal_request_reports_the_run_of_another_worker() -> None:
    running = make_run(outcome=None)
    runs = MemoryRuns([running])
    work = ScriptedWork(ELSEWHERE).at_once()
    service = synchronous(work, runs)
    asked = asyncio.create_task(service.answer(IngestRequest(PAGE)))
    await work.begun.wait()
    await runs.finish(running.id)
    answer = await asked
    assert answer.http.status == 200
    assert answer.run is not None
    assert answer.run.id == running.id


async def test_a_run_that_had_ended_before_answers_nobody_who_asks_now() -> None:
    """Nobody runs the asset, and yet it is held: the outbox tidies up after the last run."""
    work = ScriptedWork(ELSEWHERE, REFUSED).at_once()
    service = synchronous(work, MemoryRuns([make_run(outcome="ingested")]))
    assert (await service.answer(IngestRequest(PAGE))).outcome == "refused"
    assert len(work.orders) == 2


async def test_a_different_request_waits_for_another_worker_and_then_runs() -> None:
    running = make_run(outcome=None)
    runs = MemoryRuns([running])
    work = ScriptedWork(ELSEWHERE, REFUSED).at_once()
    service = synchronous(work, runs)
    asked = asyncio.create_task(service.answer(IngestRequest(PAGE, named=Named("https://example.org/other.tif"))))
    await work.begun.wait()
    await runs.finish(running.id)
    assert (await asked).outcome == "refused"
    assert len(work.orders) == 2


async def test_while_it_waits_for_another_worker_it_holds_no_slot() -> None:
    runs = MemoryRuns([make_run(outcome=None)])
    slots = Slots(SlotSettings(1, 0))
    service = Synchronous(ScriptedWork(ELSEWHERE).at_once(), slots, runs, seconds=0.05)
    answer = await service.answer(IngestRequest(PAGE))
    assert answer.http.status == 503
    assert slots.busy == 0
    await service.ended()


async def test_an_engine_that_stops_waits_for_no_other_worker() -> None:
    service = synchronous(ScriptedWork(ELSEWHERE).at_once(), MemoryRuns([make_run(outcome=None)]), seconds=600)
    asked = asyncio.create_task(service.answer(IngestRequest(PAGE)))
    await asyncio.sleep(0)
    service.stop()
    async with asyncio.timeout(5):
        await service.ended()
        answer = await asked
    assert answer.http.status == 503
    assert answer.reason is not None
    assert answer.reason.code == "claimed-elsewhere"


async def test_callers_that_go_away_cannot_pile_up_work() -> None:
    work = ScriptedWork(ELSEWHERE).at_once()
    memory = MemoryRuns([make_run(outcome=None)])
    service = Synchronous(work, Slots(SlotSettings(4, 1)), memory, seconds=600, most_waiting=3)
    for batch in range(1, 4):
        gone = asyncio.create_task(service.answer(IngestRequest(PAGE, batch=batch)))
        await asyncio.sleep(0)
        gone.cancel()
    answer = await service.answer(IngestRequest(PAGE, batch=4))
    assert answer.reason is not None
    assert answer.reason.code == "at-capacity"
    service.stop()
    await service.ended()


async def test_a_redelivered_request_reports_the_run_that_settled_it() -> None:
    refused = make_run(outcome="refused", reason=NOT_AN_IMAGE.of("a web page"), created=NOON)
    service = synchronous(ScriptedWork(Redelivered(refused.id)).at_once(), MemoryRuns([refused]))
    answer = await service.answer(IngestRequest(PAGE, created=NOON))
    assert (answer.http.status, answer.outcome) == (422, "refused")


async def test_a_superseded_request_is_409_and_names_the_newer_run() -> None:
    newer = make_run()
    service = synchronous(ScriptedWork(Superseded(newer.id)).at_once(), MemoryRuns([newer]))
    answer = await service.answer(IngestRequest(PAGE, created=NOON))
    assert answer.http.status == 409
    assert answer.run == newer


async def test_a_database_that_is_away_is_busy_with_its_reason() -> None:
    class Away(MemoryRuns):
        async def last_run(self, asset: object) -> None:
            raise IngestError(DATABASE_AWAY, "the database does not answer")

    service = synchronous(ScriptedWork(REFUSED).at_once(), Away())
    answer = await service.answer(IngestRequest(PAGE))
    assert answer.http.status == 503
    assert answer.reason is not None
    assert answer.reason.code == "database-away"
