"""The right to work on one asset: a deadline that only a renewal moves.

The work of a run happens inside `held()`. Past the deadline it is cancelled, and every write to S3 is refused from
the same moment: whoever takes the asset over waits longer than that (design: the grace). Knows no database.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from policies.facts import Run
from policies.outcome import IngestError
from policies.reasons import CLAIM_LOST, DRAINING, Kind


class Lease:
    """One run's claim as this process knows it."""

    def __init__(self, run: Run, expires: float) -> None:
        self.run = run
        self.published = False  # something stands under a final key
        self._expires = expires
        self._ended: Kind | None = None
        self._timeout: asyncio.Timeout | None = None

    def check(self) -> None:
        """Raises when this run may no longer write."""
        if self._ended is not None or asyncio.get_running_loop().time() >= self._expires:
            raise self._lost()

    def renewed(self, expires: float) -> None:
        """The database has confirmed the claim until then (the loop's clock)."""
        if self._ended is None and expires > self._expires:
            self._expires = expires
            if self._timeout is not None:
                self._timeout.reschedule(expires)

    def end(self, kind: Kind) -> None:
        """Takes the right away now: the work is cancelled and leaves as this kind of reason."""
        if self._ended is None:
            self._ended = kind
            if self._timeout is not None:
                self._timeout.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Runs the work inside the deadline; its end is a Busy, for it is not the asset's fault."""
        try:
            async with asyncio.timeout_at(self._expires) as self._timeout:
                self.check()
                yield
        except TimeoutError as error:
            if self._timeout is None or not self._timeout.expired():
                raise
            raise self._lost() from error
        finally:
            self._timeout = None

    def _lost(self) -> IngestError:
        kind = self._ended or CLAIM_LOST
        after = 0.0 if kind is DRAINING else None  # whoever is not stopping may have it now
        return IngestError(kind, f"{self.run.asset}: {kind.when}", after=after)


Guard = Callable[[], None]
"""Called before every write to S3; raises when the writer may not."""
