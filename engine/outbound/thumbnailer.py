"""Thumbnails, the port: an order goes in, checked pictures come out, whoever makes them.

Stands between the THUMBS decision and publishing. What is ordered was decided before; a thumbnailer never adds,
drops or resizes a thumbnail of the list. Implementations: the image server, the processor, and one behind the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from uuid import UUID

from engine.outbound.processor import MadeThumb as ProcessorThumb
from images.size import Size
from policies.request import AssetId
from policies.thumbs import Thumb, ThumbPlan


@dataclass(slots=True)
class Tally:
    """What the thumbnails of one order took so far, whoever was asked, and whether or not they came."""

    requests: int = 0
    retries: int = 0
    waited: float = 0.0  # seconds in line for the limiter


@dataclass(frozen=True, slots=True)
class ThumbOrder:
    """The thumbnails of one image, and where its pixels can be had."""

    run: UUID
    asset: AssetId
    plan: ThumbPlan
    format: str  # of what the image server reads: "jp2", "jpg", "tif" …; only costs are told from it
    identifier: str  # what the image server reads: `s3://bucket/key`
    restage: Callable[[], Awaitable[str]] = field(repr=False)  # the same bytes under a new key: a new identifier
    source: Callable[[], Awaitable[Path]] = field(repr=False)  # the file on scratch, fetched now if nobody has yet
    room: Path
    priority: bool = False
    ready: tuple[ProcessorThumb, ...] = ()  # that the processor made on its way to the derivative
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True, slots=True)
class MadeThumb:
    """One thumbnail, made: its bytes (or the file they are in) and the size it really has."""

    thumb: Thumb
    size: Size
    content: bytes | Path = field(repr=False)


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """All thumbnails of an order, largest first, and who made them."""

    files: tuple[MadeThumb, ...]
    made_by: str


class Thumbnailer(Protocol):
    """Makes every thumbnail of an order, or raises IngestError."""

    async def make(self, order: ThumbOrder) -> Thumbnails: ...
