"""The engine that a DLCS has run until now, as the processor sees it: its words, and how it reads an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp


class OldEngineError(Exception):
    """What it would write into the Error column."""


class OldEngine:
    """Its client of the processor; paths as the processor sees them, for it mounts the folder at the same place."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url

    async def convert(
        self, source: Path, room: Path, operation: str, optimisation: str = "kdu_max", sizes: Sequence[str] = ()
    ) -> Mapping[str, Any]:
        """The answer, its fields as typed as .NET has them; or OldEngineError."""
        body = {
            "imageId": "page-1",
            "jobId": "c9a5b0b6-8fd6-4b29-a5d8-7c2ad4d28f4f",
            "origin": "https://example.org/page-1",
            "source": str(source),
            "destination": str(room / "page-1.jp2") if operation != "derivatives-only" else None,
            "thumbDir": f"{room}/thumbs/",
            "operation": operation,
            "optimisation": optimisation,
            "thumbSizes": None,
            "thumbIIIFSizes": list(sizes),
        }
        async with self._http.post(f"{self._url}/convert", json=body) as response:
            said = await response.json()
            if response.status != 200 or "detail" in said:
                raise OldEngineError(_read(said["detail"]))
        _check_types(said)
        return dict(said)


def _read(detail: object) -> str:
    """Of a list `field>sub: input - msg` for each entry; text as it is."""
    if not isinstance(detail, list):
        return str(detail)
    return ". ".join(
        f"{'>'.join(str(part) for part in entry['loc'][1:])}: {entry['input']} - {entry['msg']}" for entry in detail
    )


def _check_types(said: Mapping[str, Any]) -> None:
    """Whether a typed reader could read the answer."""
    texts = [said[name] for name in ("jobId", "imageId", "origin", "jp2")]
    numbers = [said["width"], said["height"]]
    for thumb in said["thumbs"]:
        texts.append(thumb["path"])
        numbers += [thumb["width"], thumb["height"]]
    assert all(type(text) is str for text in texts), said
    assert all(type(number) is int for number in numbers), said
