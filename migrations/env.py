"""Runs migrations in one transaction: all of what was asked for, or nothing.

A second process that migrates at once waits on an advisory lock and then finds its work done. Nothing else waits
long: a statement that cannot get its lock gives up within seconds, so that a busy DLCS is never held up by us.
"""

from __future__ import annotations

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from migrations.refusal import CannotMigrateError

SCHEMA = "engine"
TURN = 0x51_01_CE  # the advisory lock of all who migrate
PATIENCE = "10min"  # for our turn
LOCK_TIMEOUT = "5s"  # for a table that somebody is using
STATEMENT_TIMEOUT = "5min"


def migrate(connection: Connection) -> None:
    """Waits for our turn, migrates, and leaves no trace when everything has been taken back."""
    with connection.begin():
        connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
        connection.execute(text(f"SET LOCAL statement_timeout = '{PATIENCE}'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": TURN})
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'"))
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        context.configure(connection=connection, version_table_schema=SCHEMA)
        context.run_migrations()
        if not context.get_context().get_current_heads():
            connection.execute(text(f"DROP TABLE IF EXISTS {SCHEMA}.alembic_version"))
            connection.execute(text(f"DROP SCHEMA {SCHEMA}"))


async def migrate_database(url: URL) -> None:
    """Opens one connection, without prepared statements that a connection pooler could confuse.

    The driver reads the URL itself: what is said in it beside the place (sslmode and the like) is the driver's.
    """
    database = create_async_engine(
        "postgresql+asyncpg://",
        poolclass=pool.NullPool,
        connect_args={
            "dsn": url.set(drivername="postgresql").render_as_string(hide_password=False),
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
        },
    )
    try:
        async with database.connect() as connection:
            await connection.run_sync(migrate)
    finally:
        await database.dispose()


def chosen_url() -> URL:
    """The database that the caller named, or the engine's own setting."""
    named = context.config.attributes.get("url") or os.environ.get("ENGINE_DATABASE_URL")
    if not named:
        raise CannotMigrateError("Which database? Set ENGINE_DATABASE_URL (postgresql://user:password@host/name).")
    return make_url(named)


if context.is_offline_mode():
    raise CannotMigrateError("These migrations look at the database before they change it: there is no --sql for them.")
asyncio.run(migrate_database(chosen_url()))
