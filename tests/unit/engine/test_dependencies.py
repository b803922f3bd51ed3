"""Dependencies: receiving pauses while a part of ours is away, and a probe resumes it."""

from __future__ import annotations

import asyncio

from engine.dependencies import Dependencies
from policies.outcome import IngestError
from policies.reasons import PROCESSOR_AWAY, PROCESSOR_REFUSED, STORAGE_AWAY


class Part:
    """Something of ours that is away until it is brought back."""

    def __init__(self) -> None:
        self.there = False
        self.probed = 0

    async def probe(self) -> None:
        self.probed += 1
        if not self.there:
            raise IngestError(PROCESSOR_AWAY, "still away")


async def test_receiving_waits_until_the_probe_finds_the_part_again() -> None:
    part = Part()
    dependencies = Dependencies({PROCESSOR_AWAY: part.probe}, first_pause=0.01)
    watching = asyncio.create_task(dependencies.watch())
    await dependencies.heard(PROCESSOR_AWAY.of("connection refused"))
    waiting = asyncio.create_task(dependencies.all_there())
    while not part.probed:  # noqa: ASYNC110  until it was tried in vain
        await asyncio.sleep(0.005)
    assert not waiting.done()
    assert dependencies.away == {"processor-away": "still away"} or "connection refused" in str(dependencies.away)
    part.there = True
    await asyncio.wait_for(waiting, 5)
    assert dependencies.away == {}
    watching.cancel()


async def test_a_reason_that_is_the_assets_own_pauses_nothing() -> None:
    dependencies = Dependencies({PROCESSOR_AWAY: Part().probe})
    await dependencies.heard(PROCESSOR_REFUSED.of("corrupt"))
    await dependencies.heard(STORAGE_AWAY.of("nobody probes this here"))
    await dependencies.heard(None)
    await asyncio.wait_for(dependencies.all_there(), 1)
