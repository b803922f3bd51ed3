"""The outbox: what goes wrong with one errand, or with the database, ends neither the others nor the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from engine.db.port import Errand, Folded, Kind
from engine.outbox import OutboxRunner, OutboxSettings
from policies.outcome import IngestError
from policies.reasons import DATABASE_AWAY, NOTIFICATIONS_AWAY

AWAY = IngestError(DATABASE_AWAY, "the database: connection refused")


def an_errand(number: int) -> Errand:
    payload = {"notificationId": str(number), "batch": {"id": number, "customer": 99}}
    return Errand(number, Kind.NOTIFY, payload, 3, uuid4(), datetime(2026, 11, 20, tzinfo=UTC))


class ScriptedOutbox:
    """Gives its errands once; writes no end while it is away."""

    def __init__(self, *errands: Errand, away: bool = False) -> None:
        self.waiting = list(errands)
        self.away = away
        self.finished: list[int] = []
        self.postponed: dict[int, tuple[float, str]] = {}

    async def fold(self) -> Folded:
        return Folded(rows=0, batches=0, finished=(), waiting=0)

    async def lease(self, kinds: Collection[Kind], limit: int, seconds: float) -> list[Errand]:
        given, self.waiting = self.waiting, []
        return given

    async def done(self, errand: Errand) -> bool:
        if self.away:
            raise AWAY
        self.finished.append(errand.id)
        return True

    async def postpone(self, errand: Errand, seconds: float, why: str) -> bool:
        if self.away:
            raise AWAY
        self.postponed[errand.id] = (seconds, why)
        return True


class ScriptedNotifier:
    """Fails as it was told to."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = dict(enumerate(failures, 1))

    async def batch_finished(self, notification_id: str, payload: Mapping[str, Any]) -> None:
        assert notification_id == str(payload["id"])
        if payload["id"] in self.failures:
            raise self.failures[payload["id"]]


class NoTidy:
    async def tidy(self, payload: Mapping[str, object]) -> None:
        raise AssertionError(payload)


@asynccontextmanager
async def running(outbox: ScriptedOutbox, notifier: ScriptedNotifier) -> AsyncIterator[OutboxRunner]:
    runner = OutboxRunner(outbox, notifier, NoTidy(), OutboxSettings())
    task = asyncio.create_task(runner.run())
    await runner.settled(5)
    assert not task.done()
    yield runner
    runner.stop()
    await asyncio.wait_for(task, 5)


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (IngestError(NOTIFICATIONS_AWAY, "topic: no answer"), "topic: no answer"),
        (TimeoutError(), "no answer in time"),
        (KeyError("nobody foresaw it"), "KeyError('nobody foresaw it')"),
    ],
    ids=["away", "time-out", "unforeseen"],
)
async def test_an_errand_that_fails_is_put_back_ever_later_and_the_others_are_done(
    failure: Exception, why: str
) -> None:
    outbox = ScriptedOutbox(an_errand(1), an_errand(2))
    async with running(outbox, ScriptedNotifier(failure)):
        assert outbox.postponed == {1: (8.0, why)}
        assert outbox.finished == [2]


async def test_a_database_that_goes_away_before_an_end_is_written_ends_nothing() -> None:
    outbox = ScriptedOutbox(an_errand(1), an_errand(2), away=True)
    async with running(outbox, ScriptedNotifier(TimeoutError())) as runner:
        outbox.away = False
        outbox.waiting = [an_errand(3)]
        await runner.settled(5)
        assert outbox.finished == [3]
