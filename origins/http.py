"""`default`: a GET over http or https, resumed where the server lets us.

The same transfer serves `basic-http-authentication`, which only adds a login.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from multidict import CIMultiDictProxy
from yarl import URL

from origins.decoding import decoder_for
from origins.download import Download, Downloads
from origins.integrity import expected_checksums
from origins.pauses import pauses
from origins.port import Fetched, OriginSettings
from origins.web import Answer, Web
from origins.web_address import web_url
from origins.web_answers import is_strong, read_content_range
from policies.outcome import IngestError
from policies.plan import Place
from policies.reasons import ORIGIN_BAD_ANSWER, ORIGIN_CHANGED, ORIGIN_IDLE, ORIGIN_INTERRUPTED, ORIGIN_TRUNCATED

PASSING = frozenset({ORIGIN_IDLE, ORIGIN_INTERRUPTED, ORIGIN_TRUNCATED})
"""What a transfer may be resumed after."""


@dataclass(frozen=True, slots=True)
class Version:
    """What the first answer said of the file: to resume only the same one, and to report it."""

    validator: str | None  # for If-Range
    length: int | None
    media_type: str | None
    etag: str | None
    last_modified: str | None
    address: str


class HttpOrigin:
    """Fetches web addresses."""

    def __init__(self, web: Web, downloads: Downloads, settings: OriginSettings) -> None:
        self._web = web
        self._downloads = downloads
        self._settings = settings

    async def fetch(self, place: Place, into: Path) -> Fetched:
        """Fetches without a login."""
        return await self.get(web_url(place.uri), into, login=None)

    async def get(self, url: URL, into: Path, *, login: str | None) -> Fetched:
        """Fetches with the value of an Authorization header, going on where a connection broke."""
        async with self._downloads.into(into) as download:
            version: Version | None = None
            for pause in pauses(self._settings.resumptions):
                try:
                    async with self._web.get(url, _ranged(version, download.received), login) as answer:
                        version = await _begin(answer, version, download)
                        await self._pour(answer, download, version)
                    break
                except IngestError as error:
                    if error.reason.kind not in PASSING or pause is None or not (version and version.validator):
                        raise
                    await asyncio.sleep(pause)
            assert version
            return await download.finish(
                address=version.address,
                media_type=version.media_type,
                etag=version.etag,
                last_modified=version.last_modified,
            )

    async def _pour(self, answer: Answer, download: Download, version: Version) -> None:
        while chunk := await self._next(answer):
            await download.add(chunk)
        if version.length is not None and download.received != version.length:
            raise IngestError(ORIGIN_TRUNCATED, f"{answer.address}: {download.received} of {version.length} bytes came")

    async def _next(self, answer: Answer) -> bytes:
        """More of the body, in time; what only looks like traffic, such as endless framing, counts as silence."""
        try:
            async with asyncio.timeout(self._settings.idle_seconds) as patience:
                return await answer.response.content.readany()
        except TimeoutError as error:
            if not patience.expired():
                raise
            raise IngestError(ORIGIN_IDLE, f"{answer.address} fell silent") from error


def _ranged(version: Version | None, received: int) -> dict[str, str]:
    if version and version.validator and received:
        return {"Range": f"bytes={received}-", "If-Range": version.validator}
    return {}


async def _begin(answer: Answer, version: Version | None, download: Download) -> Version:
    """Goes on with the same file, or begins with what the server has now."""
    headers = answer.response.headers
    if answer.response.status == 206:
        return _gone_on(answer, version, download.received)
    decoder = decoder_for(headers.get("Content-Encoding", ""))
    length = answer.response.content_length
    download.expect(length)
    await download.start(expected_checksums(headers), decoder)
    return Version(
        validator=_validator(headers),
        length=length,
        media_type=headers.get("Content-Type"),
        etag=headers.get("ETag"),
        last_modified=headers.get("Last-Modified"),
        address=answer.address,
    )


def _gone_on(answer: Answer, version: Version | None, received: int) -> Version:
    """The version that a part belongs to, if it is the part that was asked for, and of the same file."""
    headers = answer.response.headers
    first, total = read_content_range(headers.get("Content-Range")) or (None, None)
    if version:
        version = replace(version, length=total if version.length is None else version.length)
    if not version or version.length is None or first != received or total not in {None, version.length}:
        raise IngestError(ORIGIN_BAD_ANSWER, f"{answer.address} answered with a part that was not asked for")
    if headers.get("ETag", version.etag) != version.etag or (
        headers.get("Last-Modified", version.last_modified) != version.last_modified
    ):  # some servers take the range and never look at If-Range
        raise IngestError(ORIGIN_CHANGED, f"{answer.address} was replaced while it came")
    return version


def _validator(headers: CIMultiDictProxy[str]) -> str | None:
    """What tells this version of the file from others, if the server resumes at all."""
    if headers.get("Accept-Ranges", "").strip().lower() == "none":
        return None
    etag = headers.get("ETag")
    if etag:
        return None if etag.startswith("W/") else etag
    modified = headers.get("Last-Modified")
    return modified if is_strong(modified, headers.get("Date")) else None
