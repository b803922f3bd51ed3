"""What happened: engine.runs, read. The commands and the endpoint ask here; nothing is decided from it."""

from __future__ import annotations

import asyncio
import json
from uuid import UUID

from sqlalchemy import RowMapping

from engine.db.port import RunDetails, RunFilter, RunRecord, Source
from engine.db.role import Role
from engine.db.sql import sql
from images.size import Size
from policies.request import AssetId, parse_asset_id

COLUMNS = "SELECT runs.*, steps::text AS steps_text FROM engine.runs "

ONE = sql(COLUMNS, "WHERE id = :run")

FILTERED = sql(
    COLUMNS,
    """
WHERE source <> 'tidy'
  AND (:asset IS NULL OR asset = :asset)
  AND (:customer IS NULL OR asset LIKE concat(:customer, '/%'))
  AND (:batch IS NULL OR batch = :batch)
  AND (cardinality(:outcomes) = 0 OR outcome = ANY(:outcomes))
  AND (:since IS NULL OR claimed >= :since)
  AND (finished IS NULL OR NOT :running)
ORDER BY id DESC LIMIT :limit
""",
)

LAST = sql(COLUMNS, "WHERE asset = :asset AND source <> 'tidy' ORDER BY id DESC LIMIT 1")

IS_FINISHED = sql("SELECT finished IS NOT NULL AS finished FROM engine.runs WHERE id = :run")

# What tells an older message, or what an asset needs stored, must outlive the rest: the newest final run of each
# asset, and its newest success. Read in pages of the primary key, which is the order of time.
FORGET = sql("""
WITH page AS (
    SELECT id, asset, outcome, final, finished FROM engine.runs
    WHERE id > :run_after AND claimed < now() - make_interval(secs => :seconds) ORDER BY id LIMIT :limit
), forgotten AS (
    DELETE FROM engine.runs WHERE id IN (
        SELECT id FROM page
        WHERE finished < now() - make_interval(secs => :seconds) AND (NOT final OR EXISTS (
            SELECT FROM engine.runs AS newer
            WHERE newer.asset = page.asset AND newer.id > page.id AND newer.final
              AND (newer.outcome = 'ingested' OR page.outcome <> 'ingested' AND newer.outcome <> 'superseded')
        ))
    )
    RETURNING id
)
SELECT (SELECT count(*) FROM forgotten) AS forgotten, (SELECT id FROM page ORDER BY id DESC LIMIT 1) AS last
""")

FIRST_LOOK, LAST_LOOK = 0.05, 1.0
"""Seconds between two looks at a run that somebody waits for: quick ones are seen quickly, long ones cost little."""


class PostgresRuns(Role):
    """Runs as people and programs ask for them."""

    async def run(self, run: UUID) -> RunRecord | None:
        row = await self._connections.row(ONE, {"run": run})
        return None if row is None else _record(row)

    async def runs(self, wanted: RunFilter) -> list[RunRecord]:
        values: dict[str, object] = {
            "asset": wanted.asset and str(wanted.asset),
            "customer": wanted.customer,
            "batch": wanted.batch,
            "outcomes": list(wanted.outcomes),
            "since": wanted.since,
            "running": wanted.running,
            "limit": wanted.limit,
        }
        return [_record(row) for row in await self._connections.rows(FILTERED, values)]

    async def last_run(self, asset: AssetId) -> RunRecord | None:
        row = await self._connections.row(LAST, {"asset": str(asset)})
        return None if row is None else _record(row)

    async def wait_for(self, run: UUID, seconds: float) -> RunRecord | None:
        values: dict[str, object] = {"run": run}
        pause = FIRST_LOOK
        try:
            async with asyncio.timeout(seconds):
                while (row := await self._connections.row(IS_FINISHED, values)) is not None and not row["finished"]:
                    await asyncio.sleep(pause)
                    pause = min(LAST_LOOK, pause * 1.5)
        except TimeoutError:
            return None
        return await self.run(run)

    async def forget(self, older_than_days: float, limit: int = 10_000) -> int:
        values = {"seconds": older_than_days * 86_400, "limit": limit, "run_after": UUID(int=0)}
        forgotten = 0
        while (row := await self._connections.row(FORGET, values)) is not None and row["last"] is not None:
            forgotten += row["forgotten"]
            values["run_after"] = row["last"]
        return forgotten


def _record(row: RowMapping) -> RunRecord:
    return RunRecord(
        id=row["id"],
        asset=parse_asset_id(row["asset"]),
        key=row["key"],
        batch=row["batch"],
        created=row["created"],
        source=Source(row["source"]),
        worker=row["worker"],
        attempt=row["attempt"],
        suspect=row["suspect"],
        claimed=row["claimed"],
        expires=row["expires"],
        finished=row["finished"],
        outcome=row["outcome"],
        final=row["final"],
        reason_code=row["reason_code"],
        reason=row["reason"],
        details=RunDetails(
            digest=row["digest"],
            bytes=row["bytes"],
            media_type=row["media_type"],
            size=Size(row["width"], row["height"]) if row["width"] and row["height"] else None,
            steps=json.loads(row["steps_text"] or "{}"),
            thumbs_by=row["thumbs_by"],
            requests=row["requests"] or 0,
            retries=row["retries"] or 0,
            waited=row["waited"] or 0.0,
            origin=row["origin"],
        ),
        keys=tuple(row["keys"] or ()),
    )
