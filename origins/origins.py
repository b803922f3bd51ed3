"""The door of this room: every strategy behind `fetch`, and what is special to S3 behind `header` and `copy`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aioboto3

from origins.parts import Parts, open_parts
from origins.port import Fetched, HeaderSeen, OriginSettings
from origins.registry import STRATEGIES
from origins.s3_copy import Copier
from origins.s3_header import see_header
from origins.s3_object import look, object_of
from policies.outcome import IngestError
from policies.plan import Place
from policies.reasons import ORIGIN_TOO_SLOW
from policies.redact import redact


def unguarded() -> None:
    """The guard of copies that no claim watches over."""


class Origins:
    """Gets bytes from wherever a place says they are."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._seconds = parts.settings.total_seconds
        self._strategies = {kind: make(parts) for kind, make in STRATEGIES.items()}

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: OriginSettings, session: aioboto3.Session | None = None) -> AsyncIterator[Origins]:
        """Opens every strategy; `session` says how AWS is reached, by default as botocore finds it."""
        async with open_parts(settings, session or aioboto3.Session()) as parts:
            yield cls(parts)

    async def fetch(self, place: Place, into: Path) -> Fetched:
        """Streams the whole origin into a file, or raises IngestError and leaves none."""
        async with self._in_time(place):
            return await self._strategies[place.kind].fetch(place, into)

    async def header(self, place: Place) -> HeaderSeen:
        """Reads only what tells type and dimensions of an object in S3."""
        origin = object_of(place)
        async with self._in_time(place):
            keys = await self._parts.credentials.s3_keys(place)
            async with self._parts.aws.s3(keys, origin.region) as s3:
                return await see_header(s3, origin, self._parts.settings.header_bytes)

    async def copy(
        self,
        place: Place,
        bucket: str,
        key: str,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        guard: Callable[[], None] = unguarded,
    ) -> int:
        """Copies an object to a bucket of ours inside S3, with our own credentials; gives its bytes."""
        origin = object_of(place)
        async with self._in_time(place):
            facts = await look(await self._parts.aws.ambient(origin.region), origin)
            copier = Copier(await self._parts.aws.ambient())
            await copier.copy(origin, facts, bucket, key, content_type=content_type, metadata=metadata, guard=guard)
            return facts.bytes

    @asynccontextmanager
    async def _in_time(self, place: Place) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except TimeoutError as error:
            raise IngestError(
                ORIGIN_TOO_SLOW, f"{redact(place.uri)} had not come whole after {self._seconds:g} s"
            ) from error
