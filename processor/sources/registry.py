"""Which format is read by which source; a new format is one line here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from images.formats import ImageFormat
from images.sniff import sniff, sniff_media_type
from processor.errors import Refusal
from processor.picture import Picture
from processor.sources.jpeg import open_jpeg
from processor.sources.jpeg2000 import open_jpeg2000
from processor.sources.pillow import open_pillow
from processor.sources.port import Opener, Wish
from processor.sources.tiff import open_tiff

OPENERS: Mapping[ImageFormat, Opener] = {
    ImageFormat.TIFF: open_tiff,
    ImageFormat.JPEG: open_jpeg,
    ImageFormat.JP2: open_jpeg2000,
    ImageFormat.JPH: open_jpeg2000,
    ImageFormat.J2K: open_jpeg2000,
    ImageFormat.JHC: open_jpeg2000,
    ImageFormat.PNG: open_pillow,
    ImageFormat.WEBP: open_pillow,
    ImageFormat.GIF: open_pillow,
    ImageFormat.BMP: open_pillow,
    ImageFormat.HEIC: open_pillow,
    ImageFormat.AVIF: open_pillow,
}


def format_of(path: Path) -> ImageFormat:
    """What a file is, by its bytes."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise Refusal("there is no such file", kind="missing") from error
    found = sniff(head)
    if found is None:
        other = sniff_media_type(head)
        raise Refusal(
            f"this is no image that can be read{f' but {other}' if other else ''}" if head else "the file is empty"
        )
    return found


@contextmanager
def open_picture(path: Path, wish: Wish) -> Iterator[Picture]:
    """Opens any image file as a picture; raises Refusal with a reason that a curator understands."""
    opener = OPENERS[format_of(path)]
    try:
        with opener(path, wish) as picture:
            yield picture
    except FileNotFoundError as error:
        raise Refusal("the file went away while it was read", kind="missing") from error
