"""WebP: a RIFF file whose first chunk says the size in one of three ways."""

from __future__ import annotations

from images.formats import ImageFormat
from images.headers.port import BadHeader, ImageHeader, Source, size_of

_FOURTEEN_BITS = 0x3FFF
_ALPHA = 0x10


def read_webp(source: Source) -> ImageHeader:
    """The header of a WebP, simple, lossless or extended."""
    chunk = source.take(12, 4, "the first WebP chunk")
    match chunk:
        case b"VP8X":
            return _extended(source.take(20, 10, "the extended WebP header"))
        case b"VP8L":
            return _lossless(source.take(20, 5, "the lossless WebP header"))
        case b"VP8 ":
            return _lossy(source.take(20, 10, "the WebP frame header"))
        case _:
            raise BadHeader("the WebP begins with a chunk that is no picture")


def _extended(fields: bytes) -> ImageHeader:
    width = int.from_bytes(fields[4:7], "little") + 1
    height = int.from_bytes(fields[7:10], "little") + 1
    return ImageHeader(ImageFormat.WEBP, size_of(width, height), 4 if fields[0] & _ALPHA else 3)


def _lossless(fields: bytes) -> ImageHeader:
    if fields[0] != 0x2F:
        raise BadHeader("the lossless WebP picture lacks its signature")
    packed = int.from_bytes(fields[1:5], "little")
    size = size_of((packed & _FOURTEEN_BITS) + 1, (packed >> 14 & _FOURTEEN_BITS) + 1)
    return ImageHeader(ImageFormat.WEBP, size, 4 if packed >> 28 & 1 else 3)


def _lossy(fields: bytes) -> ImageHeader:
    if fields[3:6] != b"\x9d\x01\x2a":
        raise BadHeader("the WebP picture does not begin with a key frame")
    width = int.from_bytes(fields[6:8], "little") & _FOURTEEN_BITS
    height = int.from_bytes(fields[8:10], "little") & _FOURTEEN_BITS
    return ImageHeader(ImageFormat.WEBP, size_of(width, height))
