"""A real image server behind faults: hands requests on as they came, unless something happens to them first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from yarl import URL

from tests.fakes.image_server import listening
from tests.fakes.image_server_faults import Faults


@asynccontextmanager
async def faulty(upstream: str, faults: Faults) -> AsyncIterator[str]:
    """The base URL of the same image server behind these faults."""
    async with aiohttp.ClientSession() as http:

        async def hand_on(request: web.Request) -> web.StreamResponse:
            async with http.get(URL(upstream + request.raw_path, encoded=True), allow_redirects=False) as answer:
                return web.Response(
                    status=answer.status, body=await answer.read(), content_type=answer.content_type or None
                )

        app = web.Application(middlewares=[faults.between])
        app.router.add_get("/{path:.*}", hand_on)
        async with listening(app) as base:
            yield base
