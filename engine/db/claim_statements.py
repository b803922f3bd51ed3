"""The statements of a claim."""

from __future__ import annotations

from engine.db.counter import COUNTER
from engine.db.sql import sql

# Runs that were handed back say nothing about an asset, nor do ended holds; there may be many.
HISTORY = """
WITH history AS (
    SELECT id, key, expires, created, finished, outcome, suspect, attempt
    FROM engine.runs
    WHERE asset = :asset AND outcome IS DISTINCT FROM 'busy' AND NOT (source = 'tidy' AND finished IS NOT NULL)
)"""

NEW_RUN = """
    INSERT INTO engine.runs (id, asset, key, batch, created, source, worker, attempt, suspect, expires)
    SELECT :run, :asset, :key, :batch, :created, :source, :worker, :attempt, :suspect,
           now() + make_interval(secs => :lease)"""

HISTORY_NOW = sql(HISTORY, "SELECT *, now() AS now FROM history")

CLAIM_UNSEEN = sql(
    HISTORY,
    ", claimed AS (",
    NEW_RUN,
    """
    WHERE NOT EXISTS (SELECT FROM history)
    ON CONFLICT DO NOTHING
    RETURNING id, key, expires, created, finished, outcome, suspect, attempt
)
SELECT *, now() AS now FROM history UNION ALL SELECT *, now() FROM claimed
""",
)
"""Claims an asset that has no runs; gives the runs it has otherwise."""

CLAIM = sql(
    HISTORY,
    NEW_RUN,
    """
    WHERE (SELECT count(*) FROM history) = :seen
    ON CONFLICT DO NOTHING
    RETURNING id, attempt, suspect
""",
)

ABANDON = """
WITH dead AS (
    UPDATE engine.runs
    SET finished = now(), outcome = 'abandoned', reason_code = 'abandoned',
        reason = 'No sign of life since ' || expires - make_interval(secs => :lease) || '; taken over by ' || :worker
    WHERE asset = :asset AND id = COALESCE(:dead, id) AND finished IS NULL AND expires + :grace <= now()
    RETURNING id
), swept AS (
    INSERT INTO engine.outbox (kind, payload)
    SELECT 'tidy', jsonb_build_object('asset', :asset, 'run', id) FROM dead
)"""

TAKE_OVER = sql(ABANDON, NEW_RUN, " FROM dead ON CONFLICT DO NOTHING RETURNING id, attempt, suspect")

HOLD = sql(
    ABANDON,
    NEW_RUN,
    """
    WHERE NOT EXISTS (
        SELECT FROM engine.runs WHERE asset = :asset AND finished IS NULL AND id NOT IN (SELECT id FROM dead)
    )
    ON CONFLICT DO NOTHING
    RETURNING id
""",
)

LET_GO = sql("DELETE FROM engine.runs WHERE id = :run AND source = 'tidy' AND finished IS NULL RETURNING id")

STRAY_DEATHS = sql("""
SELECT count(*) AS deaths FROM (
    SELECT FROM engine.runs WHERE outcome = 'abandoned' AND finished >= :since
    GROUP BY worker HAVING NOT bool_or(suspect)
) AS worker
""")
"""Engines that died without working on a suspect."""

RENEW = sql("""
UPDATE engine.runs SET expires = now() + make_interval(secs => :lease)
WHERE id = ANY(:runs) AND finished IS NULL
RETURNING id
""")

SUPERSEDE = sql(
    """
WITH newer AS (
    SELECT id, outcome, reason FROM engine.runs WHERE id = :newer
), settled AS (
    INSERT INTO engine.runs (id, asset, key, batch, created, source, worker, attempt, suspect, expires,
                             finished, outcome, final, reason_code, reason)
    SELECT :run, :asset, :key, :batch, :created, :source, :worker, 0, false, now(),
           now(), 'superseded', true, 'superseded', 'Run ' || id || ' is of a newer message' FROM newer
    ON CONFLICT DO NOTHING
    RETURNING """,
    COUNTER,
    """ AS counter
), marked AS (
    UPDATE "BatchAssets"
    SET "Status" = CASE newer.outcome WHEN 'ingested' THEN 3 ELSE 2 END, "Error" = left(newer.reason, 1000),
        "Finished" = now()
    FROM newer, settled WHERE "BatchId" = :batch AND "AssetId" = :asset
)
INSERT INTO engine.folds (run, customer, space, bytes, thumb_bytes, counter, batch)
SELECT :run, :customer, :space, 0, 0, counter, :batch FROM settled
""",
)
