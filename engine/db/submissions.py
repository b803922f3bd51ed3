"""Handing assets in, as the API does: a batch, asset rows, batch rows. For `sluice ingest` and the demo only.

A batch's `Submitted` is the `created` of all its messages, so that handing in the same asset twice is one message.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.db.adoption import adopt_message
from engine.db.role import Role
from engine.db.sql import sql
from policies.outcome import IngestError
from policies.request import AssetId, IngestRequest, parse_asset_id

OPEN = sql("""
INSERT INTO "Batches" ("Customer", "Submitted", "Count", "Completed", "Errors", "Finished", "Superseded")
VALUES (:customer, now(), :count, 0, 0, NULL, false) RETURNING "Id" AS id
""")

ONE = sql("""
SELECT "Id" AS id, "Customer" AS customer, "Count" AS count, "Completed" AS completed, "Errors" AS errors,
    "Submitted" AS submitted, "Finished" AS finished
FROM "Batches" WHERE "Id" = :batch
""")

ADD = sql("""
INSERT INTO "BatchAssets" ("BatchId", "AssetId", "Status") VALUES (:batch, :asset, 1) ON CONFLICT DO NOTHING
""")

HELD = sql("""SELECT "AssetId" AS asset, "Status" > 1 AS settled FROM "BatchAssets" WHERE "BatchId" = :batch""")

RECOUNT = sql("""
UPDATE "Batches" SET "Count" = (SELECT count(*) FROM "BatchAssets" WHERE "BatchId" = :batch)
WHERE "Id" = :batch AND "Finished" IS NULL
""")

DROP_EMPTY = sql("""
DELETE FROM "Batches" WHERE "Id" = :batch AND NOT EXISTS (SELECT FROM "BatchAssets" WHERE "BatchId" = :batch)
""")

SETTLED = sql("""
SELECT "AssetId" AS asset, "Status" AS status, COALESCE("Error", '') AS error, "Finished" AS finished
FROM "BatchAssets" WHERE "BatchId" = :batch AND "Status" > 1
  AND (:since IS NULL OR "Finished" >= :since)
ORDER BY "Finished" LIMIT 1000
""")

THUMBS_POLICY = sql("""
INSERT INTO "DeliveryChannelPolicies"
    ("Name", "DisplayName", "Customer", "Channel", "System", "Created", "Modified", "PolicyData")
VALUES (:name, :display, :customer, 'thumbs', false, now(), now(), :data)
ON CONFLICT ("Customer", "Name", "Channel") DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class BatchState:
    """One row of "Batches"."""

    id: int
    customer: int
    count: int
    completed: int
    errors: int
    submitted: datetime
    finished: datetime | None


@dataclass(frozen=True, slots=True)
class Settled:
    """One asset of a batch that is done."""

    asset: AssetId
    error: str  # empty: completed
    finished: datetime | None


class PostgresSubmissions(Role):
    """Makes the rows that an ingest starts from."""

    async def open_batch(self, customer: int, count: int) -> BatchState:
        """A new batch of so many assets."""
        row = await self._connections.row(OPEN, {"customer": customer, "count": count})
        assert row is not None
        made = await self.batch(row["id"])
        assert made is not None
        return made

    async def batch(self, batch: int) -> BatchState | None:
        """A batch as it stands."""
        row = await self._connections.row(ONE, {"batch": batch})
        return None if row is None else BatchState(**row)

    async def hand_in(self, request: IngestRequest) -> None:
        """Makes or updates the asset's row and, for a batch, its row there; raises the refusal if there is one."""
        refused = await adopt_message(self._connections, request)
        if refused is not None:
            raise IngestError(refused.reason.kind, refused.reason.message)
        if request.batch is not None:
            await self._connections.row(ADD, {"batch": request.batch, "asset": str(request.asset)})

    async def held(self, batch: int) -> dict[AssetId, bool]:
        """The assets that a batch has already, and whether each is settled."""
        rows = await self._connections.rows(HELD, {"batch": batch})
        return {parse_asset_id(row["asset"]): row["settled"] for row in rows}

    async def recount(self, batch: int) -> bool:
        """Counts what a batch has, for what could not be handed in would keep it from finishing; False: nothing."""
        await self._connections.row(RECOUNT, {"batch": batch})
        await self._connections.row(DROP_EMPTY, {"batch": batch})
        return await self.batch(batch) is not None

    async def settled(self, batch: int, since: datetime | None) -> list[Settled]:
        """A page of what is done since then, oldest first; the last page's end comes again."""
        rows = await self._connections.rows(SETTLED, {"batch": batch, "since": since})
        return [Settled(parse_asset_id(row["asset"]), row["error"], row["finished"]) for row in rows]

    async def thumbs_policy(self, customer: int, sizes: Sequence[str]) -> str:
        """The name of the customer's policy of these thumbnail sizes, made if there is none."""
        data = json.dumps(list(sizes))
        name = f"sizes-{hashlib.sha256(data.encode()).hexdigest()[:8]}"
        values = {"name": name, "display": " ".join(sizes), "customer": customer, "data": data}
        await self._connections.row(THUMBS_POLICY, values)
        return name
