"""The parts that settings fall into, as values. What each means stands in `engine.settings_table`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from engine.variables import Network
from images.iiif_size import IiifSize


@dataclass(frozen=True, slots=True)
class DatabasePart:
    url: str = field(repr=False)
    connections: int
    pgbouncer: bool
    keep_runs_days: int


@dataclass(frozen=True, slots=True)
class QueuesPart:
    image: str
    priority: str
    file: str | None
    batch_topic: str | None


@dataclass(frozen=True, slots=True)
class BucketsPart:
    storage: str
    thumbs: str
    origin: str
    security: str
    uri_region: bool


@dataclass(frozen=True, slots=True)
class AwsPart:
    region: str | None
    endpoint: str | None
    path_style: bool


@dataclass(frozen=True, slots=True)
class OriginsPart:
    regex: str
    bucket_open: bool
    allowed_networks: tuple[Network, ...]
    known_hosts: Path | None
    credentials_keys: str = field(repr=False)
    max_bytes: int
    max_pixels: int


@dataclass(frozen=True, slots=True)
class ProcessorPart:
    url: str
    seconds: float
    scratch: Path
    processor_scratch: PurePosixPath


@dataclass(frozen=True, slots=True)
class ThumbnailsPart:
    image_servers: tuple[str, ...]
    first: str  # "image-server" | "processor"
    fallback: str  # "processor" | "none"
    cascade: bool
    default_sizes: tuple[IiifSize, ...]
    readable: frozenset[str]
    orchestrator: str | None


@dataclass(frozen=True, slots=True)
class WorkPart:
    slots: int
    priority_slots: int
    attempts: int
    quota_exempt: frozenset[int]
    lease: float
    grace: float
    heart: float
    visibility: float
    poll: int
    drain: float


@dataclass(frozen=True, slots=True)
class HttpPart:
    host: str
    port: int
    token: str | None = field(repr=False)
    seconds: float


@dataclass(frozen=True, slots=True)
class LogsPart:
    level: str
    format: str


@dataclass(frozen=True, slots=True)
class Given:
    """The text of one variable, and who gave it."""

    text: str = field(repr=False)
    source: str
