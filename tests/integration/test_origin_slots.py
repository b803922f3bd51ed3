"""One customer's slow server, and the slots of an engine."""

from __future__ import annotations

import asyncio

from policies.request import AssetId
from tests.fakes.http_origin import file, http_origin
from tests.integration.origin_room import until
from tests.integration.rig import Rig, picture


async def test_a_server_that_never_answers_leaves_slots_for_everybody_else(rig: Rig) -> None:
    over = asyncio.Event()

    async def wait() -> None:
        await over.wait()

    quick = AssetId(99, 1, "quick")
    async with http_origin() as other:
        await rig.rows.asset(quick, origin=other.put("/quick", file(picture())))
        for asset in (slow := [AssetId(99, 1, f"slow-{n}") for n in range(8)]):
            rig.origin.before[asset.asset] = wait
            await rig.rows.asset(asset, origin=rig.origin.put(asset.asset, picture()))
        async with rig.engine(ENGINE_SLOTS="4", ENGINE_PRIORITY_SLOTS="0"):
            for asset in slow:
                rig.send(asset)
            await until(lambda: sum(rig.origin.hits.values()) == 2, seconds=20)
            rig.send(quick)
            assert (await rig.finished(quick))["Error"] == ""
            assert sum(rig.origin.hits.values()) == 2
            assert await rig.rows.one("SELECT count(*) FROM engine.runs WHERE outcome = 'retry'") == 0
            over.set()
