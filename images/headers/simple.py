"""PNG, GIF and BMP: everything stands at fixed places near the start."""

from __future__ import annotations

from images.formats import ImageFormat
from images.headers.port import BadHeader, ImageHeader, Source, size_of

_PNG_COMPONENTS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PNG_DEPTHS = frozenset({1, 2, 4, 8, 16})
_BMP_DEPTHS = {1: (1, 1), 2: (1, 2), 4: (1, 4), 8: (1, 8), 16: (3, 5), 24: (3, 8), 32: (4, 8)}
_OS2_HEADER = 12


def read_png(source: Source) -> ImageHeader:
    """The header of a PNG: its first chunk."""
    chunk = source.take(8, 18, "the PNG header")
    if chunk[4:8] != b"IHDR" or int.from_bytes(chunk[:4], "big") != 13:
        raise BadHeader("the PNG does not begin with its header chunk")
    depth, colour = chunk[16], chunk[17]
    if colour not in _PNG_COMPONENTS or depth not in _PNG_DEPTHS:
        raise BadHeader(f"the PNG header names colour type {colour} with {depth} bits, which do not exist")
    size = size_of(int.from_bytes(chunk[8:12], "big"), int.from_bytes(chunk[12:16], "big"))
    return ImageHeader(ImageFormat.PNG, size, _PNG_COMPONENTS[colour], depth)


def read_gif(source: Source) -> ImageHeader:
    """The header of a GIF: its screen."""
    screen = source.take(6, 4, "the GIF header")
    size = size_of(int.from_bytes(screen[:2], "little"), int.from_bytes(screen[2:], "little"))
    return ImageHeader(ImageFormat.GIF, size, components=1)


def read_bmp(source: Source) -> ImageHeader:
    """The header of a BMP; a negative height means that its rows run downwards."""
    length = int.from_bytes(source.take(14, 4, "the BMP header"), "little")
    if length == _OS2_HEADER:
        fields = source.take(18, 8, "the BMP header")
        width, height = int.from_bytes(fields[:2], "little"), int.from_bytes(fields[2:4], "little")
        depth = int.from_bytes(fields[6:8], "little")
    else:
        fields = source.take(18, 12, "the BMP header")
        width = int.from_bytes(fields[:4], "little", signed=True)
        height = abs(int.from_bytes(fields[4:8], "little", signed=True))
        depth = int.from_bytes(fields[10:12], "little")
    if depth not in _BMP_DEPTHS:
        raise BadHeader(f"the BMP header names {depth} bits a pixel, which do not exist")
    components, bits = _BMP_DEPTHS[depth]
    return ImageHeader(ImageFormat.BMP, size_of(width, height), components, bits)
