"""The heart: one statement renews all claims; a claim that is not renewed runs out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from engine.heart import Heart, HeartSettings
from policies.facts import Run
from policies.outcome import IngestError
from policies.reasons import CLAIM_LOST, QUEUE_AWAY
from policies.request import AssetId

QUICK = HeartSettings(lease_seconds=0.3, beat_seconds=0.02)


class Ledger:
    """A database that renews what it is told to own, or is away."""

    def __init__(self) -> None:
        self.lost: set[UUID] = set()
        self.away = False
        self.asked: list[tuple[UUID, ...]] = []

    async def renew(self, runs: Sequence[UUID]) -> set[UUID]:
        self.asked.append(tuple(runs))
        if self.away:
            await asyncio.Event().wait()
        return set(runs) - self.lost


def a_run() -> Run:
    return Run(uuid4(), AssetId(1, 2, "x"), "key")


async def test_a_run_may_work_longer_than_its_first_lease_while_the_heart_beats() -> None:
    ledger = Ledger()
    heart = Heart(ledger, QUICK)
    beating = asyncio.create_task(heart.beat_forever())
    async with heart.keeps(a_run(), asyncio.get_running_loop().time()) as lease, lease.held():
        while len(ledger.asked) < 25:  # noqa: ASYNC110  longer than the lease
            await asyncio.sleep(0.01)
        lease.check()
    beating.cancel()
    assert heart.leases == ()


async def test_all_runs_are_renewed_in_one_statement() -> None:
    ledger = Ledger()
    heart = Heart(ledger, QUICK)
    now = asyncio.get_running_loop().time()
    async with heart.keeps(a_run(), now) as one, heart.keeps(a_run(), now) as other:
        beating = asyncio.create_task(heart.beat_forever())
        while not ledger.asked:  # noqa: ASYNC110  until the first beat
            await asyncio.sleep(0.005)
        beating.cancel()
        assert set(ledger.asked[0]) == {one.run.id, other.run.id}


async def test_a_claim_that_somebody_else_has_now_is_lost_at_the_next_beat() -> None:
    ledger = Ledger()
    heart = Heart(ledger, HeartSettings(lease_seconds=60, beat_seconds=0.01))
    beating = asyncio.create_task(heart.beat_forever())
    run = a_run()
    with pytest.raises(IngestError) as caught:
        async with heart.keeps(run, asyncio.get_running_loop().time()) as lease, lease.held():
            ledger.lost.add(run.id)
            await asyncio.Event().wait()
    beating.cancel()
    assert caught.value.reason.kind is CLAIM_LOST


async def test_no_renewal_no_work() -> None:
    ledger = Ledger()
    ledger.away = True
    heart = Heart(ledger, QUICK)
    beating = asyncio.create_task(heart.beat_forever())
    with pytest.raises(IngestError) as caught:
        async with heart.keeps(a_run(), asyncio.get_running_loop().time()) as lease, lease.held():
            await asyncio.Event().wait()
    beating.cancel()
    assert caught.value.reason.kind is CLAIM_LOST


async def test_a_queue_that_fails_does_not_cost_the_claims_their_renewal() -> None:
    ledger = Ledger()
    heart = Heart(ledger, QUICK)

    async def fails() -> None:
        raise IngestError(QUEUE_AWAY, "away")

    heart.also(fails)
    beating = asyncio.create_task(heart.beat_forever())
    async with heart.keeps(a_run(), asyncio.get_running_loop().time()) as lease, lease.held():
        while len(ledger.asked) < 40:  # noqa: ASYNC110  longer than the lease
            await asyncio.sleep(0.005)
        lease.check()
    beating.cancel()


def test_a_lease_shorter_than_three_beats_is_refused() -> None:
    with pytest.raises(ValueError, match="three beats"):
        HeartSettings(lease_seconds=10, beat_seconds=5)
