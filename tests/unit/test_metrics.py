"""Metrics: named by Prometheus' conventions, labelled by closed sets only."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from engine.metrics import Metrics
from processor.metrics import Metrics as ProcessorMetrics
from processor.pool import Workers

OURS = re.compile(r"(sluice|processor)(_[a-z]+)+")
UNITS = ("_seconds", "_bytes", "_total", "_info")
COUNTS = {  # gauges of things that are counted: the unit is the thing
    "sluice_ingests_in_flight",
    "sluice_slots",
    "sluice_queue_messages",
    "sluice_outbox_entries",
    "sluice_limiter_limit",
    "sluice_limiter_in_flight",
    "sluice_limiter_waiting",
    "sluice_breaker_open",
    "sluice_paused",
    "processor_waiting",
    "processor_running",
}
CLOSED = {"outcome", "reason", "step", "lane", "what", "queue", "state", "kind", "made_by", "answer", "server", "part"}


def make_metrics() -> Metrics:
    metrics = Metrics(CollectorRegistry(), "1.2.3")
    metrics.ingest_started("priority")
    metrics.ingest_finished("refused", "origin-not-found", 1.5, {"fetch": 0.2})
    metrics.fetched(1000)
    metrics.stored("image", 500)
    metrics.queue_depth("image", visible=3, in_flight=2, delayed=1)
    metrics.received("image", 0.0)
    metrics.outbox({"fold": 2, "tidy": 0}, 0.5)
    metrics.oldest_run(None)
    metrics.thumbnails("image-server", 4)
    metrics.image_server_request("ok")
    metrics.limiter_waited(0.1)
    metrics.limiter("http://image-server", limit=2.5, in_flight=2, waiting=7)
    metrics.breaker("http://image-server", is_open=True)
    metrics.paused("database-away", is_paused=False)
    metrics.slots("all", 16)
    return metrics


class Idle:
    """Workers of a processor that have nothing to do."""

    waiting = running = replaced = 0


def expositions() -> dict[str, bytes]:
    processor = ProcessorMetrics(cast(Workers, Idle()))
    processor.jobs.labels("ingest", "done").inc()
    return {"engine": make_metrics().exposition(), "processor": generate_latest(processor.registry)}


@pytest.mark.parametrize("service", ["engine", "processor"])
def test_every_name_has_our_prefix_and_ends_in_its_unit(service: str) -> None:
    for family in text_string_to_metric_families(expositions()[service].decode()):
        if family.name.startswith(("process_", "python_")) or family.name.endswith("_created"):
            continue  # the client library's own
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert OURS.fullmatch(name), name
        assert family.name in COUNTS or name.endswith(UNITS) or family.type == "info", name
        assert family.documentation.endswith(".")


def test_no_label_is_open_to_the_world() -> None:
    labels = {
        label
        for family in text_string_to_metric_families(make_metrics().exposition().decode())
        if family.name.startswith("sluice") and family.type != "info" and family.name != "sluice_info"
        for sample in family.samples
        for label in sample.labels
    }
    assert labels <= CLOSED | {"le"}


def test_the_page_for_operators_lists_every_metric_and_no_other() -> None:
    families = text_string_to_metric_families(make_metrics().exposition().decode())
    ours = {f"{one.name}_total" if one.type == "counter" else one.name for one in families if one.type != "info"}
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`(sluice(?:_[a-z]+)+)", page))
    assert listed == {name for name in ours if name.startswith("sluice_") and not name.endswith(("_created", "_info"))}


def test_what_was_seen_is_counted() -> None:
    metrics = make_metrics()
    sample = metrics.registry.get_sample_value
    assert sample("sluice_ingests_total", {"outcome": "refused", "reason": "origin-not-found"}) == 1
    assert sample("sluice_step_seconds_sum", {"step": "fetch"}) == 0.2
    assert sample("sluice_queue_messages", {"queue": "image", "state": "delayed"}) == 1
    assert sample("sluice_breaker_open", {"server": "http://image-server"}) == 1
    metrics.ingest_ended("priority")
    assert sample("sluice_ingests_in_flight", {"lane": "priority"}) == 0


def test_two_engines_in_one_process_keep_their_figures_apart() -> None:
    one, two = make_metrics(), Metrics(CollectorRegistry())
    assert two.registry.get_sample_value("sluice_fetched_bytes_total") == 0
    assert one.registry.get_sample_value("sluice_fetched_bytes_total") == 1000
