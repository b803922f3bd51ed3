"""What the rows say of assets now: for whoever compares them with the buckets, or wants them ingested again."""

from __future__ import annotations

from sqlalchemy import RowMapping

from engine.db.port import AssetState, Scope
from engine.db.role import Role
from engine.db.sql import sql
from images.size import Size
from policies.request import AssetId

STATE = """
SELECT
    "Images"."Id" AS id, "Images"."Customer" AS customer, "Images"."Space" AS space,
    "Images"."Error" AS error, "Ingesting" AS ingesting, "Images"."Finished" AS finished,
    "MediaType" AS media_type, "Width" AS width, "Height" AS height,
    ARRAY(SELECT "Channel" FROM "ImageDeliveryChannels" WHERE "ImageId" = "Images"."Id" ORDER BY "Id") AS channels,
    "S3" AS location, "Size" AS bytes, "ThumbnailSize" AS thumb_bytes, sizes."MetadataValue"::text AS thumbs_json,
    last.id AS run, last.keys, open.id AS running
FROM "Images"
LEFT JOIN "ImageLocation" ON "ImageLocation"."Id" = "Images"."Id"
LEFT JOIN "ImageStorage" AS storage ON storage."Id" = "Images"."Id" AND storage."Customer" = "Images"."Customer"
    AND storage."Space" = "Images"."Space"
LEFT JOIN "AssetApplicationMetadata" AS sizes ON sizes."AssetId" = "Images"."Id" AND "MetadataType" = 'ThumbSizes'
LEFT JOIN LATERAL (
    SELECT id, keys FROM engine.runs WHERE asset = "Images"."Id" AND outcome = 'ingested' ORDER BY id DESC LIMIT 1
) AS last ON true
LEFT JOIN engine.runs AS open ON open.asset = "Images"."Id" AND open.finished IS NULL
"""

ONE = sql(STATE, """WHERE "Images"."Id" = :asset""")

OF_NO_ASSET = sql("""
SELECT (SELECT id FROM engine.runs WHERE asset = :asset AND finished IS NULL) AS running,
       last.id AS run, last.keys
FROM (SELECT) AS nothing
LEFT JOIN LATERAL (
    SELECT id, keys FROM engine.runs WHERE asset = :asset AND outcome = 'ingested' ORDER BY id DESC LIMIT 1
) AS last ON true
""")

WANTED = """
WHERE (:asset IS NULL OR "Images"."Id" = :asset)
  AND (:customer IS NULL OR "Images"."Customer" = :customer)
  AND (:space IS NULL OR "Images"."Space" = :space)
  AND (:batch IS NULL OR EXISTS (
      SELECT FROM "BatchAssets"
      WHERE "BatchId" = :batch AND "AssetId" = "Images"."Id" AND ("Status" = 2 OR NOT :failed)
  ))
  AND (NOT :failed OR :batch IS NOT NULL OR "Images"."Error" <> '')
"""

PAGE = sql(STATE, WANTED, """ AND "Images"."Id" > :after ORDER BY "Images"."Id" LIMIT :limit""")

COUNT = sql("""SELECT count(*) AS assets FROM "Images" """, WANTED)


class PostgresAssets(Role):
    """Assets with everything that is recorded of them."""

    async def asset(self, asset: AssetId) -> AssetState:
        values: dict[str, object] = {"asset": str(asset)}
        row = await self._connections.row(ONE, values)
        return _state(row) if row is not None else _absent(asset, await self._connections.row(OF_NO_ASSET, values))

    async def assets(self, scope: Scope, after: str = "", limit: int = 500) -> list[AssetState]:
        values = _wanted(scope) | {"after": after, "limit": limit}
        return [_state(row) for row in await self._connections.rows(PAGE, values)]

    async def count_assets(self, scope: Scope) -> int:
        row = await self._connections.row(COUNT, _wanted(scope))
        assert row is not None
        return int(row["assets"])


def _wanted(scope: Scope) -> dict[str, object]:
    return {
        "asset": scope.asset and str(scope.asset),
        "customer": scope.customer,
        "space": scope.space,
        "batch": scope.batch,
        "failed": scope.failed,
    }


def _state(row: RowMapping) -> AssetState:
    return AssetState(
        id=AssetId(row["customer"], row["space"], row["id"].split("/", 2)[-1]),
        exists=True,
        error=row["error"],
        ingesting=row["ingesting"],
        finished=row["finished"],
        media_type=row["media_type"],
        size=Size(row["width"], row["height"]) if row["width"] > 0 and row["height"] > 0 else None,
        channels=tuple(row["channels"]),
        location=row["location"],
        bytes=row["bytes"],
        thumb_bytes=row["thumb_bytes"],
        thumbs_json=row["thumbs_json"] and row["thumbs_json"].replace(" ", ""),
        run=row["run"],
        keys=None if row["keys"] is None else tuple(row["keys"]),
        running=row["running"],
    )


def _absent(asset: AssetId, row: RowMapping | None) -> AssetState:
    """An asset that has no row, or has none any more: its runs may still tell what it had."""
    return AssetState(
        id=asset,
        exists=False,
        error="",
        ingesting=False,
        finished=None,
        media_type="",
        size=None,
        channels=(),
        location=None,
        bytes=None,
        thumb_bytes=None,
        thumbs_json=None,
        run=None if row is None else row["run"],
        keys=None if row is None or row["keys"] is None else tuple(row["keys"]),
        running=None if row is None else row["running"],
    )
