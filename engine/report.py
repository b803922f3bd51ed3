"""How an ingest ended, told to logs and metrics: once, by whoever settled it."""

from __future__ import annotations

from engine.journal import Journal
from engine.logs import ingest_line, name_of
from engine.metrics import Metrics
from policies.outcome import Ingested
from policies.settle import Settlement


def report(settlement: Settlement, journal: Journal, metrics: Metrics) -> None:
    """The canonical line, and the figures."""
    seconds = sum(journal.steps.values())
    ingest_line(
        settlement.outcome,
        seconds=seconds,
        steps=journal.steps,
        row=journal.plan and journal.plan.row,
        origin=journal.origin,
        fetched_bytes=journal.fetched_bytes,
        media_type=journal.media_type,
        thumbs_by=journal.thumbs_by,
        thumb_requests=journal.tally.requests or None,
        thumb_retries=journal.tally.retries or None,
        thumb_waited=round(journal.tally.waited, 3) or None,
        again=settlement.again and settlement.again.isoformat(),
    )
    code = settlement.reason.code if settlement.reason else ""
    metrics.ingest_finished(name_of(settlement.outcome), code, seconds, journal.steps)
    metrics.fetched(journal.fetched_bytes or 0)
    if isinstance(settlement.outcome, Ingested):
        metrics.stored("image", settlement.outcome.stored.bytes)
        metrics.stored("thumbnails", settlement.outcome.stored.thumb_bytes)
    if journal.thumbs_by:
        metrics.thumbnails(journal.thumbs_by, journal.thumbs)
