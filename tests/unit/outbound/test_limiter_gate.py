"""The gate: in turn, within the limit, and no permit is ever lost, however its holders end."""

from __future__ import annotations

import asyncio
import random

import pytest

from engine.outbound.costs import Work
from engine.outbound.image_server import time_of_day
from engine.outbound.limiter import Limiter, LimiterSettings
from engine.outbound.limiter_gate import LimiterGate

WORK = Work("jp2", 0.2)


def gate(start: float = 2.0) -> LimiterGate:
    now = time_of_day()
    settings = LimiterSettings(start=start, calm_every=1e9)
    return LimiterGate(Limiter(settings, now(), random.Random(1).random), now)


async def through(one: LimiterGate, log: list[str], name: str, customer: int = 1, *, priority: bool = False) -> None:
    async with one.permit(WORK, customer, priority=priority):
        log.append(name)
        await asyncio.sleep(0)


async def test_no_more_than_the_limit_are_inside() -> None:
    one, most = gate(3.0), 0

    async def request() -> None:
        nonlocal most
        async with one.permit(WORK, 1, priority=False):
            most = max(most, one.in_flight)
            await asyncio.sleep(0)

    await asyncio.gather(*(request() for _ in range(50)))
    assert (most, one.in_flight, one.waiting) == (3, 0, 0)


async def test_priority_goes_first_and_then_customers_in_turn() -> None:
    one, log = gate(1.0), list[str]()
    async with one.permit(WORK, 1, priority=False):
        rest = [
            asyncio.create_task(through(one, log, name, customer, priority=priority))
            for name, customer, priority in (
                ("a1", 1, False),
                ("a2", 1, False),
                ("a3", 1, False),
                ("b1", 2, False),
                ("urgent", 3, True),
            )
        ]
        await asyncio.sleep(0)
        assert one.waiting == 5
    await asyncio.gather(*rest)
    assert log == ["urgent", "a1", "b1", "a2", "a3"]


@pytest.mark.parametrize("seed", range(20))
async def test_no_permit_is_lost_whoever_is_cancelled_and_whenever(seed: int) -> None:
    chance, one = random.Random(seed), gate(2.0)
    log: list[str] = []
    tasks = [asyncio.create_task(through(one, log, str(number), number % 3)) for number in range(30)]
    for _ in range(40):
        chance.choice(tasks).cancel()
        await asyncio.sleep(0)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (one.in_flight, one.waiting) == (0, 0)
    await asyncio.wait_for(through(one, log, "last"), 1)


async def test_a_permit_granted_in_the_moment_of_its_cancellation_goes_to_the_next() -> None:
    one, log = gate(1.0), list[str]()
    async with one.permit(WORK, 1, priority=False):
        first = asyncio.create_task(through(one, log, "cancelled"))
        second = asyncio.create_task(through(one, log, "next"))
        await asyncio.sleep(0)
    first.cancel()  # it was granted a moment ago, but has not run since
    await asyncio.gather(first, second, return_exceptions=True)
    assert log == ["next"]
    assert one.in_flight == 0


async def test_who_waits_is_turned_away_when_it_is_of_no_use() -> None:
    one, log = gate(1.0), list[str]()
    async with one.permit(WORK, 1, priority=False):
        waiting = asyncio.create_task(through(one, log, "waiting"))
        await asyncio.sleep(0)
        one.turn_away(lambda: LookupError("away"))
        with pytest.raises(LookupError):
            await waiting
    assert (one.in_flight, one.waiting, log) == (0, 0, [])


async def test_below_one_the_next_goes_when_time_alone_lets_it() -> None:
    one, log = gate(0.5), list[str]()
    async with one.permit(WORK, 1, priority=False) as permit:
        await asyncio.sleep(0.02)
        permit.served()
    await asyncio.wait_for(through(one, log, "spaced"), 1)
    assert log == ["spaced"]


async def test_a_request_that_hangs_is_waited_for_without_its_permit_but_only_one_such() -> None:
    one, log = gate(1.0), list[str]()
    async with one.permit(Work("jp2", 0.01), 1, priority=False) as permit:
        await asyncio.sleep(0.01)
        permit.served()
    one.limiter.limit = 1.0

    async def hang(name: str) -> None:
        async with one.permit(Work("jp2", 0.01), 1, priority=False):
            log.append(name)
            await asyncio.sleep(60)

    hanging = [asyncio.create_task(hang(name)) for name in ("first", "second", "third")]
    await asyncio.sleep(0.3)
    assert log == ["first", "second"]
    assert (one.in_flight, one.stuck) == (1, 1)
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    assert (one.in_flight, one.stuck, one.waiting) == (0, 0, 0)
