"""Which of our own parts are away. While one is, nothing new is received; a probe finds out when it is back.

Told by outcomes: a Busy that names a part of ours as the reason. Nobody else decides that something is away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from policies.outcome import IngestError
from policies.reasons import Kind, Reason

log = structlog.get_logger(__name__)

Probe = Callable[[], Awaitable[None]]
"""Returns when the part answers; raises IngestError when it does not."""

FIRST_PAUSE = 0.5
LAST_PAUSE = 15.0
PROBE_TIMEOUT = 10.0


class Dependencies:
    """The parts that can be away, by the kind of reason that says so, each with its probe."""

    def __init__(self, probes: Mapping[Kind, Probe], *, first_pause: float = FIRST_PAUSE) -> None:
        self._probes = probes
        self._first_pause = first_pause
        self._away: dict[Kind, str] = {}
        self._changed = asyncio.Condition()

    @property
    def known(self) -> tuple[str, ...]:
        """Codes of all that can be away."""
        return tuple(kind.code for kind in self._probes)

    @property
    def away(self) -> Mapping[str, str]:
        """What is away now: code to the reason last heard."""
        return {kind.code: said for kind, said in self._away.items()}

    async def heard(self, reason: Reason | None) -> None:
        """An ingest ended for this reason; if it names a part of ours, the part counts as away."""
        if reason is None or reason.kind not in self._probes or reason.kind in self._away:
            return
        log.warning("receiving pauses", because=reason.code, said=reason.message)
        async with self._changed:
            self._away[reason.kind] = reason.message
            self._changed.notify_all()

    async def all_there(self) -> None:
        """Waits until nothing is away."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._away)

    async def watch(self) -> None:
        """Probes what is away, ever less often, until it answers; runs as long as the service."""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: bool(self._away))
            for kind in tuple(self._away):
                await self._until_back(kind)

    async def _until_back(self, kind: Kind) -> None:
        pause = self._first_pause
        while True:
            await asyncio.sleep(pause)
            try:
                async with asyncio.timeout(PROBE_TIMEOUT):
                    await self._probes[kind]()
            except (IngestError, TimeoutError) as error:
                self._away[kind] = str(error) or "no answer"
                pause = min(LAST_PAUSE, pause * 2)
                continue
            async with self._changed:
                del self._away[kind]
                self._changed.notify_all()
            log.info("receiving goes on", back=kind.code)
            return
