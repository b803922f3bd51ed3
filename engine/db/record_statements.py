"""The statements of a recording: each is one transaction, fenced, and writes all of it or nothing.

One statement with several parts instead of several statements: half of what a recording costs are the round trips
(measured: docs/adr). The parts see the same snapshot; which of them writes hangs on the `verdict`.
"""

from __future__ import annotations

from engine.db.counter import COUNTER
from engine.db.sql import sql

CLEARANCE = 100 * 1024**3
"""Bytes below a customer's quota from where recordings of that customer wait for each other, to be exact."""

# The fence: nobody else can end or take over the run while this transaction runs; and a message is settled once.
MINE = (
    "WITH mine AS MATERIALIZED (SELECT ",
    COUNTER,
    """ AS counter FROM engine.runs AS run
    WHERE id = :run AND finished IS NULL
      AND NOT EXISTS (SELECT FROM engine.runs AS other WHERE other.key = run.key AND other.final)
    FOR UPDATE
)""",
)

FENCE = """
, verdict AS MATERIALIZED (
    SELECT CASE WHEN EXISTS (SELECT FROM mine) THEN 'done' ELSE 'fence-gone' END AS said
)"""

# As at most so many workers record for one customer in the same instant, only near the quota must they take turns.
ROOM = """
, image AS MATERIALIZED (
    SELECT FROM "Images" WHERE "Id" = :asset FOR NO KEY UPDATE
), held AS MATERIALIZED (
    SELECT COALESCE(max("Size"), 0) AS bytes, COALESCE(max("ThumbnailSize"), 0) AS thumb_bytes
    FROM "ImageStorage" WHERE "Id" = :asset AND "Customer" = :customer AND "Space" = :space
), room AS MATERIALIZED (
    SELECT "MaximumTotalSizeOfStoredImages" - COALESCE("TotalSizeOfStoredImages", 0) + held.bytes - :bytes AS bytes
    FROM held LEFT JOIN "CustomerStorage" ON "Customer" = :customer AND "Space" = 0
    LEFT JOIN "StoragePolicies" ON "Id" = COALESCE(NULLIF("StoragePolicy", ''), 'default')
), verdict AS MATERIALIZED (
    SELECT CASE
        WHEN NOT EXISTS (SELECT FROM mine) THEN 'fence-gone'
        WHEN NOT EXISTS (SELECT FROM image) THEN 'asset-gone'
        WHEN NOT :check_quota OR bytes IS NULL OR bytes >= :clearance THEN 'done'
        WHEN NOT :alone THEN 'close'
        WHEN bytes < (SELECT COALESCE(sum(bytes), 0) FROM engine.folds WHERE customer = :customer) THEN 'over-quota'
        ELSE 'done'
    END AS said
    FROM room
)"""

GO = """
, go AS MATERIALIZED (
    SELECT FROM verdict WHERE said = 'done'
), ended AS (
    UPDATE engine.runs
    SET finished = now(), outcome = :outcome, final = :final, reason_code = :reason_code, reason = :reason,
        digest = :digest, bytes = :fetched, media_type = :seen_type, width = :width, height = :height,
        steps = :steps, thumbs_by = :thumbs_by, requests = :requests, retries = :retries,
        waited = :waited, origin = :origin, keys = :keys
    WHERE id = :run AND EXISTS (SELECT FROM go)
), swept AS (
    INSERT INTO engine.outbox (kind, payload)
    SELECT 'tidy', jsonb_build_object('asset', :asset, 'run', :run) FROM go WHERE :tidy
)"""

STORED = """
, imaged AS (
    UPDATE "Images"
    SET "Width" = COALESCE(:width, "Width"), "Height" = COALESCE(:height, "Height"),
        "MediaType" = CASE
            WHEN lower("MediaType") NOT IN ('image/unknown', 'unknown', '') THEN "MediaType"
            ELSE COALESCE(CAST(:media_type AS varchar(100)), "MediaType")
        END,
        "Error" = '', "Ingesting" = false, "Finished" = now()
    WHERE "Id" = :asset AND EXISTS (SELECT FROM go)
), located AS (
    INSERT INTO "ImageLocation" ("Id", "S3", "Nas")
    SELECT :asset, :location, '' FROM go WHERE :location IS NOT NULL
    ON CONFLICT ("Id") DO UPDATE SET "S3" = EXCLUDED."S3", "Nas" = ''
), unlocated AS (
    DELETE FROM "ImageLocation" WHERE "Id" = :asset AND :location IS NULL AND EXISTS (SELECT FROM go)
), stored AS (
    INSERT INTO "ImageStorage" ("Id", "Customer", "Space", "ThumbnailSize", "Size", "LastChecked", "CheckingInProgress")
    SELECT :asset, :customer, :space, :thumb_bytes, :bytes, now(), false FROM go
    ON CONFLICT ("Id", "Customer", "Space") DO UPDATE
    SET "ThumbnailSize" = EXCLUDED."ThumbnailSize", "Size" = EXCLUDED."Size", "LastChecked" = now()
), sized AS (
    INSERT INTO "AssetApplicationMetadata" ("AssetId", "MetadataType", "MetadataValue", "Created", "Modified")
    SELECT :asset, 'ThumbSizes', CAST(:thumbs_json AS jsonb), now(), now() FROM go WHERE :thumbs_json IS NOT NULL
    ON CONFLICT ("AssetId", "MetadataType") DO UPDATE
    SET "MetadataValue" = EXCLUDED."MetadataValue", "Modified" = now()
), unsized AS (
    DELETE FROM "AssetApplicationMetadata"
    WHERE "AssetId" = :asset AND "MetadataType" = 'ThumbSizes' AND :thumbs_json IS NULL
      AND EXISTS (SELECT FROM go)
), marked AS (
    UPDATE "BatchAssets" SET "Status" = 3, "Error" = NULL, "Finished" = now()
    WHERE "BatchId" = :batch AND "AssetId" = :asset AND EXISTS (SELECT FROM go)
), folded AS (
    INSERT INTO engine.folds (run, customer, space, bytes, thumb_bytes, counter, batch)
    SELECT :run, :customer, :space, :bytes - held.bytes, :thumb_bytes - held.thumb_bytes, mine.counter, :batch
    FROM go, mine, held
    WHERE (:bytes, :thumb_bytes) IS DISTINCT FROM (held.bytes, held.thumb_bytes)
       OR mine.counter IS NOT NULL OR :batch IS NOT NULL
)"""

REFUSED = """
, imaged AS (
    UPDATE "Images" SET "Error" = :error, "Ingesting" = false, "Finished" = now()
    WHERE "Id" = :asset AND EXISTS (SELECT FROM go)
), marked AS (
    UPDATE "BatchAssets" SET "Status" = 2, "Error" = :error, "Finished" = now()
    WHERE "BatchId" = :batch AND "AssetId" = :asset AND EXISTS (SELECT FROM go)
), folded AS (
    INSERT INTO engine.folds (run, customer, space, bytes, thumb_bytes, counter, batch)
    SELECT :run, :customer, :space, 0, 0, mine.counter, :batch
    FROM go, mine WHERE mine.counter IS NOT NULL OR :batch IS NOT NULL
)"""

ANSWER = "SELECT said FROM verdict"

RECORD_SUCCESS = sql(*MINE, ROOM, GO, STORED, ANSWER)
RECORD_REFUSAL = sql(*MINE, FENCE, GO, REFUSED, ANSWER)
RECORD_END = sql(*MINE, FENCE, GO, ANSWER)

TAKE_TURN = sql("SELECT pg_advisory_xact_lock(:turns, :customer)")
"""Until the end of the transaction nobody else records for this customer near its quota."""

HAND_BACK = sql("""
UPDATE engine.runs
SET finished = now(), outcome = 'busy', reason_code = 'settled-elsewhere', reason = 'Another run settled this message.'
WHERE id = :run AND finished IS NULL
""")

ENDED_AS = sql("SELECT outcome FROM engine.runs WHERE id = :run")

COUNT_MESSAGES = sql("""
INSERT INTO "Queues" ("Customer", "Name", "Size") VALUES (:customer, :counter, :count)
ON CONFLICT ("Customer", "Name") DO UPDATE SET "Size" = "Queues"."Size" + :count
""")
