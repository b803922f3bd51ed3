"""An image server that costs what a real one costs, scaled down: c cores, a memory, and a cache that never looks again.

Serves pictures of one colour, made once for each colour and size. Everything else about it is modelled after what
was measured on Cantaloupe: the cheap and the dear forms, the first look at a new source, the answers under load.
What it does wrong without a load stands next door, in `image_server_faults`.
"""

from __future__ import annotations

import asyncio
import io
import random
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote

from aiohttp import web
from aiohttp.typedefs import Middleware
from PIL import Image

from images.iiif_size import SizeError, parse_size, size_for
from images.size import Size
from tests.fakes.image_server_faults import Fault, page

MEGA = 1_000_000
NEW_SOURCE = 0.05
PAGE = re.compile(r";\d+$")
UNDER_LOAD = {  # what came back when there was no room, and about how often
    Fault.OUT_OF_MEMORY: 12,
    Fault.BAD_MESSAGE: 3,
    Fault.TRUNCATED: 2,
    Fault.EMPTY: 2,
    Fault.HALF_FETCHED: 1,
}


@dataclass(frozen=True, slots=True)
class Source:
    """An image in the stand-in's storage; its colour tells one picture from another."""

    size: Size
    format: str = "jp2"
    colour: tuple[int, int, int] = (200, 40, 40)


@dataclass(slots=True)
class Load:
    """What the server can do at once, and how it went so far."""

    cores: int = 2
    scale: float = 0.1  # of the time that a real one takes
    memory: int = 1000  # requests inside at once, beyond which it fails
    inside: int = 0
    most_inside: int = 0
    requests: int = 0
    failures: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(1))


class ModelImageServer:
    """One image server; objects are put into its storage, and read by identifier."""

    def __init__(self, load: Load | None = None, *, enlarges: bool = False, max_pixels: int = 10 * MEGA) -> None:
        self.load = load or Load()
        self.storage: dict[str, Source] = {}
        self.asked: list[str] = []  # path tails, in order
        self._enlarges = enlarges
        self._max_pixels = max_pixels
        self._cached: dict[str, Source] = {}  # by identifier, for ever
        self._spoilt: set[str] = set()  # identifiers whose source was cut short on its way into the cache
        self._hidden: dict[str, tuple[float, int]] = {}  # until when an object is not there, and what is said
        self._cores = asyncio.Semaphore(self.load.cores)

    def put(self, identifier: str, source: Source, *, after: float = 0.0, until_then: int = 404) -> None:
        """Stores an object, seen after so many seconds; what was read under its identifier before stays cached."""
        self.storage[identifier] = source
        if after:
            self._hidden[identifier] = (time.monotonic() + after, until_then)

    def forget(self, identifier: str) -> None:
        """Removes an object; what was read of it stays cached."""
        self.storage.pop(identifier, None)

    def application(self, middlewares: Sequence[Middleware] = ()) -> web.Application:
        """The server, behind whatever else may happen to a request."""
        app = web.Application(middlewares=middlewares)
        app.router.add_get("/iiif/3/{rest:.*}", self._answer)
        app.router.add_get("/", _welcome)
        return app

    async def _answer(self, request: web.Request) -> web.Response:
        load = self.load
        load.requests += 1
        raw = request.raw_path.split("/iiif/3/", 1)[1]
        identifier, _, tail = raw.partition("/")
        self.asked.append(tail)
        if load.inside >= load.memory:
            load.failures += 1
            return self._no_room(unquote(identifier))
        load.inside += 1
        load.most_inside = max(load.inside, load.most_inside)
        try:
            return await self._serve(unquote(identifier), tail)
        finally:
            load.inside -= 1

    def _no_room(self, identifier: str) -> web.Response:
        """One of the answers that a server without memory gives."""
        (fault,) = self.load.chance.choices(tuple(UNDER_LOAD), tuple(UNDER_LOAD.values()))
        if fault is Fault.HALF_FETCHED and identifier not in self._cached:
            self._spoilt.add(identifier)
        if fault is Fault.TRUNCATED:
            return web.Response(body=picture(Size(64, 64), (0, 0, 0))[:-99], content_type="image/jpeg")
        return web.Response(body=b"", content_type="image/jpeg") if fault is Fault.EMPTY else page(fault)

    async def _serve(self, identifier: str, tail: str) -> web.Response:
        if identifier in self._spoilt:
            return page(Fault.HALF_FETCHED)
        new = identifier not in self._cached
        source = self._cached.get(identifier) or self._stored(identifier)
        if isinstance(source, web.Response):
            return source
        self._cached[identifier] = source
        if tail == "info.json":
            await self._work(NEW_SOURCE if new else 0.0)
            return web.json_response({"width": source.size.width, "height": source.size.height})
        form = unquote(tail.split("/")[1])
        size = self._size(form, source.size)
        if isinstance(size, web.Response):
            return size
        await self._work((NEW_SOURCE if new else 0.0) + cost(form, source, size))
        return web.Response(body=picture(size, source.colour), content_type="image/jpeg")

    def _stored(self, identifier: str) -> Source | web.Response:
        """The object, or what is said where none is to be seen."""
        seen_from, status = self._hidden.get(identifier, (0.0, 404))
        if time.monotonic() < seen_from:
            return _error(status, f"{identifier}: not yet")
        if PAGE.search(identifier) or identifier not in self.storage:
            return _error(404, f"{identifier} was not found")
        return self.storage[identifier]

    async def _work(self, seconds: float) -> None:
        async with self._cores:
            await asyncio.sleep(seconds * self.load.scale)

    def _size(self, form: str, image: Size) -> Size | web.Response:
        enlarging = form.startswith("^")
        if enlarging and not self._enlarges:
            return _error(400, "Requests for scales in excess of 100% are not allowed.")
        try:
            asked = parse_size(form)
        except SizeError as error:
            return _error(400, str(error))
        if form == "max":
            scale = min(1.0, (self._max_pixels / image.pixels) ** 0.5)
            return Size(max(round(image.width * scale), 1), max(round(image.height * scale), 1))
        size = size_for(asked, image)
        if size is None:
            return _error(400, "Requests for scales in excess of 100% must prefix the size parameter with ^.")
        return size


def cost(form: str, source: Source, size: Size) -> float:
    """Seconds of one core on the machine that was measured."""
    exact = "," in form.strip(",") and not form.lstrip("^").startswith("!")
    if source.format != "jp2":
        return 0.2 * source.size.pixels / (16 * MEGA) + 0.12 * size.pixels / MEGA
    if exact:
        return 0.92 * source.size.pixels / (16 * MEGA) + 0.1 * size.pixels / MEGA
    return 0.02 + 0.18 * size.pixels / MEGA


@lru_cache(maxsize=4096)
def picture(size: Size, colour: tuple[int, int, int]) -> bytes:
    """A JPEG of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (size.width, size.height), colour).save(out, "JPEG", quality=75)
    return out.getvalue()


@asynccontextmanager
async def listening(app: web.Application, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """The application behind a port; its base URL."""
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, reuse_address=True).start()
        yield f"http://{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _welcome(_: web.Request) -> web.Response:
    return web.Response(text="an image server")


def _error(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"{status}\n\n{text}")
