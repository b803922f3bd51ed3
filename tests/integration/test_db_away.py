"""A database that goes away, comes back, or does not take what it is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import asyncpg
import pytest
from sqlalchemy import text

from engine.db.migrate import upgrade
from engine.db.port import Recorded, Source
from engine.db.postgres import PostgresDatabase, open_database
from engine.db.settings import DatabaseSettings
from local.ports import choose_port
from local.postgres import Postgres
from policies.outcome import IngestError
from policies.reasons import DATABASE_AWAY, DATABASE_REJECTED, DATABASE_UNREADY, Kind
from tests.integration.db_rows import ASSET, DETAILS, Rows, claim, make_request, make_stored, success


def settings_for(url: str) -> DatabaseSettings:
    """Settings under which a failure is told soon."""
    return DatabaseSettings(url, connect_seconds=1, patience_seconds=0.2, record_patience_seconds=0.2)


PREPARED = "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''"
CUT_ALL = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@pytest.fixture
async def impatient(database: str) -> AsyncIterator[PostgresDatabase]:
    async with open_database(settings_for(database), "tester") as opened:
        yield opened


async def failing(db: PostgresDatabase) -> Kind:
    with pytest.raises(IngestError) as caught:
        await db.ping()
    return caught.value.reason.kind


async def test_a_database_that_is_away_is_told_as_busy() -> None:
    url = f"postgresql://nobody:secret@127.0.0.1:{choose_port('nothing', None)}/nothing"
    async with open_database(settings_for(url), "tester") as db:
        assert await failing(db) is DATABASE_AWAY


async def test_no_error_tells_the_password(postgres: Postgres) -> None:
    url = postgres.url("no_such_database")
    async with open_database(settings_for(url), "tester") as db:
        with pytest.raises(IngestError) as caught:
            await db.ping()
    assert caught.value.reason.kind is DATABASE_UNREADY
    assert postgres.password not in str(caught.value)


async def test_a_database_that_was_not_migrated_is_unready(postgres: Postgres) -> None:
    url = postgres.create_database("never_migrated")
    async with open_database(DatabaseSettings(url), "tester") as db:
        with pytest.raises(IngestError) as caught:
            await db.claim(make_request(), "k", Source.DEFAULT)
        assert caught.value.reason.kind is DATABASE_UNREADY
        state = await db.migration_state()
        assert (state.current, state.ready) == (None, False)


async def test_a_migrated_database_is_ready(impatient: PostgresDatabase) -> None:
    assert (await impatient.migration_state()).ready


async def test_connections_that_were_cut_are_made_anew(impatient: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    await asyncio.gather(*(impatient.ping() for _ in range(10)))
    run = await claim(impatient)
    await rows.connection.execute(CUT_ALL)
    assert await impatient.record(run, success(), DETAILS) is Recorded.DONE
    await rows.connection.execute(CUT_ALL)
    assert await impatient.renew([run.id]) == set()


async def test_what_a_column_cannot_hold_is_refused_for_good(impatient: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    run = await claim(impatient)
    with pytest.raises(IngestError) as caught:
        await impatient.record(run, success(make_stored(location="s3://bucket/" + "x" * 600)), DETAILS)
    assert caught.value.reason.kind is DATABASE_REJECTED
    assert await rows.one("SELECT finished FROM engine.runs") is None


async def test_a_statement_that_gets_no_answer_ends_as_busy(database: str, rows: Rows) -> None:
    await rows.asset()
    settings = replace(settings_for(database), statement_seconds=0.3)
    async with open_database(settings, "tester") as db:
        run = await claim(db)
        async with rows.connection.transaction():
            await rows.connection.execute('SELECT FROM "Images" WHERE "Id" = $1 FOR UPDATE', str(ASSET))
            with pytest.raises(IngestError) as caught:
                await db.record(run, success(), DETAILS)
        assert caught.value.reason.kind is DATABASE_AWAY
        assert await db.record(run, success(), DETAILS) is Recorded.DONE


async def test_a_pool_that_is_all_in_use_ends_as_busy(database: str, rows: Rows) -> None:
    settings = replace(settings_for(database), connections=1, acquire_seconds=0.2)
    async with open_database(settings, "tester") as db, asyncio.TaskGroup() as tasks:
        async with rows.connection.transaction():
            await rows.connection.execute("LOCK TABLE engine.runs IN ACCESS EXCLUSIVE MODE")
            blocked = tasks.create_task(db.claim(make_request(), "k", Source.DEFAULT))
            await rows.eventually("SELECT pid FROM pg_locks WHERE NOT granted LIMIT 1")
            assert await failing(db) is DATABASE_AWAY
        await blocked


async def test_two_transactions_that_met_are_tried_again(db: PostgresDatabase, rows: Rows, database: str) -> None:
    """A deadlock is made by hand: the fold waits for the batch, and whoever holds it then wants the customer's row."""
    await rows.asset()
    await rows.storage()
    batch = await rows.batch(ASSET)
    await db.record(await claim(db, make_request(batch=batch)), success(), DETAILS)
    other = await asyncpg.connect(database)
    try:
        async with asyncio.TaskGroup() as tasks:
            async with other.transaction():
                await other.execute('SELECT FROM "Batches" WHERE "Id" = $1 FOR UPDATE', batch)
                folding = tasks.create_task(db.fold())
                await rows.eventually("SELECT pid FROM pg_locks WHERE NOT granted LIMIT 1")
                with suppress(asyncpg.DeadlockDetectedError):  # the server may choose this side
                    await other.execute('SELECT FROM "CustomerStorage" FOR UPDATE')
            assert (await folding).finished == (batch,)
    finally:
        await other.close()
    assert await rows.totals() == (1000, 100)


async def test_nothing_outlives_a_transaction_when_a_pooler_stands_between(database: str, rows: Rows) -> None:
    await rows.asset()
    settings = DatabaseSettings(database, connections=1, pgbouncer=True)
    async with open_database(settings, "tester") as db:
        for number in range(3):
            run = await claim(db, make_request(batch=number + 1))
            assert await db.record(run, success(), DETAILS) is Recorded.DONE
            assert await db.renew([run.id]) == set()
            await db.fold()
        assert await db._connections.transaction(lambda connection: connection.scalar(text(PREPARED))) == 0


async def test_what_a_url_says_beside_the_place_reaches_the_driver(database: str) -> None:
    url = f"{database}?sslmode=disable"
    await asyncio.to_thread(upgrade, url)
    async with open_database(settings_for(url), "tester") as db:
        assert (await db.migration_state()).ready
