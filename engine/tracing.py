"""OpenTelemetry spans, when somebody wants them: one for each ingest, one inside for each of its steps.

On when OTEL_EXPORTER_OTLP_ENDPOINT (or …_TRACES_ENDPOINT) is set and the `tracing` extra is installed; otherwise
every span is nothing at all. All else is told by OpenTelemetry's own variables.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from importlib.util import find_spec
from typing import Any, Protocol

import structlog

log = structlog.get_logger(__name__)

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Tracer(Protocol):
    """Whoever makes spans."""

    def span(self, name: str, **facts: object) -> AbstractContextManager[object]:
        """A span around the block."""


class NoTracer:
    """Stands where nobody wants traces."""

    def span(self, name: str, **facts: object) -> AbstractContextManager[object]:  # noqa: ARG002  the port's names
        return nullcontext()


class OpenTelemetryTracer:
    """Spans of OpenTelemetry; facts that are None are left out."""

    def __init__(self, tracer: Any) -> None:
        self._tracer = tracer

    def span(self, name: str, **facts: object) -> AbstractContextManager[object]:
        attributes = {f"sluice.{key}": value for key, value in facts.items() if value is not None}
        manager: AbstractContextManager[object] = self._tracer.start_as_current_span(name, attributes=attributes)
        return manager


@asynccontextmanager
async def open_tracer(environ: Mapping[str, str], version: str) -> AsyncIterator[Tracer]:
    """The tracer that the environment asks for; what it holds back is sent when the block ends."""
    if not any(environ.get(name) for name in ENDPOINTS):
        yield NoTracer()
        return
    if find_spec("opentelemetry.exporter") is None or find_spec("opentelemetry.sdk") is None:
        log.warning("traces are wanted, but OpenTelemetry is not installed", remedy="pip install 'sluice[tracing]'")
        yield NoTracer()
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  an extra
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  an extra
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415  an extra
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415  an extra

    named = Resource.create({"service.name": environ.get("OTEL_SERVICE_NAME", "sluice"), "service.version": version})
    provider = TracerProvider(resource=named)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield OpenTelemetryTracer(provider.get_tracer("sluice"))
    finally:
        await asyncio.to_thread(provider.shutdown)
