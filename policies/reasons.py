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


# --- our own parts: never the asset's fault, never an attempt --------------------------------------------

CLAIM_LOST = Kind(
    "claim-lost",
    Fate.BUSY,
    Blame.US,
    when="The claim on the asset could not be renewed in time, so the work was stopped.",
    remedy="Nothing: the message comes again. If it happens often, look at the database and the engine's load.",
)
DRAINING = Kind(
    "draining",
    Fate.BUSY,
    Blame.US,
    when="The engine was told to stop and handed the work back.",
    remedy="Nothing: another engine takes the message.",
)
STORAGE_AWAY = Kind(
    "storage-away",
    Fate.BUSY,
    Blame.US,
    when="One of our own buckets did not answer.",
    remedy="Nothing: receiving pauses until it answers. `sluice doctor` says which bucket and why.",
)
STORAGE_DENIED = Kind(
    "storage-denied",
    Fate.BUSY,
    Blame.US,
    when="One of our own buckets does not exist or does not let us in.",
    remedy="Check the bucket's name (ENGINE_*_BUCKET), region, and the engine's permissions.",
)
STAGED_COPY_GONE = Kind(
    "staged-copy-gone",
    Fate.RETRY,
    Blame.US,
    when="An object that was just staged under transient/ was gone when it was to be copied.",
    remedy="Check that the lifecycle rule of transient/ keeps objects for at least a day.",
)
SCRATCH_FULL = Kind(
    "scratch-full",
    Fate.BUSY,
    Blame.US,
    when="The scratch disk is full.",
    remedy="Give it more room, or lower ENGINE_SLOTS.",
)
SCRATCH_UNUSABLE = Kind(
    "scratch-unusable",
    Fate.BUSY,
    Blame.US,
    when="The scratch folder cannot be written or read.",
    remedy="Check that ENGINE_SCRATCH is mounted and writable by the engine.",
)
PROCESSOR_AWAY = Kind(
    "processor-away",
    Fate.BUSY,
    Blame.US,
    when="The image processor does not answer, or has no room for another image.",
    remedy="Nothing: receiving pauses until it answers. `sluice doctor` says how it fails.",
)
PROCESSOR_REFUSED = Kind(
    "processor-refused",
    Fate.REFUSED,
    Blame.ASSET,
    when="The image processor cannot convert this image; the message is its own.",
    remedy="Repair or replace the file at the origin, then ingest it again.",
)
PROCESSOR_CONFUSED = Kind(
    "processor-confused",
    Fate.REFUSED,
    Blame.US,
    when="The image processor gave an answer that we do not know.",
    remedy="Check that ENGINE_PROCESSOR_URL is an image processor and of a version that we speak with.",
)
NO_DERIVATIVE = Kind(
    "no-derivative",
    Fate.REFUSED,
    Blame.ASSET,
    when="The image processor answered, but made no JPEG 2000.",
    remedy="Look at the processor's log for this asset.",
)
NOTIFICATIONS_AWAY = Kind(
    "notifications-away",
    Fate.BUSY,
    Blame.US,
    when="The topic for finished batches did not answer.",
    remedy="Check ENGINE_BATCH_TOPIC. The notification waits in the outbox.",
)
QUEUE_AWAY = Kind(
    "queue-away",
    Fate.BUSY,
    Blame.US,
    when="A queue did not answer.",
    remedy="Check the queue's name (ENGINE_*_QUEUE) and the engine's permissions.",
)
INTERNAL = Kind(
    "internal-error",
    Fate.RETRY,
    Blame.US,
    when="Something went wrong inside the engine that nobody foresaw.",
    remedy="Please report it, with the log line of this run.",
)
