"""The statements of a fold."""

from __future__ import annotations

from engine.db.sql import sql

TRY_TURN = sql("SELECT pg_try_advisory_xact_lock(:turn) AS ours")
"""One process folds at a time, until the end of its transaction; the others have nothing to do."""

# A batch is due at once when what waits may be the rest of it, else when something has waited for a second: so it is
# recounted at most once a second. Shared rows are written in the order of their keys, as everybody should.
TAKE = sql("""
WITH waiting AS (
    SELECT batch, count(*) AS rows, min(made) <= now() - make_interval(secs => :pace) AS long
    FROM engine.folds WHERE batch IS NOT NULL GROUP BY batch
), due AS (
    SELECT batch FROM waiting LEFT JOIN "Batches" ON "Id" = batch
    WHERE long OR "Id" IS NULL OR ("Finished" IS NULL AND "Completed" + "Errors" + rows >= "Count")
), taken AS (
    DELETE FROM engine.folds WHERE batch IS NULL OR batch IN (SELECT batch FROM due)
    RETURNING customer, space, bytes, thumb_bytes, counter, batch
), customers AS (
    INSERT INTO "CustomerStorage" (
        "Customer", "Space", "StoragePolicy", "NumberOfStoredImages", "TotalSizeOfStoredImages", "TotalSizeOfThumbnails"
    )
    SELECT customer, 0, 'default', 0, sum(bytes), sum(thumb_bytes) FROM taken
    GROUP BY customer HAVING bool_or(bytes <> 0 OR thumb_bytes <> 0) ORDER BY customer
    ON CONFLICT ("Customer", "Space") DO UPDATE
    SET "TotalSizeOfStoredImages" = "CustomerStorage"."TotalSizeOfStoredImages" + EXCLUDED."TotalSizeOfStoredImages",
        "TotalSizeOfThumbnails" = "CustomerStorage"."TotalSizeOfThumbnails" + EXCLUDED."TotalSizeOfThumbnails"
), spaces AS (
    UPDATE "CustomerStorage" AS total
    SET "TotalSizeOfStoredImages" = "TotalSizeOfStoredImages" + moved.bytes,
        "TotalSizeOfThumbnails" = "TotalSizeOfThumbnails" + moved.thumb_bytes
    FROM (
        SELECT customer, space, sum(bytes) AS bytes, sum(thumb_bytes) AS thumb_bytes
        FROM taken WHERE space <> 0 GROUP BY customer, space
    ) AS moved
    WHERE total."Customer" = moved.customer AND total."Space" = moved.space
), queues AS (
    INSERT INTO "Queues" ("Customer", "Name", "Size")
    SELECT DISTINCT customer, counter, 0 FROM taken WHERE counter IS NOT NULL ORDER BY customer, counter
    ON CONFLICT ("Customer", "Name") DO UPDATE SET "Size" = greatest(0, "Queues"."Size" - (
        SELECT count(*) FROM taken WHERE customer = EXCLUDED."Customer" AND counter = EXCLUDED."Name"
    ))
)
SELECT count(*) AS rows, COALESCE(array_agg(DISTINCT batch) FILTER (WHERE batch IS NOT NULL), '{}') AS batches,
       (SELECT count(*) FROM engine.folds) - count(*) AS left
FROM taken
""")

LOCK_BATCHES = sql("""SELECT FROM "Batches" WHERE "Id" = ANY(:batches) ORDER BY "Id" FOR UPDATE""")

# A statement of its own, after the locks: its snapshot holds every row whose fold has been taken. It may find more
# settled than are counted, where a batch has more rows than its "Count".
RECOUNT = sql("""
WITH before AS (
    SELECT "Id", "Count", "Finished" FROM "Batches" WHERE "Id" = ANY(:batches)
), counted AS (
    SELECT before.*, count(*) FILTER (WHERE "Status" = 3) AS completed, count(*) FILTER (WHERE "Status" = 2) AS errors
    FROM before LEFT JOIN "BatchAssets" ON "BatchId" = "Id" GROUP BY "Id", "Count", before."Finished"
), recounted AS (
    UPDATE "Batches" AS batch
    SET "Completed" = completed, "Errors" = errors,
        "Finished" = COALESCE(counted."Finished", CASE WHEN completed + errors >= counted."Count" THEN now() END)
    FROM counted WHERE batch."Id" = counted."Id"
    RETURNING batch.*, counted."Finished" IS NULL AND batch."Finished" IS NOT NULL AS finished_now
)
INSERT INTO engine.outbox (kind, payload)
SELECT 'notify', jsonb_build_object(
    'notificationId', gen_random_uuid(),
    'batch', jsonb_build_object(
        'id', "Id", 'customer', "Customer", 'count', "Count", 'completed', "Completed", 'errors', "Errors",
        'superseded', "Superseded",
        'submitted', to_char("Submitted" AT TIME ZONE 'UTC', :moment),
        'finished', to_char("Finished" AT TIME ZONE 'UTC', :moment)
    )
)
FROM recounted WHERE finished_now
RETURNING (payload -> 'batch' ->> 'id')::integer AS id
""")

MOMENT = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
"""How PostgreSQL writes a time as the DLCS's notifications have it."""
