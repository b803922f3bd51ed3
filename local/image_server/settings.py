"""What the image server may be told, with what it is unless told."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from local.image_server.workers import WorkerLimits


@dataclass(frozen=True, slots=True)
class ImageServerSettings:
    """Where it listens, and what it may use."""

    cache: Path  # a folder of its own; emptied at start
    host: str = "127.0.0.1"
    port: int = 8182
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    cache_bytes: int = 4 * 1024**3
    most_pixels: int = 40_000_000  # of one answer
    limits: WorkerLimits = field(default_factory=WorkerLimits)

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError(f"expected at least 1 worker, not {self.workers}")
        if self.cache_bytes < 1 or self.most_pixels < 1:
            raise ValueError("expected at least one byte of cache and one pixel")
