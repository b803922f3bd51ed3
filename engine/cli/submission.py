"""Handing originals in: files uploaded to the origin bucket, rows made, messages sent or the endpoint asked."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Protocol, TypeVar

from engine.cli.sources import Original
from engine.db.port import Source
from engine.db.submissions import BatchState
from engine.outbound.bucket import Bucket
from policies.outcome import IngestError
from policies.request import AssetId, IngestRequest, Named

AT_ONCE = 8
Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What all the assets of one command shall have."""

    channels: tuple[str, ...] = ("iiif-img", "thumbs")
    image_policy: str | None = None
    thumbs_policy: str | None = None
    max_unauthorised: int | None = None
    roles: tuple[str, ...] | None = None


class Rows(Protocol):
    """The database, as handing in needs it."""

    async def hand_in(self, request: IngestRequest) -> None: ...
    async def enqueued(self, customer: int, source: Source, count: int = 1) -> None: ...


@dataclass(frozen=True, slots=True)
class HandedIn:
    """One original after its rows were made, or why they could not be."""

    original: Original
    request: IngestRequest
    error: IngestError | None = None


class Submission:
    """Makes the rows of originals, in the name of one batch or none."""

    def __init__(self, rows: Rows, bucket: Bucket, wishes: Wishes, created: datetime, batch: BatchState | None) -> None:
        self._rows = rows
        self._bucket = bucket
        self._wishes = wishes
        self.created = created
        self._batch = batch

    def request(self, asset: AssetId) -> IngestRequest:
        """What the engine is asked for this asset; asking twice is one message."""
        return IngestRequest(asset, self.created, self._batch.id if self._batch else None)

    async def hand_in(self, original: Original) -> HandedIn:
        """Uploads the file, if it is one, and makes the rows."""
        request = self.request(original.asset)
        wishes = self._wishes
        try:
            named = Named(
                origin=original.origin or await self._upload(original),
                image_policy=wishes.image_policy,
                thumbnail_policy=wishes.thumbs_policy,
                channels=wishes.channels,
                max_unauthorised=wishes.max_unauthorised,
                roles=wishes.roles,
            )
            await self._rows.hand_in(IngestRequest(request.asset, request.created, request.batch, named))
        except IngestError as error:
            return HandedIn(original, request, error)
        return HandedIn(original, request)

    async def _upload(self, original: Original) -> str:
        assert original.path is not None
        suffix = PurePosixPath(original.path.name).suffix.lower()
        key = f"{original.asset}{suffix}"
        kind = mimetypes.guess_type(original.path.name)[0] or "application/octet-stream"
        await self._bucket.put_file(key, original.path, kind)
        return f"s3://{self._bucket.name}/{key}"


async def side_by_side(
    things: Iterable[Given], work: Callable[[Given], Awaitable[Made]], at_once: int = AT_ONCE
) -> AsyncIterator[Made]:
    """The work on each thing, a few at a time, in the order in which they end."""
    waiting = iter(things)
    running: set[asyncio.Task[Made]] = set()
    try:
        while True:
            for thing in waiting:
                running.add(asyncio.ensure_future(work(thing)))
                if len(running) >= at_once:
                    break
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
    finally:
        for task in running:
            task.cancel()


def pages(things: Sequence[Given], size: int) -> list[Sequence[Given]]:
    """The things, so many at a time."""
    return [things[start : start + size] for start in range(0, len(things), size)]
