"""The database as tests of this folder use it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine.db.port import Database
from engine.db.postgres import PostgresDatabase, open_database
from engine.db.settings import DatabaseSettings


@pytest.fixture
async def db(database: str) -> AsyncIterator[PostgresDatabase]:
    """The engine's database over a fresh, migrated one."""
    async with open_database(DatabaseSettings(database, connections=20), "tester") as opened:
        port: Database = opened  # mypy holds the implementation to the port here
        assert port is opened
        yield opened
