"""Worker processes: what an image does to one of them costs that job alone."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from processor.errors import Overloaded, Refusal, WorkerError
from processor.order import Made, Order
from processor.pool import Workers
from processor.settings import ProcessorSettings
from tests.unit.processor.make import make_order

SCRIPTED = [sys.executable, "-m", "tests.fakes.scripted_worker"]


def make_settings(folder: Path, **given: Any) -> ProcessorSettings:
    return replace(ProcessorSettings(folder, workers=1, queue=2, seconds=20), **given)


def order_of(folder: Path, act: str) -> Order:
    return make_order(folder / f"{act}.tif")


def pid_of(made: Made) -> int:
    return made.size.height


async def until(true: Any) -> None:
    """Waits until something is true; the test's own time-out bounds it."""
    while not true():  # noqa: ASYNC110 - it happens in another process, on disk or in a counter
        await asyncio.sleep(0.005)


@pytest.mark.parametrize(("act", "words"), [("crash", "SIGSEGV"), ("exit", "exit code 3")])
async def test_a_worker_that_dies_costs_its_job_and_is_replaced(act: str, words: str, tmp_path: Path) -> None:
    async with Workers(make_settings(tmp_path), SCRIPTED) as workers:
        before = pid_of(await workers.run(order_of(tmp_path, "made")))
        with pytest.raises(Refusal, match=words) as caught:
            await workers.run(order_of(tmp_path, act))
        assert caught.value.kind == "crash"
        assert list(tmp_path.iterdir()) == []  # what it left unfinished is gone
        assert pid_of(await workers.run(order_of(tmp_path, "made"))) != before
        assert workers.replaced == 1


async def test_a_worker_that_hangs_is_stopped_at_the_deadline(tmp_path: Path) -> None:
    async with Workers(make_settings(tmp_path, seconds=0.3), SCRIPTED) as workers:
        with pytest.raises(Refusal, match="given up"):
            await workers.run(order_of(tmp_path, "hang"))
        assert list(tmp_path.iterdir()) == []


async def test_others_do_not_notice(tmp_path: Path) -> None:
    async with Workers(make_settings(tmp_path, workers=2, queue=20), SCRIPTED) as workers:
        orders = [order_of(tmp_path, act) for act in ("crash", "slow", "made", "crash", "made", "slow", "made")]
        done = await asyncio.gather(*(workers.run(order) for order in orders), return_exceptions=True)
        assert [type(result) for result in done] == [Refusal, Made, Made, Refusal, Made, Made, Made]


async def test_a_verdict_is_no_accident(tmp_path: Path) -> None:
    async with Workers(make_settings(tmp_path), SCRIPTED) as workers:
        with pytest.raises(Refusal, match="no"):
            await workers.run(order_of(tmp_path, "refused"))
        assert workers.replaced == 0


async def test_trouble_of_the_machine_is_not_the_images_fault(tmp_path: Path) -> None:
    async with Workers(make_settings(tmp_path), SCRIPTED) as workers:
        with pytest.raises(WorkerError, match="No space left"):
            await workers.run(order_of(tmp_path, "failed"))


async def test_a_full_queue_turns_jobs_away(tmp_path: Path) -> None:
    async with Workers(make_settings(tmp_path, queue=1), SCRIPTED) as workers:
        jobs = [asyncio.create_task(workers.run(order_of(tmp_path, "slow"))) for _ in range(2)]
        await until(lambda: workers.waiting == 1)
        with pytest.raises(Overloaded):
            await workers.run(order_of(tmp_path, "made"))
        assert len(await asyncio.gather(*jobs)) == 2


async def test_a_cancelled_job_frees_its_worker(tmp_path: Path) -> None:
    async with Workers(make_settings(tmp_path), SCRIPTED) as workers:
        job = asyncio.create_task(workers.run(order_of(tmp_path, "hang")))
        await until(lambda: list(tmp_path.iterdir()))
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        assert list(tmp_path.iterdir()) == []
        await workers.run(order_of(tmp_path, "made"))


async def test_a_cancelled_wait_loses_no_worker(tmp_path: Path) -> None:
    async with Workers(make_settings(tmp_path, queue=10), SCRIPTED) as workers:
        first = asyncio.create_task(workers.run(order_of(tmp_path, "slow")))
        await until(lambda: workers.running == 1)
        waiting = [asyncio.create_task(workers.run(order_of(tmp_path, "made"))) for _ in range(4)]
        await until(lambda: workers.waiting == 4)
        waiting[0].cancel()
        waiting[2].cancel()
        done = await asyncio.gather(first, *waiting, return_exceptions=True)
        assert [isinstance(result, Made) for result in done] == [True, False, True, False, True]
        assert workers.running == 0


async def test_a_worker_is_recycled_after_enough_jobs(tmp_path: Path) -> None:
    async with Workers(make_settings(tmp_path, recycle=2), SCRIPTED) as workers:
        pids = [pid_of(await workers.run(order_of(tmp_path, "made"))) for _ in range(5)]
        assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]
        assert workers.replaced == 0


async def test_going_down_refuses_who_waits_and_finishes_what_runs(tmp_path: Path) -> None:
    async with Workers(make_settings(tmp_path), SCRIPTED) as workers:
        running = asyncio.create_task(workers.run(order_of(tmp_path, "slow")))
        await until(lambda: workers.running == 1)
        waiting = asyncio.create_task(workers.run(order_of(tmp_path, "made")))
        await until(lambda: workers.waiting == 1)
        workers.refuse()
        with pytest.raises(Overloaded):
            await waiting
        await workers.drained(5)
        assert isinstance(await running, Made)
        with pytest.raises(Overloaded):
            await workers.run(order_of(tmp_path, "made"))


async def test_going_down_stops_what_does_not_end(tmp_path: Path) -> None:
    async with Workers(make_settings(tmp_path), SCRIPTED) as workers:
        running = asyncio.create_task(workers.run(order_of(tmp_path, "hang")))
        await until(lambda: list(tmp_path.iterdir()))
        workers.refuse()
        await workers.drained(0.1)
        with pytest.raises(Overloaded):
            await running
    assert list(tmp_path.iterdir()) == []


async def test_workers_that_cannot_start_are_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(WorkerError):
        async with Workers(make_settings(tmp_path), [sys.executable, "-c", "pass"]):
            raise AssertionError("unreachable")
