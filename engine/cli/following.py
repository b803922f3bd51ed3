"""Following assets to their end: by their batch's rows, or by their runs when there is no batch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import datetime
from typing import Protocol

from engine.db.port import RunRecord
from engine.db.submissions import Settled
from policies.request import AssetId

PAUSE = 0.4
LOOKED_AT = 50
"""Assets without a batch that are looked at in one round."""
UNFINISHED = {None, "retry", "busy", "abandoned"}


class Follows(Protocol):
    """The database, as following needs it."""

    async def settled(self, batch: int, since: datetime | None) -> list[Settled]: ...
    async def last_run(self, asset: AssetId) -> RunRecord | None: ...


Ended = tuple[AssetId, str, RunRecord | None]
"""An asset, its error (empty: none), and its last run."""


async def follow_batch(database: Follows, batch: int, assets: Collection[AssetId]) -> AsyncIterator[Ended]:
    """Each of the assets, once, as its row in the batch is settled; ends when all are."""
    pending = set(assets)
    since: datetime | None = None
    while pending:
        page = await database.settled(batch, since)
        fresh = [one for one in page if one.asset in pending]
        for one in fresh:
            pending.discard(one.asset)
            yield one.asset, one.error, await database.last_run(one.asset)
        since = page[-1].finished if page else since
        if not fresh:
            await asyncio.sleep(PAUSE)


async def follow_runs(database: Follows, assets: Collection[AssetId], since: datetime) -> AsyncIterator[Ended]:
    """Each of the assets, once, as a run of this message ends for good; the first few that are pending at a time."""
    pending = list(dict.fromkeys(assets))
    while pending:
        ended = []
        for asset in pending[:LOOKED_AT]:
            run = await database.last_run(asset)
            if run is not None and run.created == since and run.final:
                ended.append(asset)
                yield asset, run.reason or "" if run.outcome == "refused" else "", run
        pending = [asset for asset in pending if asset not in ended]
        if pending and not ended:
            pending = pending[LOOKED_AT:] + pending[:LOOKED_AT]
            await asyncio.sleep(PAUSE)
