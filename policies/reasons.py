"""The catalogue of reasons: every way in which an ingest can end other than well, by code.

One flat list. Each kind says what happened, what to do about it, and carries its fate, so that nobody
downstream has to guess whether a retry helps. `docs/errors.md` is generated from this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ERROR_COLUMN = 1000
"""Characters that `"Images"."Error"` holds; longer reasons are cut there."""


class Fate(StrEnum):
    """What becomes of an ingest that meets a reason."""

    REFUSED = "refused"  # no retry can help
    RETRY = "retry"  # the asset or its origin failed in a way that may pass; an attempt
    BUSY = "busy"  # not the asset's fault: never an attempt
    UNREADABLE = "unreadable"  # no asset could be told from the message


class Blame(StrEnum):
    """Whose fault a reason is; decides the HTTP status of a refusal."""

    ASSET = "asset"  # 422
    ORIGIN = "origin"  # 502
    QUOTA = "quota"  # 507
    UNKNOWN_ASSET = "unknown-asset"  # 404
    POLICY = "policy"  # 422
    US = "us"  # 503
    REQUEST = "request"  # 400


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to fail: its code, fate, whose fault, when it happens, and what a person should do."""

    code: str
    fate: Fate
    blame: Blame
    when: str
    remedy: str

    def of(self, message: str) -> Reason:
        """A reason of this kind; the message names what happened, to which asset or address."""
        return Reason(self, message)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one ingest ended as it did: a kind, and a sentence that a person can act on."""

    kind: Kind
    message: str

    @property
    def code(self) -> str:
        return self.kind.code

    @property
    def for_row(self) -> str:
        """The message as it fits the Error column."""
        return self.message[:ERROR_COLUMN]

    def __str__(self) -> str:
        return f"{self.kind.code}: {self.message}"
