"""The boxes of a JP2 or JPH that a source needs: where the codestream starts, and the resolution in dots per inch."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from processor.picture import Dpi
from processor.sources.port import damaged

SOC = b"\xff\x4f\xff\x51"
MOST_BOXES = 200
CAPTURED, SHOWN = ((b"jp2h", b"res ", kind) for kind in (b"resc", b"resd"))
"""Where the resolution of the scan is, and the one to show it with, which is better than none."""

INCH = 0.0254  # metres


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its type, and where its content lies."""

    kind: bytes
    start: int
    end: int


def codestream_start(file: BinaryIO) -> int:
    """Where the codestream starts, with boxes around it or without."""
    end = file.seek(0, 2)
    file.seek(0)
    if file.read(4) == SOC:
        return 0
    for box in _boxes(file, 0, end):
        if box.kind == b"jp2c":
            return box.start
    raise damaged("there is no JPEG 2000 codestream in it")


def dpi_of(file: BinaryIO) -> Dpi | None:
    """The resolution that the boxes state; None if they state none that makes sense."""
    whole = Box(b"", 0, file.seek(0, 2))
    found = (_inside(file, whole, way) for way in (CAPTURED, SHOWN))
    return next((dpi for box in found if box and (dpi := _dpi(file, box))), None)


def _boxes(file: BinaryIO, at: int, end: int) -> Iterator[Box]:
    """The boxes one after the other, as far as they can be told."""
    for _ in range(MOST_BOXES):
        file.seek(at)
        head = file.read(16)
        if at + 8 > end or len(head) < 8:
            return
        length, kind = struct.unpack_from(">I4s", head)
        before = 8
        if length == 1:
            length, before = int.from_bytes(head[8:16]), 16
        length = length or end - at
        if length < before:
            return
        yield Box(kind, at + before, min(at + length, end))
        at += length


def _inside(file: BinaryIO, box: Box, way: Sequence[bytes]) -> Box | None:
    """The box that lies in boxes of these types, each in the one before."""
    if not way:
        return box
    inner = next((one for one in _boxes(file, box.start, box.end) if one.kind == way[0]), None)
    return inner and _inside(file, inner, way[1:])


def _dpi(file: BinaryIO, box: Box) -> Dpi | None:
    """Dots per metre as fractions and powers of ten, vertical first, as dots per inch, horizontal first."""
    file.seek(box.start)
    fields = file.read(min(box.end - box.start, 10))
    if len(fields) < 10:
        return None
    up, up_by, across, across_by, up_ten, across_ten = struct.unpack(">HHHHbb", fields)
    if not up_by or not across_by:
        return None
    return across / across_by * 10.0**across_ten * INCH, up / up_by * 10.0**up_ten * INCH
