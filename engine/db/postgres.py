"""PostgreSQL as the engine's database: every role of the port, over one pool."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from engine.db.assets import PostgresAssets
from engine.db.claims import PostgresClaims
from engine.db.connections import Connections
from engine.db.facts import PostgresFacts
from engine.db.folds import PostgresFolds
from engine.db.health import PostgresHealth
from engine.db.outbox import PostgresOutbox
from engine.db.record import PostgresRecorder
from engine.db.run_ids import new_run_id
from engine.db.runs import PostgresRuns
from engine.db.settings import DatabaseSettings


class PostgresDatabase(
    PostgresClaims,
    PostgresFacts,
    PostgresRecorder,
    PostgresFolds,
    PostgresOutbox,
    PostgresRuns,
    PostgresAssets,
    PostgresHealth,
):
    """The whole of `engine.db.port.Database`."""


@asynccontextmanager
async def open_database(
    settings: DatabaseSettings, worker: str, new_id: Callable[[], UUID] = new_run_id
) -> AsyncIterator[PostgresDatabase]:
    """The database, usable inside the block; `worker` is the name under which this process claims."""
    async with Connections(settings).opened() as connections:
        yield PostgresDatabase(connections, worker, new_id)
