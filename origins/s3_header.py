"""Looking at an image in S3 without fetching it: ranged reads of what its header needs, and no more."""

from __future__ import annotations

from dataclasses import replace

from types_aiobotocore_s3 import S3Client

from images.header import BadHeader, ImageHeader, NeedBytes, read_header, sniff, sniff_media_type
from origins.port import HeaderSeen
from origins.s3_errors import translated
from origins.s3_object import ObjectFacts, S3Object, look

FIRST = 16 * 1024
"""Bytes of the first read: enough for most formats."""
LEAST = 4 * 1024
"""Bytes of any further read, for what is asked next often lies beside."""


class Window:
    """The parts of one object that have been read so far."""

    def __init__(self, s3: S3Client, origin: S3Object, facts: ObjectFacts) -> None:
        self._s3, self._origin, self._facts = s3, origin, facts
        self._blocks: dict[int, bytes] = {}
        self.read = 0

    def __call__(self, offset: int, length: int) -> bytes:
        """The bytes that are here, or NeedBytes."""
        length = max(0, min(length, self._facts.bytes - offset))
        for start, block in self._blocks.items():
            if start <= offset and offset + length <= start + len(block):
                return block[offset - start : offset - start + length]
        raise NeedBytes(offset, length)

    async def fetch(self, offset: int, length: int) -> None:
        """Reads a range, a little more than asked."""
        end = min(offset + max(length, LEAST), self._facts.bytes)
        with translated(self._origin.address):
            answer = await self._s3.get_object(**self._origin.range(offset, end, self._facts))
            async with answer["Body"] as body:
                self._blocks[offset] = await body.read()
        self.read += len(self._blocks[offset])


async def see_header(s3: S3Client, origin: S3Object, most: int) -> HeaderSeen:
    """Type and dimensions of an image, from at most so many bytes."""
    facts = await look(s3, origin)
    seen = HeaderSeen(
        bytes=facts.bytes,
        media_type=None,
        declared_media_type=facts.media_type,
        header=None,
        problem=None,
        etag=facts.etag,
        last_modified=facts.last_modified,
        address=origin.address,
        read=0,
    )
    if not facts.bytes:
        return seen
    window = Window(s3, origin, facts)
    await window.fetch(0, FIRST)
    head = window(0, min(FIRST, facts.bytes))
    header, problem = await _header(window, facts.bytes, most) if sniff(head) else (None, None)
    return replace(seen, media_type=sniff_media_type(head), header=header, problem=problem, read=window.read)


async def _header(window: Window, total: int, most: int) -> tuple[ImageHeader | None, str | None]:
    while True:
        try:
            return read_header(window, total), None
        except NeedBytes as need:
            if window.read + need.length > most:
                return None, f"its header does not end within {most} bytes"
            await window.fetch(need.offset, need.length)
        except BadHeader as error:
            return None, str(error)
