"""Batching: what is asked while one batch is under way goes together in the next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from engine.inbound.batching import Batching


class Recorder:
    """A service that notes each batch, waits to be let go, and fails the items it is told to."""

    def __init__(self, failing: Sequence[int] = ()) -> None:
        self.batches: list[list[int]] = []
        self.open = asyncio.Event()
        self._failing = failing

    async def send(self, items: Sequence[int]) -> Sequence[Exception | None]:
        self.batches.append(list(items))
        await self.open.wait()
        return [ValueError(f"no {item}") if item in self._failing else None for item in items]


async def test_what_is_asked_during_a_batch_goes_together_in_the_next() -> None:
    service = Recorder()
    batching = Batching(service.send, most=10)
    first = [asyncio.create_task(batching(number)) for number in (1, 2)]
    while not service.batches:  # noqa: ASYNC110  until the first batch is under way
        await asyncio.sleep(0)
    later = [asyncio.create_task(batching(number)) for number in (3, 4, 5)]
    await asyncio.sleep(0)
    service.open.set()
    await asyncio.gather(*first, *later)
    assert service.batches == [[1, 2], [3, 4, 5]]


async def test_a_batch_holds_no_more_than_the_service_takes() -> None:
    service = Recorder()
    service.open.set()
    await asyncio.gather(*(batching(number) for batching in [Batching(service.send, most=3)] for number in range(8)))
    assert [len(batch) for batch in service.batches] == [3, 3, 2]


async def test_an_item_that_fails_fails_its_own_caller_only() -> None:
    service = Recorder(failing=[2])
    service.open.set()
    batching = Batching(service.send, most=10)
    fates = await asyncio.gather(*(batching(number) for number in (1, 2, 3)), return_exceptions=True)
    assert [type(fate) for fate in fates] == [type(None), ValueError, type(None)]


async def test_a_service_that_fails_fails_every_caller_of_the_batch_and_the_next_batch_is_tried() -> None:
    calls = 0

    async def flaky(items: Sequence[int]) -> Sequence[Exception | None]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ConnectionError("away")
        return [None] * len(items)

    batching = Batching(flaky, most=10)
    fates = await asyncio.gather(batching(1), batching(2), return_exceptions=True)
    assert [str(fate) for fate in fates] == ["away", "away"]
    await batching(3)


async def test_a_caller_that_goes_away_leaves_the_others_unharmed() -> None:
    service = Recorder()
    batching = Batching(service.send, most=10)
    gone, stays = asyncio.create_task(batching(1)), asyncio.create_task(batching(2))
    while not service.batches:  # noqa: ASYNC110  until the batch is under way
        await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    service.open.set()
    await stays
    with pytest.raises(asyncio.CancelledError):
        await gone
