"""What Prometheus sees: every metric of the engine, named and typed in one place.

Names and units follow Prometheus' conventions. Labels are closed sets (outcomes, codes of the catalogue of reasons,
steps, queues by their role, image servers by their configured address): never an asset, a customer or a batch.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_1_0_0
INGEST_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)
STEP_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)


class Metrics:
    """The engine's metrics on one registry; whoever sees something happen says so here."""

    def __init__(self, registry: CollectorRegistry, version: str = "") -> None:
        self.registry = registry
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        Info("sluice", "The engine that runs here.", registry=registry).info({"version": version})
        self._ingests = Counter(
            "sluice_ingests", "Tries that ended, by outcome and reason.", ["outcome", "reason"], registry=registry
        )
        self._ingest_seconds = Histogram(
            "sluice_ingest_seconds", "From claim to record.", ["outcome"], buckets=INGEST_SECONDS, registry=registry
        )
        self._step_seconds = Histogram(
            "sluice_step_seconds", "Time in each step.", ["step"], buckets=STEP_SECONDS, registry=registry
        )
        self._in_flight = Gauge("sluice_ingests_in_flight", "Ingests running now.", ["lane"], registry=registry)
        self._slots = Gauge("sluice_slots", "Ingests that may run at once.", ["lane"], registry=registry)
        self._fetched = Counter("sluice_fetched_bytes", "Bytes fetched from origins.", registry=registry)
        self._stored = Counter("sluice_stored_bytes", "Bytes stored, by what they are.", ["what"], registry=registry)
        self._queue = Gauge("sluice_queue_messages", "Messages in a queue.", ["queue", "state"], registry=registry)
        self._received = Gauge(
            "sluice_last_receive_timestamp_seconds", "When a queue last answered.", ["queue"], registry=registry
        )
        self._outbox = Gauge("sluice_outbox_entries", "Entries waiting in the outbox.", ["kind"], registry=registry)
        self._outbox_age = Gauge("sluice_outbox_oldest_seconds", "How overdue its oldest entry is.", registry=registry)
        self._oldest_run = Gauge("sluice_oldest_run_seconds", "Age of the oldest unfinished run.", registry=registry)
        self._thumbs = Counter("sluice_thumbnails", "Thumbnails made, by whom.", ["made_by"], registry=registry)
        self._requests = Counter(
            "sluice_image_server_requests", "Requests to the image server.", ["answer"], registry=registry
        )
        self._waited = Histogram(
            "sluice_limiter_wait_seconds", "Wait for the limiter.", buckets=STEP_SECONDS, registry=registry
        )
        self._limit = Gauge("sluice_limiter_limit", "Requests that the limiter allows.", ["server"], registry=registry)
        self._used = Gauge("sluice_limiter_in_flight", "Requests under way.", ["server"], registry=registry)
        self._waiting = Gauge("sluice_limiter_waiting", "Requests that wait.", ["server"], registry=registry)
        self._breaker = Gauge("sluice_breaker_open", "1 while it is taken to be away.", ["server"], registry=registry)
        self._paused = Gauge("sluice_paused", "1 while receiving pauses for this part.", ["part"], registry=registry)

    def ingest_started(self, lane: str) -> None:
        """An ingest has its slot."""
        self._in_flight.labels(lane).inc()

    def ingest_ended(self, lane: str) -> None:
        """Its slot is free again."""
        self._in_flight.labels(lane).dec()

    def ingest_finished(self, outcome: str, reason: str, seconds: float, steps: Mapping[str, float]) -> None:
        """One try ended; `reason` is a code of the catalogue, or empty."""
        self._ingests.labels(outcome, reason).inc()
        self._ingest_seconds.labels(outcome).observe(seconds)
        for step, spent in steps.items():
            self._step_seconds.labels(step).observe(spent)

    def slots(self, lane: str, count: int) -> None:
        """How many there are."""
        self._slots.labels(lane).set(count)

    def fetched(self, count: int) -> None:
        """Bytes came from an origin."""
        self._fetched.inc(count)

    def stored(self, what: str, count: int) -> None:
        """Bytes went to a bucket: `image` or `thumbnails`."""
        self._stored.labels(what).inc(count)

    def queue_depth(self, queue: str, *, visible: int, in_flight: int, delayed: int) -> None:
        """What a queue says of itself, approximately."""
        for state, count in (("visible", visible), ("in_flight", in_flight), ("delayed", delayed)):
            self._queue.labels(queue, state).set(count)

    def received(self, queue: str, seconds_ago: float) -> None:
        """A queue answered a receive, so long ago."""
        self._received.labels(queue).set(time.time() - seconds_ago)

    def outbox(self, entries: Mapping[str, int], oldest: float | None) -> None:
        """What waits there, and how overdue its oldest entry is."""
        for kind, count in entries.items():
            self._outbox.labels(kind).set(count)
        self._outbox_age.set(oldest or 0)

    def oldest_run(self, seconds: float | None) -> None:
        """Of all engines on this database."""
        self._oldest_run.set(seconds or 0)

    def thumbnails(self, made_by: str, count: int) -> None:
        """Thumbnails of one asset are made."""
        self._thumbs.labels(made_by).inc(count)

    def image_server_request(self, answer: str) -> None:
        """One request ended: `ok`, `overload`, `retry`, `refused` or whatever few words the thumbnailer uses."""
        self._requests.labels(answer).inc()

    def limiter_waited(self, seconds: float) -> None:
        """One request got its permit after so long."""
        self._waited.observe(seconds)

    def limiter(self, server: str, *, limit: float, in_flight: int, waiting: int) -> None:
        """The limiter of one image server, as it stands."""
        self._limit.labels(server).set(limit)
        self._used.labels(server).set(in_flight)
        self._waiting.labels(server).set(waiting)

    def breaker(self, server: str, *, is_open: bool) -> None:
        """Whether that server is taken to be away."""
        self._breaker.labels(server).set(is_open)

    def paused(self, part: str, *, is_paused: bool) -> None:
        """Whether receiving pauses because a part of ours is away."""
        self._paused.labels(part).set(is_paused)

    def exposition(self) -> bytes:
        """What GET /metrics answers."""
        return generate_latest(self.registry)
