"""Text as SQL writes it."""

from __future__ import annotations

from collections.abc import Iterable


def literal(text: str) -> str:
    """A text as a literal of standard SQL."""
    return "'" + text.replace("'", "''") + "'"


def words(texts: Iterable[str]) -> str:
    """Several texts as an array."""
    return f"ARRAY[{', '.join(literal(text) for text in texts)}]"
