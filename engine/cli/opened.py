"""What commands open, each only what it needs: the database, AWS, an engine's endpoint."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from engine.aws import Aws, AwsSettings, open_aws
from engine.db.connections import Connections
from engine.db.policy_rows import PostgresPolicyRows
from engine.db.postgres import PostgresDatabase
from engine.db.settings import DatabaseSettings
from engine.db.submissions import PostgresSubmissions
from engine.db.tallies import PostgresTallies
from engine.settings import Settings

CONNECTIONS = 8


class CommandDatabase(PostgresDatabase, PostgresSubmissions, PostgresTallies, PostgresPolicyRows):
    """The engine's database, and the handing in, counting and looking over that only commands do."""


@asynccontextmanager
async def opened_database(settings: Settings) -> AsyncIterator[CommandDatabase]:
    """The database for as long as the command runs; impatient, for a person is waiting."""
    part = settings.database
    made = DatabaseSettings(
        part.url,
        connections=CONNECTIONS,
        pgbouncer=part.pgbouncer,
        lease_seconds=settings.work.lease,
        connect_seconds=5,
        patience_seconds=2,
        record_patience_seconds=2,
    )
    async with Connections(made).opened() as connections:
        yield CommandDatabase(connections, f"{socket.gethostname()}-{os.getpid()}")


def opened_aws(settings: Settings) -> AbstractAsyncContextManager[Aws]:
    """AWS clients for as long as the command runs."""
    return open_aws(AwsSettings(settings.aws.region, settings.aws.path_style, connections=32))


def endpoint_of(settings: Settings) -> str:
    """Where the engine's endpoint is, as these settings say."""
    return f"http://{settings.http.host}:{settings.http.port}"
