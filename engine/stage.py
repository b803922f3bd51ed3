"""What the image server reads of one run: a copy under a key of this run alone, put there when first asked for.

Image servers keep what they have read under an identifier for weeks, so no identifier is ever used for two pictures.
An optimised origin that was never ingested is read where it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from engine.convert import Image
from engine.lease import Guard, Lease
from engine.outbound.bucket import COPY_LIMIT, Bucket
from engine.source import Source
from policies.keys import transient_key
from policies.plan import IngestPlan, Place, ReadFrom, read_in_place


class CopiesOrigins(Protocol):
    """Copies an origin inside S3, whatever its size."""

    async def copy(
        self,
        place: Place,
        bucket: str,
        key: str,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        guard: Guard,
    ) -> int:
        """The origin under that key; how many bytes it has."""


class Staging:
    """One run's copies for the image server."""

    def __init__(
        self, storage: Bucket, origins: CopiesOrigins, lease: Lease, plan: IngestPlan, image: Image, source: Source
    ) -> None:
        self._storage = storage.under(lease.check, {"run": str(lease.run.id)})
        self._origins = origins
        self._lease = lease
        self._plan = plan
        self._image = image
        self._source = source
        self._times = 0
        self._staging = asyncio.Lock()
        self.key: str | None = None  # the newest copy; None: nothing was staged

    async def identifier(self) -> str:
        """What the image server is asked for."""
        async with self._staging:
            if read_in_place(self._plan):
                assert self._plan.place.s3 is not None
                return self._plan.place.s3.plain
            if self.key is None:
                await self._put()
            return f"s3://{self._storage.name}/{self.key}"

    async def again(self) -> str:
        """The same picture under a new identifier: the image server has spoilt the last one."""
        async with self._staging:
            await self._put()
            return f"s3://{self._storage.name}/{self.key}"

    async def copy_to(self, key: str, content_type: str) -> bool:
        """Copies what was staged to a final key, inside S3; False when that cannot be done."""
        if self.key is None or self._image.served_bytes > COPY_LIMIT:
            return False
        await self._storage.copy_from(self._storage.name, self.key, key, content_type)
        return True

    async def _put(self) -> None:
        self._times += 1
        key = transient_key(self._lease.run.id) + (f"-{self._times}" if self._times > 1 else "")
        if self._plan.thumbs_from is ReadFrom.ORIGIN:
            await self._origins.copy(
                self._plan.place,
                self._storage.name,
                key,
                content_type=self._image.served_type,
                metadata={"run": str(self._lease.run.id)},
                guard=self._lease.check,
            )
        else:
            path = self._image.derivative or await self._source.file()
            await self._storage.put_file(key, path, self._image.served_type)
        self.key = key
