"""SETTLE: an outcome, the attempt, the time and a chance to what is recorded, queued and answered.

The last decision of every ingest, and the only place where an outcome becomes a queue action or an HTTP status. How far
a customer's totals move is no decision but a difference, taken under the lock of the recording (docs/adr/0004).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import assert_never

from policies.backoff import LONGEST, wait_to_retry, wait_while_busy
from policies.outcome import Busy, Ingested, Outcome, Redelivered, Refused, Retry, Superseded, Unreadable
from policies.reasons import ERROR_COLUMN, Blame, Reason


class Record(StrEnum):
    """What the recording transaction writes."""

    SUCCESS = "success"  # everything of contracts §2
    ERROR = "error"  # Error, Ingesting, Finished, the batch row
    ATTEMPT = "attempt"  # the run alone: the asset is tried again
    RELEASE = "release"  # the claim is closed, nothing counted
    BATCH_ONLY = "batch-only"  # superseded: this batch's row settled from the newer run
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Delete:
    """The message is settled."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Visible again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Resend:
    """A copy with the same key is sent, visible after so many seconds; then the message is deleted.

    What becomes of a message that has been received as often as its queue allows, and deserves better than
    the dead-letter queue.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Leave:
    """Left to the queue's own redrive, towards the dead-letter queue."""


QueueAction = Delete | Delay | Resend | Leave


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a caller of the synchronous endpoint is told."""

    status: int
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """The end of one try: the outcome as recorded (a last Retry has become Refused), and what follows."""

    outcome: Outcome
    record: Record
    queue: QueueAction
    http: HttpAnswer
    reason: Reason | None = None
    again: datetime | None = None  # when it is tried again


def settle(
    outcome: Outcome,
    attempt: int,
    attempts_allowed: int,
    now: datetime,
    chance: float,
    *,
    last_receive: bool = False,
    over_http: bool = False,
) -> Settlement:
    """What follows from an outcome; `chance` is any number from 0 up to 1."""
    match outcome:
        case Ingested():
            return Settlement(outcome, Record.SUCCESS, Delete(), HttpAnswer(200))
        case Refused(reason):
            return Settlement(outcome, Record.ERROR, Delete(), HttpAnswer(_status(reason)), reason)
        case Retry(reason, asked):
            wait = wait_to_retry(attempt, chance, asked)
            if over_http:
                return _over_http(reason, wait)
            if attempt >= attempts_allowed:
                return _given_up(reason, attempt)
            return _later(outcome, Record.ATTEMPT, reason, now, wait, last_receive=last_receive)
        case Busy(reason, asked):
            wait = wait_while_busy(chance, asked)
            return _later(outcome, Record.RELEASE, reason, now, wait, last_receive=last_receive)
        case Redelivered():
            return Settlement(outcome, Record.NOTHING, Delete(), HttpAnswer(200))
        case Superseded():
            return Settlement(outcome, Record.BATCH_ONLY, Delete(), HttpAnswer(409))
        case Unreadable(reason):
            return Settlement(outcome, Record.NOTHING, Leave(), HttpAnswer(400), reason)
        case _:
            assert_never(outcome)


def _status(reason: Reason) -> int:
    """The HTTP status of a refusal, by whose fault it is."""
    match reason.kind.blame:
        case Blame.ASSET | Blame.POLICY:
            return 422
        case Blame.ORIGIN:
            return 502
        case Blame.QUOTA:
            return 507
        case Blame.UNKNOWN_ASSET:
            return 404
        case Blame.REQUEST:
            return 400
        case Blame.US:
            return 503
        case _:
            assert_never(reason.kind.blame)


def _over_http(reason: Reason, wait: float) -> Settlement:
    """Refused, for nobody would come back; the caller may, and is told when."""
    return Settlement(Refused(reason), Record.ERROR, Delete(), HttpAnswer(503, ceil(wait)), reason)


def _given_up(reason: Reason, attempt: int) -> Settlement:
    """Refused after the last attempt, saying how often it was tried."""
    often = f" (tried {'once' if attempt == 1 else f'{attempt} times'})"
    last = reason.kind.of(reason.message[: ERROR_COLUMN - len(often)] + often)
    return Settlement(Refused(last), Record.ERROR, Delete(), HttpAnswer(_status(last)), last)


def _later(
    outcome: Retry | Busy, record: Record, reason: Reason, now: datetime, wait: float, *, last_receive: bool
) -> Settlement:
    """Tried again after a wait: the message delayed or, if it cannot come back any more, a copy of it."""
    seconds = min(wait, LONGEST) if last_receive else wait
    queue = Resend(seconds) if last_receive else Delay(seconds)
    again = now + timedelta(seconds=seconds)
    return Settlement(outcome, record, queue, HttpAnswer(503, ceil(seconds)), reason, again)
