"""Claims on a real PostgreSQL: one worker for each asset, whatever races."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from engine.db.port import Claimed, Recorded, Source
from engine.db.postgres import PostgresDatabase, open_database
from engine.db.settings import DatabaseSettings
from policies.outcome import Busy, Redelivered, Refused, Superseded
from policies.reasons import CLAIMED_ELSEWHERE, SUSPECT_CONDEMNED
from policies.request import AssetId
from tests.integration.db_rows import (
    ASSET,
    DETAILS,
    Rows,
    attempt,
    claim,
    make_request,
    refusal,
    release,
    success,
)

LATER = datetime(2026, 11, 21, tzinfo=UTC)


async def test_of_fifty_workers_who_want_one_asset_exactly_one_gets_it(db: PostgresDatabase) -> None:
    answers = await asyncio.gather(*(db.claim(make_request(), f"key-{n}", Source.DEFAULT) for n in range(50)))
    assert sum(isinstance(answer, Claimed) for answer in answers) == 1
    assert sum(isinstance(answer, Busy) for answer in answers) == 49


async def test_fifty_workers_may_claim_fifty_assets(db: PostgresDatabase) -> None:
    assets = [AssetId(99, 1, f"page-{number}") for number in range(50)]
    runs = await asyncio.gather(*(claim(db, make_request(asset)) for asset in assets))
    assert {run.asset for run in runs} == set(assets)


async def test_a_claim_says_who_holds_the_asset_and_until_when(db: PostgresDatabase) -> None:
    claimed = await db.claim(make_request(batch=7), "k", Source.PRIORITY)
    assert isinstance(claimed, Claimed)
    record = await db.run(claimed.run.id)
    assert record is not None
    assert (record.asset, record.key, record.batch, record.source, record.worker) == (
        ASSET,
        "k",
        7,
        Source.PRIORITY,
        "tester",
    )
    assert record.expires - record.claimed == timedelta(seconds=claimed.lease)
    assert record.created == make_request().created


async def test_a_held_asset_is_busy(db: PostgresDatabase) -> None:
    await claim(db)
    answer = await db.claim(make_request(), "another", Source.DEFAULT)
    assert isinstance(answer, Busy)
    assert answer.reason.kind is CLAIMED_ELSEWHERE


async def test_a_settled_message_that_comes_again_is_redelivered(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    run = await claim(db, key="k")
    await db.record(run, success(), DETAILS)
    assert await db.claim(make_request(), "k", Source.DEFAULT) == Redelivered(run.id)


async def test_a_deliberate_retry_runs_again(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    await db.record(await claim(db), success(), DETAILS)
    assert (await claim(db, make_request(created=LATER))).attempt == 1


async def test_attempts_are_runs_that_ended_by_the_asset_and_not_those_handed_back(db: PostgresDatabase) -> None:
    await db.record(await claim(db), attempt(), DETAILS)
    await db.record(await claim(db), release(), DETAILS)
    await db.record(await claim(db), attempt(), DETAILS)
    assert (await claim(db)).attempt == 3


async def test_an_expired_claim_is_respected_for_its_grace(db: PostgresDatabase, rows: Rows) -> None:
    run = await claim(db)
    await rows.expire(run, seconds=50)
    assert isinstance(await db.claim(make_request(), "k", Source.DEFAULT), Busy)


async def test_a_dead_run_is_taken_over_and_closed_as_abandoned(db: PostgresDatabase, rows: Rows) -> None:
    dead = await claim(db)
    await rows.expire(dead)
    heir = await claim(db)
    assert heir.id != dead.id
    assert heir.suspect
    record = await db.run(dead.id)
    assert record is not None
    assert (record.outcome, record.final) == ("abandoned", False)


async def test_what_a_dead_run_staged_is_swept(db: PostgresDatabase, rows: Rows) -> None:
    dead = await claim(db)
    await rows.expire(dead)
    await claim(db)
    payload = await rows.one("SELECT payload ->> 'run' FROM engine.outbox WHERE kind = 'tidy'")
    assert payload == str(dead.id)


async def test_of_fifty_who_take_over_one_succeeds(db: PostgresDatabase, rows: Rows) -> None:
    await rows.expire(await claim(db))
    answers = await asyncio.gather(*(db.claim(make_request(), f"key-{n}", Source.DEFAULT) for n in range(50)))
    assert sum(isinstance(answer, Claimed) for answer in answers) == 1


async def test_three_deaths_of_a_suspect_refuse_it_and_that_is_recorded(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    batch = await rows.batch(ASSET)
    request = make_request(batch=batch)
    for _ in range(4):
        await rows.expire(await claim(db, request, key="k"))
    answer = await db.claim(request, "k", Source.DEFAULT)
    assert isinstance(answer, Refused)
    assert answer.reason.kind is SUSPECT_CONDEMNED
    assert await rows.one('SELECT "Error" FROM "Images"') == answer.reason.message
    assert await rows.one('SELECT "Status" FROM "BatchAssets"') == 2
    assert isinstance(await db.claim(request, "k", Source.DEFAULT), Redelivered)


async def test_a_suspect_present_at_deaths_of_which_many_have_no_suspect_is_given_another_chance(
    database: str, db: PostgresDatabase, rows: Rows
) -> None:
    for _ in range(2):
        await rows.expire(await claim(db))
    for number in range(2):  # two engines that die with nothing but assets above suspicion
        async with open_database(DatabaseSettings(database), f"stranger-{number}") as stranger:
            for asset in (AssetId(99, 1, f"a-{number}"), AssetId(99, 1, f"b-{number}")):
                await rows.expire(await claim(stranger, make_request(asset)))
                await claim(db, make_request(asset))
    for _ in range(3):
        await rows.expire(await claim(db))
    assert isinstance(await db.claim(make_request(), "k", Source.DEFAULT), Refused)


async def test_a_renewed_claim_is_not_taken_over(db: PostgresDatabase, rows: Rows) -> None:
    run = await claim(db)
    await rows.expire(run)
    assert await db.renew([run.id]) == {run.id}
    assert isinstance(await db.claim(make_request(), "k", Source.DEFAULT), Busy)


async def test_only_claims_that_are_still_ours_are_renewed(db: PostgresDatabase, rows: Rows) -> None:
    kept, lost = await claim(db), await claim(db, make_request(AssetId(99, 1, "other")))
    await rows.expire(lost)
    await claim(db, make_request(lost.asset))
    ended = await claim(db, make_request(AssetId(99, 1, "third")))
    await db.record(ended, release(), DETAILS)
    assert await db.renew([kept.id, lost.id, ended.id]) == {kept.id}


async def test_a_message_older_than_the_last_result_is_superseded_once(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    await rows.queue(5)
    batch = await rows.batch(ASSET)
    newer = await claim(db, make_request(created=LATER))
    await db.record(newer, success(), DETAILS)
    older = make_request(batch=batch)
    assert await db.claim(older, "old", Source.DEFAULT) == Superseded(newer.id)
    assert isinstance(await db.claim(older, "old", Source.DEFAULT), Redelivered)
    await db.fold()
    assert await rows.one('SELECT "Status" FROM "BatchAssets"') == 3
    assert await rows.batch_counters(batch) == (1, 0, True)
    assert await rows.queue_size() == 3  # one for each message


async def test_a_superseded_batch_row_tells_the_error_of_the_newer_run(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    batch = await rows.batch(ASSET)
    await db.record(await claim(db, make_request(created=LATER)), refusal("it is a text"), DETAILS)
    assert isinstance(await db.claim(make_request(batch=batch), "old", Source.HTTP), Superseded)
    assert await rows.all('SELECT "Status", "Error" FROM "BatchAssets"') == [(2, "it is a text")]


async def test_a_claim_whose_answer_was_lost_is_the_same_claim_when_asked_again(
    db: PostgresDatabase, rows: Rows, database: str
) -> None:
    run = await claim(db, key="k")
    await rows.connection.execute("UPDATE engine.runs SET attempt = 2")
    async with open_database(DatabaseSettings(database), "tester", lambda: run.id) as the_same:
        again = await the_same.claim(make_request(), "k", Source.DEFAULT)
    assert isinstance(again, Claimed)
    assert (again.run.id, again.run.attempt) == (run.id, 2)


async def test_a_hold_keeps_ingests_away_and_leaves_no_trace(db: PostgresDatabase) -> None:
    held = await db.hold(ASSET)
    assert isinstance(held, Claimed)
    assert isinstance(await db.claim(make_request(), "k", Source.DEFAULT), Busy)
    assert isinstance(await db.hold(ASSET), Busy)
    assert await db.let_go(held.run)
    assert not await db.let_go(held.run)
    assert not (await claim(db)).suspect
    assert isinstance(await db.hold(ASSET), Busy)


async def test_a_hold_whose_holder_died_is_taken_over(db: PostgresDatabase, rows: Rows) -> None:
    first = await db.hold(ASSET)
    assert isinstance(first, Claimed)
    await rows.expire(first.run)
    second = await db.hold(ASSET)
    assert isinstance(second, Claimed)
    assert not await db.let_go(first.run)
    assert await db.let_go(second.run)


async def test_a_message_that_was_settled_by_another_run_meanwhile_is_not_settled_twice(
    db: PostgresDatabase, rows: Rows
) -> None:
    await rows.asset()
    await db.record(await claim(db, key="first"), success(), DETAILS)
    second = await claim(db, make_request(created=LATER), key="second")
    await rows.connection.execute("UPDATE engine.runs SET key = 'first' WHERE id = $1", second.id)
    assert await db.record(second, success(), DETAILS) is Recorded.FENCE_GONE
    record = await db.run(second.id)
    assert record is not None
    assert (record.outcome, record.final) == ("busy", False)
