"""The database: does it answer, is it migrated, may we do what we must, and is its clock ours?"""

from __future__ import annotations

import time
from collections.abc import Sequence

import asyncpg

from engine.db.port import MigrationState
from engine.doctor.clock import skew_finding
from engine.doctor.finding import Exam, Finding, broken, fine

NAME = "database"
WRITTEN = (
    '"Images"', '"ImageLocation"', '"ImageStorage"', '"CustomerStorage"', '"AssetApplicationMetadata"',
    '"BatchAssets"', '"Batches"', '"Queues"', '"DeliveryChannelPolicies"', '"ImageDeliveryChannels"',
)  # fmt: skip
READ = ('"CustomerOriginStrategies"', '"StoragePolicies"', '"DefaultDeliveryChannels"')
MAY = "SELECT has_table_privilege($1::regclass, $2)"


def database_exam(url: str, wanted: str) -> Exam:
    """The examination of the database; `wanted` is the revision that this code needs."""

    async def run() -> Sequence[Finding]:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            return await _look_at(connection, wanted)
        finally:
            await connection.close(timeout=5)

    return Exam(NAME, run, "Is PostgreSQL up, and is ENGINE_DATABASE_URL right (host, port, user, password, name)?")


async def _look_at(connection: asyncpg.Connection[asyncpg.Record], wanted: str) -> list[Finding]:
    began = time.time()
    version = await connection.fetchval("SHOW server_version")
    theirs = await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())")
    found = [fine(NAME, f"PostgreSQL {version}"), await _migrated(connection, wanted)]
    skew = skew_finding("clock and database", float(theirs) - (began + time.time()) / 2)
    found += [skew] if skew else []
    missing = [
        f"{privilege} on {table}"
        for tables, privileges in ((WRITTEN, ("SELECT", "INSERT", "UPDATE")), (READ, ("SELECT",)))
        for table in tables
        for privilege in privileges
        if not await _may(connection, table, privilege)
    ]
    if missing:
        found.append(broken("database rights", f"missing: {', '.join(missing)}", "Grant them to the engine's user."))
    return found


async def _migrated(connection: asyncpg.Connection[asyncpg.Record], wanted: str) -> Finding:
    state = MigrationState(await _revision(connection), wanted)
    if state.ready:
        return fine("migrations", f"at {state.current}")
    says = f"the schema is at {state.current or 'nothing'}, this engine wants {state.wanted}"
    return broken("migrations", says, "Run `sluice migrate`.")


async def _revision(connection: asyncpg.Connection[asyncpg.Record]) -> str | None:
    try:
        found: str | None = await connection.fetchval("SELECT version_num FROM engine.alembic_version")
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return None
    return found


async def _may(connection: asyncpg.Connection[asyncpg.Record], table: str, privilege: str) -> bool:
    try:
        return bool(await connection.fetchval(MAY, table, privilege))
    except asyncpg.UndefinedTableError:
        return False
