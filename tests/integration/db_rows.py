"""Rows for tests of the database: made by functions with defaults, so that a test names only what matters to it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg

from engine.db.port import Claimed, RunDetails, Source
from engine.db.postgres import PostgresDatabase
from images.size import Size
from policies.facts import Run
from policies.outcome import Busy, Ingested, Outcome, Refused, Retry, Stored
from policies.reasons import DRAINING, INTERNAL, NOT_AN_IMAGE
from policies.request import AssetId, IngestRequest, request_key
from policies.settle import Delete, HttpAnswer, Record, Settlement

ASSET = AssetId(99, 1, "page-1")
DETAILS = RunDetails(tidy=False)


class Rows:
    """The DLCS's tables, written and read behind the engine's back."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self.connection = connection

    async def one(self, sql: str, *values: object) -> Any:
        """The only column of the only row; None when there is no row."""
        return await self.connection.fetchval(sql, *values)

    async def all(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.connection.fetch(sql, *values)]

    async def eventually(self, sql: str, *values: object) -> Any:
        """The only column of the only row, as soon as there is one."""
        async with asyncio.timeout(20):
            while (found := await self.one(sql, *values)) is None:  # noqa: ASYNC110 - the database has no event for it
                await asyncio.sleep(0.01)
        return found

    async def asset(
        self,
        asset: AssetId = ASSET,
        *,
        origin: str = "https://example.org/page-1.tif",
        media_type: str = "image/unknown",
        channels: Sequence[tuple[str, str]] = (("iiif-img", "default"), ("thumbs", "default")),
        roles: str = "",
        error: str = "",
    ) -> AssetId:
        await self.connection.execute(
            """INSERT INTO "Images" VALUES ($1, $2, $3, now(), $4, '', $5, '', '', '', '', 0, 0, 0, -1, 0, 0, 0, $6,
               0, NULL, true, '', '', 'I', $7, false, '', NULL)""",
            str(asset), asset.customer, asset.space, origin, roles, error, media_type,
        )  # fmt: skip
        for channel, policy in channels:
            await self.connection.execute(
                """INSERT INTO "ImageDeliveryChannels" ("ImageId", "Channel", "DeliveryChannelPolicyId")
                   SELECT $1, $2::text, "Id" FROM "DeliveryChannelPolicies"
                   WHERE "Customer" IN (1, $4) AND "Channel" = $2::text AND "Name" = $3
                   ORDER BY "Customer" DESC LIMIT 1""",
                str(asset), channel, policy, asset.customer,
            )  # fmt: skip
        return asset

    async def delete(self, asset: AssetId = ASSET) -> None:
        await self.connection.execute('DELETE FROM "Images" WHERE "Id" = $1', str(asset))

    async def batch(self, *assets: AssetId, count: int | None = None, customer: int = 99) -> int:
        batch: int = await self.one(
            """INSERT INTO "Batches" ("Customer", "Submitted", "Count", "Completed", "Errors", "Superseded")
               VALUES ($1, now(), $2, 0, 0, false) RETURNING "Id" """,
            customer, len(assets) if count is None else count,
        )  # fmt: skip
        await self.connection.executemany(
            'INSERT INTO "BatchAssets" VALUES ($1, $2, 1, NULL, NULL)', [(batch, str(asset)) for asset in assets]
        )
        return batch

    async def storage(self, *, total: int = 0, thumbs: int = 0, maximum: int = 10**15, space: int = 0) -> None:
        """What customer 99 stores, and may."""
        await self.connection.execute(
            'INSERT INTO "StoragePolicies" VALUES ($1, 1000, $2) ON CONFLICT DO NOTHING', f"limit-{maximum}", maximum
        )
        await self.connection.execute(
            """INSERT INTO "CustomerStorage" VALUES (99, $1, $2, 7, $3, $4, NULL)""",
            space, f"limit-{maximum}", total, thumbs,
        )  # fmt: skip

    async def totals(self, space: int = 0, customer: int = 99) -> tuple[int, int] | None:
        found = await self.all(
            """SELECT "TotalSizeOfStoredImages", "TotalSizeOfThumbnails" FROM "CustomerStorage"
               WHERE "Customer" = $1 AND "Space" = $2""",
            customer, space,
        )  # fmt: skip
        return (found[0][0], found[0][1]) if found else None

    async def sums(self, customer: int = 99) -> tuple[int, int]:
        """What the totals should be."""
        return (
            await self.all(
                """SELECT COALESCE(sum("Size"), 0)::bigint, COALESCE(sum("ThumbnailSize"), 0)::bigint
                   FROM "ImageStorage" WHERE "Customer" = $1""",
                customer,
            )
        )[0]

    async def queue(self, size: int, name: str = "default") -> None:
        await self.connection.execute('INSERT INTO "Queues" VALUES (99, $1, $2)', name, size)

    async def queue_size(self, name: str = "default") -> int | None:
        size: int | None = await self.one('SELECT "Size" FROM "Queues" WHERE "Customer" = 99 AND "Name" = $1', name)
        return size

    async def expire(self, run: Run, seconds: float = 61) -> None:
        """Lets a claim have expired so long ago."""
        await self.connection.execute(
            "UPDATE engine.runs SET expires = now() - make_interval(secs => $2) WHERE id = $1", run.id, seconds
        )

    async def batch_counters(self, batch: int) -> tuple[int, int, bool]:
        found = await self.all(
            'SELECT "Completed", "Errors", "Finished" IS NOT NULL FROM "Batches" WHERE "Id" = $1', batch
        )
        return (found[0][0], found[0][1], found[0][2])


def make_request(asset: AssetId = ASSET, *, batch: int | None = None, created: datetime | None = None) -> IngestRequest:
    return IngestRequest(asset, created or datetime(2026, 11, 20, 10, tzinfo=UTC), batch)


async def claim(
    database: PostgresDatabase,
    request: IngestRequest | None = None,
    *,
    key: str | None = None,
    source: Source = Source.DEFAULT,
) -> Run:
    """A claim that is expected to succeed."""
    wanted = request or make_request()
    claimed = await database.claim(wanted, key or request_key(wanted, uuid4().hex), source)
    assert isinstance(claimed, Claimed), claimed
    return claimed.run


def make_stored(
    size: int = 1000,
    thumbs: int = 100,
    *,
    location: str | None = "s3://storage/99/1/page-1",
    thumbs_json: str | None = '{"o":[[100,75]],"a":[]}',
    media_type: str | None = "image/tiff",
    dimensions: Size | None = Size(4000, 3000),  # noqa: B008 - frozen
) -> Stored:
    return Stored(dimensions, media_type, location, size, thumbs, thumbs_json, ("storage/99/1/page-1",))


def _settled(outcome: Outcome, record: Record) -> Settlement:
    reason = outcome.reason if isinstance(outcome, Refused | Retry | Busy) else None
    return Settlement(outcome, record, Delete(), HttpAnswer(200), reason)


def success(stored: Stored | None = None) -> Settlement:
    return _settled(Ingested(stored or make_stored()), Record.SUCCESS)


def refusal(message: str = "it is a text") -> Settlement:
    return _settled(Refused(NOT_AN_IMAGE.of(message)), Record.ERROR)


def attempt() -> Settlement:
    return _settled(Retry(INTERNAL.of("reset by peer")), Record.ATTEMPT)


def release() -> Settlement:
    return _settled(Busy(DRAINING.of("stopping")), Record.RELEASE)
