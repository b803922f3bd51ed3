"""The last step before recording: everything that was made goes to its final key, `s.json` last.

Nothing touches a final key before this. What was staged is copied inside S3, the rest is uploaded; thumbnails go
side by side; one that fails fails the ingest, so that `s.json` never lists what is not there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.convert import JP2, UNKNOWN, Image
from engine.lease import Lease
from engine.outbound.bucket import Bucket
from engine.outbound.thumbnailer import MadeThumb
from engine.side_by_side import side_by_side
from engine.source import Source
from engine.stage import CopiesOrigins, Staging
from policies.facts import Rules
from policies.keys import derivative_key, original_key, sizes_key
from policies.outcome import Stored
from policies.plan import Fetch, IngestPlan, image_location
from policies.thumbs import Thumb, as_stored, one_per_key, sizes_json

JPEG = "image/jpeg"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Published:
    """One object under its final key."""

    bucket: str
    key: str
    bytes: int

    @property
    def name(self) -> str:
        return f"{self.bucket}/{self.key}"


class Publisher:
    """Writes the final keys of runs."""

    def __init__(self, storage: Bucket, thumbs: Bucket, origins: CopiesOrigins, rules: Rules) -> None:
        self._storage = storage
        self._thumbs = thumbs
        self._origins = origins
        self._rules = rules

    async def publish(
        self,
        lease: Lease,
        plan: IngestPlan,
        image: Image,
        source: Source,
        staging: Staging,
        made: Sequence[MadeThumb],
    ) -> Stored:
        """Everything of one run to its final keys; what will be recorded of it."""
        metadata = {"run": str(lease.run.id)}
        storage, thumbs = (bucket.under(lease.check, metadata) for bucket in (self._storage, self._thumbs))
        lease.check()
        lease.published = True
        kept = [
            *await self._original(storage, lease, plan, image, source, staging),
            *await self._derivative(storage, plan, image, staging),
        ]
        pictures, json = await self._pictures(thumbs, plan, image, made)
        return Stored(
            size=image.size,
            media_type=image.media_type,
            location=image_location(plan, self._rules),
            bytes=sum(stored.bytes for stored in kept),
            thumb_bytes=sum(stored.bytes for stored in pictures),
            thumbs_json=json,
            keys=tuple(stored.name for stored in (*kept, *pictures))
            + ((f"{thumbs.name}/{sizes_key(plan.place.asset)}",) if json else ()),
        )

    async def _original(
        self, storage: Bucket, lease: Lease, plan: IngestPlan, image: Image, source: Source, staging: Staging
    ) -> list[Published]:
        if not plan.keep_original:
            return []
        key, media_type = original_key(plan.place.asset), image.media_type or UNKNOWN
        if plan.fetch is Fetch.COPY:
            copied = await self._origins.copy(
                plan.place,
                storage.name,
                key,
                content_type=media_type,
                metadata={"run": str(lease.run.id)},
                guard=lease.check,
            )
            return [Published(storage.name, key, copied)]
        path = await source.file()
        if image.derivative is not None or not await staging.copy_to(key, media_type):
            await storage.put_file(key, path, media_type)
        return [Published(storage.name, key, await asyncio.to_thread(_bytes, path))]

    async def _derivative(self, storage: Bucket, plan: IngestPlan, image: Image, staging: Staging) -> list[Published]:
        if image.derivative is None:
            return []
        key = derivative_key(plan.place.asset)
        if not await staging.copy_to(key, JP2):
            await storage.put_file(key, image.derivative, JP2)
        return [Published(storage.name, key, image.served_bytes)]

    async def _pictures(
        self, bucket: Bucket, plan: IngestPlan, image: Image, made: Sequence[MadeThumb]
    ) -> tuple[list[Published], str | None]:
        """Every thumbnail under the key of its real size, side by side; then their list."""
        if image.size is None:
            return [], None
        contents = {as_stored(one.thumb, one.size, plan): one.content for one in made}
        thumbs = one_per_key(contents, image.size)
        pictures = await side_by_side(_put(bucket, thumb, contents[thumb]) for thumb in thumbs)
        json = sizes_json(thumbs)
        await bucket.put_bytes(sizes_key(plan.place.asset), json.encode(), JSON)
        return pictures, json


async def _put(bucket: Bucket, thumb: Thumb, content: bytes | Path) -> Published:
    body = content if isinstance(content, bytes) else await asyncio.to_thread(content.read_bytes)
    await bucket.put_bytes(thumb.key, body, JPEG)
    return Published(bucket.name, thumb.key, len(body))


def _bytes(path: Path) -> int:
    return path.stat().st_size
