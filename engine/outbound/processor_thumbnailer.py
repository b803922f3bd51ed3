"""Thumbnails by the processor beside us, from the source on scratch: the rule by setting, or the fallback."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.outbound.processor import Converted, Job, sizes_for_processor
from engine.outbound.processor import MadeThumb as ProcessorThumb
from engine.outbound.thumbnailer import MadeThumb, Thumbnails, ThumbOrder
from images.size import Size
from policies.outcome import IngestError
from policies.reasons import PROCESSOR_CONFUSED
from policies.thumbs import Thumb

PROCESSOR = "processor"
DERIVATIVES_ONLY = "derivatives-only"


class Converter(Protocol):
    """What is needed of the processor's client."""

    async def convert(self, job: Job) -> Converted: ...


class ProcessorThumbnailer:
    """Has all sizes of an order rendered in one job."""

    def __init__(self, processor: Converter) -> None:
        self._processor = processor

    async def make(self, order: ThumbOrder) -> Thumbnails:
        """The order, from what the processor made on its way, else from the source file, fetched now if need be."""
        thumbs = order.plan.thumbs
        found = matched(thumbs, order.ready)
        if len(found) == len(thumbs):
            return Thumbnails(found, made_by=PROCESSOR)
        order.tally.requests += 1
        converted = await self._processor.convert(
            Job(
                run=order.run,
                asset=order.asset,
                origin=order.identifier,
                source=await order.source(),
                room=order.room,
                operation=DERIVATIVES_ONLY,
                sizes=sizes_for_processor([thumb.size for thumb in thumbs], order.plan.image),
            )
        )
        found = matched(thumbs, converted.thumbs)
        if len(found) < len(thumbs):
            made = {one.thumb for one in found}
            missing = ", ".join(str(thumb.size) for thumb in thumbs if thumb not in made)
            raise IngestError(PROCESSOR_CONFUSED, f"{order.asset}: the processor made no thumbnail of {missing}")
        return Thumbnails(found, made_by=PROCESSOR)


def matched(thumbs: Sequence[Thumb], made: Sequence[ProcessorThumb]) -> tuple[MadeThumb, ...]:
    """The pictures that were made for these thumbnails, each used once."""
    left = list(made)
    found = []
    for thumb in thumbs:
        picture = next((one for one in left if near(one.size, thumb)), None)
        if picture is not None:
            left.remove(picture)
            found.append(MadeThumb(thumb, picture.size, picture.path))
    return tuple(found)


def near(size: Size, thumb: Thumb) -> bool:
    """Whether a size is the thumbnail's, give or take a pixel of rounding a side."""
    return abs(size.width - thumb.size.width) <= 1 and abs(size.height - thumb.size.height) <= 1
