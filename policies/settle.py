"""SETTLE: an outcome, the attempt, the time and a chance to what is recorded, queued and answered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from policies.outcome import Outcome
from policies.reasons import Reason


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
class Leave:
    """Left to the queue's own redrive, towards the dead-letter queue."""


QueueAction = Delete | Delay | Leave


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
