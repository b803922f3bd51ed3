"""What a test is given, by name: of an emulated AWS, and the tables of a DLCS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DLCS_SCHEMA = Path(__file__).parent / "data" / "dlcs_schema.sql"


@dataclass(frozen=True, slots=True)
class Buckets:
    """The four buckets of an engine, empty and of one test only."""

    storage: str
    thumbs: str
    origin: str
    security: str


@dataclass(frozen=True, slots=True)
class Queues:
    """The URLs of an engine's queues, empty and of one test only; each has a dead-letter queue `{url}-dead`."""

    images: str
    priority: str
    files: str
