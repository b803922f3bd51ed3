"""Totals, counters and batches on a real PostgreSQL: always what the rows say, in whatever order workers end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from engine.db.port import Claimed, Kind, Recorded, Source
from engine.db.postgres import PostgresDatabase
from policies.request import AssetId
from tests.integration.db_rows import (
    ASSET,
    DETAILS,
    Rows,
    attempt,
    claim,
    make_request,
    make_stored,
    refusal,
    success,
)

WAITING_PIDS = """SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
                  WHERE NOT granted AND datname = current_database()"""
WAITING = f"SELECT true FROM ({WAITING_PIDS}) AS waiting"
START = datetime(2026, 11, 20, tzinfo=UTC)


async def fold_all(db: PostgresDatabase) -> tuple[int, ...]:
    """Folds until nothing waits; the batches that were finished on the way."""
    finished: tuple[int, ...] = ()
    async with asyncio.timeout(20):
        while (folded := await db.fold()).waiting or folded.rows:
            finished += folded.finished
            await asyncio.sleep(0.05)
    return finished


async def make_assets(rows: Rows, count: int) -> list[AssetId]:
    return [await rows.asset(AssetId(99, 1, f"page-{number}")) for number in range(count)]


async def test_totals_move_by_the_difference(db: PostgresDatabase, rows: Rows) -> None:
    await rows.storage(total=5000, thumbs=500)
    await rows.storage(total=300, thumbs=30, space=1)
    await rows.asset()
    for number, (size, thumbs) in enumerate([(1000, 100), (400, 150)]):
        run = await claim(db, make_request(created=START + timedelta(days=number)))
        await db.record(run, success(make_stored(size, thumbs)), DETAILS)
    await db.fold()
    assert await rows.totals() == (5400, 650)
    assert await rows.totals(space=1) == (700, 180)
    assert await rows.one('SELECT "NumberOfStoredImages" FROM "CustomerStorage" WHERE "Space" = 0') == 7


async def test_a_customer_without_a_row_gets_one_and_a_space_does_not(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    await db.record(await claim(db), success(), DETAILS)
    await db.fold()
    assert await rows.all('SELECT "Customer", "Space", "StoragePolicy" FROM "CustomerStorage"') == [(99, 0, "default")]
    assert await rows.totals() == (1000, 100)


async def test_who_stores_nothing_gets_no_row(db: PostgresDatabase, rows: Rows) -> None:
    """A refusal writes no totals, and its customer need not exist."""
    await db.record(await claim(db, make_request(AssetId(4711, 1, "nobody"), batch=5)), refusal(), DETAILS)
    assert (await db.fold()).rows == 1
    assert await rows.totals(customer=4711) is None


async def test_an_asset_of_space_0_counts_once(db: PostgresDatabase, rows: Rows) -> None:
    asset = await rows.asset(AssetId(99, 0, "page-1"))
    await db.record(await claim(db, make_request(asset)), success(), DETAILS)
    await db.fold()
    assert await rows.totals() == (1000, 100)


@pytest.mark.parametrize(
    ("source", "name"), [(Source.DEFAULT, "default"), (Source.FILE, "default"), (Source.PRIORITY, "priority")]
)
async def test_a_settled_message_takes_one_from_its_queue(
    db: PostgresDatabase, rows: Rows, source: Source, name: str
) -> None:
    await rows.asset()
    await rows.queue(10, name)
    await db.record(await claim(db, source=source), attempt(), DETAILS)
    await db.record(await claim(db, source=source), refusal(), DETAILS)
    await db.fold()
    assert await rows.all('SELECT "Name", "Size" FROM "Queues"') == [(name, 9)]


async def test_what_came_over_http_is_in_no_queue(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    await rows.queue(10)
    await db.record(await claim(db, source=Source.HTTP), success(), DETAILS)
    await db.fold()
    assert await rows.queue_size() == 10


async def test_a_counter_is_made_when_missing_and_never_below_0(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    for number in range(3):
        await db.record(await claim(db, make_request(batch=number + 1)), success(), DETAILS)
        await fold_all(db)
        assert await rows.queue_size() == 0


async def test_messages_of_our_own_raise_the_counter(db: PostgresDatabase, rows: Rows) -> None:
    await db.enqueued(99, Source.PRIORITY, 3)
    await db.enqueued(99, Source.PRIORITY)
    await db.enqueued(99, Source.HTTP)
    assert await rows.all('SELECT "Name", "Size" FROM "Queues"') == [("priority", 4)]


async def test_a_batch_is_finished_once_when_its_last_assets_are_settled(db: PostgresDatabase, rows: Rows) -> None:
    assets = await make_assets(rows, 3)
    batch = await rows.batch(*assets)
    ends = [success(), refusal(), success()]
    for asset, end in zip(assets, ends, strict=True):
        assert await rows.batch_counters(batch) != (2, 1, True)
        await db.record(await claim(db, make_request(asset, batch=batch)), end, DETAILS)
    assert await fold_all(db) == (batch,)
    assert await rows.batch_counters(batch) == (2, 1, True)


async def test_a_batch_with_more_rows_than_it_counts_is_finished_once(db: PostgresDatabase, rows: Rows) -> None:
    assets = await make_assets(rows, 4)
    batch = await rows.batch(*assets, count=2)
    for asset in assets[:3]:
        await db.record(await claim(db, make_request(asset, batch=batch)), success(), DETAILS)
    assert await fold_all(db) == (batch,)
    await db.record(await claim(db, make_request(assets[3], batch=batch)), success(), DETAILS)
    assert await fold_all(db) == ()
    assert await rows.batch_counters(batch) == (4, 0, True)


async def test_a_batch_whose_rest_is_settled_is_recounted_at_once(db: PostgresDatabase, rows: Rows) -> None:
    assets = await make_assets(rows, 2)
    batch = await rows.batch(*assets)
    await db.record(await claim(db, make_request(assets[0], batch=batch)), success(), DETAILS)
    assert (await db.fold()).waiting == 1
    await db.record(await claim(db, make_request(assets[1], batch=batch)), success(), DETAILS)
    assert (await db.fold()).finished == (batch,)


async def test_a_batch_that_is_not_yet_finished_is_recounted_within_a_second(db: PostgresDatabase, rows: Rows) -> None:
    assets = await make_assets(rows, 3)
    batch = await rows.batch(*assets)
    await db.record(await claim(db, make_request(assets[0], batch=batch)), success(), DETAILS)
    await rows.connection.execute("UPDATE engine.folds SET made = made - interval '1 second'")
    assert (await db.fold()).batches == 1
    assert await rows.batch_counters(batch) == (1, 0, False)


async def test_one_notification_tells_of_a_finished_batch(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    batch = await rows.batch(ASSET)
    await db.record(await claim(db, make_request(batch=batch)), success(), DETAILS)
    await fold_all(db)
    [errand] = await db.lease([Kind.NOTIFY], 10, 60)
    told = errand.payload["batch"]
    assert isinstance(told, dict)
    assert {name: told[name] for name in ("id", "customer", "count", "completed", "errors", "superseded")} == {
        "id": batch,
        "customer": 99,
        "count": 1,
        "completed": 1,
        "errors": 0,
        "superseded": False,
    }
    assert datetime.fromisoformat(told["submitted"]) <= datetime.fromisoformat(told["finished"])
    assert told["finished"].endswith("Z")
    assert errand.payload["notificationId"]


async def test_an_asset_of_a_finished_batch_ingested_again_moves_counters_and_tells_nobody(
    db: PostgresDatabase, rows: Rows
) -> None:
    assets = await make_assets(rows, 2)
    batch = await rows.batch(*assets)
    for asset in assets:
        await db.record(await claim(db, make_request(asset, batch=batch)), refusal(), DETAILS)
    await fold_all(db)
    finished = await rows.one('SELECT "Finished" FROM "Batches"')
    again = make_request(assets[0], batch=batch, created=START + timedelta(days=3))
    await db.record(await claim(db, again), success(), DETAILS)
    await fold_all(db)
    assert await rows.batch_counters(batch) == (1, 1, True)
    assert await rows.one('SELECT "Finished" FROM "Batches"') == finished
    assert await rows.one("SELECT count(*) FROM engine.outbox WHERE kind = 'notify'") == 1


async def test_an_asset_that_is_not_in_the_batch_is_as_if_there_were_none(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    other = await rows.asset(AssetId(99, 1, "other"))
    batch = await rows.batch(other)
    await db.record(await claim(db, make_request(batch=batch)), success(), DETAILS)
    await db.record(await claim(db, make_request(AssetId(99, 1, "gone"), batch=12345)), refusal(), DETAILS)
    await fold_all(db)
    assert await rows.batch_counters(batch) == (0, 0, False)


async def test_fifty_workers_finish_ten_batches_once_each_in_any_order(db: PostgresDatabase, rows: Rows) -> None:
    chance = Random(6)
    assets = await make_assets(rows, 200)
    batches = [await rows.batch(*assets[start::10]) for start in range(10)]
    orders = [(asset, batches[number % 10]) for number, asset in enumerate(assets)]
    chance.shuffle(orders)
    outcomes = {asset: chance.random() < 0.8 for asset in assets}
    finished: list[int] = []

    async def work() -> None:
        while orders:
            asset, batch = orders.pop()
            run = await claim(db, make_request(asset, batch=batch))
            await asyncio.sleep(chance.random() / 100)
            assert await db.record(run, success() if outcomes[asset] else refusal(), DETAILS) is Recorded.DONE

    async def fold(workers: list[asyncio.Task[None]]) -> None:
        while not all(worker.done() for worker in workers):
            finished.extend((await db.fold()).finished)
            await asyncio.sleep(0.01)

    async with asyncio.TaskGroup() as tasks:
        workers = [tasks.create_task(work()) for _ in range(50)]
        for _ in range(3):
            tasks.create_task(fold(workers))
    finished.extend(await fold_all(db))
    assert sorted(finished) == sorted(batches)
    assert await rows.one("SELECT count(*) FROM engine.outbox WHERE kind = 'notify'") == 10
    for start, batch in enumerate(batches):
        completed = sum(outcomes[asset] for asset in assets[start::10])
        assert await rows.batch_counters(batch) == (completed, 20 - completed, True)


async def test_after_any_history_the_totals_are_the_sum_of_the_rows(db: PostgresDatabase, rows: Rows) -> None:
    chance = Random(2)
    assets = await make_assets(rows, 12)
    await rows.storage(maximum=2_000)  # near enough that some are refused

    async def one_of_many(number: int) -> None:
        asset = chance.choice(assets)
        request = make_request(asset, batch=number + 1)
        claimed = await db.claim(request, f"key-{number}", Source.DEFAULT)
        if not isinstance(claimed, Claimed):
            return
        await asyncio.sleep(chance.random() / 200)
        stored = success(make_stored(chance.randrange(600), chance.randrange(90)))
        end = chance.choices([stored, refusal(), attempt()], [6, 1, 1])[0]
        if await db.record(claimed.run, end, DETAILS) is Recorded.OVER_QUOTA:
            await db.record(claimed.run, refusal("StoragePolicy size limit exceeded"), DETAILS)
        if number % 7 == 0:
            await db.fold()

    for start in range(0, 300, 20):
        await asyncio.gather(*(one_of_many(number) for number in range(start, start + 20)))
    await fold_all(db)
    totals = await rows.totals()
    assert totals == await rows.sums()
    assert totals is not None
    assert 0 < totals[0] <= 2_000


async def test_a_fold_whose_connection_is_cut_loses_nothing(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    await db.record(await claim(db), success(), DETAILS)
    async with asyncio.TaskGroup() as tasks, rows.connection.transaction():
        await rows.connection.execute('LOCK TABLE "CustomerStorage" IN ACCESS EXCLUSIVE MODE')
        tasks.create_task(db.fold())
        assert await rows.eventually(WAITING) is True
        assert await rows.one(f"SELECT pg_terminate_backend(pid) FROM ({WAITING_PIDS}) AS waiting")
    await fold_all(db)
    assert await rows.totals() == (1000, 100)
