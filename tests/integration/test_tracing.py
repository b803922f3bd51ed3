"""Traces reach an OpenTelemetry collector when one is named, and cost nothing when none is."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from engine.journal import Journal
from engine.tracing import NoTracer, open_tracer


async def test_an_ingest_and_its_steps_reach_the_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[bytes] = []

    async def collect(request: web.Request) -> web.Response:
        received.append(await request.read())
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", collect)
    async with TestServer(app) as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", str(server.make_url("")).rstrip("/"))
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "set"}
        async with open_tracer(environ, "1.0") as tracer:
            journal = Journal(tracer=tracer)
            with tracer.span("ingest", asset="99/1/page-1", batch=None), journal.step("fetch"):
                pass
    sent = b"".join(received)
    for word in (b"ingest", b"fetch", b"sluice.asset", b"99/1/page-1"):
        assert word in sent
    assert b"sluice.batch" not in sent


async def test_without_a_collector_no_span_is_made() -> None:
    async with open_tracer({}, "1.0") as tracer:
        assert isinstance(tracer, NoTracer)
        with tracer.span("ingest"):
            pass
