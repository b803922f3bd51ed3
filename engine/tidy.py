"""Deletes what an asset has stored and its rows do not name: stale thumbnails on both sides, objects of an earlier
policy, cached info.json, and what a run staged for the image server.

Holds the asset meanwhile, so that no ingest writes what is being judged.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from uuid import UUID

from engine.db.port import Assets, Claimed, Claims
from engine.outbound.bucket import Bucket
from policies.facts import Rules
from policies.keys import derivative_key, info_prefix, original_key, sizes_key, thumb_prefixes, transient_key
from policies.outcome import IngestError
from policies.reasons import CLAIMED_ELSEWHERE
from policies.request import AssetId, parse_asset_id
from policies.tidy import Recorded, needed, stale


class Tidy:
    """The tidying of one asset at a time."""

    def __init__(self, claims: Claims, assets: Assets, storage: Bucket, thumbs: Bucket, rules: Rules) -> None:
        self._claims = claims
        self._assets = assets
        self._storage = storage
        self._thumbs = thumbs
        self._rules = rules

    async def tidy(self, payload: Mapping[str, object]) -> None:
        """Tidies up after one run; raises when somebody works on the asset now, to be done later."""
        asset, run = parse_asset_id(str(payload["asset"])), UUID(str(payload["run"]))
        held = await self._claims.hold(asset)
        if not isinstance(held, Claimed):
            raise IngestError(CLAIMED_ELSEWHERE, f"{asset} is being worked on")
        try:
            await self._sweep(asset)
        finally:
            await self._claims.let_go(held.run)
        await self._storage.delete([key async for key in self._storage.keys(transient_key(run))])

    async def _sweep(self, asset: AssetId) -> None:
        state = await self._assets.asset(asset)
        recorded = Recorded(
            asset=asset,
            location=state.location,
            thumbs_json=state.thumbs_json,
            keys=state.keys,
            exists=state.exists,
        )
        must_stay = needed(recorded, self._rules)
        for bucket, listing in ((self._storage, self._stored(asset)), (self._thumbs, self._pictures(asset))):
            listed = [(bucket.name, key) async for key in listing]
            gone = [
                one.key
                for one in stale(must_stay, asset, listed, self._rules)
                if one.certain or await bucket.run_of(one.key) is not None
            ]
            await bucket.delete(gone)

    async def _stored(self, asset: AssetId) -> AsyncIterator[str]:
        yield derivative_key(asset)
        yield original_key(asset)
        async for key in self._storage.keys(info_prefix(asset)):
            yield key

    async def _pictures(self, asset: AssetId) -> AsyncIterator[str]:
        yield sizes_key(asset)
        for prefix in thumb_prefixes(asset):
            async for key in self._thumbs.keys(prefix):
                yield key
