"""What the processor counts, in Prometheus form; a registry per service, so that two never mix."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from processor.pool import Workers

SECONDS = (0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 600)


class Metrics:
    """Counters of one service."""

    def __init__(self, workers: Workers) -> None:
        self.registry = CollectorRegistry()
        self.jobs = Counter(
            "processor_jobs", "Conversions by how they ended.", ("operation", "outcome"), registry=self.registry
        )
        self.seconds = Histogram(
            "processor_job_seconds",
            "Time of conversions, waiting included.",
            ("operation",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.pixels = Counter("processor_pixels", "Pixels of converted images.", registry=self.registry)
        self._gauge("processor_waiting", "Conversions waiting for a worker.", lambda: workers.waiting)
        self._gauge("processor_running", "Conversions in a worker.", lambda: workers.running)
        self.registry.register(_Replaced(workers))

    def _gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        Gauge(name, text, registry=self.registry).set_function(read)


class _Replaced(Collector):
    """A counter that the workers keep themselves."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Its value now."""
        yield CounterMetricFamily(
            "processor_workers_replaced", "Workers that died or were killed.", value=self._workers.replaced
        )
