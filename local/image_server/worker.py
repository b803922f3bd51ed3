"""One worker process: reads orders from its input, one a line, and writes pictures to its output.

A process of its own because decoders of hostile images may die or hang: it has a memory limit, and whoever
started it has the clock. It ends when its input does, so it never outlives the server.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from PIL import Image

from local.image_server.picture import dressed
from local.image_server.workers import READY, Order
from processor.decode import decode
from processor.errors import ProcessorError
from processor.openjpeg import binding
from processor.picture import Region

SAVING: dict[str, dict[str, Any]] = {
    "jpg": {"format": "JPEG", "quality": 85},
    "png": {"format": "PNG", "compress_level": 3},
    "webp": {"format": "WEBP", "quality": 85},
}


def main() -> None:
    most = int(sys.argv[1])
    if sys.platform == "linux":  # elsewhere the kernel does not mind it, or refuses
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    down, up = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints must not mix with pictures
    binding()  # found and loaded now, not in somebody's first picture
    _send(up, READY)
    for line in down:
        _answer(Order.from_line(line), up)


def _answer(order: Order, up: IO[bytes]) -> None:
    try:
        body = render(order)
    except ProcessorError as error:
        _send(up, {"unreadable": str(error)})
    except MemoryError:
        _send(up, {"unreadable": "it needs more memory than one rendering may use"})
    else:
        _send(up, {"bytes": len(body)}, body)


def _send(up: IO[bytes], head: Mapping[str, object], body: bytes = b"") -> None:
    up.write(json.dumps(head).encode() + b"\n" + body)
    up.flush()


def render(order: Order) -> bytes:
    """The picture that was ordered, as a file of its format."""
    left, top, right, bottom = order.box
    region = Region(left, top, right - left, bottom - top)
    pixels = decode(Path(order.path), region, order.target_size)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    if image.size != order.target:
        image = image.resize(order.target, Image.Resampling.LANCZOS, reducing_gap=3)
    file = io.BytesIO()
    dressed(image, order).save(file, **SAVING[order.format])
    return file.getvalue()


if __name__ == "__main__":
    main()
