"""The image processor beside us: POST /convert over a folder that both sides mount, each perhaps at another root.

Speaks the protocol any such processor speaks; of the paths in an answer only the file name counts. A verdict of
the processor about the image is a refusal, its absence a reason to wait; it never decides what is asked.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

import aiohttp

from images.recipe import Recipe, kdu_name
from images.size import Size
from policies.outcome import IngestError
from policies.reasons import PROCESSOR_AWAY, PROCESSOR_CONFUSED, PROCESSOR_REFUSED
from policies.request import AssetId

AWAY = {429, 502, 503, 504}
FIRST_WAIT = 0.25
"""The bound of the first wait for room; it doubles up to what the processor asked for."""


@dataclass(frozen=True, slots=True)
class ProcessorSettings:
    """Where the processor is, and how both sides see the shared folder."""

    url: str
    scratch: Path  # the shared folder as we see it
    processor_scratch: PurePosixPath  # and as the processor does
    seconds: float = 900.0  # the longest one conversion may take
    patience: float = 10.0  # seconds for which room is waited for, the image at hand, before it is given back

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise ValueError(f"expected a positive number of seconds, not {self.seconds}")


@dataclass(frozen=True, slots=True)
class Job:
    """One request to the processor."""

    run: UUID
    asset: AssetId
    origin: str  # redacted; the processor only logs it
    source: Path
    room: Path  # the run's folder on scratch
    operation: str  # ingest | image-only | derivatives-only
    recipe: Recipe | None = None
    sizes: tuple[str, ...] = ()  # computed `w,h` or `^w,h`


@dataclass(frozen=True, slots=True)
class MadeThumb:
    """A thumbnail as the processor made it."""

    path: Path
    size: Size


@dataclass(frozen=True, slots=True)
class Converted:
    """What the processor made of one image."""

    jp2: Path | None
    size: Size
    thumbs: tuple[MadeThumb, ...]


class ProcessorClient:
    """One processor; built on a session that somebody else closes."""

    def __init__(self, http: aiohttp.ClientSession, settings: ProcessorSettings) -> None:
        self._http = http
        self._settings = settings

    async def convert(self, job: Job) -> Converted:
        """Has one image converted, or thumbnails made, or both."""
        destination = job.room / "derivative.jp2"
        thumbs = job.room / "thumbs"
        await asyncio.to_thread(thumbs.mkdir, parents=True, exist_ok=True)
        body: dict[str, Any] = {
            "jobId": str(job.run),
            "imageId": job.asset.asset,
            "origin": job.origin,
            "source": self._theirs(job.source),
            "destination": self._theirs(destination),
            "thumbDir": self._theirs(thumbs) + "/",
            "operation": job.operation,
            "optimisation": kdu_name(job.recipe) if job.recipe else "kdu_max",
            "thumbIIIFSizes": list(job.sizes),
        }
        if job.recipe:
            body["recipe"] = job.recipe.to_json()
        answer = await self._post_when_there_is_room(body, job)
        return _read(answer, destination, thumbs, job)

    async def ping(self) -> None:
        """Raises when the processor does not answer."""
        try:
            async with self._http.get(f"{self._settings.url}/ping", timeout=aiohttp.ClientTimeout(total=5)) as response:
                if response.status != 200:
                    raise IngestError(PROCESSOR_AWAY, f"{self._settings.url}/ping answered {response.status}")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise IngestError(PROCESSOR_AWAY, _gone(f"{self._settings.url}/ping", error)) from error

    async def _post_when_there_is_room(self, body: Mapping[str, Any], job: Job) -> Mapping[str, Any]:
        """Asks again for a while where it is told to come later: other slots are in the processor's queue already."""
        clock = asyncio.get_running_loop().time
        end, bound = clock() + self._settings.patience, FIRST_WAIT
        while True:
            try:
                return await self._post(body, job)
            except IngestError as error:
                wait = random.random() * min(bound, error.after or 0.0)  # noqa: S311  # spreading, no secret
                if error.reason.kind is not PROCESSOR_AWAY or error.after is None or clock() + wait >= end:
                    raise
            await asyncio.sleep(wait)
            bound *= 2

    async def _post(self, body: Mapping[str, Any], job: Job) -> Mapping[str, Any]:
        url = f"{self._settings.url}/convert"
        timeout = aiohttp.ClientTimeout(total=self._settings.seconds, sock_connect=5)
        try:
            async with self._http.post(url, json=body, timeout=timeout) as response:
                status = response.status
                wait = response.headers.get("Retry-After", "")
                try:
                    said = await response.json(content_type=None)
                except ValueError:
                    said = None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise IngestError(PROCESSOR_AWAY, _gone(url, error)) from error
        if status in AWAY:
            raise IngestError(
                PROCESSOR_AWAY,
                f"{url} answered {status}",
                after=float(wait) if wait.isdecimal() else None,
            )
        if isinstance(said, dict) and "detail" in said:
            raise IngestError(PROCESSOR_REFUSED, verdict(said["detail"], {body["source"]: job.origin}))
        if status != 200 or not isinstance(said, dict):
            raise IngestError(
                PROCESSOR_CONFUSED, f"{job.asset}: {url} gave an answer that we do not know, status {status}"
            )
        return said

    def _theirs(self, path: Path) -> str:
        return str(self._settings.processor_scratch / path.relative_to(self._settings.scratch))


def verdict(detail: object, known_as: Mapping[str, str] | None = None) -> str:
    """What a processor says against an image, in one line: `field>sub: input - msg`, several joined by `. `.

    `known_as` gives names that people know for inputs that only we do: paths on scratch.
    """
    if not isinstance(detail, list):
        return str(detail)
    return ". ".join(_complaint(entry, known_as or {}) for entry in detail)


def _complaint(entry: object, known_as: Mapping[str, str]) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    place = entry.get("loc")
    parts = [str(part) for part in place] if isinstance(place, list) else [str(place)]
    field = ">".join(parts[1:] or parts)  # the first says only that it was the body
    given = str(entry.get("input"))
    return f"{field}: {known_as.get(given, given)} - {entry.get('msg')}"


def _read(answer: Mapping[str, Any], destination: Path, thumbs: Path, job: Job) -> Converted:
    try:
        size = Size(int(answer["width"]), int(answer["height"]))
        jp2 = destination.with_name(PurePosixPath(str(answer["jp2"])).name) if answer.get("jp2") else None
        made = tuple(
            MadeThumb(
                thumbs / PurePosixPath(str(thumb["path"])).name,
                Size(int(thumb["width"]), int(thumb["height"])),
            )
            for thumb in answer.get("thumbs") or ()
        )
    except (KeyError, TypeError, ValueError) as error:
        raise IngestError(
            PROCESSOR_CONFUSED, f"{job.asset}: the processor's answer lacks or garbles {error}"
        ) from error
    return Converted(jp2, size, made)


def _gone(url: str, error: BaseException) -> str:
    return f"{url}: {str(error) or type(error).__name__}"


def sizes_for_processor(sizes: Sequence[Size], image: Size) -> tuple[str, ...]:
    """Sizes as any processor understands them: `w,h`, or `^w,h` where that enlarges."""
    return tuple(f"^{size}" if size.width > image.width or size.height > image.height else str(size) for size in sizes)
