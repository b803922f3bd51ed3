"""Putting right what is safe to put right, each under a claim of its asset or through the fold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol
from uuid import uuid4

from engine.audit.compare import Discrepancy, Repair
from engine.db.port import AssetState, Claimed, Claims
from engine.db.tallies import Total
from engine.outbound.bucket import Bucket
from engine.tidy import Tidy
from policies.keys import sizes_key
from policies.outcome import IngestError
from policies.reasons import CLAIMED_ELSEWHERE
from policies.request import AssetId, parse_asset_id


class Rows(Claims, Protocol):
    """The database, as repairs need it."""

    async def asset(self, asset: AssetId) -> AssetState: ...
    async def totals(self, customer: int | None) -> list[Total]: ...
    async def correct_total(self, total: Total) -> None: ...
    async def recount_batch(self, batch: int) -> None: ...


class Repairs:
    """Repairs one subject at a time; each reads the rows again before it acts."""

    def __init__(self, rows: Rows, thumbs: Bucket, tidy: Tidy) -> None:
        self._rows = rows
        self._thumbs = thumbs
        self._tidy = tidy

    async def repair(self, about: str, found: Sequence[Discrepancy]) -> None:
        """Everything that is safe to do about one subject; raises IngestError when somebody works on it."""
        kinds = {one.repair for one in found}
        if Repair.RECOUNT in kinds:
            await self._recount(about)
        if Repair.SIZES in kinds:
            await self._write_sizes(parse_asset_id(about))
        if Repair.TIDY in kinds:
            staged = [match[1] for one in found if (match := re.search(r"by run (\S+), which has ended", one.says))]
            for run in staged or [str(uuid4())]:
                await self._tidy.tidy({"asset": about, "run": run})

    async def _recount(self, about: str) -> None:
        what, _, number = about.partition(" ")
        if what == "batch":
            await self._rows.recount_batch(int(number))
            return
        customer, _, space = number.partition("/")
        for total in await self._rows.totals(int(customer)):
            if total.space == int(space or 0) and not total.agrees:
                await self._rows.correct_total(total)

    async def _write_sizes(self, asset: AssetId) -> None:
        held = await self._rows.hold(asset)
        if not isinstance(held, Claimed):
            raise IngestError(CLAIMED_ELSEWHERE, f"{asset} is being worked on")
        try:
            state = await self._rows.asset(asset)
            if state.thumbs_json is not None and state.run is not None:
                bucket = self._thumbs.under(lambda: None, {"run": str(state.run)})
                await bucket.put_bytes(sizes_key(asset), state.thumbs_json.encode(), "application/json")
        finally:
            await self._rows.let_go(held.run)
