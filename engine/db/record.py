"""RECORD: the end of a run, in one fenced transaction. What is written was decided by policies/settle.py.

Nothing that many assets share is touched here: their share of the totals, of the queue's counter and of the batch is
one row that the fold adds later (engine/db/folds.py), so workers of one customer never wait for each other.
"""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping

from engine.db.connections import Connections, fetch_row
from engine.db.port import Recorded, RunDetails, Source
from engine.db.record_statements import (
    CLEARANCE,
    COUNT_MESSAGES,
    ENDED_AS,
    HAND_BACK,
    RECORD_END,
    RECORD_REFUSAL,
    RECORD_SUCCESS,
    TAKE_TURN,
)
from engine.db.role import Role
from engine.db.sql import Statement
from policies.claim import Ending
from policies.facts import Run
from policies.outcome import Ingested, Stored
from policies.reasons import Reason
from policies.settle import Record, Settlement

TURNS = 0x0DE8
"""The class of advisory locks by which recordings near a quota take turns."""
CLOSE_TO_QUOTA = "close"
BARE = RunDetails(tidy=False)


class PostgresRecorder(Role):
    """Writes what a settlement says."""

    async def record(
        self, run: Run, settlement: Settlement, details: RunDetails, *, check_quota: bool = True
    ) -> Recorded:
        match settlement.record:
            case Record.SUCCESS:
                assert isinstance(settlement.outcome, Ingested)
                values = _ended(run, Ending.INGESTED, settlement.reason, details)
                values |= _stored(settlement.outcome.stored, check_quota=check_quota)
                return await record(self._connections, run, RECORD_SUCCESS, values)
            case Record.ERROR:
                assert settlement.reason is not None
                values = _refused(run, settlement.reason, details)
                return await record(self._connections, run, RECORD_REFUSAL, values)
            case Record.ATTEMPT:
                values = _ended(run, Ending.RETRY, settlement.reason, details)
                return await record(self._connections, run, RECORD_END, values)
            case Record.RELEASE:
                values = _ended(run, Ending.BUSY, settlement.reason, details)
                return await record(self._connections, run, RECORD_END, values)
            case Record.BATCH_ONLY | Record.NOTHING:
                return Recorded.DONE  # these never were runs: the claim has settled them

    async def enqueued(self, customer: int, source: Source, count: int = 1) -> None:
        if source.counter is not None:
            values = {"customer": customer, "counter": source.counter, "count": count}
            await self._connections.row(COUNT_MESSAGES, values)


async def refuse(connections: Connections, run: Run, reason: Reason) -> Recorded:
    """Records a refusal of which nothing else is known."""
    return await record(connections, run, RECORD_REFUSAL, _refused(run, reason, BARE))


async def record(connections: Connections, run: Run, statement: Statement, values: dict[str, object]) -> Recorded:
    """Runs one recording; near a quota once more, in turn."""
    patience = connections.settings.record_patience_seconds
    row = await connections.row(statement, values, patience=patience)
    if row is not None and row["said"] == CLOSE_TO_QUOTA:
        values = values | {"alone": True, "turns": TURNS}
        row = await connections.transaction(lambda turn: _in_turn(turn, statement, values), patience=patience)
    assert row is not None
    said = Recorded(row["said"])
    return await _who_ended(connections, run, values["outcome"]) if said is Recorded.FENCE_GONE else said


def _in_turn(connection: Connection, statement: Statement, values: dict[str, object]) -> RowMapping | None:
    """Recorded after everybody who records for the same customer has committed, so nothing escapes the count."""
    fetch_row(connection, TAKE_TURN, values)
    return fetch_row(connection, statement, values)


async def _who_ended(connections: Connections, run: Run, wanted: object) -> Recorded:
    """Whether a fence is gone because we went through it ourselves, and only the answer was lost."""
    values: dict[str, object] = {"run": run.id}
    await connections.row(HAND_BACK, values)
    row = await connections.row(ENDED_AS, values)
    return Recorded.DONE if row is not None and row["outcome"] == wanted else Recorded.FENCE_GONE


def _ended(run: Run, ending: Ending, reason: Reason | None, details: RunDetails) -> dict[str, object]:
    """The parameters that every recording has."""
    return {
        "run": run.id,
        "asset": str(run.asset),
        "customer": run.asset.customer,
        "space": run.asset.space,
        "batch": run.batch,
        "outcome": ending,
        "final": ending in {Ending.INGESTED, Ending.REFUSED},
        "reason_code": reason and reason.code,
        "reason": reason and writable(reason.message),
        "digest": details.digest,
        "fetched": details.bytes,
        "seen_type": details.media_type,
        "width": details.size and details.size.width,
        "height": details.size and details.size.height,
        "steps": {name: round(seconds, 4) for name, seconds in details.steps.items()},
        "thumbs_by": details.thumbs_by,
        "requests": details.requests,
        "retries": details.retries,
        "waited": details.waited,
        "origin": details.origin and writable(details.origin),
        "keys": None,
        "tidy": details.tidy,
    }


def _stored(stored: Stored, *, check_quota: bool) -> dict[str, object]:
    """The further parameters of a success."""
    return {
        "width": stored.size and stored.size.width,
        "height": stored.size and stored.size.height,
        "media_type": stored.media_type,
        "location": stored.location,
        "bytes": stored.bytes,
        "thumb_bytes": stored.thumb_bytes,
        "thumbs_json": stored.thumbs_json,
        "keys": list(stored.keys),
        "check_quota": check_quota,
        "clearance": CLEARANCE,
        "alone": False,
    }


def _refused(run: Run, reason: Reason, details: RunDetails) -> dict[str, object]:
    """The parameters of a refusal."""
    return _ended(run, Ending.REFUSED, reason, details) | {"error": writable(reason.for_row)}


def writable(text: str) -> str:
    """Text that PostgreSQL can hold: origins and servers say anything, NUL and lone surrogates included."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")
