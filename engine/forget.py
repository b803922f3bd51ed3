"""Old runs are forgotten once a day; what tells an older message, or what an asset needs stored, stays for good.

One per process. Engines of a fleet begin at different times of the day, and whoever comes later finds nothing left.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from policies.outcome import IngestError

log = structlog.get_logger(__name__)

DAY = 86_400.0


class Forgets(Protocol):
    """The database, as forgetting needs it."""

    async def forget(self, older_than_days: float) -> int:
        """Deletes finished runs of the past; how many went."""


class Forgetting:
    """Forgets runs that are older than so many days, every day."""

    def __init__(self, runs: Forgets, keep_days: float, *, first_in: float, every: float = DAY) -> None:
        self._runs = runs
        self._keep_days = keep_days
        self._first_in = first_in
        self._every = every

    async def forget_daily(self) -> None:
        """As long as the service runs; a day on which the database is away is skipped."""
        pause = self._first_in
        while True:
            await asyncio.sleep(pause)
            pause = self._every
            try:
                forgotten = await self._runs.forget(self._keep_days)
            except IngestError as error:
                log.warning("old runs could not be forgotten", error=str(error))
            else:
                log.info("old runs forgotten", runs=forgotten, older_than_days=self._keep_days)
