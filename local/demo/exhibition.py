"""What came out, as the page shows it: the results of a batch turned into words, figures and addresses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote

from local.demo.order import Result

KINDS = {
    "image/tiff": "TIFF",
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/jp2": "JPEG 2000",
    "image/jph": "HTJ2K",
}


def codec_of(result: Result) -> str:
    """What the image server reads for this work."""
    if not result.location:
        return ""
    if result.location.endswith("/original"):
        return KINDS.get(result.media_type or "", result.media_type or "")
    return "HTJ2K" if ("iiif-img", "fastest") in result.work.channels else "JPEG 2000"


def kept_in(result: Result) -> list[str]:
    """Where its objects are; the thumbnails are named by their folder."""
    plain = [key for key in result.keys if "/open/" not in key and not key.endswith("/s.json")]
    folders = {key.rpartition("/")[0] for key in result.keys if "/open/" in key}
    return [*plain, *(f"{folder}/" for folder in sorted(folders))]


def exhibition(results: Sequence[Result], image_server: str, seconds: float) -> bytes:
    """The JSON that the page reads."""
    done = [result for result in results if not result.error]
    pixels = sum(result.width * result.height for result in done) / 1e6
    demo = {
        "headline": f"{len(done)} of {len(results)} works ingested in {seconds:.1f} s",
        "rest": f"· {pixels:.0f} megapixels · {sum(len(result.sizes) for result in done)} thumbnails · "
        "served by the local image server, tile by tile",
        "works": [_work(result, image_server) for result in results],
    }
    return json.dumps(demo).encode()


def _work(result: Result, image_server: str) -> dict[str, object]:
    service = f"{image_server}/iiif/3/{quote(result.location, safe='')}" if result.location else None
    return {
        "asset": result.work.asset,
        "title": result.work.title,
        "story": result.work.story,
        "error": result.error,
        "service": service,
        "facts": _facts(result),
        "steps": [{"name": name, "seconds": seconds} for name, seconds in result.steps.items()],
        "thumbs": [
            {"width": wide, "height": high, "url": f"thumbs/{result.id}/open/{max(wide, high)}.jpg"}
            for wide, high in result.sizes
        ],
    }


def _facts(result: Result) -> dict[str, str]:
    if result.error:
        return {"Origin": KINDS.get(result.media_type or "", "nothing there")}
    came_as = KINDS.get(result.media_type or "", result.media_type or "?")
    return {
        "Pixels": f"{result.width} \N{MULTIPLICATION SIGN} {result.height}",
        "Came as": f"{came_as}, {(result.origin_bytes or 0) / 1e6:.1f} MB",
        "Kept as": f"{codec_of(result)}, {result.bytes / 1e6:.1f} MB",
        "Thumbnails": f"{len(result.sizes)}, by the {result.thumbs_by or '?'}".replace("-", " "),
        "Took": f"{sum(result.steps.values()):.1f} s",
    }
