"""TIFF and BigTIFF: the first directory, wherever in the file it lies; EXIF is written the same way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from images.formats import ImageFormat
from images.headers.port import BadHeader, ImageHeader, Source, size_of, turned
from images.size import Size

WIDTH, HEIGHT, BITS, ORIENTATION, SAMPLES, TILE_WIDTH, TILE_HEIGHT = 256, 257, 258, 274, 277, 322, 323

_MOST_ENTRIES = 4096
_INTEGER_BYTES = {1: 1, 3: 2, 4: 4, 16: 8}  # BYTE, SHORT, LONG, LONG8
_ORDERS: Mapping[bytes, Literal["little", "big"]] = {b"II": "little", b"MM": "big"}


@dataclass(frozen=True, slots=True)
class _Layout:
    """How this file writes: byte order, and the widths of a classic or a big TIFF."""

    order: Literal["little", "big"]
    count_bytes: int
    entry_bytes: int
    value_bytes: int

    def number(self, data: bytes) -> int:
        return int.from_bytes(data, self.order)


def read_tiff(source: Source) -> ImageHeader:
    """The header of a TIFF: the tags of its first page."""
    tags = read_tags(source, 0)
    if WIDTH not in tags or HEIGHT not in tags:
        raise BadHeader("the TIFF's first directory names no width or no height")
    orientation = orientation_of(tags)
    size = turned(size_of(tags[WIDTH], tags[HEIGHT]), orientation)
    return ImageHeader(
        ImageFormat.TIFF,
        size,
        components=tags.get(SAMPLES, 1),
        bits=tags.get(BITS, 1),
        orientation=orientation,
        tile=_tile(tags),
    )


def orientation_of(tags: Mapping[int, int]) -> int:
    """The orientation that the tags name; 1 if none, or none that exists."""
    named = tags.get(ORIENTATION, 1)
    return named if 2 <= named <= 8 else 1


def read_tags(source: Source, start: int) -> dict[int, int]:
    """The first number of every tag with whole numbers in the first directory of the TIFF that starts there."""
    layout, directory = _open(source.take(start, 16, "the TIFF header"))
    at = start + directory
    count = layout.number(source.take(at, layout.count_bytes, "the TIFF's first directory"))
    if not 1 <= count <= _MOST_ENTRIES:
        raise BadHeader(f"the TIFF's first directory claims {count} entries, which is absurd")
    length = count * layout.entry_bytes
    entries = source.take(at + layout.count_bytes, length, "the end of the TIFF's first directory")
    tags: dict[int, int] = {}
    for offset in range(0, length, layout.entry_bytes):
        entry = entries[offset : offset + layout.entry_bytes]
        tag, number = layout.number(entry[:2]), _first_number(source, start, layout, entry)
        if number is not None:
            tags.setdefault(tag, number)
    return tags


def _open(header: bytes) -> tuple[_Layout, int]:
    """The layout, and where the first directory lies."""
    order = _ORDERS.get(header[:2])
    magic, width = (int.from_bytes(header[at : at + 2], order or "big") for at in (2, 4))
    if order and magic == 42:
        return _Layout(order, 2, 12, 4), int.from_bytes(header[4:8], order)
    if order and magic == 43 and width == 8:
        return _Layout(order, 8, 20, 8), int.from_bytes(header[8:16], order)
    raise BadHeader("the TIFF header is neither that of a TIFF nor of a BigTIFF")


def _first_number(source: Source, start: int, layout: _Layout, entry: bytes) -> int | None:
    """The first value of an entry that we ask for, from the entry itself or from where it points."""
    tag, kind = layout.number(entry[:2]), layout.number(entry[2:4])
    width = _INTEGER_BYTES.get(kind)
    count = layout.number(entry[4 : 4 + layout.value_bytes])
    if width is None or count < 1 or tag not in _ASKED:
        return None
    value = entry[4 + layout.value_bytes :]
    if width * count > layout.value_bytes:
        value = source.take(start + layout.number(value), width, f"the value of TIFF tag {tag}")
    return layout.number(value[:width])


_ASKED = frozenset({WIDTH, HEIGHT, BITS, ORIENTATION, SAMPLES, TILE_WIDTH, TILE_HEIGHT})


def _tile(tags: Mapping[int, int]) -> Size | None:
    width, height = tags.get(TILE_WIDTH, 0), tags.get(TILE_HEIGHT, 0)
    return Size(width, height) if width and height else None
