"""The database as the rest of the engine sees it: values and roles, no SQL.

Stands below the story of an ingest (engine/ingest.py), the heart, the outbox runner, the HTTP endpoint and the
commands. Every method is one transaction of its own; none holds a lock when it returns. When the database cannot be
reached, or does not answer in time, each raises IngestError with a Busy kind (policies/reasons.py, "Database"):
serialisation failures, deadlocks and lost connections have been retried before that, and nobody else retries them.

Roles are apart so that whoever needs one names only that one; `Database` is all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from typing import Protocol
from uuid import UUID

from images.size import Size
from policies.facts import Facts, Run
from policies.outcome import Busy, Redelivered, Refused, Superseded
from policies.request import AssetId, IngestRequest
from policies.settle import Settlement


class Source(StrEnum):
    """Where a request came from. Only those from a queue move the DLCS's `"Queues"` counter."""

    DEFAULT = "default"
    PRIORITY = "priority"
    FILE = "file"  # counted as `default`: the DLCS knows two counters
    HTTP = "http"
    COMMAND = "command"
    TIDY = "tidy"  # not an ingest: the outbox holds the asset while it deletes what no row names

    @property
    def counter(self) -> str | None:
        """The name of its row in "Queues"."""
        match self:
            case Source.PRIORITY:
                return "priority"
            case Source.DEFAULT | Source.FILE:
                return "default"
            case Source.HTTP | Source.COMMAND | Source.TIDY:
                return None


@dataclass(frozen=True, slots=True)
class Claimed:
    """The asset is ours: it stays so for `lease` seconds, counted from before the claim was asked for."""

    run: Run
    lease: float


Claim = Claimed | Busy | Redelivered | Superseded | Refused
"""What asking for an asset gives; all but Claimed leave nothing behind that must be undone."""


class Recorded(Enum):
    """What became of a recording. Anything but DONE has written nothing at all."""

    DONE = "done"
    FENCE_GONE = "fence-gone"  # the run is no longer ours: what it published may not match the rows
    ASSET_GONE = "asset-gone"  # deleted meanwhile: remove what was stored, settle as Refused, record again
    OVER_QUOTA = "over-quota"  # others filled it meanwhile: remove what was stored, settle as Refused, record again


@dataclass(frozen=True, slots=True)
class RunDetails:
    """What a run says of itself beside its outcome; for people, and for the audit."""

    digest: str | None = None  # SHA-256 of the origin's bytes, hex
    bytes: int | None = None  # fetched
    media_type: str | None = None
    size: Size | None = None
    steps: Mapping[str, float] = field(default_factory=dict)  # seconds by name of the step
    thumbs_by: str | None = None
    requests: int = 0  # to the image server
    retries: int = 0  # of those
    waited: float = 0.0  # seconds, for slots, permits and connections
    origin: str | None = None  # redacted
    tidy: bool = True  # something lies in a bucket that the rows may not name: have it looked after


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One row of engine.runs, whole."""

    id: UUID
    asset: AssetId
    key: str
    batch: int | None
    created: datetime | None  # the message's own
    source: Source
    worker: str
    attempt: int
    suspect: bool
    claimed: datetime
    expires: datetime
    finished: datetime | None
    outcome: str | None  # ingested, refused, retry, busy, superseded, abandoned; None: still running
    final: bool
    reason_code: str | None
    reason: str | None
    details: RunDetails
    keys: tuple[str, ...]  # every final key that its result needs, as "bucket/key"


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs; every condition given must hold."""

    asset: AssetId | None = None
    customer: int | None = None
    batch: int | None = None
    outcomes: Collection[str] = ()
    since: datetime | None = None
    running: bool = False
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Scope:
    """Which assets: one, a batch's, a space's, a customer's, or all."""

    asset: AssetId | None = None
    batch: int | None = None
    customer: int | None = None
    space: int | None = None
    failed: bool = False  # only those whose row carries an Error (of a batch: whose batch row does)


@dataclass(frozen=True, slots=True)
class AssetState:
    """What the rows say of one asset now: what the tidying, the audit and `sluice retry` compare and act on."""

    id: AssetId
    exists: bool  # False: no row in "Images"
    error: str
    ingesting: bool
    finished: datetime | None
    media_type: str
    size: Size | None
    channels: tuple[str, ...]
    location: str | None  # ImageLocation.S3
    bytes: int | None  # ImageStorage.Size; None: no row
    thumb_bytes: int | None
    thumbs_json: str | None  # AssetApplicationMetadata, ThumbSizes, as compact JSON
    run: UUID | None  # the last successful run of ours
    keys: tuple[str, ...] | None  # what that run's result needs; None: no such run, so nobody knows
    running: UUID | None  # who holds the asset now


class Kind(StrEnum):
    """What the outbox can be asked to do beside folding."""

    NOTIFY = "notify"  # payload: {"notificationId": "uuid", "batch": the notification of contracts §2}
    TIDY = "tidy"  # payload: {"asset": "1/2/x", "run": "uuid"}


@dataclass(frozen=True, slots=True)
class Errand:
    """One leased row of the outbox. `token` proves the lease; `id` is stable (the notificationId is in the payload)."""

    id: int
    kind: Kind
    payload: Mapping[str, object]
    attempts: int  # this one included, from 1
    token: UUID
    made: datetime


@dataclass(frozen=True, slots=True)
class Folded:
    """What one round of folding did."""

    rows: int  # settled assets whose share was added
    batches: int  # recounted
    finished: tuple[int, ...]  # finished now, for the first time: a notification has been put into the outbox
    waiting: int  # rows left for a later round, because their batch was recounted less than a second ago


@dataclass(frozen=True, slots=True)
class Counts:
    """What the metrics show of the database."""

    running: int
    oldest_run: float | None  # seconds since the oldest unfinished run was claimed
    expired: int  # unfinished runs whose claim has expired
    outbox: Mapping[str, int]  # by kind; "fold" included
    oldest_outbox: float | None  # seconds that the oldest entry is overdue


@dataclass(frozen=True, slots=True)
class MigrationState:
    """The schema's revision, and the one that this code wants."""

    current: str | None
    wanted: str

    @property
    def ready(self) -> bool:
        return self.current == self.wanted


class Claims(Protocol):
    """One running worker per asset."""

    async def claim(self, request: IngestRequest, key: str, source: Source) -> Claim:
        """Claims the asset for this message, taking over from a dead run; a Superseded one is settled at once.

        Superseded: a final run under this key, this batch's row and the queue counter have been written already,
        and asking again for the same key gives Redelivered.
        """

    async def renew(self, runs: Sequence[UUID]) -> set[UUID]:
        """Moves the expiry of these claims; the ones that are still ours. Uses a connection of its own."""

    async def hold(self, asset: AssetId) -> Claimed | Busy:
        """Claims an asset without ingesting it, so that nobody changes what it has stored meanwhile."""

    async def let_go(self, run: Run) -> bool:
        """Ends a hold and forgets it; False when it had been lost."""


class FactsReader(Protocol):
    """All that decisions need, in one read."""

    async def facts(self, run: Run, request: IngestRequest) -> Facts | Refused:
        """The facts of a claimed asset; a full message first creates or updates the row, in its own transaction."""

    async def facts_for(self, asset: AssetId) -> Facts | None:
        """The same without a claim, for people; None: no such asset."""


class Recorder(Protocol):
    """The end of a run."""

    async def record(
        self, run: Run, settlement: Settlement, details: RunDetails, *, check_quota: bool = True
    ) -> Recorded:
        """Writes everything that the settlement says, in one fenced transaction, or nothing.

        `check_quota` only matters to a success: False for channel `none` and for customers without quota. Asking
        again after an answer was lost is safe.
        """

    async def enqueued(self, customer: int, source: Source, count: int = 1) -> None:
        """Messages of our own went into a queue: its counter goes up, as settling them will bring it down."""


class Outbox(Protocol):
    """What is done after recording, at least once, by whoever gets to it."""

    async def fold(self) -> Folded:
        """Adds what was recorded to the shared rows (totals, queue counters) and recounts the batches that are due."""

    async def lease(self, kinds: Collection[Kind], limit: int, seconds: float) -> list[Errand]:
        """Takes due entries for so many seconds; nobody else gets them meanwhile."""

    async def done(self, errand: Errand) -> bool:
        """Removes an entry; False when the lease was lost, and somebody else may be doing it again."""

    async def postpone(self, errand: Errand, seconds: float, why: str) -> bool:
        """Puts an entry back for later, with the reason; False when the lease was lost."""


class Runs(Protocol):
    """What happened."""

    async def run(self, run: UUID) -> RunRecord | None:
        """One run."""

    async def runs(self, wanted: RunFilter) -> list[RunRecord]:
        """Runs, the newest first."""

    async def last_run(self, asset: AssetId) -> RunRecord | None:
        """The newest run of an asset; running when its `finished` is None."""

    async def wait_for(self, run: UUID, seconds: float) -> RunRecord | None:
        """Waits until a run is finished, as long at most; None when it is not, or is unknown."""

    async def forget(self, older_than_days: float, limit: int = 10_000) -> int:
        """Deletes finished runs of the past, `limit` looked at in each transaction; how many went.

        The newest final and the newest successful run of each asset stay. Messages that the queue may still
        deliver again must be younger.
        """


class Assets(Protocol):
    """What the rows say now."""

    async def asset(self, asset: AssetId) -> AssetState:
        """One asset; `exists` is False when there is none."""

    async def assets(self, scope: Scope, after: str = "", limit: int = 500) -> list[AssetState]:
        """A page of assets in the order of their ids, from the one behind `after`."""

    async def count_assets(self, scope: Scope) -> int:
        """How many there are, for progress bars."""


class Health(Protocol):
    """Whether it works."""

    async def ping(self) -> None:
        """Returns when the database answers."""

    async def counts(self) -> Counts:
        """Figures for the metrics."""

    async def migration_state(self) -> MigrationState:
        """Whether the schema is the one that this code wants."""


class Database(Claims, FactsReader, Recorder, Outbox, Runs, Assets, Health, Protocol):
    """All roles of the database."""
