"""One thumbnailer behind another: when the first cannot, the second makes the whole order.

Knows neither of them; only which failures are worth a second opinion.
"""

from __future__ import annotations

import structlog

from engine.outbound.thumbnailer import Thumbnailer, Thumbnails, ThumbOrder
from policies.outcome import IngestError
from policies.reasons import IMAGE_SERVER_AWAY, IMAGE_SERVER_BEHIND, THUMBNAILS_FAILED

WORTH_ANOTHER = frozenset({IMAGE_SERVER_AWAY, IMAGE_SERVER_BEHIND, THUMBNAILS_FAILED})

log = structlog.get_logger(__name__)


class Fallback:
    """Asks the first thumbnailer, and the second when the first is away or fails at this image."""

    def __init__(self, first: Thumbnailer, second: Thumbnailer) -> None:
        self._first = first
        self._second = second
        self.used = 0

    async def make(self, order: ThumbOrder) -> Thumbnails:
        """The order, by whichever of the two can."""
        try:
            return await self._first.make(order)
        except IngestError as error:
            if error.reason.kind not in WORTH_ANOTHER:
                raise
            log.info("thumbnails fall back", asset=str(order.asset), reason=str(error.reason))
        self.used += 1
        return await self._second.make(order)
