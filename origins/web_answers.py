"""What the status of an answer means for an ingest, and when to come back. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from policies.outcome import IngestError
from policies.reasons import (
    ORIGIN_CHANGED,
    ORIGIN_DENIED,
    ORIGIN_GONE,
    ORIGIN_NOT_FOUND,
    ORIGIN_RATE_LIMITED,
    ORIGIN_REJECTED,
    ORIGIN_SERVER_ERROR,
    ORIGIN_UNAUTHORISED,
    Kind,
)

KINDS: dict[int, Kind] = {
    401: ORIGIN_UNAUTHORISED,
    403: ORIGIN_DENIED,
    404: ORIGIN_NOT_FOUND,
    408: ORIGIN_RATE_LIMITED,
    410: ORIGIN_GONE,
    416: ORIGIN_CHANGED,  # ranges are asked for only to go on
    425: ORIGIN_RATE_LIMITED,
    429: ORIGIN_RATE_LIMITED,
}
CONTENT_RANGE = re.compile(r"bytes\s+(?P<first>\d+)-(?P<last>\d+)/(?P<total>\d+|\*)", re.IGNORECASE)
LONGEST_WAIT = 24 * 3600
"""Seconds of a Retry-After that are believed."""


def failure(status: int, phrase: str, address: str, retry_after: str | None, now: datetime) -> IngestError:
    """The error that an answer other than a file means."""
    kind = KINDS.get(status) or (ORIGIN_SERVER_ERROR if status >= 500 else ORIGIN_REJECTED)
    said = f"{status} {phrase}".strip()[:80]
    return IngestError(kind, f"{address} answered {said}", after=read_retry_after(retry_after, now))


def read_retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, whether it counts them or names a date; None if it says nothing."""
    if not text:
        return None
    given = text.strip()
    if given.isascii() and given.isdigit():
        return float(min(int(given[:9]), LONGEST_WAIT))
    date = _date(given)
    return None if date is None else min(max((date - now).total_seconds(), 0.0), LONGEST_WAIT)


def is_strong(modified: str | None, date: str | None) -> bool:
    """Whether a Last-Modified tells versions apart: not when the file may have changed twice in that second."""
    before, now = _date(modified or ""), _date(date or "")
    return before is not None and now is not None and (now - before).total_seconds() >= 1


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def read_content_range(text: str | None) -> tuple[int, int | None] | None:
    """The first byte and the total of a Content-Range; a total of None is unknown."""
    match = CONTENT_RANGE.fullmatch((text or "").strip())
    if not match:
        return None
    return int(match["first"]), None if match["total"] == "*" else int(match["total"])
