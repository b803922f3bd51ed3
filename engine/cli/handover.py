"""The steps of `sluice ingest`, one after the other; what can be shown of them goes to a board."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import aiohttp

from engine.cli.following import Ended, follow_batch, follow_runs
from engine.cli.opened import CommandDatabase, endpoint_of
from engine.cli.results import Board, result_of
from engine.cli.sources import Original
from engine.cli.submission import HandedIn, Submission, pages, side_by_side
from engine.db.port import Source
from engine.db.submissions import BatchState
from engine.outbound.senders import BATCH, HttpSender, QueueSender
from engine.settings import Settings
from policies.request import IngestRequest

NOW_AT_ONCE = 4
"""Posts under way at once."""


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

    async def make_rows(self, board: Board) -> list[IngestRequest]:
        """Makes the rows that are not there yet; what cannot be handed in is a result already."""
        held = await self._database.held(self._batch.id) if self._batch else {}
        requests = [self._submission.request(one.asset) for one in self._found if one.asset in held]
        fresh = [one for one in self._found if one.asset not in held]
        async for one in side_by_side(fresh, self._submission.hand_in):
            if one.error is None:
                requests.append(one.request)
            else:
                self._refused(one, board)
        return requests

    async def send(self, requests: Sequence[IngestRequest], sender: QueueSender, *, priority: bool) -> None:
        """Sends the messages, counting them as the API does."""
        source = Source.PRIORITY if priority else Source.DEFAULT
        for page in pages(requests, BATCH):
            await sender.send(page)
            await self._database.enqueued(page[0].asset.customer, source, len(page))

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

    def _refused(self, one: HandedIn, board: Board) -> None:
        assert one.error is not None
        board.add(result_of(str(one.original.asset), one.original.shown, str(one.error.reason), None))
