"""An engine under test, in process, on real parts: database, S3, SQS, SNS, processor, image server, an HTTP origin.

Tests hand work in as the DLCS API does and look at rows and objects from outside.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import asyncpg
from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image
from prometheus_client import CollectorRegistry

from engine.metrics import Metrics
from engine.parts import Parts, open_parts
from engine.service import Service
from engine.settings import read_settings
from local.aws import Aws
from policies.request import AssetId
from tests.integration.db_rows import ASSET, Rows
from tests.resources import Buckets, Queues

SECONDS = 40.0
"""The longest that anything in these tests may take."""


@dataclass(slots=True)
class Origin:
    """An HTTP server whose files are set by name; a number instead of bytes is answered as a status."""

    server: TestServer
    files: dict[str, bytes | int] = field(default_factory=dict)
    hits: dict[str, int] = field(default_factory=dict)
    before: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)  # what happens before an answer
    elsewhere: list[str] = field(default_factory=list)  # paths that are no files

    def put(self, name: str, content: bytes | int) -> str:
        self.files[name] = content
        return str(self.server.make_url(f"/{name}"))


def picture(size: tuple[int, int] = (300, 200), form: str = "TIFF", shade: int = 0) -> bytes:
    """A picture with something in it, different for every shade."""
    image = Image.linear_gradient("L").resize(size).point(lambda value: (value + shade) % 256)
    out = io.BytesIO()
    Image.merge("RGB", (image, image.rotate(180), Image.new("L", size, shade))).save(out, form)
    return out.getvalue()


@asynccontextmanager
async def http_files() -> AsyncIterator[Origin]:
    async def serve(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        origin.hits[name] = origin.hits.get(name, 0) + 1
        if name in origin.before:
            await origin.before[name]()
        content = origin.files.get(name, 404)
        return web.Response(status=content) if isinstance(content, int) else web.Response(body=content)

    app = web.Application()

    async def note(request: web.Request) -> web.Response:
        origin.elsewhere.append(request.path)
        return web.Response(status=503)

    app.router.add_get("/{name}", serve)
    app.router.add_get("/{path:.*}", note)
    server = TestServer(app)
    async with server:
        origin = Origin(server)
        yield origin


@dataclass(slots=True)
class Rig:
    """One engine, and everything around it as a test sees it."""

    rows: Rows
    origin: Origin
    aws: Aws
    buckets: Buckets
    queues: Queues
    environment: Mapping[str, str]
    parts: Parts | None = None
    url: str = ""

    def send(self, asset: AssetId = ASSET, *, batch: int | None = None, **more: object) -> None:
        """A message as the DLCS API sends it."""
        body = {"id": str(asset), "created": "2026-11-20T10:00:00Z", "batchId": batch} | more
        self.send_body(json.dumps(body))

    def send_body(self, body: str, queue: str | None = None) -> None:
        self.aws.sqs.send_message(QueueUrl=queue or self.queues.images, MessageBody=body)

    async def post(self, asset: AssetId = ASSET, **more: object) -> tuple[int, Any]:
        """POST /asset-ingest: status and body."""
        body = json.dumps({"id": str(asset)} | more)
        async with aiohttp.ClientSession() as http, http.post(f"{self.url}/asset-ingest", data=body) as answer:
            return answer.status, await answer.json()

    async def image(self, asset: AssetId = ASSET) -> asyncpg.Record:
        """The asset's row."""
        row = await self.rows.connection.fetchrow('SELECT * FROM "Images" WHERE "Id" = $1', str(asset))
        assert row is not None
        return row

    async def finished(self, asset: AssetId = ASSET) -> asyncpg.Record:
        """The asset's row, once it is finished."""
        async with asyncio.timeout(SECONDS):
            while (row := await self.image(asset))["Finished"] is None or row["Ingesting"]:  # noqa: ASYNC110  rows tell nobody
                await asyncio.sleep(0.02)
        return row

    async def settled(self) -> None:
        """Once all messages are gone, everything is folded in, and the outbox is empty."""
        async with asyncio.timeout(SECONDS):
            while not await self._is_settled():  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.05)

    async def _is_settled(self) -> bool:
        for url in (self.queues.images, self.queues.priority, self.queues.files):
            said = self.aws.sqs.get_queue_attributes(
                QueueUrl=url,
                AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
            )["Attributes"]
            if any(int(count) for count in said.values()):
                return False
        waiting = await self.rows.one(
            """SELECT (SELECT count(*) FROM engine.outbox) + (SELECT count(*) FROM engine.folds)
                    + (SELECT count(*) FROM engine.runs WHERE finished IS NULL)"""
        )
        return bool(waiting == 0)

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        return sorted(
            entry["Key"] for entry in self.aws.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        )

    def body(self, bucket: str, key: str) -> bytes:
        return self.aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def picture(self, bucket: str, key: str) -> Image.Image:
        return Image.open(io.BytesIO(self.body(bucket, key)))

    async def last_run(self, asset: AssetId = ASSET) -> asyncpg.Record:
        row = await self.rows.connection.fetchrow(
            "SELECT * FROM engine.runs WHERE asset = $1 AND source <> 'tidy' ORDER BY claimed DESC LIMIT 1", str(asset)
        )
        assert row is not None
        return row

    @asynccontextmanager
    async def engine(self, **changes: str) -> AsyncIterator[Parts]:
        """A running engine; drained and closed at the end."""
        settings = read_settings(dict(self.environment) | changes)
        stop = asyncio.Event()
        up: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        async with open_parts(settings, Metrics(CollectorRegistry())) as self.parts:
            running = asyncio.create_task(Service(settings, self.parts).run(stop, up.set_result))
            await asyncio.wait((running, up), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                await running
            self.url = await up
            try:
                yield self.parts
            finally:
                stop.set()
                await asyncio.wait_for(running, SECONDS)
