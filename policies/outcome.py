"""How an ingest ends: exactly one of a closed set of outcomes, matched exhaustively wherever one is used.

IngestError carries an outcome up the stack. Its tree is flat on purpose: a module that translates a foreign
exception raises IngestError with a kind from the catalogue of reasons, and the kind carries the fate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar, assert_never
from uuid import UUID

from images.size import Size
from policies.reasons import Fate, Kind, Reason


@dataclass(frozen=True, slots=True)
class Stored:
    """What a successful ingest leaves behind, as it will be recorded."""

    size: Size | None  # of the picture; None when no image work was done
    media_type: str | None  # what the bytes say; recorded only when the row did not know
    location: str | None  # ImageLocation.S3; None deletes the row
    bytes: int  # originals and derivatives
    thumb_bytes: int
    thumbs_json: str | None  # `s.json`; None when no thumbnails were made
    keys: tuple[str, ...] = ()  # every final key this result needs, as "bucket/key"


@dataclass(frozen=True, slots=True)
class Ingested:
    """Everything stored; to be recorded."""

    stored: Stored


@dataclass(frozen=True, slots=True)
class Refused:
    """No retry can help."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Retry:
    """Failed in a way that may pass: an attempt, tried again after a back-off."""

    reason: Reason
    after: float | None = None  # seconds the origin asked us to wait


@dataclass(frozen=True, slots=True)
class Busy:
    """Not now, and not the asset's fault: never an attempt."""

    reason: Reason
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Redelivered:
    """The same message already has a final run."""

    run: UUID


@dataclass(frozen=True, slots=True)
class Superseded:
    """The message is older than the asset's last final run."""

    run: UUID


@dataclass(frozen=True, slots=True)
class Unreadable:
    """No asset could be told from the message."""

    reason: Reason


Failure = Refused | Retry | Busy
Granted = TypeVar("Granted")
Outcome = Ingested | Refused | Retry | Busy | Redelivered | Superseded | Unreadable


class IngestError(Exception):
    """An ingest cannot go on; carries the outcome that this means."""

    def __init__(self, kind: Kind, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.reason = Reason(kind, message)
        self.after = after

    @property
    def outcome(self) -> Failure:
        match self.reason.kind.fate:
            case Fate.REFUSED:
                return Refused(self.reason)
            case Fate.RETRY:
                return Retry(self.reason, self.after)
            case Fate.BUSY:
                return Busy(self.reason, self.after)
            case Fate.UNREADABLE:
                raise AssertionError("an unreadable message never becomes a run") from self
            case _:
                assert_never(self.reason.kind.fate)


def about(outcome: Outcome, asset: str) -> Outcome:
    """The outcome, its reason telling what it is about to whoever reads it alone, in a log or an alarm."""
    match outcome:
        case Refused() | Retry() | Busy():
            return replace(outcome, reason=outcome.reason.about(asset))
        case _:
            return outcome


def granted(answer: Granted | Refused) -> Granted:
    """The answer of a decision, or its refusal raised."""
    if isinstance(answer, Refused):
        raise IngestError(answer.reason.kind, answer.reason.message)
    return answer
