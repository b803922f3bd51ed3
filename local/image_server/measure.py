"""How large an image is, read from its header alone; what is no image, or too large a one, is refused here."""

from __future__ import annotations

from pathlib import Path

from images.header import BadHeader, read_header
from images.size import Size
from local.image_server.workers import Unreadable

MOST_SOURCE_PIXELS = 1_000_000_000


def measure(path: Path) -> Size:
    """The size of an image as it is displayed; Unreadable when it is none."""
    with path.open("rb") as file:

        def read(offset: int, length: int) -> bytes:
            file.seek(offset)
            return file.read(length)

        try:
            size = read_header(read, path.stat().st_size).size
        except BadHeader as error:
            raise Unreadable(str(error)) from error
    if size.pixels > MOST_SOURCE_PIXELS:
        raise Unreadable(f"{size.width} x {size.height} pixels are more than this server opens")
    return size
