"""One heart per process: renews the claims of all its runs in one statement, and the visibility of its messages.

No renewal, no work: a lease whose claim is not confirmed runs out by itself (engine/lease.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog

from engine.lease import Lease
from policies.facts import Run
from policies.outcome import IngestError
from policies.reasons import CLAIM_LOST, Kind

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class HeartSettings:
    """How long a claim lives without a beat, and how often the heart beats."""

    lease_seconds: float = 180.0
    beat_seconds: float = 30.0

    def __post_init__(self) -> None:
        if self.beat_seconds <= 0 or self.lease_seconds < 3 * self.beat_seconds:
            raise ValueError(
                f"expected a lease of at least three beats of {self.beat_seconds} s, not {self.lease_seconds} s"
            )


class Renews(Protocol):
    """The database, as the heart needs it."""

    async def renew(self, runs: Sequence[UUID]) -> set[UUID]:
        """Moves the expiry of these claims; the ones that are still ours."""


Pulse = Callable[[], Awaitable[None]]


class Heart:
    """Holds the leases of all runs of this process."""

    def __init__(self, database: Renews, settings: HeartSettings) -> None:
        self._database = database
        self.settings = settings
        self._leases: dict[UUID, Lease] = {}
        self._pulses: list[Pulse] = []

    @property
    def leases(self) -> Sequence[Lease]:
        """Those held now."""
        return tuple(self._leases.values())

    def also(self, pulse: Pulse) -> None:
        """Something else to keep alive at every beat."""
        self._pulses.append(pulse)

    @asynccontextmanager
    async def keeps(self, run: Run, claimed_at: float) -> AsyncIterator[Lease]:
        """Renews one run's claim while the block runs; `claimed_at` is the loop's time before it was claimed."""
        lease = Lease(run, claimed_at + self.settings.lease_seconds)
        self._leases[run.id] = lease
        try:
            yield lease
        finally:
            del self._leases[run.id]

    def end_all(self, kind: Kind) -> None:
        """Takes every lease away: the work stops and leaves as this kind of reason."""
        for lease in self.leases:
            lease.end(kind)

    async def beat_forever(self) -> None:
        """Beats as long as the service runs; sooner again after a beat that failed."""
        while True:
            pause = self.settings.beat_seconds
            try:
                async with asyncio.timeout(self.settings.beat_seconds):
                    await self._beat()
            except (IngestError, TimeoutError) as error:
                log.warning("a heartbeat failed", error=str(error) or "no answer in time", runs=len(self._leases))
                pause /= 10
            await asyncio.sleep(pause)

    async def _beat(self) -> None:
        began = asyncio.get_running_loop().time()
        if held := dict(self._leases):
            owned = await self._database.renew(tuple(held))
            for run, lease in held.items():
                if run in owned:
                    lease.renewed(began + self.settings.lease_seconds)
                else:
                    lease.end(CLAIM_LOST)
        for pulse in self._pulses:
            await pulse()
