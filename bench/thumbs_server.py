"""The misbehaving image server as a process of its own, so that it costs the engine under measurement nothing.

Beside the door that an image server has, it has one for those who measure: to store objects, to take the server away.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import aiohttp
from aiohttp import web

from images.size import Size
from tests.fakes.image_server import Load, ModelImageServer, Source, listening
from tests.fakes.image_server_faults import Faults

STARTING = 30.0
STOPPING = 5.0


@dataclass(frozen=True, slots=True)
class Manners:
    """What the server can do, and what it does wrong."""

    cores: int = 2
    scale: float = 0.5  # of the seconds that the measured server took
    memory: int = 1000  # requests inside at once, beyond which it fails
    rate: float = 0.0  # of answers that something is wrong with


class Server:
    """The process, seen from outside."""

    def __init__(self, url: str, door: str, http: aiohttp.ClientSession) -> None:
        self.url = url
        self._door = door
        self._http = http

    async def store(self, objects: Iterable[tuple[str, Source]]) -> None:
        """Puts objects into the storage that the server reads."""
        said = [(key, one.size.width, one.size.height, one.format, one.colour) for key, one in objects]
        await self._tell("storage", said)

    async def away(self, is_away: bool) -> None:
        """From now on it answers nobody, or everybody again."""
        await self._tell("away", is_away)

    async def seen(self) -> dict[str, float]:
        """What it counted."""
        async with self._http.get(f"{self._door}/seen") as answer:
            counted: dict[str, float] = await answer.json()
            return counted

    async def _tell(self, what: str, value: Any) -> None:
        async with self._http.post(f"{self._door}/{what}", json=value) as answer:
            answer.raise_for_status()


@asynccontextmanager
async def serving(manners: Manners) -> AsyncIterator[Server]:
    """A server of such manners with an empty storage and an empty cache."""
    processes = multiprocessing.get_context("spawn")
    here, there = processes.Pipe()
    process = processes.Process(target=_run, args=(manners, there), daemon=True)
    process.start()
    there.close()
    try:
        url, door = await asyncio.wait_for(asyncio.to_thread(here.recv), STARTING)
        async with aiohttp.ClientSession() as http:
            yield Server(url, door, http)
    finally:
        process.terminate()
        await asyncio.to_thread(process.join, STOPPING)


def _run(manners: Manners, pipe: Connection) -> None:
    asyncio.run(_serve(manners, pipe))


async def _serve(manners: Manners, pipe: Connection) -> None:
    server = ModelImageServer(Load(manners.cores, manners.scale, manners.memory))
    faults = Faults(manners.rate)

    async def storage(request: web.Request) -> web.Response:
        for key, width, height, format_, colour in await request.json():
            server.put(key, Source(Size(width, height), format_, tuple(colour)))
        return web.Response()

    async def away(request: web.Request) -> web.Response:
        faults.away = await request.json()
        return web.Response()

    async def seen(_: web.Request) -> web.Response:
        load = server.load
        return web.json_response(
            {
                "requests": load.requests,
                "failures": load.failures,
                "most inside": load.most_inside,
                "faults": faults.seen.total(),
                "while away": len(faults.while_away),
            }
        )

    door = web.Application(client_max_size=64 * 1024**2)
    door.add_routes([web.post("/storage", storage), web.post("/away", away), web.get("/seen", seen)])
    async with listening(server.application([faults.between])) as url, listening(door) as door_url:
        pipe.send((url, door_url))
        await asyncio.Event().wait()
