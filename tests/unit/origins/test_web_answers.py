"""When to come back, and which part an answer is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origins.web_answers import LONGEST_WAIT, read_content_range, read_retry_after

NOW = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("99999999999999999999", LONGEST_WAIT),
        ("Fri, 20 Nov 2026 10:01:30 GMT", 90.0),
        ("Fri, 20 Nov 2026 10:01:30 -0000", 90.0),
        ("Fri, 20 Nov 2026 09:00:00 GMT", 0.0),
        ("Fri, 20 Nov 2126 10:00:00 GMT", LONGEST_WAIT),
    ],
)
def test_retry_after_counts_seconds_or_names_a_date(text: str | None, wait: float | None) -> None:
    assert read_retry_after(text, NOW) == wait


@given(st.text())
def test_any_retry_after_is_a_sensible_wait_or_none(text: str) -> None:
    wait = read_retry_after(text, NOW)
    assert wait is None or 0 <= wait <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("bytes 5-9/10", (5, 10)),
        ("Bytes 0-0/*", (0, None)),
        ("bytes */10", None),
        ("bytes 5-9", None),
        ("items 5-9/10", None),
        (None, None),
    ],
)
def test_content_ranges_are_read(text: str | None, span: tuple[int, int | None] | None) -> None:
    assert read_content_range(text) == span
