"""Old runs go once a day, and a day on which that fails is only that day."""

from __future__ import annotations

import asyncio

from engine.forget import Forgetting
from policies.outcome import IngestError
from policies.reasons import DATABASE_AWAY


class ScriptedRuns:
    """Notes how old a run must be to go; the first time the database is away."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.twice = asyncio.Event()

    async def forget(self, older_than_days: float) -> int:
        self.asked.append(older_than_days)
        if len(self.asked) == 1:
            raise IngestError(DATABASE_AWAY, "refused")
        self.twice.set()
        return 3


async def test_old_runs_are_forgotten_again_and_again_whatever_happens() -> None:
    runs = ScriptedRuns()
    forgetting = asyncio.create_task(Forgetting(runs, 90, first_in=0, every=0).forget_daily())
    async with asyncio.timeout(5):
        await runs.twice.wait()
    forgetting.cancel()
    assert set(runs.asked) == {90}
