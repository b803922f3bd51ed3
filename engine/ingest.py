"""The story of one ingest, top to bottom. It never decides, it asks: PLAN, ADMIT, THUMBS and SETTLE live in policies/.

`ingest` is the frame: claim, one try, record. `make` goes straight down. Facts only accumulate; nothing is called
back up. Every way to end is an outcome; the frame is the only place where an error becomes one.
"""

from __future__ import annotations

import asyncio
from typing import assert_never

import structlog

from engine.db.port import Claimed, Recorded
from engine.journal import Journal
from engine.lease import Lease
from engine.order import Order
from engine.parts import Parts
from engine.source import Source
from engine.stage import Staging
from policies.admit import admit, admit_derivative
from policies.outcome import Busy, Ingested, IngestError, Outcome, Refused, Retry, granted
from policies.plan import plan_ingest
from policies.quota import OVER_QUOTA_MESSAGE
from policies.reasons import CLAIM_LOST, INTERNAL, OVER_QUOTA, UNKNOWN_ASSET
from policies.settle import Settlement

log = structlog.get_logger(__name__)


async def ingest(order: Order, parts: Parts) -> Settlement:
    """One request: claimed, tried once, recorded; what that means for whoever asked."""
    began = asyncio.get_running_loop().time()
    journal = Journal(tracer=parts.tracer)
    asset, batch = str(order.request.asset), order.request.batch
    with parts.tracer.span("ingest", asset=asset, batch=batch, source=str(order.source)):
        try:
            with journal.step("claim"):
                claimed = await parts.db.claim(order.request, order.key, order.source)
            if not isinstance(claimed, Claimed):
                return parts.settle(claimed, order)
            async with parts.heart.keeps(claimed.run, began) as lease:
                outcome = await attempt(order, lease, journal, parts)
                return await record(outcome, order, lease, journal, parts)
        except IngestError as error:  # the database is away
            return parts.settle(error.outcome, order)


async def attempt(order: Order, lease: Lease, journal: Journal, parts: Parts) -> Outcome:
    """One try at a claimed asset; whatever happens, an outcome."""
    structlog.contextvars.bind_contextvars(asset=str(lease.run.asset), run=str(lease.run.id))
    try:
        async with lease.held(), parts.suspects.alone(lease.run):
            return await make(order, lease, journal, parts)
    except IngestError as error:
        return error.outcome
    except Exception as error:
        log.exception("an ingest met what nobody foresaw")
        return Retry(INTERNAL.of(f"{lease.run.asset}: {type(error).__name__}: {error}"))


async def make(order: Order, lease: Lease, journal: Journal, parts: Parts) -> Ingested:
    """Straight down: everything that one asset deserves, made and published, not yet recorded."""
    with journal.step("plan"):
        facts = granted(await parts.db.facts(lease.run, order.request))
        plan = granted(plan_ingest(facts, await parts.match_origin(facts), parts.rules))
        journal.plan = plan
    async with parts.scratch.room() as room:
        source = Source(plan, parts.origins, room, journal)
        admitted = granted(admit(plan, await source.seen(), facts, parts.rules))
        with journal.step("convert"):
            image = await parts.converter.convert(lease.run, plan, admitted, source, room, journal, order.priority)
            granted(admit_derivative(plan, admitted, image.served_bytes, facts, parts.rules))
        journal.size = image.size
        staging = Staging(parts.storage, parts.origins, lease, plan, image, source)
        with journal.step("thumbs"):
            thumbs = await parts.thumbnails.make(lease.run, plan, image, staging, source, room, journal, order.priority)
        with journal.step("publish"):
            return Ingested(await parts.publisher.publish(lease, plan, image, source, staging, thumbs))


async def record(outcome: Outcome, order: Order, lease: Lease, journal: Journal, parts: Parts) -> Settlement:
    """Writes the end of a run in one fenced transaction; what could not be written becomes another end."""
    settlement = parts.settle(outcome, order, lease.run.attempt)
    try:
        with journal.step("record"):
            recorded = await parts.db.record(
                lease.run, settlement, journal.details(), check_quota=journal.counts_to_quota(parts.rules)
            )
    except IngestError as error:
        if isinstance(outcome, Ingested) and isinstance(error.outcome, Refused):  # what it says does not fit the rows
            return await record(error.outcome, order, lease, journal, parts)
        raise
    match recorded:
        case Recorded.DONE:
            parts.outbox.nudge()
        case Recorded.FENCE_GONE:
            if lease.published:  # bytes and rows may not match any more: once more, from the start
                await parts.send_again(order)
            settlement = parts.settle(Busy(CLAIM_LOST.of(f"{lease.run.asset}: somebody else has it now")), order)
        case Recorded.ASSET_GONE:
            gone = Refused(UNKNOWN_ASSET.of(f"{lease.run.asset} was deleted while it was ingested"))
            return await record(gone, order, lease, journal, parts)
        case Recorded.OVER_QUOTA:
            return await record(Refused(OVER_QUOTA.of(OVER_QUOTA_MESSAGE)), order, lease, journal, parts)
        case never:
            assert_never(never)
    parts.tell(settlement, journal, lease.run.asset)
    return settlement
