"""Image headers: what a file is and how large its picture is, from as few of its bytes as that takes.

The entrance to `headers/`. Called by the engine on a file and by the origins over ranged reads alike; knows
neither: `read` hands over bytes, or raises NeedBytes and is asked again when they have come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from images.formats import ImageFormat
from images.headers.heif import read_heif
from images.headers.jpeg import read_jpeg
from images.headers.jpeg2000 import read_bare, read_boxed
from images.headers.port import BadHeader, ImageHeader, NeedBytes, Read, Source
from images.headers.simple import read_bmp, read_gif, read_png
from images.headers.tiff import read_tiff
from images.headers.webp import read_webp
from images.sniff import sniff, sniff_media_type

__all__ = [
    "BadHeader", "ImageFormat", "ImageHeader", "NeedBytes", "Read", "read_header", "sniff", "sniff_media_type",
]  # fmt: skip

SNIFFED = 512
"""Bytes from the start that tell what a file is."""

_READERS: Mapping[ImageFormat, Callable[[Source], ImageHeader]] = MappingProxyType(
    {
        ImageFormat.JPEG: read_jpeg,
        ImageFormat.PNG: read_png,
        ImageFormat.TIFF: read_tiff,
        ImageFormat.JP2: read_boxed,
        ImageFormat.JPH: read_boxed,
        ImageFormat.J2K: read_bare,
        ImageFormat.JHC: read_bare,
        ImageFormat.WEBP: read_webp,
        ImageFormat.GIF: read_gif,
        ImageFormat.BMP: read_bmp,
        ImageFormat.HEIC: partial(read_heif, format_=ImageFormat.HEIC),
        ImageFormat.AVIF: partial(read_heif, format_=ImageFormat.AVIF),
    }
)


def read_header(read: Read, total: int | None) -> ImageHeader:
    """The header of the file that `read` reads, of `total` bytes if that is known, or BadHeader."""
    head = read(0, SNIFFED if total is None else min(SNIFFED, total))
    format_ = sniff(head)
    if format_ is None:
        raise BadHeader(f"this is no image that can be read, but {sniff_media_type(head) or 'unknown'}")
    return _READERS[format_](Source(read, total))
