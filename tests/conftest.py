"""Real parts for tests: a PostgreSQL and an AWS emulator for each pytest process, started when first asked for.

Each test gets its own database (a copy of a migrated template), buckets and queues, so tests never meet.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from local.aws import Aws, open_aws
from local.emulator import start_emulator
from local.postgres import Postgres, start_postgres
from local.postgres_home import abandon

DLCS_SCHEMA = Path(__file__).parent / "data" / "dlcs_schema.sql"


@dataclass(frozen=True, slots=True)
class Buckets:
    """The four buckets of an engine, empty and of one test only."""

    storage: str
    thumbs: str
    origin: str
    security: str


@dataclass(frozen=True, slots=True)
class Queues:
    """The URLs of an engine's queues, empty and of one test only; each has a dead-letter queue `{url}-dead`."""

    images: str
    priority: str
    files: str


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
