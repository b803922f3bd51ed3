"""The old client's way with an image server, kept as the baseline: each size in turn, no limit, no second try.

Every asset reads its image under the key where it is stored for good, each size is asked in its exact form, and
whatever comes with a 200 is stored as it came. `cheap` asks the same sizes in their cheap form: what that alone gains.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from engine.outbound.image_server import picture_url
from images.size import Size


class OldClientError(Exception):
    """One size could not be had, so the asset failed."""


class OldClient:
    """Asks one server."""

    def __init__(self, url: str, http: aiohttp.ClientSession, *, cheap: bool) -> None:
        self._url = url
        self._http = http
        self._cheap = cheap

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, time_out: float, *, cheap: bool = False) -> AsyncIterator[OldClient]:
        """A client with as many connections as there are assets in flight."""
        limits = aiohttp.ClientTimeout(total=time_out)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=limits) as http:
            yield cls(url, http, cheap=cheap)

    async def make(self, identifier: str, sizes: tuple[Size, ...]) -> dict[Size, bytes]:
        """Every size of one image, or OldClientError at the first that fails."""
        return {size: await self._ask(identifier, size) for size in sizes}

    async def _ask(self, identifier: str, size: Size) -> bytes:
        edge = f"{size.width}," if size.width >= size.height else f",{size.height}"
        url = picture_url(self._url, identifier, f"full/{edge if self._cheap else size}/0/default.jpg")
        try:
            async with self._http.get(url) as answer:
                if answer.status != 200:
                    raise OldClientError(f"{answer.status} {(await answer.text())[:80]}")
                return await answer.read()
        except (aiohttp.ClientError, OSError) as error:  # a time-out is an OSError, too
            raise OldClientError(f"{type(error).__name__} {error}") from error
