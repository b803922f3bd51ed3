"""What the figures of `bench.queue` are taken on: a database, an emulated AWS, engines as processes, a slow origin.

Looks at engines only from outside: what the rows say, and what the kernel says of a process.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from aiohttp import web
from aiohttp.test_utils import TestServer

from bench.processes import cpu_of, idle_seconds, memory_of
from bench.queue_db import fill
from engine.db.migrate import upgrade
from local.aws import Aws, open_aws
from local.child import Child, start
from local.emulator import start_emulator
from local.ports import LOOPBACK, choose_port
from local.postgres import start_postgres
from local.postgres_home import abandon
from local.service import Service
from policies.request import IngestRequest

BUCKETS = ("storage", "thumbs", "origin", "security")
PATIENCE = 300.0
STOPPING = 30.0
POLL = 1
"""Seconds of a long poll: short ones, for who is stopped or killed may have one open."""
LOOK = 0.1
SLOW = 0.2
"""Seconds that the origin takes to answer."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a batch and at the processes that work on it."""

    at: float
    settled: int
    cpu: float  # seconds, of all of them
    memory: int  # bytes, of the first
    idle: float  # seconds that the machine's cores had nothing to do, all together


@dataclass(frozen=True, slots=True)
class Ground:
    """The parts, and what is done on them."""

    folder: Path
    aws: Aws
    connection: asyncpg.Connection[asyncpg.Record]
    environment: dict[str, str]
    origin: str

    async def hand_in(self, count: int, *, channel: str = "none", queue: str = "ENGINE_IMAGE_QUEUE") -> int:
        """Makes a batch and sends its messages; its number."""
        batch, _ = await self.hand_in_at(count, channel=channel, queue=queue)
        return batch

    async def hand_in_at(self, count: int, *, channel: str = "none", queue: str) -> tuple[int, float]:
        """The same, and when the first was sent, as seconds since 1970."""
        requests = await fill(self.connection, count, channel=channel, origin=self.origin)
        at = time.time()
        await asyncio.to_thread(self._send, requests, self.environment[queue])
        assert requests[0].batch is not None
        return requests[0].batch, at

    def _send(self, requests: Sequence[IngestRequest], url: str) -> None:
        bodies = [
            json.dumps({"id": str(request.asset), "created": "2026-11-20T00:00:00Z", "batchId": request.batch})
            for request in requests
        ]
        for first in range(0, len(bodies), 10):
            entries = [
                {"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies[first : first + 10])
            ]
            self.aws.sqs.send_message_batch(QueueUrl=url, Entries=entries)  # type: ignore[arg-type] # plain mappings

    def forget_messages(self) -> None:
        """Empties every queue."""
        for name in ("ENGINE_IMAGE_QUEUE", "ENGINE_PRIORITY_QUEUE"):
            self.aws.sqs.purge_queue(QueueUrl=self.environment[name])

    @asynccontextmanager
    async def engines(self, count: int = 1, **changes: str) -> AsyncIterator[list[Child]]:
        """Engines as anybody starts them; told to stop at the end, for a long poll that is cut swallows messages."""
        ports = [choose_port("engine", None) for _ in range(count)]
        services = [
            Service("engine", "engine", port, "/health", self.environment | {"ENGINE_HTTP_PORT": str(port)} | changes)
            for port in ports
        ]
        children = [service.start(self.folder / "engine.log") for service in services]
        try:
            yield children
        finally:
            for child in children:
                await asyncio.to_thread(child.stop, STOPPING)

    @asynccontextmanager
    async def program(self, module: str, **more: str) -> AsyncIterator[list[Child]]:
        """A program of ours that works on the same queue and database."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        command = [sys.executable, "-m", module]
        child = start(module, command, log=self.folder / f"{module}.log", environment=kept | self.environment | more)
        try:
            yield [child]
        finally:
            await asyncio.to_thread(child.stop, STOPPING)
            await asyncio.sleep(POLL)

    async def watch(self, batch: int, count: int, children: Sequence[Child]) -> list[Look]:
        """Looks at a batch until all of it is settled."""
        looks: list[Look] = []
        async with asyncio.timeout(PATIENCE):
            while not looks or looks[-1].settled < count:
                for child in children:
                    assert child.alive, child.last_words()
                looks.append(await self.look(batch, children))
                await asyncio.sleep(LOOK)
        return looks

    async def emptied(self) -> None:
        """Waits until the queue of images holds nothing, in flight neither."""
        url = self.environment["ENGINE_IMAGE_QUEUE"]
        async with asyncio.timeout(PATIENCE):
            while any(await asyncio.to_thread(self._depth, url)):  # noqa: ASYNC110  queues tell nobody
                await asyncio.sleep(LOOK)

    def _depth(self, url: str) -> tuple[int, int]:
        said = self.aws.sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        )["Attributes"]
        return int(said["ApproximateNumberOfMessages"]), int(said["ApproximateNumberOfMessagesNotVisible"])

    async def look(self, batch: int, children: Sequence[Child]) -> Look:
        """One look."""
        settled: int = await self.connection.fetchval(
            'SELECT count(*) FROM "BatchAssets" WHERE "BatchId" = $1 AND "Finished" IS NOT NULL', batch
        )
        pids = [child.process.pid for child in children]
        cpu, memory = sum(map(cpu_of, pids)), memory_of(pids[0])
        return Look(time.monotonic(), settled, cpu, memory, idle_seconds())

    async def rate(self, batch: int) -> float:
        """Assets a second, without the first and the last tenth of the batch."""
        times: list[float] = [
            row["Finished"].timestamp()
            for row in await self.connection.fetch(
                'SELECT "Finished" FROM "BatchAssets" WHERE "BatchId" = $1 ORDER BY "Finished"', batch
            )
        ]
        first, last = len(times) // 10, len(times) * 9 // 10
        return (last - first) / (times[last] - times[first])

    async def claimed(self, batch: int) -> list[float]:
        """When the assets of a batch were claimed, as seconds since 1970."""
        async with asyncio.timeout(PATIENCE):
            while True:
                rows = await self.connection.fetch("SELECT claimed FROM engine.runs WHERE batch = $1", batch)
                if rows:
                    return [row["claimed"].timestamp() for row in rows]
                await asyncio.sleep(LOOK / 10)


def steady(looks: Sequence[Look]) -> tuple[Look, Look]:
    """The looks between which the first and the last tenth are left out."""
    last = looks[-1].settled
    inside = [look for look in looks if last / 10 <= look.settled <= last * 9 / 10]
    return inside[0], inside[-1]


@asynccontextmanager
async def make_ground(folder: Path) -> AsyncIterator[Ground]:
    """Everything up; down again at the end."""
    with ExitStack() as stack:
        server = start_postgres(folder / "postgres", log=folder / "postgres.log")
        stack.callback(abandon, folder / "postgres")
        stack.callback(server.stop)
        url = server.create_database("bench")
        await asyncio.to_thread(upgrade, url)
        emulator = start_emulator(folder / "aws", log=folder / "aws.log")
        stack.callback(emulator.stop)
        aws = stack.enter_context(open_aws(emulator))
        connection = await asyncpg.connect(url)
        await connection.execute("""INSERT INTO "CustomerStorage" VALUES (99, 0, 'default', 0, 0, 0, NULL)""")
        async with slow_origin() as origin:
            yield Ground(folder, aws, connection, environment_of(aws, url, folder), origin)
        await connection.close()


def environment_of(aws: Aws, url: str, folder: Path) -> dict[str, str]:
    """What an engine is told. Image server and processor are not asked for anything by these assets."""
    nobody = f"http://{LOOPBACK}:{choose_port('nobody', None)}"
    return aws.environment | {
        "ENGINE_DATABASE_URL": url,
        "ENGINE_IMAGE_QUEUE": aws.make_queue("images"),
        "ENGINE_PRIORITY_QUEUE": aws.make_queue("priority"),
        **{
            f"ENGINE_{role.upper()}_BUCKET": aws.make_bucket(role)
            for role in ("storage", "thumbs", "origin", "security")
        },
        "ENGINE_PROCESSOR_URL": nobody,
        "ENGINE_IMAGE_SERVER_URL": nobody,
        "ENGINE_SCRATCH": str(folder / "scratch"),
        "ENGINE_ALLOWED_NETWORKS": "127.0.0.0/8",
        "ENGINE_LOG_FORMAT": "json",
        "ENGINE_POLL_SECONDS": str(POLL),
        "ENGINE_DRAIN_SECONDS": "12",
    }


@asynccontextmanager
async def slow_origin() -> AsyncIterator[str]:
    """An HTTP origin that has every file, and takes its time."""

    async def serve(_request: web.Request) -> web.Response:
        await asyncio.sleep(SLOW)
        return web.Response(body=b"%PDF-1.7 a small file", content_type="application/pdf")

    app = web.Application()
    app.router.add_get("/{name:.*}", serve)
    async with TestServer(app) as server:
        yield str(server.make_url("/"))
