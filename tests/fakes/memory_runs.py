"""What the database remembers of runs and assets, in memory: for the endpoint and the commands."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from engine.db.port import AssetState, RunDetails, RunRecord, Source
from images.size import Size
from policies.reasons import Reason
from policies.request import AssetId

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PAGE = AssetId(99, 1, "page-1")


def make_run(
    asset: AssetId = PAGE,
    *,
    outcome: str | None = "ingested",
    reason: Reason | None = None,
    key: str = "key",
    batch: int | None = None,
    created: datetime | None = None,
) -> RunRecord:
    """A run of yesterday noon; `outcome=None` is one that still runs."""
    return RunRecord(
        id=uuid4(),
        asset=asset,
        key=key,
        batch=batch,
        created=created,
        source=Source.HTTP,
        worker="engine-1",
        attempt=1,
        suspect=False,
        claimed=NOON,
        expires=NOON + timedelta(minutes=3),
        finished=None if outcome is None else NOON + timedelta(seconds=2),
        outcome=outcome,
        final=outcome in {"ingested", "refused"},
        reason_code=reason.code if reason else None,
        reason=reason.message if reason else None,
        details=RunDetails(
            digest="ab" * 32,
            bytes=1234,
            media_type="image/tiff",
            size=Size(4000, 3000),
            steps={"fetch": 0.5, "convert": 1.25},
            thumbs_by="image-server",
            requests=1,
            origin="https://example.org/page-1.tif",
        ),
        keys=(f"storage/{asset}",),
    )


def make_state(asset: AssetId = PAGE, *, error: str = "", exists: bool = True) -> AssetState:
    """An asset that was ingested well."""
    return AssetState(
        id=asset,
        exists=exists,
        error=error,
        ingesting=False,
        finished=NOON,
        media_type="image/tiff",
        size=Size(4000, 3000),
        channels=("iiif-img", "thumbs"),
        location=f"s3://storage/{asset}",
        bytes=1000,
        thumb_bytes=100,
        thumbs_json='{"o":[[1024,768],[400,300]],"a":[]}',
        run=None,
        keys=None,
        running=None,
    )


class MemoryRuns:
    """Runs and assets that a test puts there."""

    def __init__(self, runs: Iterable[RunRecord] = (), states: Iterable[AssetState] = ()) -> None:
        self._runs = {run.id: run for run in runs}
        self._states = {state.id: state for state in states}
        self._changed = asyncio.Condition()

    def add(self, run: RunRecord) -> None:
        """One more run, the newest of its asset."""
        self._runs[run.id] = run

    async def finish(self, run: UUID, outcome: str = "ingested") -> None:
        """The run ends, and whoever waits for it is woken."""
        async with self._changed:
            ended = replace(self._runs[run], outcome=outcome, finished=NOON, final=True)
            self._runs[run] = ended
            self._changed.notify_all()

    async def run(self, run: UUID) -> RunRecord | None:
        return self._runs.get(run)

    async def last_run(self, asset: AssetId) -> RunRecord | None:
        return next((run for run in reversed(self._runs.values()) if run.asset == asset), None)

    async def wait_for(self, run: UUID, seconds: float) -> RunRecord | None:
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self._runs[run].finished is not None)
        except TimeoutError:
            return None
        return self._runs[run]

    async def asset(self, asset: AssetId) -> AssetState:
        return self._states.get(asset) or make_state(asset)
