"""Thumbnails by the processor beside us, from the source on scratch: the rule by setting, or the fallback."""

from __future__ import annotations

from typing import Protocol

from engine.outbound.processor import Converted, Job, sizes_for_processor
from engine.outbound.thumbnailer import MadeThumb, Thumbnails, ThumbOrder
from images.size import Size
from policies.outcome import IngestError
from policies.reasons import PROCESSOR_CONFUSED
from policies.thumbs import Thumb

DERIVATIVES_ONLY = "derivatives-only"


class Converter(Protocol):
    """What is needed of the processor's client."""

    async def convert(self, job: Job) -> Converted: ...


class ProcessorThumbnailer:
    """Has all sizes of an order rendered in one job."""

    def __init__(self, processor: Converter) -> None:
        self._processor = processor

    async def make(self, order: ThumbOrder) -> Thumbnails:
        """The order, from the source file, which is fetched now if nothing needed it before."""
        thumbs = order.plan.thumbs
        if not thumbs:
            return Thumbnails((), made_by="processor")
        sizes = sizes_for_processor([thumb.size for thumb in thumbs], order.plan.image)
        converted = await self._processor.convert(
            Job(
                run=order.run,
                asset=order.asset,
                origin=order.identifier,
                source=await order.source(),
                room=order.room,
                operation=DERIVATIVES_ONLY,
                sizes=sizes,
            )
        )
        left = list(converted.thumbs)
        files = []
        for thumb in thumbs:
            made = next((made for made in left if near(made.size, thumb)), None)
            if made is None:
                raise IngestError(
                    PROCESSOR_CONFUSED, f"{order.asset}: the processor made no thumbnail of {thumb.size}"
                )
            left.remove(made)
            files.append(MadeThumb(thumb, made.size, made.path))
        return Thumbnails(tuple(files), made_by="processor", requests=1)


def near(size: Size, thumb: Thumb) -> bool:
    """Whether a size is the thumbnail's, give or take a pixel of rounding a side."""
    return abs(size.width - thumb.size.width) <= 1 and abs(size.height - thumb.size.height) <= 1
