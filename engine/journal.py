"""What a run will be remembered by: the time of each step and the facts met on the way.

Steps write to it, the recording and the log line read it; nothing is ever decided from it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from engine.db.port import RunDetails
from engine.outbound.thumbnailer import Tally
from engine.tracing import NoTracer, Tracer
from images.size import Size
from policies.facts import Rules
from policies.plan import IngestPlan, counts_to_quota, may_leave_objects
from policies.redact import redact


@dataclass(slots=True)
class Journal:
    """One run's notes."""

    steps: dict[str, float] = field(default_factory=dict)  # seconds
    origin: str | None = None  # redacted
    digest: str | None = None
    fetched_bytes: int | None = None
    media_type: str | None = None
    size: Size | None = None
    thumbs_by: str | None = None
    thumbs: int = 0
    tally: Tally = field(default_factory=Tally)  # of what the image server was asked
    plan: IngestPlan | None = None
    tracer: Tracer = field(default_factory=NoTracer)

    def details(self) -> RunDetails:
        """All of it, as the run's row keeps it."""
        return RunDetails(
            digest=self.digest,
            bytes=self.fetched_bytes,
            media_type=self.media_type,
            size=self.size,
            steps=self.steps,
            thumbs_by=self.thumbs_by,
            requests=self.tally.requests,
            retries=self.tally.retries,
            waited=self.tally.waited,
            origin=self.origin or (redact(self.plan.place.uri) if self.plan else None),
            tidy=self.plan is not None and may_leave_objects(self.plan),
        )

    def counts_to_quota(self, rules: Rules) -> bool:
        """Whether what this run stored is held against a quota."""
        return self.plan is None or counts_to_quota(self.plan, rules)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Adds the time spent inside to that step."""
        began = time.perf_counter()
        try:
            with self.tracer.span(name):
                yield
        finally:
            self.steps[name] = round(self.steps.get(name, 0.0) + time.perf_counter() - began, 4)
