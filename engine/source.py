"""The origin of one ingest: looked at or fetched once, when somebody first needs it, as the plan says."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Protocol, assert_never

from engine.journal import Journal
from engine.scratch import Room
from images.header import BadHeader, ImageHeader, read_header, sniff
from origins.port import Fetched, HeaderSeen
from policies.admit import Seen
from policies.keys import file_name
from policies.plan import Fetch, IngestPlan, Place


class FetchesOrigins(Protocol):
    """All origin strategies behind one door."""

    async def fetch(self, place: Place, into: Path) -> Fetched:
        """Streams the whole origin into a file."""

    async def header(self, place: Place) -> HeaderSeen:
        """Reads only what tells its type and dimensions."""


class Source:
    """One origin, lazily."""

    def __init__(self, plan: IngestPlan, origins: FetchesOrigins, room: Room, journal: Journal) -> None:
        self._plan = plan
        self._origins = origins
        self._room = room
        self._journal = journal
        self._fetching = asyncio.Lock()
        self._fetched: Fetched | None = None
        self.problem: str | None = None  # why an image's header cannot be read, in a curator's words

    async def seen(self) -> Seen | None:
        """What there is to judge before work begins; None when the plan needs nothing of the origin."""
        match self._plan.fetch:
            case Fetch.NOTHING:
                return None
            case Fetch.HEADER | Fetch.COPY:
                with self._journal.step("look"):
                    looked = await self._origins.header(self._plan.place)
                self._journal.origin = looked.address
                self._journal.media_type = looked.media_type
                self.problem = looked.problem
                return Seen(looked.bytes, looked.media_type, looked.declared_media_type, looked.header)
            case Fetch.WHOLE:
                fetched = await self._fetch()
                header, self.problem = await asyncio.to_thread(_look_inside, fetched)
                return Seen(fetched.bytes, fetched.media_type, fetched.declared_media_type, header)
            case never:
                assert_never(never)

    async def file(self) -> Path:
        """The whole origin on scratch; fetched now if nobody needed it before."""
        return (await self._fetch()).path

    async def _fetch(self) -> Fetched:
        async with self._fetching:
            if self._fetched is None:
                into = await self._room.file("source")
                with self._journal.step("fetch"):
                    fetched = await self._origins.fetch(self._plan.place, into)
                self._fetched = await asyncio.to_thread(_with_suffix, fetched)
                self._journal.origin = fetched.address
                self._journal.digest = fetched.sha256
                self._journal.fetched_bytes = fetched.bytes
                self._journal.media_type = fetched.media_type
            return self._fetched


def _with_suffix(fetched: Fetched) -> Fetched:
    """The file under a name with the suffix of what it is: some processors go by that."""
    kind = sniff(fetched.head)
    if kind is None:
        return fetched
    path = fetched.path.with_name(file_name(fetched.path.name, kind.suffix))
    fetched.path.rename(path)
    return replace(fetched, path=path)


def _look_inside(fetched: Fetched) -> tuple[ImageHeader | None, str | None]:
    """The header of a fetched image, or why it cannot be read; neither for what is no image."""
    if sniff(fetched.head) is None:
        return None, None
    with fetched.path.open("rb") as file:

        def read(offset: int, length: int) -> bytes:
            file.seek(offset)
            return file.read(length)

        try:
            return read_header(read, fetched.bytes), None
        except BadHeader as error:
            return None, str(error)
