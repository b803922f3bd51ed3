"""Real parts for tests: a PostgreSQL and an AWS emulator for each pytest process, started when first asked for.

Each test gets its own database (a copy of a migrated template), buckets and queues, so tests never meet.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from local.aws import Aws, open_aws
from local.emulator import start_emulator
from local.postgres import Postgres, start_postgres
from local.postgres_home import abandon
from tests.resources import DLCS_SCHEMA, Buckets, Queues

if TYPE_CHECKING:
    from tests.integration.db_rows import Rows
    from tests.integration.rig import Rig


@pytest.fixture(scope="session")
def parts_folder() -> Iterator[Path]:
    """A folder for the parts' data; not pytest's own, which only its user may enter."""
    with tempfile.TemporaryDirectory(prefix="sluice-test-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="session")
def postgres(parts_folder: Path) -> Iterator[Postgres]:
    """A real PostgreSQL server; databases in it are made with `create_database`."""
    server = start_postgres(parts_folder / "postgres", log=parts_folder / "postgres.log", durable=False)
    yield server
    server.stop()
    abandon(parts_folder / "postgres")


@pytest.fixture(scope="session")
def postgres_url(postgres: Postgres) -> str:
    """The URL of the server's own database, for tests that make databases themselves."""
    return postgres.url()


@pytest.fixture(scope="session")
def migrated_template(postgres: Postgres) -> str:
    """The name of a database that our migrations made from nothing."""
    from engine.db.migrate import upgrade  # noqa: PLC0415 - only tests that need a database need it

    upgrade(postgres.create_database("template_migrated"))
    return "template_migrated"


@pytest.fixture(scope="session")
def adopted_template(postgres: Postgres) -> str:
    """The name of a database that the DLCS owned and our migrations adopted."""
    from engine.db.migrate import upgrade  # noqa: PLC0415 - only tests that need a database need it

    url = postgres.create_database("template_adopted")
    postgres.execute(DLCS_SCHEMA.read_text(), "template_adopted")
    upgrade(url)
    return "template_adopted"


@pytest.fixture
def database(postgres: Postgres, migrated_template: str) -> Iterator[str]:
    """The URL of a fresh, migrated database."""
    yield from _fresh(postgres, migrated_template)


@pytest.fixture
def dlcs_database(postgres: Postgres, adopted_template: str) -> Iterator[str]:
    """The URL of a fresh database as the DLCS has it, adopted by our migrations."""
    yield from _fresh(postgres, adopted_template)


def _fresh(postgres: Postgres, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    yield postgres.create_database(name, template=template)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def aws(parts_folder: Path) -> Iterator[Aws]:
    """An emulated AWS with S3, SQS and SNS: `.options`, `.environment`, and clients `.s3`, `.sqs`, `.sns`."""
    emulator = start_emulator(parts_folder / "aws", log=parts_folder / "aws.log")
    with open_aws(emulator) as opened:
        yield opened
    emulator.stop()


@pytest.fixture
def buckets(aws: Aws) -> Buckets:
    """Four fresh buckets."""
    mark = uuid4().hex[:12]
    made = (aws.make_bucket(f"{role}-{mark}") for role in ("storage", "thumbs", "origin", "security"))
    return Buckets(*made)


@pytest.fixture
def queues(aws: Aws) -> Queues:
    """Three fresh queues with their dead-letter queues; a message is received at most five times."""
    mark = uuid4().hex[:12]
    return Queues(*(aws.make_queue(f"{role}-{mark}") for role in ("images", "priority", "files")))


@pytest.fixture
def topic(aws: Aws) -> str:
    """The ARN of a fresh topic for batch notifications."""
    return aws.make_topic(f"batches-{uuid4().hex[:12]}")


@pytest.fixture
async def rows(database: str) -> AsyncIterator[Rows]:
    """A fresh, migrated database behind the engine's back."""
    import asyncpg  # noqa: PLC0415 - only tests that need a database need it

    from tests.integration.db_rows import Rows  # noqa: PLC0415 - the same

    connection = await asyncpg.connect(database)
    yield Rows(connection)
    await connection.close()


@pytest.fixture(scope="session")
def sidecars(aws: Aws, parts_folder: Path) -> Iterator[dict[str, str]]:
    """A real processor and a real image server, for all tests of this process; what an engine is told of them."""
    from local.ports import LOOPBACK, choose_port  # noqa: PLC0415 - only tests of whole ingests need them
    from local.service import Service  # noqa: PLC0415 - the same

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
    from tests.integration.rig import Rig, http_files  # noqa: PLC0415 - only tests of whole ingests need it

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
