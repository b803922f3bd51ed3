"""CLAIM: from what is known of earlier runs, whether a message may be worked on now, and as which attempt.

Asked by the database's claim, inside its transaction; the clock is the database's. It looks at runs only: receives
say nothing about attempts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from policies.outcome import Busy, Redelivered, Refused, Superseded
from policies.reasons import CLAIMED_ELSEWHERE, SUSPECT_CONDEMNED
from policies.request import AssetId, IngestRequest

GRACE = timedelta(seconds=60)
"""How long an expired claim is respected still: it outlives a request to S3 that has stalled."""
DEATHS_ALLOWED = 3


class Ending(StrEnum):
    """How a run ended, as its row says."""

    INGESTED = "ingested"
    REFUSED = "refused"
    RETRY = "retry"
    BUSY = "busy"
    SUPERSEDED = "superseded"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run of the asset, as far as a new claim cares."""

    id: UUID
    key: str
    expires: datetime
    created: datetime | None = None  # the message's own
    finished: datetime | None = None
    ending: Ending | None = None  # None: still running
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Proceed:
    """Claim it."""

    attempt: int = 1
    suspect: bool = False
    refusal: Refused | None = None  # claim it only to record this


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Close a dead run as abandoned, then proceed."""

    run: UUID
    then: Proceed


Verdict = Proceed | TakeOver | Busy | Redelivered | Superseded


def judge_claim(
    history: Sequence[PastRun], request: IngestRequest, key: str, now: datetime, grace: timedelta = GRACE
) -> Verdict:
    """Whether the message with this key may work on its asset, given all of the asset's runs that matter."""
    asset, created = request.asset, request.created
    for run in history:
        if run.key == key and run.ending in {Ending.INGESTED, Ending.REFUSED, Ending.SUPERSEDED}:
            return Redelivered(run.id)
    newest = max((run for run in history if _final(run) and run.created), key=_created, default=None)
    if newest is not None and created is not None and created < _created(newest):
        return Superseded(newest.id)
    running = next((run for run in history if run.ending is None), None)
    if running is None:
        return _proceed(history, asset, key, None)
    if now < running.expires + grace:
        return Busy(CLAIMED_ELSEWHERE.of(f"{asset} is being ingested by run {running.id}"))
    return TakeOver(running.id, _proceed(history, asset, key, running))


def _proceed(history: Sequence[PastRun], asset: AssetId, key: str, dead: PastRun | None) -> Proceed:
    """The next attempt, which is a suspect's after a death, and the end after too many."""
    attempt = 1 + sum(run.key == key and run.ending is Ending.RETRY for run in history)
    deaths = _deaths_since_the_last_result(history) + ([dead] if dead else [])
    condemned = sum(run.suspect for run in deaths) >= DEATHS_ALLOWED
    refusal = SUSPECT_CONDEMNED.of(
        f"{asset} was being worked on, alone of its kind, when the engine died {DEATHS_ALLOWED} times"
    )
    return Proceed(attempt, suspect=bool(deaths), refusal=Refused(refusal) if condemned else None)


def _deaths_since_the_last_result(history: Sequence[PastRun]) -> list[PastRun]:
    """The abandoned runs that nothing has cleared since: a result shows that the asset can be survived."""
    last = max((run.finished for run in history if _final(run) and run.finished), default=None)
    return [
        run
        for run in history
        if run.ending is Ending.ABANDONED and (last is None or run.finished is None or run.finished > last)
    ]


def _final(run: PastRun) -> bool:
    """Whether a run settled its asset."""
    return run.ending in {Ending.INGESTED, Ending.REFUSED}


def _created(run: PastRun) -> datetime:
    assert run.created is not None
    return run.created
