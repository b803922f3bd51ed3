"""The steps of `sluice ingest`, one after the other; what can be shown of them goes to a board."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import aiohttp

from engine.cli.following import Ended, follow_batch, follow_runs
from engine.cli.opened import CommandDatabase, endpoint_of
from engine.cli.results import Board, refused_result, result_of
from engine.cli.sources import Original
from engine.cli.submission import Submission, pages, side_by_side
from engine.db.port import Source
from engine.db.submissions import BatchState
from engine.outbound.senders import BATCH, HttpSender, QueueSender
from engine.settings import Settings
from policies.request import IngestRequest

NOW_AT_ONCE = 4
"""Posts under way at once."""


@dataclass(frozen=True, slots=True)
class Requests:
    """What the rows are made for, by how far an earlier, interrupted command had come with it."""

    fresh: list[IngestRequest] = field(default_factory=list)
    again: list[IngestRequest] = field(default_factory=list)  # its message was sent, or was not: nobody knows
    settled: list[IngestRequest] = field(default_factory=list)

    @property
    def every(self) -> list[IngestRequest]:
        return [*self.fresh, *self.again, *self.settled]


class Handover:
    """The steps of one `sluice ingest`: rows, messages or posts, and the wait for the end."""

    def __init__(
        self,
        database: CommandDatabase,
        submission: Submission,
        found: Sequence[Original],
        batch: BatchState | None,
    ) -> None:
        self._database = database
        self._submission = submission
        self._found = found
        self._batch = batch
        self._sources = {str(one.asset): one.shown for one in found}

    async def make_rows(self, board: Board) -> Requests:
        """Makes the rows that are not there yet; what cannot be handed in is a result already."""
        held = await self._database.held(self._batch.id) if self._batch else {}
        requests = Requests()
        for one in self._found:
            if one.asset in held:
                (requests.settled if held[one.asset] else requests.again).append(self._submission.request(one.asset))
        missing = [one for one in self._found if one.asset not in held]
        async for made in side_by_side(missing, self._submission.hand_in):
            if made.error is None:
                requests.fresh.append(made.request)
            else:
                board.add(refused_result(str(made.original.asset), made.original.shown, made.error.reason))
        return requests

    async def send(self, requests: Requests, sender: QueueSender, *, priority: bool) -> None:
        """Sends the messages; counts them as the API does, but none twice, for nobody would count it down again."""
        source = Source.PRIORITY if priority else Source.DEFAULT
        for page in pages(requests.fresh, BATCH):
            await sender.send(page)
            await self._database.enqueued(page[0].asset.customer, source, len(page))
        await sender.send(requests.again)

    async def follow(self, requests: Sequence[IngestRequest], board: Board) -> None:
        """Waits for the end of each."""
        assets = [request.asset for request in requests]
        ended: AsyncIterator[Ended] = (
            follow_batch(self._database, self._batch.id, assets)
            if self._batch
            else follow_runs(self._database, assets, self._submission.created)
        )
        async for asset, error, run in ended:
            board.add(result_of(str(asset), self._sources[str(asset)], error, run))

    async def ask(self, requests: Sequence[IngestRequest], settings: Settings, board: Board) -> None:
        """Has each ingested by the endpoint, a few at a time."""
        async with aiohttp.ClientSession() as http:
            sender = HttpSender(http, endpoint_of(settings), settings.http.token)

            async def one(request: IngestRequest) -> None:
                told = await sender.ingest(request)
                run = await self._database.last_run(request.asset)
                board.add(result_of(str(request.asset), self._sources[str(request.asset)], told.error, run))

            async for _ in side_by_side(requests, one, NOW_AT_ONCE):
                pass
