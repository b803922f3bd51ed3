"""An image server that costs what a real one costs, scaled down: c cores, a memory, and a cache that never looks again.

Serves pictures of one colour, made once for each colour and size. Everything else about it is modelled after what
was measured on Cantaloupe: the cheap and the dear forms, the first look at a new source, the answers under load.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from aiohttp import web
from PIL import Image

from images.iiif_size import SizeError, parse_size, size_for
from images.size import Size

MEGA = 1_000_000
Middleware = Callable[[web.Request, Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[web.StreamResponse]]


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


class ModelImageServer:
    """One image server; objects are put into its storage, and read by identifier."""

    def __init__(self, load: Load | None = None, *, enlarges: bool = False, max_pixels: int = 10 * MEGA) -> None:
        self.load = load or Load()
        self.storage: dict[str, Source] = {}
        self.asked: list[str] = []  # path tails, in order
        self._enlarges = enlarges
        self._max_pixels = max_pixels
        self._cached: dict[str, Source] = {}  # by identifier, for ever
        self._cores = asyncio.Semaphore(self.load.cores)

    def put(self, identifier: str, source: Source) -> None:
        """Stores an object; what was read under its identifier before stays in the cache."""
        self.storage[identifier] = source

    def application(self, middlewares: Sequence[Middleware] = ()) -> web.Application:
        """The server, behind whatever else may happen to a request."""
        app = web.Application(middlewares=middlewares)
        app.router.add_get("/iiif/3/{rest:.*}", self._answer)
        app.router.add_get("/", lambda _: _text(200, "an image server"))
        return app

    async def _answer(self, request: web.Request) -> web.Response:
        load = self.load
        load.requests += 1
        raw = request.raw_path.split("/iiif/3/", 1)[1]
        identifier, _, tail = raw.partition("/")
        self.asked.append(tail)
        if load.inside >= load.memory:
            load.failures += 1
            return _error(500, "java.lang.OutOfMemoryError: Java heap space")
        load.inside += 1
        load.most_inside = max(load.inside, load.most_inside)
        try:
            return await self._serve(unquote(identifier), tail)
        finally:
            load.inside -= 1

    async def _serve(self, identifier: str, tail: str) -> web.Response:
        new = identifier not in self._cached
        source = self._cached.get(identifier) or self.storage.get(identifier)
        if source is None:
            return _error(404, f"{identifier} was not found")
        self._cached[identifier] = source
        if tail == "info.json":
            await self._work(0.05 if new else 0.0)
            return web.json_response({"width": source.size.width, "height": source.size.height})
        form = unquote(tail.split("/")[1])
        size = self._size(form, source.size)
        if isinstance(size, web.Response):
            return size
        await self._work((0.05 if new else 0.0) + cost(form, source, size))
        return web.Response(body=picture(size, source.colour), content_type="image/jpeg")

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
        return 0.19 * source.size.pixels / (16 * MEGA) + 0.12 * size.pixels / MEGA
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


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Returns once the condition holds; AssertionError when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        await asyncio.sleep(0.005)


async def _text(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text)


def _error(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"{status}\n\n{text}")
