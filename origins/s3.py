"""`s3-ambient`: objects in S3, with our own credentials or the customer's; large ones in ranges side by side.

Every request names the ETag that the first answer gave, so an object that is replaced meanwhile is never mixed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from types_aiobotocore_s3 import S3Client

from origins.aws import AwsClients
from origins.credentials import Credentials
from origins.download import Download, Downloads
from origins.pauses import pauses
from origins.port import Fetched, OriginSettings
from origins.s3_errors import translated
from origins.s3_object import ObjectFacts, S3Object, look, object_of
from origins.side_by_side import side_by_side
from policies.outcome import IngestError
from policies.plan import Place
from policies.reasons import ORIGIN_BAD_ANSWER, ORIGIN_INTERRUPTED, ORIGIN_TRUNCATED

PASSING = frozenset({ORIGIN_INTERRUPTED, ORIGIN_TRUNCATED})
PIECE = 256 * 1024
"""Bytes of a part that go to the file at once; several parts hold as many each."""


@dataclass(slots=True)
class Part:
    """A range that one transfer fetches; `at` moves on as it comes."""

    at: int
    end: int


class S3Origin:
    """Fetches objects."""

    def __init__(
        self, clients: AwsClients, credentials: Credentials, downloads: Downloads, settings: OriginSettings
    ) -> None:
        self._clients = clients
        self._credentials = credentials
        self._downloads = downloads
        self._settings = settings

    async def fetch(self, place: Place, into: Path) -> Fetched:
        """Fetches an object, in parts when it is large; a part that breaks goes on where it broke."""
        origin = object_of(place)
        keys = await self._credentials.s3_keys(place)
        async with self._clients.s3(keys, origin.region) as s3, self._downloads.into(into) as download:
            facts = await look(s3, origin)
            download.expect(facts.bytes)
            await download.start(facts.checksums)
            await self._parts(s3, origin, facts, download)
            return await download.finish(
                address=origin.address,
                media_type=facts.media_type,
                etag=facts.etag,
                last_modified=facts.last_modified,
            )

    async def _parts(self, s3: S3Client, origin: S3Object, facts: ObjectFacts, download: Download) -> None:
        async def fetch_part(start: int) -> None:
            part = Part(start, min(start + self._settings.s3_part, facts.bytes))
            for pause in pauses(self._settings.resumptions):
                try:
                    with translated(origin.address):
                        await _pour(part, s3, origin, facts, download)
                    break
                except IngestError as error:
                    if error.reason.kind not in PASSING or pause is None:
                        raise
                    await asyncio.sleep(pause)

        starts = range(0, facts.bytes, self._settings.s3_part)
        await side_by_side(fetch_part, starts, self._settings.s3_parts_at_once)


async def _pour(part: Part, s3: S3Client, origin: S3Object, facts: ObjectFacts, download: Download) -> None:
    """Fetches what the part still lacks."""
    answer = await s3.get_object(**origin.range(part.at, part.end, facts))
    async with answer["Body"] as body:
        batch: list[bytes] = []
        length = 0
        async for chunk in body.content.iter_any():
            batch.append(chunk)
            length += len(chunk)
            if part.at + length > part.end:
                raise IngestError(ORIGIN_BAD_ANSWER, f"{origin.address}: S3 sent more than was asked for")
            if length >= PIECE:
                await download.put(part.at, batch)
                part.at, batch, length = part.at + length, [], 0
    await download.put(part.at, batch)
    part.at += length
    if part.at < part.end:
        raise IngestError(ORIGIN_TRUNCATED, f"{origin.address}: a transfer ended {part.end - part.at} bytes early")
