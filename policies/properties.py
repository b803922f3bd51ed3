"""The properties of a message, each read as the kind of value that it must be.

Beneath `request`, which knows what the properties mean. Whatever the bytes, a property is read or Unusable is raised;
nothing else escapes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NoReturn

from policies.reasons import REQUEST_BAD_FIELD, REQUEST_NOT_JSON, Kind

LONGEST_BODY = 1024 * 1024
"""Bytes: what a queue carries at most."""
LARGEST_INTEGER = 2**31 - 1
"""Of the database's integer columns."""

A_DATE = "a date such as 2026-11-20T10:00:00Z"

Json = Mapping[str, object]


class Unusable(Exception):  # noqa: N818 - a verdict about a message, not an error of ours
    """No request can be read from a message; `read_request` answers it as Unreadable."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.reason = kind.of(message)


def read_object(body: bytes | str) -> Json:
    """A body as a JSON object, its names in lower case."""
    if len(body) > LONGEST_BODY:
        raise Unusable(REQUEST_NOT_JSON, f"expected at most {LONGEST_BODY} bytes, not {len(body)}")
    try:
        text = body if isinstance(body, str) else body.decode()
        value = json.loads(text.removeprefix("\ufeff"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Unusable(REQUEST_NOT_JSON, f"expected a JSON object: {error}") from error
    if not isinstance(value, dict):
        raise Unusable(REQUEST_NOT_JSON, f"expected a JSON object, not {shown(value)}")
    return folded(value)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def folded(value: Mapping[str, object]) -> Json:
    """The same object with names in lower case; of two that differ by case the last one holds, as in .NET."""
    return {name.lower(): item for name, item in value.items()}


def unwrapped(message: Json) -> Json:
    """The message inside an SNS notification, or the message itself; wrapped twice is not a form."""
    inner = message.get("message")
    return read_object(inner) if "topicarn" in message and isinstance(inner, str) else message


def text_of(message: Json, name: str) -> str | None:
    """A property that must be text; None if absent or null."""
    value = message.get(name.lower())
    if value is None:
        return None
    if not isinstance(value, str) or not storable(value):
        raise unusable_property(name, "text", value)
    return value


def texts_of(message: Json, name: str) -> tuple[str, ...] | None:
    """A property that must be a list of texts, blank ones left out; None if absent or null."""
    value = message.get(name.lower())
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) and storable(item) for item in value):
        raise unusable_property(name, "a list of texts", value)
    return tuple(item.strip() for item in value if item.strip())


def number_of(message: Json, name: str) -> int | None:
    """A property that must be a whole number that a column can hold; None if absent or null."""
    value = message.get(name.lower())
    if value is None:
        return None
    number = whole_number(value)
    if number is None or abs(number) > LARGEST_INTEGER:
        raise unusable_property(name, "a whole number", value)
    return number


def date_of(message: Json, name: str) -> datetime | None:
    """A property that must be a date, in UTC; without a zone it is UTC. None if absent or null."""
    value = message.get(name.lower())
    if value is None:
        return None
    if not isinstance(value, str):
        raise unusable_property(name, A_DATE, value)
    try:
        date = datetime.fromisoformat(value.upper())  # a small z or t is as good, says RFC 3339
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise unusable_property(name, A_DATE, value) from error


def whole_number(value: object) -> int | None:
    """A whole number, also one that arrives as a string; None if it is anything else."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def storable(text: str) -> bool:
    """Whether PostgreSQL and S3 can hold a text: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def unusable_property(name: str, expected: str, value: object) -> Unusable:
    """A property that is there and cannot be used."""
    return Unusable(REQUEST_BAD_FIELD, f"expected `{name}` to be {expected}, not {shown(value)}")


def shown(value: object) -> str:
    """A value as a message may show it: short, on one line, in ASCII."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and abs(value) > 10**40:
        return "a very long number"
    text = "null" if value is None else ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
