"""Headers of images, byte by byte, with defaults for all that a test does not care about."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from images.header import NeedBytes, Read

JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"


def reader(data: bytes) -> Read:
    """Reads as a file does: fewer bytes at its end."""
    return lambda offset, length: data[offset : offset + length]


class RangedReader:
    """Reads only what has been fetched, and asks for the rest: an origin read by ranges."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._ranges: list[tuple[int, int]] = []

    @property
    def fetched(self) -> int:
        return sum(end - start for start, end in self._ranges)

    @property
    def requests(self) -> int:
        return len(self._ranges)

    def fetch(self, wanted: NeedBytes) -> None:
        self._ranges.append((wanted.offset, wanted.offset + wanted.length))

    def __call__(self, offset: int, length: int) -> bytes:
        if not any(start <= offset and offset + length <= end for start, end in self._ranges):
            raise NeedBytes(offset, length)
        return self._data[offset : offset + length]


def png(width: int = 640, height: int = 480, depth: int = 8, colour: int = 2, chunk: bytes = b"IHDR") -> bytes:
    header = struct.pack(">II5B", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + chunk + header + b"crc!"


def gif(width: int = 640, height: int = 480, version: bytes = b"89a") -> bytes:
    return b"GIF" + version + struct.pack("<HH", width, height) + b"\x00\x00\x00"


def bmp(width: int = 640, height: int = 480, depth: int = 24, header: int = 40) -> bytes:
    shape = "<IHHHH" if header == 12 else "<IiiHH"
    return b"BM" + bytes(12) + struct.pack(shape, header, width, height, 1, depth) + bytes(32)


def webp(kind: bytes, fields: bytes) -> bytes:
    return b"RIFF\x00\x00\x00\x00WEBP" + kind + struct.pack("<I", len(fields)) + fields


def webp_extended(width: int = 640, height: int = 480, flags: int = 0) -> bytes:
    fields = bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return webp(b"VP8X", fields)


def webp_lossless(width: int = 640, height: int = 480, *, alpha: bool = False, signature: int = 0x2F) -> bytes:
    packed = (width - 1) | (height - 1) << 14 | alpha << 28
    return webp(b"VP8L", bytes([signature]) + packed.to_bytes(4, "little"))


def webp_lossy(width: int = 640, height: int = 480, start: bytes = b"\x9d\x01\x2a") -> bytes:
    return webp(b"VP8 ", b"\x10\x20\x30" + start + struct.pack("<HH", width, height))


Entry = tuple[int, int, Sequence[int]]
"""One tag of a TIFF: number, type, values."""

SHORT, LONG, ASCII, LONG8, BYTE = 3, 4, 2, 16, 1
_WIDTHS = {BYTE: ("B", 1), ASCII: ("B", 1), SHORT: ("H", 2), LONG: ("I", 4), LONG8: ("Q", 8)}


def tiff(
    entries: Iterable[Entry] = ((256, LONG, [640]), (257, LONG, [480])),
    *,
    order: str = "<",
    big: bool = False,
    gap: int = 0,
    count: int | None = None,
) -> bytes:
    """A TIFF of one directory; long values stand after it; `gap` bytes lie before it."""
    entries = list(entries)
    mark = b"II" if order == "<" else b"MM"
    width = 8 if big else 4
    start = (16 if big else 8) + gap
    head = (struct.pack(f"{order}HHHQ", 43, 8, 0, start) if big else struct.pack(f"{order}HI", 42, start)) + bytes(gap)
    directory = struct.pack(f"{order}{'Q' if big else 'H'}", len(entries) if count is None else count)
    behind, after = start + len(directory) + len(entries) * (20 if big else 12) + width, b""
    for tag, kind, values in entries:
        letter, _ = _WIDTHS.get(kind, ("B", 1))
        packed = struct.pack(f"{order}{len(values)}{letter}", *values)
        directory += struct.pack(f"{order}HH{'Q' if big else 'I'}", tag, kind, len(values))
        if len(packed) > width:
            directory += struct.pack(f"{order}{'Q' if big else 'I'}", behind + len(after))
            after += packed
        else:
            directory += packed.ljust(width, b"\x00")
    return mark + head + directory + bytes(width) + after


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def exif(tiff_bytes: bytes) -> bytes:
    return segment(0xE1, b"Exif\x00\x00" + tiff_bytes)


def turned_exif(orientation: int, order: str = "<") -> bytes:
    return exif(tiff([(274, SHORT, [orientation])], order=order))


def frame(width: int = 640, height: int = 480, components: int = 3, bits: int = 8, marker: int = 0xC0) -> bytes:
    return segment(marker, struct.pack(">BHHB", bits, height, width, components) + bytes(3 * components))


def jpeg(*segments: bytes) -> bytes:
    return b"\xff\xd8" + b"".join(segments) + b"\xff\xda\x00\x02\x00\xff\xd9"


def box(type_: bytes, content: bytes = b"", *, length: int | None = None, wide: bool = False) -> bytes:
    """A box; `wide` writes its length as XLBox, `length` writes another one than is true."""
    if wide:
        true = len(content) + 16
        return struct.pack(">I4sQ", 1, type_, true if length is None else length) + content
    return struct.pack(">I4s", len(content) + 8 if length is None else length, type_) + content


def codestream(
    width: int = 640,
    height: int = 480,
    *,
    tile: tuple[int, int] | None = None,
    origin: tuple[int, int] = (0, 0),
    tile_origin: tuple[int, int] = (0, 0),
    components: int = 3,
    depths: Sequence[int] = (),
    levels: int | None = 5,
    precincts: Sequence[int] = (),
    block_style: int = 0,
    capabilities: int | None = None,
    before_cod: bytes = b"",
    end: bytes = b"\xff\x90",
) -> bytes:
    """A main header; the picture is `width` x `height` on a grid that begins at `origin`."""
    right, bottom = origin[0] + width, origin[1] + height
    across, down = tile or (right - tile_origin[0], bottom - tile_origin[1])
    rsiz = 0 if capabilities is None else 0x4000
    siz = struct.pack(">H8IH", rsiz, right, bottom, *origin, across, down, *tile_origin, components)
    siz += b"".join(bytes([depth, 1, 1]) for depth in depths or [7] * components)
    stream = b"\xff\x4f" + segment(0x51, siz)
    if capabilities is not None:
        stream += segment(0x50, struct.pack(">IH", capabilities, 0))
    stream += before_cod
    if levels is not None:
        cod = struct.pack(">BBHB5B", bool(precincts), 2, 1, 1, levels, 4, 4, block_style, 0) + bytes(precincts)
        stream += segment(0x52, cod)
    return stream + end


PART_15 = 1 << 17


def jp2(stream: bytes | None = None, *, brand: bytes = b"jp2 ", boxes: bytes = b"", last: int | None = 0) -> bytes:
    """A JP2 file; `last` is the length that its codestream box claims, 0 for the rest of the file."""
    start = JP2_SIGNATURE + box(b"ftyp", brand + bytes(4) + brand)
    return start + boxes + box(b"jp2c", codestream() if stream is None else stream, length=last)


def full_box(type_: bytes, content: bytes, *, version: int = 0, flags: int = 0) -> bytes:
    return box(type_, struct.pack(">I", version << 24 | flags) + content)


def ispe(width: int = 640, height: int = 480) -> bytes:
    return full_box(b"ispe", struct.pack(">II", width, height))


def associations(
    owners: dict[int, Sequence[int]], *, version: int = 0, wide: bool = False, count: int | None = None
) -> bytes:
    content = struct.pack(">I", len(owners) if count is None else count)
    for item, indices in owners.items():
        content += struct.pack(">I" if version else ">H", item) + bytes([len(indices)])
        content += b"".join(struct.pack(">H", 0x8000 | i) if wide else bytes([0x80 | i]) for i in indices)
    return full_box(b"ipma", content, version=version, flags=int(wide))


def heif(
    properties: Sequence[bytes] = (ispe(),),
    ipma: bytes | None = None,
    *,
    brand: bytes = b"heic",
    compatible: bytes = b"mif1",
    primary: bytes = struct.pack(">H", 1),
    primary_version: int = 0,
    before_meta: bytes = b"",
) -> bytes:
    """A HEIF file whose item 1 has all the properties, unless `ipma` says otherwise."""
    every = associations({1: range(1, len(properties) + 1)}) if ipma is None else ipma
    iprp = box(b"iprp", box(b"ipco", b"".join(properties)) + every)
    meta = full_box(b"meta", full_box(b"pitm", primary, version=primary_version) + iprp)
    return box(b"ftyp", brand + bytes(4) + compatible) + before_meta + meta + box(b"mdat", b"pixels")
