"""Assets whose last worker died with them: one at a time, so that only the guilty one is blamed for a death."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from policies.facts import Run
from policies.outcome import IngestError
from policies.reasons import SUSPECT_WAITS


class Suspects:
    """The suspect that runs in this process, if any."""

    def __init__(self) -> None:
        self._running: Run | None = None

    @asynccontextmanager
    async def alone(self, run: Run) -> AsyncIterator[None]:
        """Runs a suspect while no other does; everybody else is let through."""
        if not run.suspect:
            yield
            return
        if self._running is not None:
            raise IngestError(SUSPECT_WAITS, f"{run.asset} waits for {self._running.asset}, a suspect as well")
        self._running = run
        try:
            yield
        finally:
            self._running = None
