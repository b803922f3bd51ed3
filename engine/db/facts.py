"""FACTS: one row read, frozen. Decides nothing; a full message is adopted first (engine/db/adoption.py)."""

from __future__ import annotations

import json

from sqlalchemy import RowMapping

from engine.db.adoption import adopt_message
from engine.db.facts_rows import channels_of, roles_of
from engine.db.facts_statements import FACTS
from engine.db.record_statements import CLEARANCE
from engine.db.role import Role
from policies.facts import Asset, Facts, Run, Storage, StrategyRow
from policies.outcome import Refused
from policies.reasons import UNKNOWN_ASSET
from policies.request import AssetId, IngestRequest


class PostgresFacts(Role):
    """Reads everything that one ingest needs to know."""

    async def facts(self, run: Run, request: IngestRequest) -> Facts | Refused:
        if request.named is not None and (wrong := await adopt_message(self._connections, request)) is not None:
            return wrong
        found = await self.facts_for(run.asset)
        return Refused(UNKNOWN_ASSET.of(f"there is no asset {run.asset}")) if found is None else found

    async def facts_for(self, asset: AssetId) -> Facts | None:
        values = {
            "asset": str(asset),
            "customer": asset.customer,
            "space": asset.space,
            "clearance": CLEARANCE,
        }
        row = await self._connections.row(FACTS, values)
        return None if row is None else _facts(asset, row)


def _facts(asset: AssetId, row: RowMapping) -> Facts:
    return Facts(
        asset=Asset(
            id=asset,
            origin=row["origin"],
            media_type=row["media_type"],
            max_unauthorised=row["max_unauthorised"],
            roles=roles_of(row["roles"]),
        ),
        channels=channels_of(row["channels"]),
        strategies=tuple(StrategyRow(*strategy) for strategy in json.loads(row["strategies"] or "[]")),
        storage=Storage(
            policy=row["storage_policy"] or "default",
            maximum=row["maximum"],
            customer_total=row["customer_total"],
            asset_bytes=row["bytes"],
            asset_thumb_bytes=row["thumb_bytes"],
        ),
        ingested_before=row["ingested_before"],
    )
