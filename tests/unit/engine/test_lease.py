"""The lease: past its deadline the work stops and nothing more is written."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from engine.lease import Lease
from policies.facts import Run
from policies.outcome import Busy, IngestError
from policies.reasons import CLAIM_LOST, DRAINING
from policies.request import AssetId


def a_lease(seconds: float) -> Lease:
    return Lease(Run(uuid4(), AssetId(1, 2, "x"), "key"), asyncio.get_running_loop().time() + seconds)


async def test_work_that_outlives_its_claim_is_stopped_and_is_busy_not_failed() -> None:
    lease = a_lease(0.01)
    with pytest.raises(IngestError) as caught:
        async with lease.held():
            await asyncio.Event().wait()
    assert caught.value.reason.kind is CLAIM_LOST
    assert isinstance(caught.value.outcome, Busy)


async def test_a_renewal_moves_the_deadline() -> None:
    lease = a_lease(0.02)
    async with lease.held():
        lease.renewed(asyncio.get_running_loop().time() + 30)
        async with asyncio.timeout(5):
            await asyncio.sleep(0.05)
        lease.check()


async def test_a_lease_that_was_taken_away_stays_away() -> None:
    lease = a_lease(30)
    with pytest.raises(IngestError) as caught:
        async with lease.held():
            lease.end(DRAINING)
            lease.renewed(asyncio.get_running_loop().time() + 60)
            await asyncio.Event().wait()
    assert caught.value.reason.kind is DRAINING
    assert caught.value.after == 0  # another engine need not wait
    with pytest.raises(IngestError):
        lease.check()


async def test_writing_is_refused_from_the_deadline_on_even_before_the_work_is_stopped() -> None:
    with pytest.raises(IngestError, match="1/2/x"):
        a_lease(0).check()


async def test_work_does_not_begin_under_a_lease_that_is_over() -> None:
    began = False
    with pytest.raises(IngestError):
        async with a_lease(-1).held():
            began = True
            await asyncio.sleep(0)
    assert not began


async def test_a_timeout_inside_the_work_is_not_taken_for_the_lease() -> None:
    with pytest.raises(TimeoutError, match="the origin's own"):
        async with a_lease(30).held():
            raise TimeoutError("the origin's own")
