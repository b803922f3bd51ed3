"""Sources on disk: fetched from S3 when first asked for, kept while they are used and there is room.

Unlike Cantaloupe's, this cache looks again: an object that changed under its key is fetched anew. It knows S3
and files, nothing of images.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from local.image_server.request import NotFound, S3Object

if TYPE_CHECKING:
    from types_aiobotocore_s3.client import S3Client

CHUNK = 1 << 20
FRESH = 2.0  # seconds for which S3 is not asked again whether an object has changed
ABSENT = {"404", "NoSuchKey", "NoSuchBucket", "NotFound", "403", "AccessDenied"}
UNCHANGED = {"304", "NotModified"}


class SourceTooLargeError(Exception):
    """An object is larger than all the room there is."""


@dataclass(slots=True)
class Entry:
    """One object on disk."""

    path: Path
    etag: str = ""
    bytes: int = 0
    checked: float = float("-inf")
    holders: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class SourceCache:
    """A bounded folder of S3 objects; the least recently used that nobody holds go first."""

    def __init__(self, s3: S3Client, folder: Path, most: int) -> None:
        self._s3 = s3
        self._folder = folder
        self._most = most
        self._entries: OrderedDict[S3Object, Entry] = OrderedDict()  # the least recently used first

    @property
    def bytes(self) -> int:
        return sum(each.bytes for each in self._entries.values())

    @asynccontextmanager
    async def hold(self, wanted: S3Object) -> AsyncIterator[Path]:
        """The object as a file that stays while it is held; fetched at most once at a time."""
        entry = self._entries.get(wanted)
        if entry is None:
            name = hashlib.sha256(f"{wanted.bucket}/{wanted.key}".encode()).hexdigest()
            entry = self._entries[wanted] = Entry(self._folder / name)
        self._entries.move_to_end(wanted)
        entry.holders += 1
        try:
            async with entry.lock:
                await self._freshen(wanted, entry)
            yield entry.path
        finally:
            entry.holders -= 1
            if not entry.holders and not entry.etag:
                self._entries.pop(wanted, None)  # it was never there

    async def _freshen(self, wanted: S3Object, entry: Entry) -> None:
        if time.monotonic() - entry.checked < FRESH:
            return
        known = {"IfNoneMatch": entry.etag} if entry.etag else {}
        try:
            answer = await self._s3.get_object(Bucket=wanted.bucket, Key=wanted.key, **known)  # type: ignore[arg-type]
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in UNCHANGED:
                entry.checked = time.monotonic()
                return
            if code in ABSENT:
                self._forget(entry)
                raise NotFound(f"no such image: s3://{wanted.bucket}/{wanted.key}") from error
            raise
        async with answer["Body"]:
            await self._make_room(answer["ContentLength"], entry)
            part = entry.path.with_suffix(f".{time.monotonic_ns()}")
            try:
                with await asyncio.to_thread(part.open, "wb") as file:
                    async for chunk in answer["Body"].iter_chunks(CHUNK):
                        await asyncio.to_thread(file.write, chunk)
                part.replace(entry.path)
            finally:
                part.unlink(missing_ok=True)
        entry.etag, entry.bytes, entry.checked = answer["ETag"], answer["ContentLength"], time.monotonic()

    async def _make_room(self, wanted: int, keep: Entry) -> None:
        if wanted > self._most:
            raise SourceTooLargeError(f"{wanted} bytes is more than the {self._most} that sources may take up on disk")
        for name, entry in list(self._entries.items()):
            if self.bytes + wanted <= self._most:
                return
            if not entry.holders and entry is not keep:
                self._forget(entry)
                del self._entries[name]

    def _forget(self, entry: Entry) -> None:
        entry.path.unlink(missing_ok=True)
        entry.etag, entry.bytes, entry.checked = "", 0, float("-inf")
