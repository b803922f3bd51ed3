"""The engine's HTTP: POST /asset-ingest, what happened to a run, health and metrics.

Reads requests and words answers; the ingest itself stands behind `Synchronous`. Bodies and times are capped, the
bearer token is compared in constant time, and a caller that hangs up cancels nothing.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

import structlog
from aiohttp import web

from engine.db.port import RunRecord
from engine.health import Checked
from engine.inbound.answers import answer_body, health_body, is_ready, reason_body, run_body
from engine.inbound.openapi import openapi
from engine.inbound.synchronous import Answer
from engine.metrics import CONTENT_TYPE
from policies.outcome import IngestError, Unreadable
from policies.request import IngestRequest, read_request

log = structlog.get_logger(__name__)

OPEN = {"/health", "/ready"}
"""What answers without the token."""


class Ingests(Protocol):
    """Whoever ingests while the caller waits."""

    async def answer(self, request: IngestRequest) -> Answer: ...


class Runs(Protocol):
    """Whoever remembers runs."""

    async def run(self, run: UUID) -> RunRecord | None: ...


class Ready(Protocol):
    """Whoever tries the dependencies."""

    async def __call__(self, *, write: bool = False) -> list[Checked]: ...


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """The endpoint's bounds and its token."""

    token: str | None = field(default=None, repr=False)
    most_bytes: int = 256 * 1024  # what SQS takes as well
    body_seconds: float = 10.0


class Endpoint:
    """The handlers, each a translation of one question."""

    def __init__(
        self,
        ingests: Ingests,
        runs: Runs,
        ready: Ready,
        *,
        alive: Callable[[], dict[str, Any]],
        metrics: Callable[[], bytes],
        settings: HttpSettings,
    ) -> None:
        self._ingests = ingests
        self._runs = runs
        self._ready = ready
        self._alive = alive
        self._metrics = metrics
        self._settings = settings

    def application(self) -> web.Application:
        """The aiohttp application with all routes."""
        app = web.Application(
            client_max_size=self._settings.most_bytes, middlewares=[as_json, only_with(self._settings.token)]
        )
        app.router.add_post("/asset-ingest", self.ingest)
        for path, handler in (
            ("/runs/{id}", self.run),
            ("/health", self.health),
            ("/ready", self.ready),
            ("/metrics", self.metrics),
            ("/openapi.json", self.openapi),
            ("/av/allowed", self.no_formats),
            ("/av/presets", self.no_presets),
        ):
            app.router.add_get(path, handler, allow_head=False)
        return app

    async def ingest(self, request: web.Request) -> web.Response:
        """POST /asset-ingest."""
        try:
            async with asyncio.timeout(self._settings.body_seconds):
                body = await request.read()
        except TimeoutError as error:
            raise web.HTTPRequestTimeout(text="the body did not come in time") from error
        read = read_request(body)
        if isinstance(read, Unreadable):
            return web.json_response({"outcome": "unreadable", "reason": reason_body(read.reason)}, status=400)
        answer = await self._ingests.answer(read)
        wait = answer.http.retry_after
        headers = {} if wait is None else {"Retry-After": str(wait)}
        return web.json_response(answer_body(answer), status=answer.http.status, headers=headers)

    async def run(self, request: web.Request) -> web.Response:
        """GET /runs/{id}."""
        try:
            wanted = UUID(request.match_info["id"])
        except ValueError as error:
            raise web.HTTPNotFound(text="a run's id is a UUID") from error
        try:
            run = await self._runs.run(wanted)
        except IngestError as error:
            raise web.HTTPServiceUnavailable(text=error.reason.message, headers={"Retry-After": "30"}) from error
        if run is None:
            raise web.HTTPNotFound(text=f"there is no run {wanted}")
        return web.json_response(run_body(run))

    async def health(self, _request: web.Request) -> web.Response:
        """GET /health: this process lives. Says nothing of its neighbours."""
        return web.json_response({"status": "alive", **self._alive()})

    async def ready(self, request: web.Request) -> web.Response:
        """GET /ready: every dependency by name; with ?write=1 the buckets are written to and read as well."""
        write = request.query.get("write", "0")
        if write not in {"0", "1"}:
            raise web.HTTPBadRequest(text="write is 0 or 1")
        checked = await self._ready(write=write == "1")
        return web.json_response(health_body(checked), status=200 if is_ready(checked) else 503)

    async def metrics(self, _request: web.Request) -> web.Response:
        """GET /metrics."""
        return web.Response(body=self._metrics(), headers={"Content-Type": CONTENT_TYPE})

    async def openapi(self, _request: web.Request) -> web.Response:
        """GET /openapi.json."""
        return web.json_response(openapi(secured=self._settings.token is not None))

    async def no_formats(self, _request: web.Request) -> web.Response:
        """GET /av/allowed: the API asks at its start; audio and video are not our work."""
        return web.json_response([])

    async def no_presets(self, _request: web.Request) -> web.Response:
        """GET /av/presets: likewise."""
        return web.json_response({})


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns the errors of the web server itself into JSON, and faults into a 500 that gives nothing away."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        kept = {name: value for name, value in error.headers.items() if name in {"Retry-After", "Allow"}}
        if error.status == 401:
            kept["WWW-Authenticate"] = "Bearer"
        return web.json_response({"detail": error.text or error.reason}, status=error.status, headers=kept)
    except Exception:
        log.exception("a request met what nobody foresaw", path=request.path)
        return web.json_response({"detail": "an internal error; the engine's log has it"}, status=500)


def only_with(token: str | None) -> Any:
    """Middleware that asks for the token everywhere but where health is asked."""
    expected = token.encode() if token else None

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = bearer(request.headers.get("Authorization", ""))
        if expected is None or request.path in OPEN or hmac.compare_digest(given, expected):
            return await handler(request)
        raise web.HTTPUnauthorized(text="a bearer token is needed: Authorization: Bearer …")

    return check


def bearer(header: str) -> bytes:
    """The token that an Authorization header carries; the name of the scheme may be in any case."""
    scheme, _, token = header.partition(" ")
    return token.strip().encode("utf-8", "surrogateescape") if scheme.lower() == "bearer" else b""
