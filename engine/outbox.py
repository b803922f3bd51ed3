"""What is done after recording, at least once, by whichever engine gets to it: fold, notify, tidy.

Rows are taken by lease and no lock is held across I/O. An errand that fails is put back, ever later, with its reason;
nothing here can fail an ingest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from engine.db.port import Errand, Kind, Outbox
from engine.outbound.notifier import Notifier
from policies.outcome import IngestError

log = structlog.get_logger(__name__)

AT_ONCE = 16
LEASE = 120.0
"""Seconds; an errand that its taker did not finish by then is anybody's again."""


@dataclass(frozen=True, slots=True)
class OutboxSettings:
    """How often it looks when nobody nudges it, and how often at most; how long a failed errand waits."""

    look_seconds: float = 1.0
    pace_seconds: float = 0.2  # between two rounds that nobody waits for: folding without pause slows recordings
    first_pause: float = 2.0
    last_pause: float = 600.0


class Tidies(Protocol):
    """Whoever tidies up after a run."""

    async def tidy(self, payload: Mapping[str, object]) -> None:
        """Deletes what no row needs; raises when that has to wait."""


class OutboxRunner:
    """One per process; any number of processes share the work."""

    def __init__(self, outbox: Outbox, notifier: Notifier, tidy: Tidies, settings: OutboxSettings) -> None:
        self._outbox = outbox
        self._notifier = notifier
        self._tidy = tidy
        self._settings = settings
        self._nudged = asyncio.Event()
        self._hurried = asyncio.Event()  # somebody waits for a round
        self._stopping = False
        self._in_round = False
        self._rounds = 0
        self._hurried_to = 0  # the last round that somebody waits for
        self._round_ended = asyncio.Condition()

    def nudge(self) -> None:
        """Something was recorded: look now."""
        self._nudged.set()

    def stop(self) -> None:
        """Ends after the round that is under way."""
        self._stopping = True
        self._nudged.set()
        self._hurried.set()

    async def settled(self, seconds: float) -> None:
        """Waits, as long at most, until a round has ended that began after this call."""
        wanted = self._rounds + (2 if self._in_round else 1)
        self._hurried_to = max(self._hurried_to, wanted)
        self._hurried.set()
        self.nudge()
        async with self._round_ended:
            try:
                async with asyncio.timeout(seconds):
                    await self._round_ended.wait_for(lambda: self._rounds >= wanted)
            except TimeoutError:
                log.warning("the outbox did not get round in time", seconds=seconds)

    async def run(self) -> None:
        """Works as long as the service does."""
        while not self._stopping:
            began = asyncio.get_running_loop().time()
            self._nudged.clear()
            self._in_round = True
            busy = False
            try:
                busy = await self._round()
            except IngestError as error:
                log.warning("the outbox could not be read", error=str(error))
                await asyncio.sleep(self._settings.look_seconds)
            async with self._round_ended:
                self._in_round = False
                self._rounds += 1
                self._round_ended.notify_all()
            if not busy:
                await self._pause(began)

    async def _round(self) -> bool:
        """Folds once and runs what is due; whether there may be more at once."""
        folded = await self._outbox.fold()
        for batch in folded.finished:
            log.info("batch finished", batch=batch)
        errands = await self._outbox.lease((Kind.NOTIFY, Kind.TIDY), AT_ONCE, LEASE)
        async with asyncio.TaskGroup() as group:
            for errand in errands:
                group.create_task(self._run(errand))
        return len(errands) == AT_ONCE

    async def _run(self, errand: Errand) -> None:
        """Does one errand; if its end cannot be written, it comes up again when its lease ends."""
        trouble = await self._trouble_with(errand)
        try:
            if trouble is None:
                await self._outbox.done(errand)
            else:
                await self._outbox.postpone(errand, self._pause_after(errand), trouble)
        except IngestError as error:
            log.warning("the end of an errand could not be written", kind=errand.kind, error=str(error))

    async def _trouble_with(self, errand: Errand) -> str | None:
        """Why an errand could not be done; None when it was. None stops the others, whatever it meets."""
        try:
            async with asyncio.timeout(LEASE / 2):
                match errand.kind:
                    case Kind.NOTIFY:
                        await self._notify(errand.payload)
                    case Kind.TIDY:
                        await self._tidy.tidy(errand.payload)
        except (IngestError, TimeoutError) as error:
            why = str(error) or "no answer in time"
            log.warning("an errand failed", kind=errand.kind, attempts=errand.attempts, error=why)
            return why
        except Exception as error:
            log.exception("an errand met what nobody foresaw", kind=errand.kind, attempts=errand.attempts)
            return repr(error)
        return None

    def _pause_after(self, errand: Errand) -> float:
        """Seconds until an errand that failed is tried again, ever more."""
        return min(self._settings.last_pause, self._settings.first_pause * 2.0 ** min(errand.attempts - 1, 12))

    async def _notify(self, payload: Mapping[str, object]) -> None:
        batch = payload["batch"]
        assert isinstance(batch, dict)
        await self._notifier.batch_finished(str(payload["notificationId"]), batch)

    async def _pause(self, began: float) -> None:
        """Until there is something to do, and then as long as the pace wants; not at all when somebody waits."""
        if self._rounds >= self._hurried_to and not self._stopping:
            self._hurried.clear()
            await _set_within(self._nudged, self._settings.look_seconds)
            spent = asyncio.get_running_loop().time() - began
            await _set_within(self._hurried, self._settings.pace_seconds - spent)


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    """Waits for an event, as long at most."""
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await event.wait()
    except TimeoutError:
        return
