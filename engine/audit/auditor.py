"""Reads rows and buckets side by side, asset by asset; what is being ingested right now is left out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from typing import Protocol
from uuid import UUID

from engine.audit.compare import Discrepancy, Repair, compare, needs
from engine.audit.listing import Listing
from engine.db.port import AssetState, RunRecord, Scope
from engine.db.tallies import Miscounted, Total
from policies.facts import Rules
from policies.keys import TRANSIENT
from policies.request import AssetId
from policies.tidy import stale

PAGE = 200
AT_ONCE = 8


class Rows(Protocol):
    """The database, as the audit needs it."""

    async def asset(self, asset: AssetId) -> AssetState: ...
    async def assets(self, scope: Scope, after: str = "", limit: int = 500) -> list[AssetState]: ...
    async def existing(self, assets: Collection[str]) -> set[str]: ...
    async def run(self, run: UUID) -> RunRecord | None: ...
    async def totals(self, customer: int | None) -> list[Total]: ...
    async def miscounted(self, customer: int | None, batch: int | None) -> list[Miscounted]: ...


class Auditor:
    """Compares; changes nothing."""

    def __init__(self, rows: Rows, listing: Listing, rules: Rules) -> None:
        self._rows = rows
        self._listing = listing
        self._rules = rules

    async def audit(self, scope: Scope) -> AsyncIterator[tuple[int, list[Discrepancy]]]:
        """How many assets were looked at since the last answer, and what disagrees."""
        async for step in self._assets(scope):
            yield step
        if scope.batch is None and scope.asset is None:
            async for found in self._orphans(scope):
                yield 0, found
            yield 0, await self._totals(scope)
        if scope.asset is None and scope.space is None:
            yield 0, await self._batches(scope)
        if scope == Scope():
            yield 0, [one async for one in self._leftovers()]

    async def _assets(self, scope: Scope) -> AsyncIterator[tuple[int, list[Discrepancy]]]:
        after = ""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(state: AssetState) -> list[Discrepancy]:
            async with gate:
                return await self.asset(state)

        while page := await self._rows.assets(scope, after, PAGE):
            for found in asyncio.as_completed([one(state) for state in page]):
                yield 1, await found
            after = str(page[-1].id)
        if scope.asset is not None and not after:
            yield 1, await self.asset(await self._rows.asset(scope.asset))

    async def asset(self, state: AssetState) -> list[Discrepancy]:
        """One asset's discrepancies; none while it is being worked on."""
        if state.running is not None or state.ingesting:
            return []
        seen = await self._listing.objects(state.id)
        must = needs(state, self._rules)
        doubted = {(one.bucket, one.key) for one in stale(must, state.id, seen, self._rules) if not one.certain}
        seen = await self._listing.with_runs(seen, must.objects | doubted)
        sizes = await self._listing.sizes(state.id) if state.thumbs_json is not None else None
        found = list(compare(state, must, seen, sizes, self._rules))
        if found and (await self._rows.asset(state.id)).run != state.run:
            return []  # ingested meanwhile: what was read of it is from two times
        return found

    async def _orphans(self, scope: Scope) -> AsyncIterator[list[Discrepancy]]:
        prefix = "" if scope.customer is None else f"{scope.customer}/"
        prefix += "" if scope.space is None else f"{scope.space}/"
        names: dict[str, AssetId] = {}
        async for asset in self._listing.assets(prefix):
            names[str(asset)] = asset
            if len(names) >= PAGE:
                yield await self._without_rows(names)
                names = {}
        yield await self._without_rows(names)

    async def _without_rows(self, names: dict[str, AssetId]) -> list[Discrepancy]:
        there = await self._rows.existing(names)
        gone = [asset for name, asset in names.items() if name not in there]
        return [found for asset in gone for found in await self.asset(await self._rows.asset(asset))]

    async def _totals(self, scope: Scope) -> list[Discrepancy]:
        return [
            Discrepancy(
                f"customer {one.customer}" if one.space == 0 else f"space {one.customer}/{one.space}",
                "totals",
                f"stores {one.held_bytes} + {one.held_thumb_bytes} bytes by its assets, "
                f"{one.bytes} + {one.thumb_bytes} by its total",
                Repair.RECOUNT,
            )
            for one in await self._rows.totals(scope.customer)
            if scope.space in (None, one.space) and not one.agrees
        ]

    async def _batches(self, scope: Scope) -> list[Discrepancy]:
        return [
            Discrepancy(
                f"batch {one.batch}",
                "batch",
                f"says {one.completed} completed and {one.errors} errors, "
                f"its assets {one.counted_completed} and {one.counted_errors}",
                Repair.RECOUNT,
            )
            for one in await self._rows.miscounted(scope.customer, scope.batch)
        ]

    async def _leftovers(self) -> AsyncIterator[Discrepancy]:
        async for key in self._listing.staged():
            name = key.removeprefix(TRANSIENT)[:36]
            run = await self._rows.run(UUID(name)) if _is_uuid(name) else None
            if run is not None and run.finished is not None:
                says = f"s3://{self._rules.storage_bucket}/{key} was staged by run {run.id}, which has ended"
                yield Discrepancy(str(run.asset), "leftover", says, Repair.TIDY)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
