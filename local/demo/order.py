"""Orders the works as the DLCS API would: rows of assets and a batch, then a message for each into the queue.

Here is the demo's only SQL. It knows the DLCS's tables and nothing of the engine but the runs it leaves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg

from local.aws import Aws
from local.demo.collection import Work

CUSTOMER, SPACE = 99, 1
STEPS = ("claim", "plan", "fetch", "admit", "convert", "stage", "thumbs", "publish", "record")
POLICIES = {  # of the customer, beside the system's own
    ("iiif-img", "fastest"): '{"codec":"htj2k"}',
    ("iiif-img", "lossless"): '{"reversible":true}',
}

CUSTOMER_ROWS = """
WITH customer AS (
  INSERT INTO "Customers" ("Id", "Name", "DisplayName", "Keys", "Administrator", "Created", "AcceptedAgreement")
  VALUES ($1, 'demo', 'The demo', '', false, now(), true) ON CONFLICT DO NOTHING
), space AS (
  INSERT INTO "Spaces" ("Id", "Customer", "Name", "Created", "ImageBucket", "Tags", "Roles", "Keep", "Transform",
                        "MaxUnauthorised")
  VALUES ($2, $1, 'works', now(), '', '', '', true, true, -1) ON CONFLICT DO NOTHING
)
INSERT INTO "CustomerStorage" ("Customer", "Space", "StoragePolicy", "NumberOfStoredImages",
                               "TotalSizeOfStoredImages", "TotalSizeOfThumbnails")
VALUES ($1, 0, 'default', 0, 0, 0) ON CONFLICT DO NOTHING
"""
POLICY_ROW = """
INSERT INTO "DeliveryChannelPolicies" ("Name", "DisplayName", "Customer", "Channel", "System", "Created", "Modified",
                                       "PolicyData")
VALUES ($1::text, $1::text, $2, $3, false, now(), now(), $4) ON CONFLICT DO NOTHING
"""
BATCH_ROW = """
INSERT INTO "Batches" ("Customer", "Submitted", "Count", "Completed", "Errors", "Superseded")
VALUES ($1, now(), $2, 0, 0, false) RETURNING "Id"
"""
ASSET_ROW = """
INSERT INTO "Images" ("Id", "Customer", "Space", "Created", "Origin", "Tags", "Roles", "PreservedUri", "Reference1",
                      "Reference2", "Reference3", "NumberReference1", "NumberReference2", "NumberReference3",
                      "MaxUnauthorised", "Width", "Height", "Error", "Batch", "Ingesting", "MediaType",
                      "NotForDelivery", "DeliveryChannels")
VALUES ($1, $2, $3, now(), $4, '', '', '', $5, '', '', 0, 0, 0, -1, 0, 0, '', $6, true, 'image/unknown', false, $7)
ON CONFLICT ("Id") DO UPDATE
SET "Origin" = excluded."Origin", "Batch" = excluded."Batch", "Ingesting" = true, "Finished" = NULL, "Error" = ''
"""
CHANNEL_ROW = """
INSERT INTO "ImageDeliveryChannels" ("ImageId", "Channel", "DeliveryChannelPolicyId")
SELECT $1, $2::text, "Id" FROM "DeliveryChannelPolicies"
WHERE "Channel" = $2::text AND "Name" = $3 AND "Customer" IN (1, $4) ORDER BY "Customer" DESC LIMIT 1
"""
BATCH_ASSET_ROW = 'INSERT INTO "BatchAssets" ("BatchId", "AssetId", "Status") VALUES ($1, $2, 1)'
PROGRESS = 'SELECT count(*) FILTER (WHERE "Status" > 1) FROM "BatchAssets" WHERE "BatchId" = $1'
FINISHED = 'SELECT "Finished" FROM "Batches" WHERE "Id" = $1'
RESULTS = """
SELECT image."Id" AS id, image."Origin" AS origin, image."Width" AS width, image."Height" AS height,
       image."Error" AS error, location."S3" AS s3, storage."Size" AS bytes, storage."ThumbnailSize" AS thumb_bytes,
       metadata."MetadataValue" AS sizes, run.steps AS steps, run.thumbs_by AS thumbs_by, run.bytes AS origin_bytes,
       run.media_type AS media_type, run.keys AS keys
FROM "BatchAssets" AS batched
JOIN "Images" AS image ON image."Id" = batched."AssetId"
LEFT JOIN "ImageLocation" AS location ON location."Id" = image."Id"
LEFT JOIN "ImageStorage" AS storage ON storage."Id" = image."Id"
LEFT JOIN "AssetApplicationMetadata" AS metadata ON metadata."AssetId" = image."Id"
      AND metadata."MetadataType" = 'ThumbSizes'
LEFT JOIN LATERAL (
  SELECT * FROM engine.runs WHERE asset = image."Id" AND batch = $1 ORDER BY id DESC LIMIT 1
) AS run ON true
WHERE batched."BatchId" = $1
"""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one work, as the rows say."""

    work: Work
    id: str
    origin: str
    width: int
    height: int
    error: str
    location: str | None
    bytes: int
    thumb_bytes: int
    sizes: tuple[tuple[int, int], ...]  # of the open thumbnails, the largest first
    steps: Mapping[str, float]
    thumbs_by: str | None
    origin_bytes: int | None
    media_type: str | None
    keys: tuple[str, ...]


def asset_id(work: Work) -> str:
    return f"{CUSTOMER}/{SPACE}/{work.asset}"


async def place_order(database: str, aws: Aws, queue: str, works: Sequence[Work], origin: str) -> int:
    """Write the rows, send the messages; gives the number of the batch."""
    connection = await asyncpg.connect(database, timeout=10)
    try:
        async with connection.transaction():
            batch: int = await _write(connection, works, origin)
    finally:
        await connection.close()
    created = datetime.now(UTC).isoformat()
    for work in works:
        whose = {"customer": CUSTOMER, "space": SPACE, "asset": work.asset}
        aws.sqs.send_message(
            QueueUrl=queue, MessageBody=json.dumps({"id": whose, "created": created, "batchId": batch})
        )
    return batch


async def _write(connection: asyncpg.Connection[Any], works: Sequence[Work], origin: str) -> int:
    await connection.execute(CUSTOMER_ROWS, CUSTOMER, SPACE)
    for (channel, name), data in POLICIES.items():
        await connection.execute(POLICY_ROW, name, CUSTOMER, channel, data)
    batch: int = await connection.fetchval(BATCH_ROW, CUSTOMER, len(works))
    for work in works:
        id_, channels = asset_id(work), ",".join(channel for channel, _ in work.channels)
        where = f"{origin}/{work.file}"
        await connection.execute(ASSET_ROW, id_, CUSTOMER, SPACE, where, work.title, batch, channels)
        await connection.execute('DELETE FROM "ImageDeliveryChannels" WHERE "ImageId" = $1', id_)
        for channel, policy in work.channels:
            await connection.execute(CHANNEL_ROW, id_, channel, policy, CUSTOMER)
        await connection.execute(BATCH_ASSET_ROW, batch, id_)
    return batch


async def settled(connection: asyncpg.Connection[Any], batch: int) -> int:
    """How many assets of the batch are settled."""
    count: int = await connection.fetchval(PROGRESS, batch)
    return count


async def is_finished(connection: asyncpg.Connection[Any], batch: int) -> bool:
    """Whether the batch has been folded and closed."""
    return (await connection.fetchval(FINISHED, batch)) is not None


async def read_results(connection: asyncpg.Connection[Any], batch: int, works: Sequence[Work]) -> list[Result]:
    """What became of each work, in the works' order."""
    rows = {row["id"]: row for row in await connection.fetch(RESULTS, batch)}
    return [_result(work, rows[asset_id(work)]) for work in works]


def _result(work: Work, row: Mapping[str, Any]) -> Result:
    sizes = json.loads(row["sizes"])["o"] if row["sizes"] else []
    return Result(
        work=work,
        id=row["id"],
        origin=row["origin"],
        width=row["width"],
        height=row["height"],
        error=row["error"],
        location=row["s3"],
        bytes=row["bytes"] or 0,
        thumb_bytes=row["thumb_bytes"] or 0,
        sizes=tuple((wide, high) for wide, high in sizes),
        steps=_in_order(json.loads(row["steps"] or "{}")),
        thumbs_by=row["thumbs_by"],
        origin_bytes=row["origin_bytes"],
        media_type=row["media_type"],
        keys=tuple(row["keys"] or ()),
    )


def _in_order(steps: Mapping[str, float]) -> dict[str, float]:
    """The steps as they follow each other, which JSON in the database has forgotten."""
    known = {name: steps[name] for name in STEPS if name in steps}
    return known | {name: spent for name, spent in steps.items() if name not in known}
