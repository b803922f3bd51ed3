"""The IIIF size grammar: `!400,400` becomes a request for a size, and fits an image."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IiifSize:
    """One IIIF size request, parsed."""

    text: str
