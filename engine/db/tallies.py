"""Totals and counters beside what they should be: for the audit, which may have them counted anew."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from engine.db.role import Role
from engine.db.sql import sql

# What waits to be folded is part of the truth already.
TOTALS = sql("""
SELECT total."Customer" AS customer, total."Space" AS space,
    "TotalSizeOfStoredImages" AS bytes, "TotalSizeOfThumbnails" AS thumb_bytes,
    COALESCE(held.bytes, 0) - COALESCE(waiting.bytes, 0) AS held_bytes,
    COALESCE(held.thumb_bytes, 0) - COALESCE(waiting.thumb_bytes, 0) AS held_thumb_bytes
FROM "CustomerStorage" AS total
LEFT JOIN LATERAL (
    SELECT sum("Size") AS bytes, sum("ThumbnailSize") AS thumb_bytes FROM "ImageStorage"
    WHERE "Customer" = total."Customer" AND total."Space" IN (0, "Space")
) AS held ON true
LEFT JOIN LATERAL (
    SELECT sum(bytes) AS bytes, sum(thumb_bytes) AS thumb_bytes FROM engine.folds
    WHERE customer = total."Customer" AND total."Space" IN (0, space)
) AS waiting ON true
WHERE :customer IS NULL OR total."Customer" = :customer
ORDER BY total."Customer", total."Space"
""")

BATCHES = sql("""
SELECT batch."Id" AS batch, "Completed" AS completed, "Errors" AS errors, "Count" AS count,
    batch."Finished" IS NOT NULL AS finished,
    count(*) FILTER (WHERE "Status" = 3) AS counted_completed, count(*) FILTER (WHERE "Status" = 2) AS counted_errors
FROM "Batches" AS batch LEFT JOIN "BatchAssets" ON "BatchId" = batch."Id"
WHERE (:batch IS NULL OR batch."Id" = :batch)
  AND (:customer IS NULL OR batch."Customer" = :customer)
  AND NOT EXISTS (SELECT FROM engine.folds WHERE folds.batch = batch."Id")
GROUP BY batch."Id"
HAVING "Completed" <> count(*) FILTER (WHERE "Status" = 3) OR "Errors" <> count(*) FILTER (WHERE "Status" = 2)
ORDER BY batch."Id" LIMIT 1000
""")

EXISTING = sql("""SELECT "Id" AS id FROM "Images" WHERE "Id" = ANY(:names)""")

RECOUNT_BATCH = sql("""
INSERT INTO engine.folds (run, customer, space, bytes, thumb_bytes, batch)
SELECT gen_random_uuid(), "Customer", 0, 0, 0, "Id" FROM "Batches" WHERE "Id" = :batch
""")
"""Through the fold like every other change, so that a batch finishes once and is announced once."""

CORRECT_TOTAL = sql("""
INSERT INTO engine.folds (run, customer, space, bytes, thumb_bytes)
SELECT gen_random_uuid(), :customer, :space, :bytes, :thumb_bytes
UNION ALL
SELECT gen_random_uuid(), :customer, 0, -:bytes, -:thumb_bytes WHERE :space <> 0
""")
"""The fold of a space moves its customer's total as well, which is then moved back."""


@dataclass(frozen=True, slots=True)
class Total:
    """What a customer (space 0) or one of its spaces is said to store, and what the rows of the assets add up to."""

    customer: int
    space: int
    bytes: int
    thumb_bytes: int
    held_bytes: int
    held_thumb_bytes: int

    @property
    def agrees(self) -> bool:
        return (self.bytes, self.thumb_bytes) == (self.held_bytes, self.held_thumb_bytes)


@dataclass(frozen=True, slots=True)
class Miscounted:
    """A batch whose counters are not what its rows add up to."""

    batch: int
    completed: int
    errors: int
    count: int
    finished: bool
    counted_completed: int
    counted_errors: int


class PostgresTallies(Role):
    """Sums of rows, and rows that should be those sums."""

    async def totals(self, customer: int | None) -> list[Total]:
        """Every customer's and its spaces', or one customer's."""
        return [Total(**row) for row in await self._connections.rows(TOTALS, {"customer": customer})]

    async def miscounted(self, customer: int | None, batch: int | None) -> list[Miscounted]:
        """Batches whose counters are wrong; those with a fold waiting are not judged."""
        values: dict[str, object] = {"customer": customer, "batch": batch}
        return [Miscounted(**row) for row in await self._connections.rows(BATCHES, values)]

    async def existing(self, assets: Collection[str]) -> set[str]:
        """Those of the assets that have a row."""
        return {row["id"] for row in await self._connections.rows(EXISTING, {"names": list(assets)})}

    async def recount_batch(self, batch: int) -> None:
        """Has the engine's next fold count the batch anew."""
        await self._connections.row(RECOUNT_BATCH, {"batch": batch})

    async def correct_total(self, total: Total) -> None:
        """Has the engine's next fold move a total by what it is wrong by."""
        values: dict[str, object] = {
            "customer": total.customer,
            "space": total.space,
            "bytes": total.held_bytes - total.bytes,
            "thumb_bytes": total.held_thumb_bytes - total.thumb_bytes,
        }
        await self._connections.row(CORRECT_TOTAL, values)
