"""Log lines: JSON away from a terminal, ids bound once, one canonical line per ingest, no secrets."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import structlog

from engine.logs import ingest_line, set_up_logs
from images.size import Size
from policies.outcome import Busy, Ingested, Outcome, Redelivered, Refused, Retry, Stored, Superseded, Unreadable
from policies.reasons import NOT_AN_IMAGE, ORIGIN_RATE_LIMITED, REQUEST_NOT_JSON, STORAGE_AWAY
from tests.log_lines import kept_lines


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    with kept_lines("info", "auto") as stream:
        yield stream


def read(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_level_and_time(lines: io.StringIO) -> None:
    structlog.get_logger("engine.x").info("started", port=8080)
    (line,) = read(lines)
    assert line["event"] == "started"
    assert (line["level"], line["logger"], line["port"]) == ("info", "engine.x", 8080)
    assert line["timestamp"].endswith("Z")


def test_ids_are_bound_once_and_stand_in_every_line(lines: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(asset="99/1/page-1", run="r1"):
        structlog.get_logger().info("one")
        logging.getLogger("library").warning("two %s", "words")
    structlog.get_logger().info("three")
    one, two, three = read(lines)
    assert one["asset"] == two["asset"] == "99/1/page-1"
    assert two["event"] == "two words"
    assert "asset" not in three


def test_secrets_are_hidden_by_name_and_inside_addresses_at_any_depth(lines: io.StringIO) -> None:
    structlog.get_logger().info(
        "fetching https://u:hunter2@example.org/x",
        password="hunter2",
        headers={"Authorization": "Basic hunter2"},
        tried=["https://example.org/x?X-Amz-Signature=hunter2", ("sftp://u:hunter2@h/x",)],
        error=ValueError("no: https://u:hunter2@example.org"),
    )
    logging.getLogger("library").error("https://u:%s@example.org", "hunter2")
    assert "hunter2" not in lines.getvalue()
    assert read(lines)[0]["password"] == "***"


def test_a_traceback_shows_no_local_variable(lines: io.StringIO) -> None:
    token = "hunter2"
    try:
        int(f"https://u:{token}@example.org")
    except ValueError:
        structlog.get_logger().exception("failed", length=len(token))
    assert "hunter2" not in lines.getvalue()
    assert read(lines)[0]["exception"][0]["exc_type"] == "ValueError"


def test_lines_below_the_level_are_not_written(lines: io.StringIO) -> None:
    structlog.get_logger().debug("nobody reads this")
    logging.getLogger("botocore").info("nor this")
    assert lines.getvalue() == ""


class FullDisk(io.StringIO):
    """What standard error is when the disk that it goes to is full."""

    def write(self, _line: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.usefixtures("lines")
def test_a_line_that_cannot_be_written_stops_nobody() -> None:
    set_up_logs("info", "auto", FullDisk())
    structlog.get_logger().info("this goes nowhere")


STORED = Stored(Size(4000, 3000), "image/tiff", "s3://storage/99/1/x", 1000, 100, "{}")
OUTCOMES: list[tuple[Outcome, str, dict[str, object]]] = [
    (Ingested(STORED), "info", {"outcome": "ingested", "width": 4000, "bytes": 1000}),
    (Refused(NOT_AN_IMAGE.of("a page")), "warning", {"outcome": "refused", "reason": "not-an-image"}),
    (Retry(ORIGIN_RATE_LIMITED.of("429"), 30), "warning", {"outcome": "retry", "after": 30}),
    (Busy(STORAGE_AWAY.of("s3")), "warning", {"outcome": "busy", "message": "s3"}),
    (Redelivered(uuid4()), "info", {"outcome": "redelivered"}),
    (Superseded(uuid4()), "info", {"outcome": "superseded"}),
    (Unreadable(REQUEST_NOT_JSON.of("no")), "warning", {"outcome": "unreadable", "reason": "request-not-json"}),
]


@pytest.mark.parametrize(("outcome", "level", "facts"), OUTCOMES)
def test_every_outcome_has_one_canonical_line(
    lines: io.StringIO, outcome: Outcome, level: str, facts: dict[str, object]
) -> None:
    ingest_line(outcome, seconds=1.23456, steps={"fetch": 0.5}, thumbs_by="image-server", digest=None)
    (line,) = read(lines)
    assert (line["event"], line["level"]) == ("ingest", level)
    assert line["seconds"] == 1.235
    assert line["steps"] == {"fetch": 0.5}
    assert "digest" not in line
    assert facts.items() <= line.items()
