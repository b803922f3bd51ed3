"""A door between the engine and one of its parts: lets everything through but what it is told to hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "content-encoding", "keep-alive"}


class Gate:
    """Forwards HTTP; a request that `holds` says yes to waits until the gate is opened or its caller is gone."""

    def __init__(self, target: str) -> None:
        self._target = URL(target)
        self.holds: Callable[[web.Request], bool] = lambda _: False
        self.held = asyncio.Event()  # somebody stands before it
        self.opened = asyncio.Event()
        self.url = ""

    async def forward(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if self.holds(request):
            self.held.set()
            await self.opened.wait()
        target = self._target.join(URL(request.raw_path, encoded=True))
        headers = {key: value for key, value in request.headers.items() if key.lower() not in HOP_BY_HOP}
        async with (
            aiohttp.ClientSession(auto_decompress=False) as http,
            http.request(request.method, target, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            passed = {key: value for key, value in answer.headers.items() if key.lower() not in HOP_BY_HOP}
            return web.Response(status=answer.status, body=await answer.read(), headers=passed)


@asynccontextmanager
async def gate(target: str) -> AsyncIterator[Gate]:
    """A gate in front of that address."""
    door = Gate(target)
    app = web.Application(client_max_size=1024**3)
    app.router.add_route("*", "/{path:.*}", door.forward)
    async with TestServer(app) as server:
        door.url = str(server.make_url("")).rstrip("/")
        yield door
        door.opened.set()
