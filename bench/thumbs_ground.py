"""What the figures of `bench.thumbs` are taken on: assets in flight, the engine's way, the old one, a look at pictures.

Drives `engine.outbound` as the engine does, with an order for each asset. No database and no S3: what is staged is
told to the server's storage, and pictures are looked into in place of being stored.
"""

from __future__ import annotations

import asyncio
import io
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from PIL import Image

from bench.thumbs_old_client import OldClient, OldClientError
from engine.outbound.image_server import ImageServer
from engine.outbound.limiter import Limiter, LimiterSettings, Sample
from engine.outbound.make_thumbnailer import make_thumbnailer
from engine.outbound.thumbnail_settings import ThumbnailSettings
from engine.outbound.thumbnailer import MadeThumb, Thumbnails, ThumbOrder
from images.size import Size
from policies.outcome import IngestError
from policies.request import AssetId
from policies.thumbs import ThumbPlan, list_thumbs
from tests.fakes.image_server import Source, picture
from tests.unit.policies.make import make_plan, make_rules

PHOTOGRAPH = Size(4608, 3456)
CUSTOMERS = 4
COLOURS = [(40 * red, 40 * green, 40 * blue) for red in range(6) for green in range(6) for blue in range(6)]
Pictures = dict[Size, bytes]
Make = Callable[["Asset"], Awaitable[Pictures]]


class Server(Protocol):
    """An image server, and the storage that it reads."""

    url: str

    async def store(self, objects: Iterable[tuple[str, Source]]) -> None: ...


@dataclass(frozen=True, slots=True)
class Asset:
    """One photograph, told from the others by its colour."""

    id: AssetId
    source: Source
    plan: ThumbPlan

    @property
    def key(self) -> str:
        """Where its image is stored for good."""
        return f"s3://storage/{self.id}"


@dataclass(slots=True)
class Went:
    """How it went with many assets."""

    began: float
    ends: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    wrong: int = 0

    @property
    def lost(self) -> int:
        """Assets without thumbnails, or with wrong ones."""
        return self.failed.total() + self.wrong

    @property
    def seconds(self) -> float:
        return max(self.ends, default=self.began) - self.began

    @property
    def longest_pause(self) -> float:
        ends = [self.began, *sorted(self.ends)]
        return max((later - earlier for earlier, later in pairwise(ends)), default=0.0)

    def rate(self, first: int, last: int) -> float:
        """Assets a second, without the first while it starts and the last while fewer and fewer are in flight."""
        ends = sorted(self.ends)[first - 1 : len(self.ends) - last]
        return (len(ends) - 1) / (ends[-1] - ends[0]) if len(ends) > 1 else 0.0


def photographs(count: int, *formats: str, shift: int = 0) -> list[Asset]:
    """So many assets of a few customers, in these formats by turns; the shift gives each another picture."""
    rules = make_rules()
    usual = make_plan(rules=rules)
    made = []
    for number in range(count):
        asset = AssetId(number % CUSTOMERS, 1, f"page-{number}")
        plan = list_thumbs(replace(usual, place=replace(usual.place, asset=asset)), PHOTOGRAPH, rules)
        assert isinstance(plan, ThumbPlan)
        colour = COLOURS[(number + shift) % len(COLOURS)]
        made.append(Asset(asset, Source(PHOTOGRAPH, formats[number % len(formats)], colour), plan))
    return made


class Fixed(Limiter):
    """A limit that somebody set by hand."""

    def __init__(self, limit: int) -> None:
        super().__init__(LimiterSettings(), 0.0, lambda: 0.5)
        self._fixed = limit

    def wait(self, in_flight: int, now: float) -> float:  # noqa: ARG002  # the limiter's signature
        return 0.0 if in_flight < self._fixed else math.inf

    def sent(self, in_flight: int) -> float:
        return in_flight

    def served(self, sample: Sample) -> None: ...
    def overloaded(self, sent: float, now: float) -> None: ...
    def suspend(self) -> None: ...


class QuickProcessor:
    """A processor that takes its time for each image, and makes what is ordered."""

    def __init__(self, seconds: float, workers: int = 2) -> None:
        self._seconds = seconds
        self._workers = asyncio.Semaphore(workers)

    async def make(self, order: ThumbOrder) -> Thumbnails:
        """All thumbnails of the order, in the colour that the name of its room says."""
        colour = COLOURS[int(order.room.name)]
        async with self._workers:
            await asyncio.sleep(self._seconds)
        files = (MadeThumb(thumb, thumb.size, picture(thumb.size, colour)) for thumb in order.plan.thumbs)
        return Thumbnails(tuple(files), "processor")


@asynccontextmanager
async def engine(
    server: Server, *, scale: float, fallback: float | None = None, limit: int | None = None
) -> AsyncIterator[Make]:
    """The engine's way; perhaps with a processor that takes so many seconds behind it, or a limit set by hand."""
    settings = ThumbnailSettings(
        image_server=(server.url,),
        fallback="none" if fallback is None else "processor",
        quickest_timeout=2.0 * scale,
        slowest_timeout=60.0 * scale,
    )
    async with ImageServer.open(settings) as image_server:
        if limit is not None:
            image_server.gate.limiter = Fixed(limit)
        thumbnailer = make_thumbnailer(settings, image_server, QuickProcessor(fallback or 0.0))

        async def make(asset: Asset) -> Pictures:
            stage = partial(_stage, server, asset)
            made = await thumbnailer.make(
                ThumbOrder(
                    run=uuid4(),
                    asset=asset.id,
                    plan=asset.plan,
                    format=asset.source.format,
                    identifier=await stage(),
                    restage=stage,
                    source=_no_source,
                    room=Path(str(COLOURS.index(asset.source.colour))),
                )
            )
            return {one.size: one.content for one in made.files if isinstance(one.content, bytes)}

        yield make


@asynccontextmanager
async def old_client(server: Server, *, scale: float, cheap: bool = False) -> AsyncIterator[Make]:
    """The old client's way; it stores images for good, and has them read there."""
    async with OldClient.open(server.url, 20.0 * scale, cheap=cheap) as client:

        async def make(asset: Asset) -> Pictures:
            await server.store([(asset.key, asset.source)])
            return await client.make(asset.key, tuple(thumb.size for thumb in asset.plan.thumbs))

        yield make


async def in_flight(
    make: Make, assets: Iterable[Asset], together: int, look: Callable[[Went], None] | None = None
) -> Went:
    """Makes the thumbnails of all assets, so many at once, and looks into every picture."""
    went = Went(time.monotonic())
    line = iter(assets)

    async def work() -> None:
        for asset in line:
            try:
                pictures = await make(asset)
            except (IngestError, OldClientError) as error:
                went.failed[type(error).__name__ if isinstance(error, OldClientError) else error.reason.code] += 1
            else:
                right = await asyncio.to_thread(is_right, asset, pictures)
                went.wrong += not right
            went.ends.append(time.monotonic())
            if look:
                look(went)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(together):
            tasks.create_task(work())
    return went


def is_right(asset: Asset, pictures: Pictures) -> bool:
    """Whether these are all of the asset's thumbnails, whole, and of its own picture."""
    if set(pictures) != {thumb.size for thumb in asset.plan.thumbs}:
        return False
    return all(_shows(content, size, asset.source.colour) for size, content in pictures.items())


def _shows(content: bytes, size: Size, colour: tuple[int, int, int]) -> bool:
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
            pixel = image.convert("RGB").getpixel((size.width // 2, size.height // 2))
            return image.size == (size.width, size.height) and _near(pixel, colour)
    except (OSError, SyntaxError):
        return False


def _near(pixel: object, colour: tuple[int, int, int]) -> bool:
    return isinstance(pixel, tuple) and all(abs(one - other) < 20 for one, other in zip(pixel, colour, strict=True))


async def _stage(server: Server, asset: Asset) -> str:
    key = f"s3://storage/transient/{uuid4()}"
    await server.store([(key, asset.source)])
    return key


async def _no_source() -> Path:
    return Path("/nowhere")
