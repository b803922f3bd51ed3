"""An Appetiser as engines know it: the processor's protocol, and no more than an Appetiser does.

It goes by suffix, hands a `.jp2` through, makes no folder, knows no sizes beyond `w,h`, `!w,h` and one side, and says
500 for an image that it cannot convert. Held to the contract suite, so that what the suite asks is what both do.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web
from PIL import Image

from images.iiif_size import parse_size, size_for
from images.size import Size

OPTIMISATIONS = ("kdu_low", "kdu_med", "kdu_med_layers", "kdu_high", "kdu_max")
OPERATIONS = ("ingest", "image-only", "derivatives-only")
SIZE = re.compile(r"\^?[0-9]+,[0-9]+|![0-9]+,[0-9]+|[0-9]+,|,[0-9]+")


class Wrong(Exception):  # noqa: N818 - a verdict about the request
    """A request that does not validate."""

    def __init__(self, place: list[str | int], message: str, kind: str, given: object) -> None:
        super().__init__(message)
        self.detail = [{"loc": ["body", *place], "msg": message, "type": kind, "input": given}]


def appetiser() -> web.Application:
    """The whole application."""
    app = web.Application()
    app.router.add_post("/convert", _convert)
    app.router.add_get("/ping", _ping)
    return app


async def _ping(_: web.Request) -> web.Response:
    return web.json_response({"status": "working"})


async def _convert(http: web.Request) -> web.Response:
    fields = await http.json()
    try:
        return web.json_response(await asyncio.to_thread(_made, fields))
    except Wrong as wrong:
        return web.json_response({"detail": wrong.detail}, status=422)
    except Exception as error:  # noqa: BLE001 - whatever happens, it says so with a 500
        return web.json_response({"detail": f"Failed to convert: {error}"}, status=500)


def _made(fields: Mapping[str, Any]) -> dict[str, object]:
    operation = _one_of(fields, "operation", OPERATIONS)
    _one_of(fields, "optimisation", OPTIMISATIONS)
    sizes = [_size(index, text) for index, text in enumerate(fields.get("thumbIIIFSizes") or [])]
    source = Path(_needed(fields, "source"))
    if source.suffix not in {".jp2", ".tif", ".jpg", ".png"}:
        raise ValueError(f"no way to read {source.suffix or 'a file without a suffix'}")
    with Image.open(source) as image:
        image.load()
        whole = Size(*image.size)
        jp2 = "" if operation == "derivatives-only" else _jpeg_2000(image, source, _needed(fields, "destination"))
        thumbs = [] if operation == "image-only" else _thumbs(image, whole, fields, sizes)
    echo = {name: fields.get(name) for name in ("jobId", "imageId", "origin", "optimisation")}
    return {**echo, "jp2": jp2, "width": whole.width, "height": whole.height, "thumbs": thumbs}


def _jpeg_2000(image: Image.Image, source: Path, destination: str) -> str:
    if source.suffix == ".jp2":
        shutil.copyfile(source, destination)
    else:
        image.convert("RGB").save(destination, "JPEG2000")
    return destination


def _thumbs(image: Image.Image, whole: Size, fields: Mapping[str, Any], sizes: list[str]) -> list[dict[str, object]]:
    made = []
    for text in sizes:
        size = size_for(parse_size(text), whole)
        if size is None:
            continue
        path = f"{_needed(fields, 'thumbDir')}{fields['imageId']}_{size.width}_{size.height}.jpg"  # not a path's join
        image.convert("RGB").resize((size.width, size.height)).save(path, "JPEG")
        made.append({"path": path, "width": size.width, "height": size.height})
    return made


def _needed(fields: Mapping[str, Any], name: str) -> str:
    if not fields.get(name):
        raise Wrong([name], "Field required", "missing", dict(fields))
    return str(fields[name])


def _one_of(fields: Mapping[str, Any], name: str, known: tuple[str, ...]) -> str:
    given = _needed(fields, name)
    if given not in known:
        raise Wrong([name], f"Input should be {', '.join(known)}", "enum", given)
    return given


def _size(index: int, text: str) -> str:
    if not SIZE.fullmatch(text):
        raise Wrong(["thumbIIIFSizes", index], "Unsupported size", "value_error", text)
    return text
