"""JPEG: segment after segment until the one that says the size; EXIF's orientation on the way."""

from __future__ import annotations

from images.formats import ImageFormat
from images.headers.port import BadHeader, ImageHeader, Source, size_of, turned
from images.headers.tiff import orientation_of, read_tags

_MOST_FILL = 64
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_APP1, _SCAN, _END = 0xE1, 0xDA, 0xD9
_EXIF = b"Exif\x00\x00"


def read_jpeg(source: Source) -> ImageHeader:
    """The header of a JPEG."""
    at = 2
    orientation: int | None = None
    while True:
        marker, at = _marker(source, at)
        if marker in _STANDALONE:
            continue
        if marker in {_SCAN, _END}:
            raise BadHeader("the JPEG's picture begins before its size is named")
        length = source.number(at, 2, "the length of a JPEG segment")
        if length < 2:
            raise BadHeader("a JPEG segment is shorter than its own length field")
        if marker in _FRAMES:
            return _header(source.take(at + 2, 6, "the JPEG's frame header"), orientation or 1)
        if marker == _APP1 and orientation is None:
            orientation = _orientation(source, at + 2, length - 2)
        at += length


def _marker(source: Source, at: int) -> tuple[int, int]:
    """The marker that stands there, fill bytes skipped, and where what follows it begins."""
    for offset in range(at, at + _MOST_FILL):
        first, second = source.take(offset, 2, "a JPEG marker")
        if first != 0xFF:
            break
        if second != 0xFF:
            return second, offset + 2
    raise BadHeader("the JPEG has something else where a marker belongs")


def _orientation(source: Source, at: int, length: int) -> int | None:
    """The orientation that an APP1 segment names; None if it is no EXIF. Damaged EXIF names none, as in viewers."""
    if length < len(_EXIF) or source.take(at, len(_EXIF), "a JPEG segment") != _EXIF:
        return None
    try:
        return orientation_of(read_tags(source, at + len(_EXIF)))
    except BadHeader:
        return 1


def _header(frame: bytes, orientation: int) -> ImageHeader:
    if frame[5] < 1:
        raise BadHeader("the JPEG's frame has no components")
    height, width = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big")
    size = turned(size_of(width, height), orientation)
    return ImageHeader(ImageFormat.JPEG, size, components=frame[5], bits=frame[0], orientation=orientation)
