"""How an error quotes what it was given: short, on one line, and safe for anything that JSON can say.

Used by every parser of this room, so that an admin sees the same manner of quoting everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

LONGEST = 60
_HUGE = 10**LONGEST


def quoted(value: object) -> str:
    """A value as JSON would write it, cut to what a sentence can hold; lists one level deep."""
    if isinstance(value, list | tuple):
        shown = ", ".join("[…]" if isinstance(one, list | tuple) else quoted(one) for one in value[:12])
        return f"[{shown}, …]" if len(value) > 12 else f"[{shown}]"
    if isinstance(value, Mapping):
        return "an object"
    return _scalar(value)


def _scalar(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() if abs(value) >= _HUGE:
            return "a huge number"
        case int() | float() | Decimal():
            return _cut(str(value))
        case str():
            return repr(_cut(value))
        case _:
            return f"a {type(value).__name__}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
