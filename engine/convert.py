"""From the origin to the image that is kept and served: converted, taken as it is, or only measured."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from engine.journal import Journal
from engine.outbound.processor import Job, MadeThumb, ProcessorClient, sizes_for_processor
from engine.outbound.thumbnailer import Tally
from engine.scratch import Room
from engine.source import Source
from images.size import Size
from policies.admit import Admitted
from policies.facts import Rules, Run
from policies.outcome import IngestError, granted
from policies.plan import Fetch, IngestPlan
from policies.reasons import IMAGE_BROKEN, NO_DERIVATIVE
from policies.redact import redact
from policies.thumbs import list_thumbs

IMAGE_ONLY = "image-only"
INGEST = "ingest"
JP2 = "image/jp2"
UNKNOWN = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Image:
    """What one run's image has become."""

    media_type: str | None  # of the origin's content
    size: Size | None = None  # None: no image work was asked for
    derivative: Path | None = None  # the JPEG 2000 to keep
    served_type: str = "application/octet-stream"  # of what the image server reads
    served_bytes: int = 0
    thumbs: tuple[MadeThumb, ...] = ()  # that the processor made on the way

    @property
    def format(self) -> str:
        """What the image server reads, in a word that its costs go by."""
        return self.served_type.rpartition("/")[2]


class MeasuresImages(Protocol):
    """Whoever can tell the dimensions of an image that lies in S3."""

    async def info(self, identifier: str, format_: str, *, customer: int, priority: bool, tally: Tally) -> Size:
        """Its width and height; asked for in that customer's turn, and tallied."""


class Converter:
    """Makes images out of origins."""

    def __init__(
        self, processor: ProcessorClient, image_server: MeasuresImages, rules: Rules, *, with_thumbs: bool
    ) -> None:
        self._processor = processor
        self._image_server = image_server
        self._rules = rules
        self._with_thumbs = with_thumbs  # the processor makes the thumbnails, by setting

    async def convert(
        self,
        run: Run,
        plan: IngestPlan,
        admitted: Admitted,
        source: Source,
        room: Room,
        journal: Journal,
        priority: bool,
    ) -> Image:
        """The image as the plan wants it."""
        if not plan.image_work:
            return Image(admitted.media_type)
        if admitted.convert:
            return await self._converted(run, plan, admitted, source, room)
        media_type = admitted.media_type or UNKNOWN
        size = await self._measured(plan, admitted, source, journal, priority)
        image = Image(media_type, size, None, media_type, admitted.bytes)
        if not admitted.as_it_is:
            return image
        return replace(image, derivative=await source.file(), served_type=JP2)

    async def _converted(self, run: Run, plan: IngestPlan, admitted: Admitted, source: Source, room: Room) -> Image:
        sizes: tuple[str, ...] = ()
        if self._with_thumbs and admitted.size:
            planned = granted(list_thumbs(plan, admitted.size, self._rules))
            sizes = sizes_for_processor([thumb.size for thumb in planned.thumbs], admitted.size)
        job = Job(
            run=run.id,
            asset=run.asset,
            origin=redact(plan.place.uri),
            source=await source.file(),
            room=await room.folder(),
            operation=INGEST if self._with_thumbs else IMAGE_ONLY,
            recipe=plan.recipe,
            sizes=sizes,
        )
        converted = await self._processor.convert(job)
        size = await asyncio.to_thread(_size_of, converted.jp2)
        if converted.jp2 is None or not size:
            raise IngestError(NO_DERIVATIVE, f"{run.asset}: the processor answered well, but made no JPEG 2000")
        return Image(admitted.media_type, converted.size, converted.jp2, JP2, size, converted.thumbs)

    async def _measured(
        self, plan: IngestPlan, admitted: Admitted, source: Source, journal: Journal, priority: bool
    ) -> Size:
        """What the header said, else what the image server says of what it can read in place."""
        if admitted.size:
            return admitted.size
        if plan.fetch is Fetch.HEADER and plan.place.s3:
            format_ = (admitted.media_type or UNKNOWN).rpartition("/")[2]
            return await self._image_server.info(
                plan.place.s3.plain,
                format_,
                customer=plan.place.asset.customer,
                priority=priority,
                tally=journal.tally,
            )
        raise IngestError(
            IMAGE_BROKEN, f"{redact(plan.place.uri)}: {source.problem or 'its dimensions cannot be read'}"
        )


def _size_of(path: Path | None) -> int:
    """Bytes of a file that should be there; 0 when it is not."""
    return path.stat().st_size if path and path.is_file() else 0
