"""Runs and assets as the commands, the endpoint and the audit ask for them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

from engine.db.port import Claimed, RunFilter, Scope, Source
from engine.db.postgres import PostgresDatabase
from images.size import Size
from policies.outcome import Redelivered
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

OTHER = AssetId(99, 2, "page-2")
FOREIGN = AssetId(9, 1, "page-1")


async def test_runs_come_newest_first(db: PostgresDatabase) -> None:
    ids = []
    for _ in range(3):
        run = await claim(db)
        await db.record(run, attempt(), DETAILS)
        ids.append(run.id)
    assert [record.id for record in await db.runs(RunFilter())] == ids[::-1]
    assert [record.id for record in await db.runs(RunFilter(limit=1))] == ids[-1:]
    last = await db.last_run(ASSET)
    assert last is not None
    assert last.id == ids[-1]


async def test_every_condition_of_a_filter_must_hold(db: PostgresDatabase) -> None:
    for asset, batch, end in ((ASSET, 1, refusal()), (OTHER, 1, attempt()), (FOREIGN, 2, refusal())):
        await db.record(await claim(db, make_request(asset, batch=batch)), end, DETAILS)
    await claim(db, make_request(FOREIGN, batch=3))

    async def found(wanted: RunFilter) -> list[tuple[AssetId, int | None]]:
        return [(record.asset, record.batch) for record in await db.runs(wanted)]

    assert await found(RunFilter(asset=OTHER)) == [(OTHER, 1)]
    assert await found(RunFilter(customer=9)) == [(FOREIGN, 3), (FOREIGN, 2)]
    assert await found(RunFilter(batch=1)) == [(OTHER, 1), (ASSET, 1)]
    assert await found(RunFilter(outcomes=("refused",))) == [(FOREIGN, 2), (ASSET, 1)]
    assert await found(RunFilter(outcomes=("refused",), batch=1)) == [(ASSET, 1)]
    assert await found(RunFilter(running=True)) == [(FOREIGN, 3)]
    newest = (await db.runs(RunFilter(limit=1)))[0].claimed
    assert await found(RunFilter(since=newest)) == [(FOREIGN, 3)]
    assert await found(RunFilter(since=newest + timedelta(seconds=1))) == []


async def test_a_run_that_nobody_knows_is_none(db: PostgresDatabase) -> None:
    assert await db.run(uuid4()) is None
    assert await db.last_run(ASSET) is None
    assert await db.wait_for(uuid4(), 1) is None


async def test_holds_are_not_runs_that_people_ask_for(db: PostgresDatabase) -> None:
    await db.hold(ASSET)
    assert await db.runs(RunFilter()) == []
    assert await db.last_run(ASSET) is None


async def test_waiting_ends_when_the_run_does(db: PostgresDatabase) -> None:
    run = await claim(db)
    assert await db.wait_for(run.id, 0.1) is None
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(db.wait_for(run.id, 20))
        await db.record(run, refusal("a text"), DETAILS)
    record = waiting.result()
    assert record is not None
    assert (record.outcome, record.reason) == ("refused", "a text")


async def test_an_asset_tells_all_that_its_rows_say(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    run = await claim(db)
    await db.record(run, success(), DETAILS)
    held = await db.hold(ASSET)
    assert isinstance(held, Claimed)
    state = await db.asset(ASSET)
    assert state.exists
    assert (state.id, state.error, state.ingesting, state.media_type) == (ASSET, "", False, "image/tiff")
    assert (state.size, state.channels) == (Size(4000, 3000), ("iiif-img", "thumbs"))
    assert (state.location, state.bytes, state.thumb_bytes) == ("s3://storage/99/1/page-1", 1000, 100)
    assert state.thumbs_json in {'{"a":[],"o":[[100,75]]}', '{"o":[[100,75]],"a":[]}'}
    assert (state.run, state.keys) == (run.id, ("storage/99/1/page-1",))
    assert state.running == held.run.id


async def test_an_asset_that_is_gone_still_tells_what_its_last_run_stored(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    run = await claim(db)
    await db.record(run, success(), DETAILS)
    await rows.delete()
    state = await db.asset(ASSET)
    assert not state.exists
    assert (state.run, state.keys, state.location) == (run.id, ("storage/99/1/page-1",), None)


async def test_what_an_asset_needs_is_what_its_last_success_says(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    await db.record(await claim(db), success(), DETAILS)
    await db.record(await claim(db, make_request(batch=1)), success(make_stored(location=None)), DETAILS)
    await db.record(await claim(db, make_request(batch=2)), refusal(), DETAILS)
    state = await db.asset(ASSET)
    assert state.error
    assert state.keys == ("storage/99/1/page-1",)


async def test_assets_come_by_page_and_scope(db: PostgresDatabase, rows: Rows) -> None:
    every = [AssetId(99, number % 2, f"page-{number}") for number in range(10)] + [FOREIGN]
    for number, asset in enumerate(every):
        await rows.asset(asset, error="no" if number < 3 else "")
    batch = await rows.batch(*every[:5])
    await rows.connection.execute(
        'UPDATE "BatchAssets" SET "Status" = CASE WHEN "AssetId" = $1 THEN 2 ELSE 3 END', str(every[4])
    )

    async def found(scope: Scope) -> list[AssetId]:
        pages, after = [], ""
        while page := await db.assets(scope, after, 3):
            pages += [state.id for state in page]
            after = str(page[-1].id)
        assert await db.count_assets(scope) == len(pages)
        return sorted(pages, key=str)

    assert await found(Scope()) == sorted(every, key=str)
    assert await found(Scope(customer=9)) == [FOREIGN]
    assert await found(Scope(customer=99, space=0)) == sorted(every[0:10:2], key=str)
    assert await found(Scope(batch=batch)) == sorted(every[:5], key=str)
    assert await found(Scope(batch=batch, failed=True)) == [every[4]]
    assert await found(Scope(failed=True)) == sorted(every[:3], key=str)
    assert await found(Scope(asset=FOREIGN)) == [FOREIGN]


async def test_old_runs_are_forgotten_but_not_what_is_still_needed(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    ends = [attempt(), success(), success(), refusal(), attempt()]
    ids = []
    for number, end in enumerate(ends):
        run = await claim(db, make_request(batch=number + 1), key=f"key-{number}")
        await db.record(run, end, DETAILS)
        ids.append(run.id)
    running = await claim(db, key="running")
    assert await db.forget(older_than_days=1) == 0
    await rows.connection.execute(
        "UPDATE engine.runs SET claimed = claimed - interval '9 days', finished = finished - interval '9 days'"
    )
    assert await db.forget(older_than_days=1, limit=2) == 3
    assert [record.id for record in await db.runs(RunFilter())] == [running.id, ids[3], ids[2]]
    assert await db.claim(make_request(), "key-3", Source.DEFAULT) == Redelivered(ids[3])
