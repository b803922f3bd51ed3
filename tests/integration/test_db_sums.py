"""Whatever happens to assets in whatever order, the totals are the sums of the rows and batches count their own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.db.postgres import open_database
from engine.db.settings import DatabaseSettings
from policies.request import AssetId
from policies.settle import Settlement
from tests.integration.db_rows import (
    DETAILS,
    Rows,
    attempt,
    claim,
    make_request,
    make_stored,
    refusal,
    release,
    success,
)

ASSETS = [AssetId(99, 1, f"page-{number}") for number in range(4)]
FIRST = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Step:
    """One ingest of one asset, and how it ends."""

    asset: AssetId
    settlement: Settlement
    fold: bool  # afterwards


endings = st.one_of(
    st.builds(lambda size, thumbs: success(make_stored(size, thumbs)), st.integers(0, 10**6), st.integers(0, 10**4)),
    st.sampled_from([refusal(), attempt(), release()]),
)
histories = st.lists(st.builds(Step, st.sampled_from(ASSETS), endings, st.booleans()), max_size=12)


async def play(url: str, history: list[Step]) -> None:
    """One history on a customer without anything."""
    connection = await asyncpg.connect(url)
    rows = Rows(connection)
    async with open_database(DatabaseSettings(url), "tester") as db:
        for table in ("Images", "BatchAssets", "Batches", "ImageStorage", "CustomerStorage"):
            await rows.connection.execute(f'DELETE FROM "{table}"')
        await rows.connection.execute("TRUNCATE engine.runs, engine.folds, engine.outbox")
        await rows.storage()
        batch = await rows.batch(*[await rows.asset(asset) for asset in ASSETS])
        for number, step in enumerate(history):
            request = make_request(step.asset, batch=batch, created=FIRST + timedelta(minutes=number))
            await db.record(await claim(db, request), step.settlement, DETAILS)
            if step.fold:
                await db.fold()
        while (await db.fold()).waiting:
            await rows.connection.execute("UPDATE engine.folds SET made = made - interval '2 seconds'")
        assert await rows.totals() == await rows.sums()
        completed, errors, finished = await rows.batch_counters(batch)
        statuses = dict(await rows.all('SELECT "Status", count(*) FROM "BatchAssets" GROUP BY 1'))
        assert (completed, errors) == (statuses.get(3, 0), statuses.get(2, 0))
        assert finished == (completed + errors == len(ASSETS))
        notified = await rows.one("SELECT count(*) FROM engine.outbox WHERE kind = 'notify'")
        assert notified == (1 if finished else 0)
    await connection.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories)
def test_totals_are_sums_and_batches_count_their_rows_after_any_history(database: str, history: list[Step]) -> None:
    asyncio.run(play(database, history))
