"""The step that has thumbnails made: from the list that THUMBS gives to checked pictures, whoever makes them."""

from __future__ import annotations

from engine.convert import Image
from engine.journal import Journal
from engine.outbound.thumbnailer import MadeThumb, Thumbnailer, ThumbOrder
from engine.scratch import Room
from engine.source import Source
from engine.stage import Staging
from policies.facts import Rules, Run
from policies.outcome import granted
from policies.plan import IngestPlan
from policies.thumbs import list_thumbs


class Thumbnails:
    """Orders the thumbnails of runs."""

    def __init__(self, thumbnailer: Thumbnailer, rules: Rules, *, from_image_server: bool) -> None:
        self._thumbnailer = thumbnailer
        self._rules = rules
        self._from_image_server = from_image_server

    async def make(
        self,
        run: Run,
        plan: IngestPlan,
        image: Image,
        staging: Staging,
        source: Source,
        room: Room,
        journal: Journal,
        priority: bool,
    ) -> tuple[MadeThumb, ...]:
        """All thumbnails of one image; none when no image work was asked for."""
        if image.size is None:
            return ()
        planned = granted(list_thumbs(plan, image.size, self._rules))
        order = ThumbOrder(
            run=run.id,
            asset=run.asset,
            plan=planned,
            format=image.format,
            identifier=await staging.identifier() if self._from_image_server else "",
            restage=staging.again,
            source=source.file,
            room=await room.folder(),
            priority=priority,
            ready=image.thumbs,
            tally=journal.tally,
        )
        made = await self._thumbnailer.make(order)
        journal.thumbs_by, journal.thumbs = made.made_by, len(made.files)
        return made.files
