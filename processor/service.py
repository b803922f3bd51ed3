"""The processor's HTTP: POST /convert, GET /ping, GET /metrics; runs until SIGTERM.

Touches no pixel, so that /ping answers at any load. A caller that hangs up cancels its job.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import generate_latest

from processor.errors import Overloaded, Refusal, WorkerError
from processor.metrics import Metrics
from processor.order import Made
from processor.pool import Workers
from processor.request import InvalidRequest, Request, complaint, read_request
from processor.settings import ProcessorSettings

LOG = logging.getLogger("processor")
MOST_BODY = 1 << 20
TEXT = "text/plain; version=0.0.4; charset=utf-8"


@web.middleware
async def detailed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error that is no verdict in the protocol's form, `{"detail": "text"}`."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        allowed = {name: value for name, value in error.headers.items() if name == "Allow"}
        return web.json_response({"detail": error.reason}, status=error.status, headers=allowed)
    except Exception:
        LOG.exception("nobody foresaw this")
        return web.json_response({"detail": "internal error: the processor's log has it"}, status=500)


class Service:
    """The handlers of one processor."""

    def __init__(self, settings: ProcessorSettings, workers: Workers) -> None:
        self._settings = settings
        self._workers = workers
        self._metrics = Metrics(workers)

    def app(self) -> web.Application:
        """The routes."""
        app = web.Application(client_max_size=MOST_BODY, middlewares=[detailed])
        app.add_routes(
            [
                web.post("/convert", self.convert),
                web.get("/ping", self.ping),
                web.get("/metrics", self.metrics),
            ]
        )
        return app

    async def ping(self, _: web.Request) -> web.Response:
        """Says that we are here."""
        return web.json_response({"status": "working"})

    async def metrics(self, _: web.Request) -> web.Response:
        """All counters."""
        return web.Response(body=generate_latest(self._metrics.registry), headers={"Content-Type": TEXT})

    async def convert(self, http: web.Request) -> web.Response:
        """One conversion, from the body to the answer."""
        began = perf_counter()
        try:
            request = await asyncio.to_thread(read_request, await http.read(), self._settings.scratch)
        except InvalidRequest as invalid:
            self._metrics.jobs.labels("unknown", "invalid").inc()
            return web.json_response({"detail": invalid.detail}, status=422)
        operation = request.order.operation
        outcome = "cancelled"
        try:
            answer, outcome = await self._convert(request)
        finally:
            self._metrics.jobs.labels(operation, outcome).inc()
            self._metrics.seconds.labels(operation).observe(perf_counter() - began)
        return answer

    async def _convert(self, request: Request) -> tuple[web.Response, str]:
        try:
            made = await self._workers.run(request.order)
        except Refusal as refusal:
            given = refusal.given if refusal.given is not None else _given(request, refusal.field)
            entry = complaint(refusal.field.split(">"), refusal.message, refusal.kind, given)
            return web.json_response({"detail": [entry]}, status=422), refusal.kind
        except Overloaded as overloaded:
            return _later(str(overloaded), overloaded.after), "overloaded"
        except WorkerError as error:
            LOG.exception("a worker cannot work")
            return _later(f"the processor has trouble of its own: {error}", 30), "failed"
        self._metrics.pixels.inc(made.size.pixels)
        return web.json_response(answer_of(request, made)), "made"


def answer_of(request: Request, made: Made) -> dict[str, object]:
    """The answer of a conversion, with what the caller sent echoed."""
    return {
        **request.echo,
        "jp2": str(made.jp2) if made.jp2 else "",
        "height": made.size.height,
        "width": made.size.width,
        "thumbs": [
            {"path": str(thumb.path), "width": thumb.size.width, "height": thumb.size.height} for thumb in made.thumbs
        ],
    }


def _later(text: str, after: int) -> web.Response:
    return web.json_response({"detail": text}, status=503, headers={"Retry-After": str(after)})


def _given(request: Request, field: str) -> object:
    """What the caller sent for a field, word for word: the caller may know it by another name."""
    given = request.sent.get(field)
    return given if isinstance(given, str) else None


@asynccontextmanager
async def running(settings: ProcessorSettings, command: Sequence[str] = ()) -> AsyncIterator[str]:
    """A processor that serves; gives its base URL, and drains at the end."""
    async with Workers(settings, command) as workers:
        runner = web.AppRunner(
            Service(settings, workers).app(), handler_cancellation=True, access_log=None, shutdown_timeout=5.0
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, settings.host, settings.port)
            await site.start()
            host, port = runner.addresses[0][:2]
            yield f"http://{host}:{port}"
            workers.refuse()
            await workers.drained(settings.drain)
        finally:
            await runner.cleanup()


async def serve(settings: ProcessorSettings) -> None:
    """Runs until SIGTERM or SIGINT; then finishes what runs and refuses the rest."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(settings) as url:
        LOG.info("processor at %s, %d workers, shared folder %s", url, settings.workers, settings.scratch)
        await stop.wait()
        LOG.info("going down: what runs is finished, what waits is refused")
