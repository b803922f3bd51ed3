"""Whether the database works, is migrated, and keeps up."""

from __future__ import annotations

import asyncio

from engine.db.migrate import wanted_revision
from engine.db.port import Counts, MigrationState
from engine.db.role import Role
from engine.db.sql import sql

PING = sql("SELECT 1")

COUNTS = sql("""
SELECT
    (SELECT count(*) FROM engine.runs WHERE finished IS NULL) AS running,
    (SELECT count(*) FROM engine.runs WHERE finished IS NULL AND expires < now()) AS expired,
    (SELECT extract(epoch FROM now() - min(claimed)) FROM engine.runs WHERE finished IS NULL)::float AS oldest_run,
    (SELECT count(*) FROM engine.outbox WHERE kind = 'notify') AS notify,
    (SELECT count(*) FROM engine.outbox WHERE kind = 'tidy') AS tidy,
    (SELECT count(*) FROM engine.folds) AS fold,
    extract(epoch FROM now() - least(
        (SELECT min(due) FROM engine.outbox WHERE due <= now()), (SELECT min(made) FROM engine.folds)
    ))::float AS oldest_outbox
""")

IS_MIGRATED = sql("SELECT to_regclass('engine.alembic_version') IS NOT NULL AS at_all")
REVISION = sql("SELECT version_num AS revision FROM engine.alembic_version")


class PostgresHealth(Role):
    """Figures and answers about the database itself."""

    async def ping(self) -> None:
        await self._connections.row(PING, {})

    async def counts(self) -> Counts:
        row = await self._connections.row(COUNTS, {})
        assert row is not None
        return Counts(
            running=row["running"],
            oldest_run=row["oldest_run"],
            expired=row["expired"],
            outbox={kind: row[kind] for kind in ("fold", "notify", "tidy")},
            oldest_outbox=row["oldest_outbox"],
        )

    async def migration_state(self) -> MigrationState:
        wanted = await asyncio.to_thread(wanted_revision)
        begun = await self._connections.row(IS_MIGRATED, {})
        row = await self._connections.row(REVISION, {}) if begun is not None and begun["at_all"] else None
        return MigrationState(current=None if row is None else row["revision"], wanted=wanted)
