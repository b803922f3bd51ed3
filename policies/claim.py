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
"""How many deaths in a row condemn a suspect while engines die of nothing else."""


class Ending(StrEnum):
    """How a run ended, as its row says."""

    INGESTED = "ingested"
    REFUSED = "refused"
    RETRY = "retry"
    BUSY = "busy"
    SUPERSEDED = "superseded"
    ABANDONED = "abandoned"


RESULTS = frozenset({Ending.INGESTED, Ending.REFUSED})
"""What settles an asset."""


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
    history: Sequence[PastRun],
    request: IngestRequest,
    key: str,
    now: datetime,
    grace: timedelta = GRACE,
    stray_deaths: int = 0,
) -> Verdict:
    """Whether the message with this key may work on its asset, given all of the asset's runs that matter.

    `stray_deaths` are the engines that died, since this asset's first death, without working on any suspect.
    """
    asset, created = request.asset, request.created
    for run in history:
        if run.key == key and run.ending in {Ending.INGESTED, Ending.REFUSED, Ending.SUPERSEDED}:
            return Redelivered(run.id)
    newest = max((run for run in history if _final(run) and run.created), key=_created, default=None)
    if newest is not None and created is not None and created < _created(newest):
        return Superseded(newest.id)
    running = next((run for run in history if run.ending is None), None)
    if running is None:
        return _proceed(history, asset, key, None, stray_deaths)
    if now < running.expires + grace:
        return Busy(CLAIMED_ELSEWHERE.of(f"{asset} is being ingested by run {running.id}"))
    return TakeOver(running.id, _proceed(history, asset, key, running, stray_deaths))


def deaths_allowed(stray_deaths: int) -> int:
    """How many deaths in a row condemn a suspect: one more for each doubling of those that no suspect explains.

    Where engines are killed all the time, some innocent suspect is present at three deaths. An asset that kills is
    present at as many as we care to see, so that waiting for more costs a few restarts and blames nobody wrongly.
    """
    return DEATHS_ALLOWED - 1 + (stray_deaths // 2 + 1).bit_length()


def deaths_in_a_row(history: Sequence[PastRun]) -> list[PastRun]:
    """The abandoned runs since the asset was last survived, be it only to an end that is tried again."""
    return _deaths_after(RESULTS | {Ending.RETRY}, history)


def _proceed(history: Sequence[PastRun], asset: AssetId, key: str, dead: PastRun | None, stray_deaths: int) -> Proceed:
    """The next attempt, which is a suspect's after a death, and the end after too many."""
    attempt = 1 + sum(run.key == key and run.ending is Ending.RETRY for run in history)
    just_now = [dead] if dead else []
    suspect = bool(_deaths_after(RESULTS, history) + just_now)
    deaths = sum(run.suspect for run in deaths_in_a_row(history) + just_now)
    refusal = None
    if deaths >= deaths_allowed(stray_deaths):
        told = f"{asset} was being worked on, alone of its kind, when the engine died {deaths} times"
        refusal = Refused(SUSPECT_CONDEMNED.of(told))
    return Proceed(attempt, suspect=suspect, refusal=refusal)


def _deaths_after(endings: frozenset[Ending], history: Sequence[PastRun]) -> list[PastRun]:
    """The abandoned runs that were closed after the last run with one of these endings."""
    last = max((run.finished for run in history if run.ending in endings and run.finished), default=None)
    return [
        run
        for run in history
        if run.ending is Ending.ABANDONED and (last is None or run.finished is None or run.finished > last)
    ]


def _final(run: PastRun) -> bool:
    """Whether a run settled its asset."""
    return run.ending in RESULTS


def _created(run: PastRun) -> datetime:
    assert run.created is not None
    return run.created
