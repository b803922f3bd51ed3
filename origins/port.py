"""What the engine sees of this room: a strategy, what a fetch gives back, and everything that can be set.

Describing a place (`policies.plan.Place`) is apart from fetching from it. Strategies give facts; whether those are
good enough for an asset is decided elsewhere.
"""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field
from importlib.metadata import version
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Protocol

from images.header import ImageHeader
from policies.plan import Place

KIB = 1024
MIB = 1024**2
GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole origin in a file, and what was learnt on the way."""

    path: Path
    bytes: int
    media_type: str | None  # what the first bytes say
    declared_media_type: str | None  # what the origin's server said
    sha256: str
    etag: str | None
    last_modified: str | None
    address: str  # the final one, redacted
    seconds: float
    head: builtins.bytes  # the first ones


@dataclass(frozen=True, slots=True)
class HeaderSeen:
    """An origin that was only looked at: its size, and its type and dimensions from a few ranged reads."""

    bytes: int
    media_type: str | None  # what the first bytes say
    declared_media_type: str | None
    header: ImageHeader | None  # None: no image
    problem: str | None  # why an image's header cannot be read, in a curator's words
    etag: str | None
    last_modified: str | None
    address: str
    read: int  # bytes that it took


class OriginStrategy(Protocol):
    """One way of getting at origins."""

    async def fetch(self, place: Place, into: Path) -> Fetched:
        """Streams the whole origin into a file, or raises IngestError and leaves none."""


@dataclass(frozen=True, slots=True)
class OriginSettings:
    """Limits of every fetch, and what strategies need to know of the house."""

    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    max_bytes: int = 20 * GIB
    total_seconds: float = 3600
    connect_seconds: float = 10  # name, connection and handshake
    answer_seconds: float = 30  # from the request to the end of the answer's headers
    idle_seconds: float = 30
    slowest: int = 1 * KIB  # bytes a second that an origin must reach …
    slow_seconds: float = 60  # … over so long
    redirects: int = 8
    resumptions: int = 5
    connections_per_host: int = 16
    sftp_sessions_per_host: int = 4
    host_wait: float = 1  # seconds for a connection to a host, before the slot is given back
    threads: int = 8  # that write, hash and decode
    user_agent: str = field(default_factory=lambda: f"sluice/{version('sluice')} (image ingest)")
    known_hosts: Path | None = None  # None: SFTP host keys are not checked
    security_bucket: str = ""
    credentials_keys: str = field(default="", repr=False)  # see origins.encryption
    s3_region: str | None = None
    s3_endpoint: str | None = None  # of all of AWS, KMS included; None: as botocore finds it
    s3_path_style: bool = False
    s3_part: int = 8 * MIB  # larger objects are fetched in such ranges …
    s3_parts_at_once: int = 3  # … so many side by side
    header_bytes: int = 8 * MIB  # the most that looking at a header may cost

    def __post_init__(self) -> None:
        for name in (
            "max_bytes", "total_seconds", "connect_seconds", "answer_seconds", "idle_seconds", "slow_seconds",
            "connections_per_host", "sftp_sessions_per_host", "host_wait", "threads", "s3_part", "s3_parts_at_once",
            "header_bytes",
        ):  # fmt: skip
            if getattr(self, name) <= 0:
                raise ValueError(f"expected {name} to be more than 0, not {getattr(self, name)}")
        for name in ("slowest", "redirects", "resumptions"):
            if getattr(self, name) < 0:
                raise ValueError(f"expected {name} to be 0 or more, not {getattr(self, name)}")
