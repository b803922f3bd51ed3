"""Thumbnails by the image server: as few requests as the plan allows, every answer checked, the rest derived here."""

from __future__ import annotations

import asyncio
import re

from engine.outbound.cascade import Damaged, Picture, Wanted, check_and_derive
from engine.outbound.costs import rendering
from engine.outbound.image_server_answers import Answer, Unanswered
from engine.outbound.image_server_asking import Asking, Asks
from engine.outbound.thumbnailer import MadeThumb, Thumbnails, ThumbOrder
from engine.side_by_side import side_by_side
from images.size import Size
from policies.thumbs import Asked, Thumb

IMAGE_SERVER = "image-server"
PAGE = re.compile(r";\d+(:\d+)?$")
"""What an identifier must not end in: it would be read as a page of a document, or as a scale."""


class ImageServerThumbnailer:
    """Makes the thumbnails of orders with an image server."""

    def __init__(self, server: Asks, *, endure: float) -> None:
        self._server = server
        self._settings = server.settings
        self._endure = endure  # seconds for which a server that is away is waited for
        self._threads = asyncio.Semaphore(server.settings.workers)
        self.enlarges = True  # until the server says that it does not

    async def make(self, order: ThumbOrder) -> Thumbnails:
        """Every thumbnail of the order; IngestError when patience or hope ends first."""
        identifier = await order.restage() if PAGE.search(order.identifier) else order.identifier
        asking = Asking(
            self._server,
            identifier,
            customer=order.asset.customer,
            priority=order.priority,
            restage=order.restage,
            endure=self._endure,
            tally=order.tally,
        )
        async with asking.patiently(self._settings.patience):
            made = await _Order(self, order, asking).all()
        files = tuple(MadeThumb(thumb, made[thumb].size, made[thumb].content) for thumb in order.plan.thumbs)
        return Thumbnails(files, IMAGE_SERVER)

    async def check(self, body: bytes, wanted: Wanted, smaller: tuple[Size, ...]) -> list[Picture]:
        """The picture and what is derived from it, in a worker thread; Unanswered when it is damaged."""
        async with self._threads:
            try:
                return await asyncio.to_thread(check_and_derive, body, wanted, smaller, self._settings.quality)
            except Damaged as error:
                raise Unanswered(Answer.DAMAGED, str(error)) from error


class _Order:
    """One order on its way."""

    def __init__(self, maker: ImageServerThumbnailer, order: ThumbOrder, asking: Asking) -> None:
        self._maker = maker
        self._order = order
        self._plan = order.plan
        self._asking = asking

    async def all(self) -> dict[Thumb, Picture]:
        """The first alone, so that the server fetches a new source once; the rest side by side."""
        whole = [asked for asked in self._plan.asked if not asked.thumb.enlarged]
        enlarged = [asked for asked in self._plan.asked if asked.thumb.enlarged]
        order = whole + (enlarged if self._maker.enlarges else [])
        made: dict[Thumb, Picture] = {}
        for asked in (order[:1], order[1:]):
            for pictures in await side_by_side(self._pictures(one) for one in asked):
                made.update(pictures)
        refused = tuple(asked.thumb for asked in enlarged if asked.thumb not in made)
        if refused:
            made.update(await self._enlarged(refused, made))
        return made

    async def _pictures(self, asked: Asked) -> dict[Thumb, Picture]:
        """One asked thumbnail and those derived from it; none when the server will not enlarge."""
        derived = tuple(one.thumb for one in self._plan.derived if one.source == asked.thumb)
        try:
            pictures = await self._ask(asked, tuple(thumb.size for thumb in derived))
        except Unanswered as error:
            if error.answer is not Answer.WONT_ENLARGE or not asked.thumb.enlarged:
                raise
            self._maker.enlarges = False
            return {}
        return dict(zip((asked.thumb, *derived), pictures, strict=True))

    async def _enlarged(self, thumbs: tuple[Thumb, ...], made: dict[Thumb, Picture]) -> dict[Thumb, Picture]:
        """What the server will not enlarge is enlarged here, from its largest rendering."""
        base = self._plan.enlarge_from
        assert base is not None, "a plan with an enlarged thumbnail names what it can be made from"
        sizes = tuple(thumb.size for thumb in thumbs)
        if base.thumb in made:
            _, *pictures = await self._maker.check(made[base.thumb].content, _wanted(base), sizes)
        else:
            _, *pictures = await self._ask(base, sizes)
        return dict(zip(thumbs, pictures, strict=True))

    async def _ask(self, asked: Asked, smaller: tuple[Size, ...]) -> list[Picture]:
        async def read(body: bytes) -> list[Picture]:
            return await self._maker.check(body, _wanted(asked), smaller)

        work = rendering(self._order.format, self._plan.image, asked.thumb.size)
        return await self._asking.get(f"full/{asked.form}/0/default.jpg", work, read)


def _wanted(asked: Asked) -> Wanted:
    return Wanted(asked.thumb.size, capped=asked.thumb.capped)
