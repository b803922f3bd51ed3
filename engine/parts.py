"""Everything an ingest works with, opened by hand, in order, and closed in reverse. Nothing is built at import.

Commands that need less open less: each `open_…` stands for itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from uuid import uuid4

import aiohttp

from engine.aws import Aws, open_aws
from engine.convert import Converter
from engine.db.port import Database, Source
from engine.db.postgres import open_database
from engine.heart import Heart, HeartSettings
from engine.inbound.messages import Messages, open_messages
from engine.journal import Journal
from engine.metrics import Metrics
from engine.order import Order
from engine.outbound.bucket import Bucket
from engine.outbound.image_server import ImageServer
from engine.outbound.make_thumbnailer import make_thumbnailer
from engine.outbound.notifier import Orchestrator, SilentNotifier, SnsNotifier
from engine.outbound.processor import ProcessorClient
from engine.outbound.processor_thumbnailer import ProcessorThumbnailer
from engine.outbox import OutboxRunner, OutboxSettings
from engine.part_settings import (
    aws_settings,
    database_settings,
    origin_settings,
    processor_settings,
    thumbnail_settings,
)
from engine.publish import Publisher
from engine.report import report
from engine.scratch import Scratch, open_scratch
from engine.settings import EVERYTHING, Settings
from engine.suspects import Suspects
from engine.thumbnails import Thumbnails
from engine.tidy import Tidy
from engine.tracing import Tracer, open_tracer
from images.size import Size
from origins.origins import Origins
from policies.facts import Facts, Rules
from policies.origin_strategy import match_strategy
from policies.outcome import Ingested, Outcome, Refused, Stored, about
from policies.plan import Place
from policies.request import AssetId
from policies.settle import Settlement, settle

VERSION = version("sluice")


@dataclass(frozen=True, slots=True)
class Parts:
    """What the story of an ingest asks; see engine/ingest.py."""

    rules: Rules
    attempts: int
    db: Database
    heart: Heart
    suspects: Suspects
    scratch: Scratch
    origins: Origins
    converter: Converter
    storage: Bucket
    thumbs_bucket: Bucket
    read_buckets: Sequence[Bucket]  # what origins and their credentials may be read from
    thumbnails: Thumbnails
    publisher: Publisher
    outbox: OutboxRunner
    queues: Mapping[Source, Messages]
    processor: ProcessorClient
    image_server: ImageServer
    orchestrator: Orchestrator
    metrics: Metrics
    tracer: Tracer

    def settle(self, outcome: Outcome, order: Order, attempt: int = 1) -> Settlement:
        """SETTLE, with the clock and the dice of this process."""
        return settle(
            about(outcome, str(order.request.asset)),
            attempt,
            self.attempts,
            datetime.now(UTC),
            random.random(),  # noqa: S311  spreads retries, keeps no secret
            last_receive=order.last_receive,
            over_http=order.source is Source.HTTP,
        )

    async def match_origin(self, facts: Facts) -> Place | Refused:
        """Which strategy the origin has; customers' regexes are tried off the event loop."""
        asked = (facts.asset.origin, facts.asset.id, facts.strategies, self.rules)
        matched = await asyncio.to_thread(match_strategy, *asked) if facts.strategies else match_strategy(*asked)
        return matched if isinstance(matched, Refused) else matched.place

    async def send_again(self, order: Order) -> None:
        """The asset once more, as its row now says, as a message of its own."""
        source = order.source if order.source in self.queues else Source.DEFAULT
        body = {"id": str(order.request.asset), "batchId": order.request.batch}
        await self.queues[source].send(json.dumps(body), key=f"again-{uuid4()}")
        await self.db.enqueued(order.request.asset.customer, source)

    async def reach_storage(self) -> None:
        """Raises while one of the buckets that we write to does not let us in."""
        for bucket in (self.storage, self.thumbs_bucket):
            await bucket.reachable()

    def tell(self, settlement: Settlement, journal: Journal, asset: AssetId) -> None:
        """Everybody who wants to know how an ingest ended."""
        report(settlement, journal, self.metrics)
        match settlement.outcome:
            case Ingested(Stored(size=Size())):
                self.orchestrator.touch_soon(asset)


@asynccontextmanager
async def open_parts(settings: Settings, metrics: Metrics) -> AsyncIterator[Parts]:
    """All of them, as the settings say."""
    settings.require(*EVERYTHING)
    async with AsyncExitStack() as stack:
        aws = await stack.enter_async_context(open_aws(aws_settings(settings)))
        rules = settings.rules(await storage_region(settings, aws))
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        db = await stack.enter_async_context(open_database(database_settings(settings), worker_name()))
        scratch = stack.enter_context(open_scratch(settings.processor.scratch))
        origins = await stack.enter_async_context(Origins.open(origin_settings(settings)))
        storage, thumbs = Bucket(aws.s3, rules.storage_bucket), Bucket(aws.s3, rules.thumbs_bucket)
        processor = ProcessorClient(http, processor_settings(settings))
        image_server = await stack.enter_async_context(ImageServer.open(thumbnail_settings(settings), metrics))
        from_image_server = settings.thumbnails.first == "image-server"
        topic = settings.queues.batch_topic
        orchestrator = Orchestrator(http, settings.thumbnails.orchestrator)
        stack.push_async_callback(orchestrator.close)
        yield Parts(
            rules=rules,
            attempts=settings.work.attempts,
            db=db,
            heart=Heart(db, HeartSettings(settings.work.lease, settings.work.heart)),
            suspects=Suspects(),
            scratch=scratch,
            origins=origins,
            converter=Converter(processor, image_server, rules, with_thumbs=not from_image_server),
            storage=storage,
            thumbs_bucket=thumbs,
            read_buckets=[Bucket(aws.s3, name) for name in (rules.origin_bucket, rules.security_bucket)],
            thumbnails=Thumbnails(
                make_thumbnailer(thumbnail_settings(settings), image_server, ProcessorThumbnailer(processor)),
                rules,
                from_image_server=from_image_server,
            ),
            publisher=Publisher(storage, thumbs, origins, rules),
            outbox=OutboxRunner(
                db,
                SnsNotifier(aws.sns, topic) if topic else SilentNotifier(),
                Tidy(db, db, storage, thumbs, rules),
                OutboxSettings(),
            ),
            queues=await open_queues(settings, aws),
            processor=processor,
            image_server=image_server,
            orchestrator=orchestrator,
            metrics=metrics,
            tracer=await stack.enter_async_context(open_tracer(os.environ, VERSION)),
        )


async def storage_region(settings: Settings, aws: Aws) -> str | None:
    """The region that the S3 URIs we write name, where they are to name one."""
    return await Bucket(aws.s3, settings.buckets.storage).region() if settings.buckets.uri_region else None


async def open_queues(settings: Settings, aws: Aws) -> dict[Source, Messages]:
    """The queues that are set, by what comes through them."""
    names = {
        Source.DEFAULT: settings.queues.image,
        Source.PRIORITY: settings.queues.priority,
        Source.FILE: settings.queues.file,
    }
    seconds = round(settings.work.visibility)
    return {
        source: await open_messages(aws.sqs, name, invisible_seconds=seconds) for source, name in names.items() if name
    }


def worker_name() -> str:
    """Who this process is in the rows of runs."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}"
