"""Scale-in protection: asked of the ECS agent while an ingest runs, given back when none does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from aiohttp import web
from aiohttp.test_utils import TestServer

from engine.heart import Heart, HeartSettings
from engine.scale_in import ScaleIn
from policies.facts import Run
from policies.request import AssetId


class Ledger:
    async def renew(self, runs: Sequence[UUID]) -> set[UUID]:
        return set(runs)


async def test_a_task_is_protected_exactly_while_it_works() -> None:
    asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def protect(request: web.Request) -> web.Response:
        await asked.put(await request.json())
        return web.json_response({})

    app = web.Application()
    app.router.add_put("/task-protection/v1/state", protect)
    heart = Heart(Ledger(), HeartSettings())
    async with TestServer(app) as server:
        following = asyncio.create_task(
            ScaleIn(heart, str(server.make_url("")).rstrip("/"), look=0.01).keep_protected()
        )
        async with heart.keeps(Run(uuid4(), AssetId(1, 2, "x"), "key"), 0.0):
            assert await asyncio.wait_for(asked.get(), 5) == {"ProtectionEnabled": True, "ExpiresInMinutes": 60}
        assert await asyncio.wait_for(asked.get(), 5) == {"ProtectionEnabled": False}
        following.cancel()


async def test_where_there_is_no_agent_nothing_is_asked() -> None:
    await asyncio.wait_for(ScaleIn(Heart(Ledger(), HeartSettings())).keep_protected(), 1)
