"""What a run will be remembered by: the time of each step and the facts met on the way.

Steps write to it, the recording and the log line read it; nothing is ever decided from it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from images.size import Size


@dataclass(slots=True)
class Journal:
    """One run's notes."""

    steps: dict[str, float] = field(default_factory=dict)  # seconds
    origin: str | None = None  # redacted
    digest: str | None = None
    fetched_bytes: int | None = None
    media_type: str | None = None
    size: Size | None = None
    thumbs_by: str | None = None
    requests: int = 0
    retries: int = 0
    waited: float = 0.0  # seconds at the limiter
    row: str | None = None  # of the decision table

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Adds the time spent inside to that step."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.steps[name] = round(self.steps.get(name, 0.0) + time.perf_counter() - began, 4)
