"""What a test is given of an emulated AWS, by name."""

from __future__ import annotations

from dataclasses import dataclass


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
