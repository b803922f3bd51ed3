"""The database as tests of this folder use it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from engine.db.port import Database
from engine.db.postgres import PostgresDatabase, open_database
from engine.db.settings import DatabaseSettings
from local.aws import Aws
from local.ports import LOOPBACK, choose_port
from local.service import Service
from tests.conftest import Buckets, Queues
from tests.integration.db_rows import Rows
from tests.integration.rig import Rig, http_files


@pytest.fixture
async def db(database: str) -> AsyncIterator[PostgresDatabase]:
    """The engine's database over a fresh, migrated one."""
    async with open_database(DatabaseSettings(database, connections=20), "tester") as opened:
        port: Database = opened  # mypy holds the implementation to the port here
        assert port is opened
        yield opened


@pytest.fixture
async def rows(database: str) -> AsyncIterator[Rows]:
    """The same database behind the engine's back."""
    connection = await asyncpg.connect(database)
    yield Rows(connection)
    await connection.close()


@pytest.fixture(scope="session")
def sidecars(aws: Aws, parts_folder: Path) -> Iterator[dict[str, str]]:
    """A real processor and a real image server, for all tests of this process; what an engine is told of them."""
    scratch = parts_folder / "scratch"
    scratch.mkdir()
    ports = {name: choose_port(name, None) for name in ("processor", "image server")}
    environment = aws.environment | {
        "PROCESSOR_HOST": LOOPBACK,
        "PROCESSOR_PORT": str(ports["processor"]),
        "PROCESSOR_SCRATCH": str(scratch),
        "PROCESSOR_WORKERS": "1",
        "IMAGE_SERVER_HOST": LOOPBACK,
        "IMAGE_SERVER_PORT": str(ports["image server"]),
        "IMAGE_SERVER_CACHE": str(parts_folder / "image-server"),
    }
    services = [
        Service("processor", "processor", ports["processor"], "/ping", environment),
        Service("image server", "image-server", ports["image server"], "/health", environment),
    ]
    children = [service.start(parts_folder / f"{service.command}.log") for service in services]
    for service, child in zip(services, children, strict=True):
        child.wait_until(service.is_ready, patience=60)
    yield {
        "ENGINE_SCRATCH": str(scratch),
        "ENGINE_PROCESSOR_URL": services[0].url,
        "ENGINE_IMAGE_SERVER_URL": services[1].url,
    }
    for child in children:
        child.stop(10)


@pytest.fixture
async def rig(
    database: str,
    rows: Rows,
    aws: Aws,
    buckets: Buckets,
    queues: Queues,
    topic: str,
    sidecars: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Rig]:
    """Everything around an engine, and the means to start one."""
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    environment = {
        "ENGINE_DATABASE_URL": database,
        "ENGINE_IMAGE_QUEUE": queues.images,
        "ENGINE_PRIORITY_QUEUE": queues.priority,
        "ENGINE_FILE_QUEUE": queues.files,
        "ENGINE_STORAGE_BUCKET": buckets.storage,
        "ENGINE_THUMBS_BUCKET": buckets.thumbs,
        "ENGINE_ORIGIN_BUCKET": buckets.origin,
        "ENGINE_SECURITY_BUCKET": buckets.security,
        "ENGINE_BATCH_TOPIC": topic,
        "ENGINE_ALLOWED_NETWORKS": "127.0.0.0/8",
        "ENGINE_HTTP_PORT": "0",
        "ENGINE_POLL_SECONDS": "1",
    }
    async with http_files() as origin:
        yield Rig(rows, origin, aws, buckets, queues, aws.environment | sidecars | environment)
