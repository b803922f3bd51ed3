"""CLAIM: one running worker for each asset. The verdict is policies/claim.py's; here it is asked and carried out.

An asset that nobody has run before, which is nearly every one, costs a single statement. Every other has its runs
read first, and the verdict on them only holds if they are still the same when it is carried out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import assert_never
from uuid import UUID

from sqlalchemy import RowMapping

from engine.db.claim_statements import (
    CLAIM,
    CLAIM_UNSEEN,
    HISTORY_NOW,
    HOLD,
    LET_GO,
    RENEW,
    STRAY_DEATHS,
    SUPERSEDE,
    TAKE_OVER,
)
from engine.db.port import Claim, Claimed, Source
from engine.db.record import refuse
from engine.db.role import Role
from policies.claim import DEATHS_ALLOWED, Ending, PastRun, Proceed, TakeOver, deaths_in_a_row, judge_claim
from policies.facts import Run
from policies.outcome import Busy, Redelivered, Superseded
from policies.reasons import CLAIMED_ELSEWHERE
from policies.request import AssetId, IngestRequest

TRIES = 5
"""How often a verdict may be overtaken by others before the asset counts as busy."""
FIRST = Proceed()
NO_MATTER_WHEN = datetime.min.replace(tzinfo=UTC)
"""The time at which an asset without runs is judged."""


class PostgresClaims(Role):
    """Claims as rows of engine.runs; its partial unique indexes decide every race."""

    async def claim(self, request: IngestRequest, key: str, source: Source) -> Claim:
        new = self._new_run(request.asset, key, source, request)
        rows = await self._connections.rows(CLAIM_UNSEEN, new | _as(FIRST))
        for _ in range(TRIES):
            for row in rows:
                if row["id"] == new["run"]:
                    return self._claimed(request, key, row)
            if (claim := await self._carry_out(request, new, rows)) is not None:
                return claim
            rows = await self._connections.rows(HISTORY_NOW, new)
        return _busy(request.asset)

    async def renew(self, runs: Sequence[UUID]) -> set[UUID]:
        values = {"runs": list(runs), "lease": self._settings.lease_seconds}
        rows = await self._connections.rows(RENEW, values, heart=True)
        return {row["id"] for row in rows}

    async def hold(self, asset: AssetId) -> Claimed | Busy:
        new = self._new_run(asset, "tidy", Source.TIDY) | _as(FIRST) | {"dead": None, "grace": self._grace}
        row = await self._connections.row(HOLD, new)
        return _busy(asset) if row is None else Claimed(Run(row["id"], asset, "tidy"), self._settings.lease_seconds)

    async def let_go(self, run: Run) -> bool:
        return await self._connections.row(LET_GO, {"run": run.id}) is not None

    async def _carry_out(
        self, request: IngestRequest, new: dict[str, object], rows: Sequence[RowMapping]
    ) -> Claim | None:
        """What the verdict on these runs leads to; None when they have changed meanwhile."""
        key = str(new["key"])
        history = [_past_run(row) for row in rows]
        now = rows[0]["now"] if rows else NO_MATTER_WHEN
        verdict = judge_claim(history, request, key, now, self._grace, await self._stray_deaths(history))
        match verdict:
            case Proceed():
                row = await self._connections.row(CLAIM, new | _as(verdict) | {"seen": len(rows)})
                return None if row is None else await self._begin(request, key, row, verdict)
            case TakeOver(dead, then):
                row = await self._connections.row(TAKE_OVER, new | _as(then) | {"dead": dead, "grace": self._grace})
                return None if row is None else await self._begin(request, key, row, then)
            case Superseded(newer):
                await self._connections.row(SUPERSEDE, new | {"newer": newer})
                return verdict
            case Busy() | Redelivered():
                return verdict
            case _ as never:
                assert_never(never)

    async def _stray_deaths(self, history: Sequence[PastRun]) -> int:
        """Read only when this asset has been present at so many deaths that it matters."""
        deaths = deaths_in_a_row(history)
        if sum(run.suspect for run in deaths) < DEATHS_ALLOWED - 1:
            return 0
        row = await self._connections.row(STRAY_DEATHS, {"since": min(run.finished for run in deaths if run.finished)})
        return int(row["deaths"]) if row else 0

    async def _begin(self, request: IngestRequest, key: str, row: RowMapping, verdict: Proceed) -> Claim:
        """A claim to work with, or one that was only made to record a refusal."""
        claimed = self._claimed(request, key, row)
        if verdict.refusal is None:
            return claimed
        await refuse(self._connections, claimed.run, verdict.refusal.reason)
        return verdict.refusal

    @property
    def _grace(self) -> timedelta:
        return timedelta(seconds=self._settings.grace_seconds)

    def _claimed(self, request: IngestRequest, key: str, row: RowMapping) -> Claimed:
        run = Run(row["id"], request.asset, key, row["attempt"], request.batch, row["suspect"])
        return Claimed(run, self._settings.lease_seconds)

    def _new_run(
        self, asset: AssetId, key: str, source: Source, request: IngestRequest | None = None
    ) -> dict[str, object]:
        """The parameters of a run to be inserted, all but what a verdict says."""
        return {
            "run": self._new_id(),
            "asset": str(asset),
            "customer": asset.customer,
            "space": asset.space,
            "key": key,
            "batch": request and request.batch,
            "created": request and request.created,
            "source": source,
            "worker": self._worker,
            "lease": self._settings.lease_seconds,
        }


def _as(verdict: Proceed) -> dict[str, object]:
    return {"attempt": verdict.attempt, "suspect": verdict.suspect}


def _past_run(row: RowMapping) -> PastRun:
    return PastRun(
        id=row["id"],
        key=row["key"],
        expires=row["expires"],
        created=row["created"],
        finished=row["finished"],
        ending=None if row["outcome"] is None else Ending(row["outcome"]),
        suspect=row["suspect"],
    )


def _busy(asset: AssetId) -> Busy:
    return Busy(CLAIMED_ELSEWHERE.of(f"{asset} is being worked on by somebody else"))
