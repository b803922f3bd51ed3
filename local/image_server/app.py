"""The image server's HTTP: one path in, an image or its description out; every refusal says why.

Decoding happens in worker processes, so that a hostile image costs one answer and never the service.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Final

from aiohttp import web

from images.size import Size
from local.image_server.cache import SourceCache, SourceTooLargeError
from local.image_server.geometry import box_for, canonical_for, target_for
from local.image_server.info import describe
from local.image_server.measure import measure
from local.image_server.request import FORMATS, BadRequest, ImageRequest, NotFound, parse_path
from local.image_server.workers import Order, RenderFailed, Unreadable, Workers

PREFIX: Final = "/iiif/3/"
OPEN: Final = {"Access-Control-Allow-Origin": "*"}
PROFILE: Final = '<http://iiif.io/api/image/3/level2.json>;rel="profile"'
LINKED_DATA: Final = 'application/ld+json;profile="http://iiif.io/api/image/3/context.json"'

log = logging.getLogger(__name__)


class ImageServer:
    """Answers Image API 3.0 requests from cached sources and a pool of workers."""

    def __init__(self, sources: SourceCache, workers: Workers, *, most_pixels: int, most_waiting: int = 256) -> None:
        self._sources = sources
        self._workers = workers
        self._most_pixels = most_pixels
        self._most_waiting = most_waiting
        self._inside = 0

    def application(self) -> web.Application:
        app = web.Application(handler_args={"max_line_size": 16_384})
        app.router.add_get("/health", self._health)
        app.router.add_get(PREFIX + "{rest:.*}", self._answer)
        app.router.add_route("OPTIONS", PREFIX + "{rest:.*}", self._preflight)
        return app

    async def _health(self, _: web.Request) -> web.Response:
        state = {"workers": self._workers.alive, "inside": self._inside, "cached": self._sources.bytes}
        return web.json_response({"status": "working", **state})

    async def _preflight(self, _: web.Request) -> web.Response:
        allowed = {"Access-Control-Allow-Methods": "GET, HEAD, OPTIONS", "Access-Control-Allow-Headers": "*"}
        return web.Response(status=204, headers=OPEN | allowed)

    async def _answer(self, request: web.Request) -> web.Response:
        path = request.raw_path.partition("?")[0].removeprefix(PREFIX)
        if self._inside >= self._most_waiting:
            return _refusal(503, "too many requests are waiting", {"Retry-After": "2"})
        self._inside += 1
        try:
            return await self._serve(request, path)
        except BadRequest as error:
            return _refusal(400, str(error))
        except NotFound as error:
            return _refusal(404, str(error))
        except Unreadable as error:
            return _refusal(501, f"Unsupported source format: {error}")
        except (RenderFailed, SourceTooLargeError) as error:
            log.warning("%s: %s", path, error)
            return _refusal(500, str(error))
        finally:
            self._inside -= 1

    async def _serve(self, request: web.Request, path: str) -> web.Response:
        asked = parse_path(path)
        base = f"{request.scheme}://{request.host}{PREFIX}{asked.raw_identifier}"
        if asked.bare:
            return web.Response(status=303, headers=OPEN | {"Location": f"{base}/info.json"})
        async with self._sources.hold(asked.object) as source:
            image = await asyncio.to_thread(measure, source)
            if asked.what is None:
                return self._describe(request, base, image)
            return await self._render(source, image, asked.what, base)

    def _describe(self, request: web.Request, base: str, image: Size) -> web.Response:
        answer = web.json_response(describe(base, image, self._most_pixels), headers=OPEN | {"Link": PROFILE})
        if "application/ld+json" in request.headers.get("Accept", ""):
            answer.headers["Content-Type"] = LINKED_DATA
        answer.headers["Vary"] = "Accept"
        return answer

    async def _render(self, source: Path, image: Size, what: ImageRequest, base: str) -> web.Response:
        box = box_for(what.region, image)
        target = target_for(what, box, self._most_pixels)
        order = Order(
            str(source),
            (box.left, box.top, box.right, box.bottom),
            (target.width, target.height),
            what.quarter_turns,
            what.mirrored,
            what.quality,
            what.format,
        )
        canonical = f'<{base}/{canonical_for(what, image, box, target)}>;rel="canonical"'
        return web.Response(
            body=await self._workers.render(order),
            content_type=FORMATS[what.format],
            headers=OPEN | {"Link": f"{PROFILE}, {canonical}"},
        )


def _refusal(status: int, reason: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=f"{reason}\n", headers=OPEN | (headers or {}))
