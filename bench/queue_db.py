"""What a settled message costs in the database: `python -m bench.queue_db`.

One customer, one batch, channel `none`, so that everything that can be shared is shared. Compared in one run, in
turns, on one PostgreSQL that keeps its promises (fsync on):

    ours      claim, facts and record through engine/db, with the folding that goes with them
    bare      the same three statements through the driver alone, on connections of their own
    hot rows  as bare, but totals, queue counter and batch updated in place by each recording: what folds replace
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from sqlalchemy.ext.asyncio import create_async_engine

from engine.db.claim_statements import CLAIM_UNSEEN
from engine.db.connections import SESSION
from engine.db.facts_statements import FACTS
from engine.db.migrate import upgrade
from engine.db.port import Claimed, Recorded, RunDetails, Source
from engine.db.postgres import PostgresDatabase, open_database
from engine.db.record_statements import ANSWER, CLEARANCE, GO, MINE, RECORD_SUCCESS, ROOM, STORED
from engine.db.run_ids import new_run_id
from engine.db.settings import DatabaseSettings
from engine.db.sql import Statement, sql
from local.postgres import start_postgres
from local.postgres_home import abandon
from policies.facts import Facts
from policies.outcome import Ingested, Stored
from policies.request import AssetId, IngestRequest
from policies.settle import Delete, HttpAnswer, Record, Settlement

CUSTOMER = 99
CREATED = datetime(2026, 11, 20, tzinfo=UTC)
NOTHING = Settlement(Ingested(Stored(None, None, None, 0, 0, None)), Record.SUCCESS, Delete(), HttpAnswer(200))
FOLDING_PACE = 0.2
DETAILS = RunDetails(steps={"claim": 0.001, "plan": 0.001}, tidy=False)

IN_PLACE = """
, batched AS (
    UPDATE "Batches" SET "Completed" = "Completed" + 1 WHERE "Id" = :batch AND EXISTS (SELECT FROM go)
), counted AS (
    UPDATE "Queues" SET "Size" = greatest(0, "Size" - 1)
    WHERE "Customer" = :customer AND "Name" = 'default' AND EXISTS (SELECT FROM go)
), totalled AS (
    UPDATE "CustomerStorage" SET "TotalSizeOfStoredImages" = "TotalSizeOfStoredImages" + :bytes - held.bytes
    FROM held WHERE "Customer" = :customer AND EXISTS (SELECT FROM go)
)"""
RECORD_IN_PLACE = sql(*MINE, ROOM, GO, STORED[: STORED.index(", folded AS")], IN_PLACE, ANSWER)


@dataclass(frozen=True, slots=True)
class Figure:
    """What one round took."""

    seconds: float
    cpu: float  # of this process
    messages: int

    @property
    def rate(self) -> float:
        return self.messages / self.seconds

    @property
    def cpu_ms(self) -> float:
        return 1000 * self.cpu / self.messages


Round = Callable[[list[IngestRequest]], Awaitable[None]]


def measured(figures: list[Figure]) -> tuple[float, float]:
    """The medians of rate and CPU."""
    return statistics.median(one.rate for one in figures), statistics.median(one.cpu_ms for one in figures)


async def ours(db: PostgresDatabase, requests: list[IngestRequest], workers: int) -> None:
    """Claims, reads and records through the port, folding as the outbox does."""
    waiting = list(requests)

    async def work() -> None:
        while waiting:
            request = waiting.pop()
            claimed = await db.claim(request, f"message/{request.batch}/{request.asset}", Source.DEFAULT)
            assert isinstance(claimed, Claimed)
            assert isinstance(await db.facts(claimed.run, request), Facts)
            assert await db.record(claimed.run, NOTHING, DETAILS, check_quota=False) is Recorded.DONE

    async def fold(working: list[asyncio.Task[None]]) -> None:
        finished: tuple[int, ...] = ()
        while not all(task.done() for task in working):
            finished += (await db.fold()).finished
            await asyncio.wait(working, timeout=FOLDING_PACE)
        assert len(finished + (await db.fold()).finished) == 1

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(fold([tasks.create_task(work()) for _ in range(workers)]))


async def bare(
    connections: list[asyncpg.Connection[asyncpg.Record]], requests: list[IngestRequest], record: Statement
) -> None:
    """The same statements through the driver; each loop has a connection of its own."""
    waiting = list(requests)
    compiled = [numbered(statement) for statement in (CLAIM_UNSEEN, FACTS, record)]

    async def work(connection: asyncpg.Connection[asyncpg.Record]) -> None:
        while waiting:
            values = parameters(waiting.pop())
            for text, names in compiled:
                await connection.fetch(text, *(values[name] for name in names))

    async with asyncio.TaskGroup() as tasks:
        for connection in connections:
            tasks.create_task(work(connection))


def numbered(statement: Statement) -> tuple[str, list[str]]:
    """A statement as the driver takes it: its text, and the names of its parameters in their order."""
    compiled = statement.compile(dialect=create_async_engine("postgresql+asyncpg://").dialect)
    return str(compiled), list(compiled.positiontup or ())


def parameters(request: IngestRequest) -> dict[str, object]:
    asset = request.asset
    return {
        "run": new_run_id(),
        "asset": str(asset),
        "customer": asset.customer,
        "space": asset.space,
        "key": f"message/{request.batch}/{asset}",
        "batch": request.batch,
        "created": request.created,
        "source": "default",
        "worker": "bare",
        "attempt": 1,
        "suspect": False,
        "lease": 180.0,
        "clearance": CLEARANCE,
        "check_quota": False,
        "alone": False,
        "outcome": "ingested",
        "final": True,
        **dict.fromkeys(("reason_code", "reason", "digest", "fetched", "seen_type", "width", "height", "thumbs_by")),
        "steps": "{}",
        "requests": 0,
        "retries": 0,
        "waited": 0.0,
        "origin": None,
        "keys": [],
        "tidy": False,
        "media_type": None,
        "location": None,
        "bytes": 0,
        "thumb_bytes": 0,
        "thumbs_json": None,
    }


async def fill(
    connection: asyncpg.Connection[asyncpg.Record],
    count: int,
    *,
    channel: str = "none",
    origin: str = "https://example.org/",
) -> list[IngestRequest]:
    """Assets of one channel in one new batch, each with its id behind the origin."""
    batch: int = await connection.fetchval(
        """INSERT INTO "Batches" ("Customer", "Submitted", "Count", "Completed", "Errors", "Superseded")
           VALUES (99, now(), $1, 0, 0, false) RETURNING "Id" """,
        count,
    )
    assets = [AssetId(CUSTOMER, 1, f"{batch}-{number}") for number in range(count)]
    ids = [str(asset) for asset in assets]
    await connection.execute(
        """INSERT INTO "Images" SELECT id, 99, 1, now(), $3 || id, '', '', '', '', '', '', 0, 0, 0,
               -1, 0, 0, 0, '', $2, NULL, true, '', '', 'I', 'image/jpeg', false, '', NULL
           FROM unnest($1::text[]) AS ids (id)""",
        ids, batch, origin,
    )  # fmt: skip
    await connection.execute(
        """INSERT INTO "ImageDeliveryChannels" ("ImageId", "Channel", "DeliveryChannelPolicyId")
           SELECT id, $2, (SELECT min("Id") FROM "DeliveryChannelPolicies" WHERE "Channel" = $2 AND "System")
           FROM unnest($1::text[]) AS ids (id)""",
        ids, channel,
    )  # fmt: skip
    await connection.execute(
        """INSERT INTO "BatchAssets" SELECT $2, id, 1, NULL, NULL FROM unnest($1::text[]) AS ids (id)""", ids, batch
    )
    await connection.execute("VACUUM ANALYZE")
    return [IngestRequest(asset, CREATED, batch) for asset in assets]


async def compare(url: str, messages: int, rounds: int, workers: int, connections: int) -> None:
    """Runs everything in turns and prints the medians."""
    figures: dict[str, list[Figure]] = {"ours": [], "bare": [], "hot rows": []}
    async with raw_connections(url, connections) as raw, open_database(
        DatabaseSettings(url, connections=connections), "bench"
    ) as db:  # fmt: skip
        await raw[0].execute("""INSERT INTO "CustomerStorage" VALUES (99, 0, 'default', 0, 0, 0, NULL)""")
        await raw[0].execute("""INSERT INTO "Queues" VALUES (99, 'default', 0)""")
        kinds: dict[str, Round] = {
            "ours": lambda requests: ours(db, requests, workers),
            "bare": lambda requests: bare(raw, requests, RECORD_SUCCESS),
            "hot rows": lambda requests: bare(raw, requests, RECORD_IN_PLACE),
        }
        for turn in range(rounds + 1):
            for name, run in kinds.items():
                requests = await fill(raw[0], messages)
                began, cpu = time.perf_counter(), time.process_time()
                await run(requests)
                figure = Figure(time.perf_counter() - began, time.process_time() - cpu, messages)
                await raw[0].execute("DELETE FROM engine.folds")
                if turn:  # the first warms up
                    figures[name].append(figure)
    bare_rate, _ = measured(figures["bare"])
    print(f"{messages} messages, {rounds} rounds in turns, {workers} workers, {connections} connections, medians")
    for name, found in figures.items():
        rate, cpu = measured(found)
        print(f"{name:10} {rate:8.0f} messages/s   {rate / bare_rate:5.2f} of bare   {cpu:6.2f} ms CPU each")


@asynccontextmanager
async def raw_connections(url: str, count: int) -> AsyncIterator[list[asyncpg.Connection[asyncpg.Record]]]:
    opened = [await asyncpg.connect(url, server_settings=SESSION) for _ in range(count)]
    try:
        yield opened
    finally:
        for connection in opened:
            await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=50)
    parser.add_argument("--connections", type=int, default=10)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        server = start_postgres(folder / "postgres", log=folder / "postgres.log")
        try:
            url = server.create_database("bench")
            upgrade(url)
            asyncio.run(compare(url, chosen.messages, chosen.rounds, chosen.workers, chosen.connections))
        finally:
            server.stop()
            abandon(folder / "postgres")


if __name__ == "__main__":
    main()
