"""The outbox on a real PostgreSQL: everything is done at least once, and by one at a time."""

from __future__ import annotations

import asyncio

from engine.db.port import Kind, RunDetails
from engine.db.postgres import PostgresDatabase
from policies.request import AssetId
from tests.integration.db_rows import Rows, claim, make_request, refusal


async def put_errands(db: PostgresDatabase, count: int) -> None:
    for number in range(count):
        run = await claim(db, make_request(AssetId(99, 1, f"page-{number}")))
        await db.record(run, refusal(), RunDetails(tidy=True))


async def test_an_errand_is_leased_to_one_worker_only(db: PostgresDatabase) -> None:
    await put_errands(db, 30)
    leased = await asyncio.gather(*(db.lease(list(Kind), 5, 60) for _ in range(20)))
    ids = [errand.id for errands in leased for errand in errands]
    assert len(ids) == len(set(ids)) == 30
    assert await db.lease(list(Kind), 5, 60) == []


async def test_an_errand_that_is_done_is_gone(db: PostgresDatabase, rows: Rows) -> None:
    await put_errands(db, 1)
    [errand] = await db.lease([Kind.TIDY], 5, 60)
    assert await db.done(errand)
    assert not await db.done(errand)
    assert await rows.one("SELECT count(*) FROM engine.outbox") == 0


async def test_only_the_kinds_asked_for_are_leased(db: PostgresDatabase) -> None:
    await put_errands(db, 1)
    assert await db.lease([Kind.NOTIFY], 5, 60) == []


async def test_an_errand_whose_worker_died_comes_up_again(db: PostgresDatabase) -> None:
    await put_errands(db, 1)
    [first] = await db.lease([Kind.TIDY], 5, 0)
    [second] = await db.lease([Kind.TIDY], 5, 60)
    assert (first.id, second.id, second.attempts) == (second.id, first.id, 2)
    assert not await db.done(first)
    assert await db.done(second)


async def test_a_postponed_errand_waits_and_says_why(db: PostgresDatabase, rows: Rows) -> None:
    await put_errands(db, 1)
    [errand] = await db.lease([Kind.TIDY], 5, 60)
    assert await db.postpone(errand, 3600, "the asset is busy")
    assert await db.lease([Kind.TIDY], 5, 60) == []
    assert await rows.one("SELECT trouble FROM engine.outbox") == "the asset is busy"
    assert not await db.postpone(errand, 1, "not ours any more")


async def test_the_counts_tell_what_waits_and_how_long(db: PostgresDatabase, rows: Rows) -> None:
    await put_errands(db, 3)
    await claim(db, make_request(AssetId(99, 1, "running")))
    await rows.connection.execute("UPDATE engine.outbox SET due = due - interval '1 minute' WHERE id = 1")
    counts = await db.counts()
    assert counts.outbox == {"fold": 3, "notify": 0, "tidy": 3}
    assert counts.oldest_outbox is not None
    assert 60 <= counts.oldest_outbox < 120
    assert (counts.running, counts.expired) == (1, 0)
    assert counts.oldest_run is not None


async def test_nothing_waits_in_an_empty_database(db: PostgresDatabase) -> None:
    counts = await db.counts()
    assert (counts.running, counts.oldest_run, counts.oldest_outbox) == (0, None, None)
