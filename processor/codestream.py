"""The outside of a JPEG 2000 codestream: its main header's segments, its tile-parts, its TLM. Decodes nothing.

Serves those who join codestreams, complete them, or want to know whether one is whole before it is passed on.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from processor.packets import PLT, lengths, numbered, packet_starts, plt

SOC, SIZ, COD, TLM, SOT, SOD, EOC = 0xFF4F, 0xFF51, 0xFF52, 0xFF55, 0xFF90, 0xFF93, 0xFFD9
PER_TLM = (65_535 - 4) // 6
MOST_TLM = 256


class BrokenCodestream(ValueError):  # noqa: N818 - it names what was met
    """A codestream whose markers do not lead from its start to its end."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One marker segment of a main header, marker included."""

    marker: int
    data: bytes


@dataclass(frozen=True, slots=True)
class TilePart:
    """One tile-part: of which tile, where, how long."""

    tile: int
    start: int
    length: int


def main_header(file: BinaryIO, until: int = SOT) -> Iterator[Segment]:
    """The segments from where the file stands to its first tile-part or another marker, before which it is left."""
    while True:
        marker = file.read(2)
        number = int.from_bytes(marker)
        if number == SOC:
            yield Segment(SOC, marker)
            continue
        if number == until:
            file.seek(-2, 1)
            return
        length = file.read(2)
        rest = file.read(int.from_bytes(length) - 2) if len(length) == 2 and int.from_bytes(length) >= 2 else b""
        if len(marker) < 2 or number < 0xFF00 or len(rest) != int.from_bytes(length) - 2:
            raise BrokenCodestream("its main header breaks off")
        yield Segment(number, marker + length + rest)


def tile_parts(file: BinaryIO) -> Iterator[TilePart]:
    """The tile-parts from where the file stands to the end of the codestream, which must be there."""
    end = _length(file)
    while True:
        start = file.tell()
        head = file.read(12)
        if int.from_bytes(head[:2]) == EOC:
            return
        if len(head) < 12 or int.from_bytes(head[:2]) != SOT:
            raise BrokenCodestream("it ends before its last tile")
        tile, length = struct.unpack_from(">HI", head, 4)
        length = length or end - 2 - start
        if length < 14 or start + length > end:
            raise BrokenCodestream("it ends within a tile")
        yield TilePart(tile, start, length)
        file.seek(start + length)


def tlm(parts: Sequence[tuple[int, int]]) -> bytes:
    """The TLM segments that list tile-parts, each a tile and a length."""
    segments = []
    for number, first in enumerate(range(0, len(parts), PER_TLM)):
        entries = parts[first : first + PER_TLM]
        body = b"".join(struct.pack(">HI", tile, length) for tile, length in entries)
        segments.append(struct.pack(">HHBB", TLM, len(body) + 4, number, 0x60) + body)
    return b"".join(segments)


def complete(path: Path, right: Path) -> None:
    """Writes to `right` what programs leave out or get wrong: the numbers of packets, their PLT, and the TLM."""
    with path.open("rb") as source, right.open("wb") as target:
        target.write(b"".join(segment.data for segment in main_header(source) if segment.marker != TLM))
        parts = list(tile_parts(source))
        tlm_at = target.tell()
        target.write(tlm([(0, 0)] * len(parts)))
        listed: list[tuple[int, int]] = []
        packets: Counter[int] = Counter()
        for part in parts:
            data, count = _completed(source, part, packets[part.tile])
            packets[part.tile] += count
            listed.append((part.tile, len(data)))
            target.write(data)
        target.write(struct.pack(">H", EOC))
        target.seek(tlm_at)
        target.write(tlm(listed))


def _completed(file: BinaryIO, part: TilePart, packets_before: int) -> tuple[bytes, int]:
    """A whole tile-part with its packets numbered and listed, and how many there are."""
    file.seek(part.start)
    start = file.read(12)
    segments = list(main_header(file, until=SOD))
    data = file.read(part.start + part.length - file.tell())[2:]
    starts = packet_starts(data)
    if starts:
        segments = [segment for segment in segments if segment.marker != PLT]
        data = numbered(data, starts, packets_before)
    header = b"".join(segment.data for segment in segments) + plt(lengths(starts, len(data))) + struct.pack(">H", SOD)
    length = len(start) + len(header) + len(data)
    return start[:6] + struct.pack(">I", length) + start[10:] + header + data, len(starts)


def mend(source: BinaryIO, target: BinaryIO) -> None:
    """Copies what there is of a codestream that breaks off, so that it ends well: for decoders that insist on it."""
    start = source.tell()
    end = _length(source)
    for _ in main_header(source):
        pass
    last, length = source.tell(), 0
    while len(head := source.read(12)) == 12 and int.from_bytes(head[:2]) == SOT:
        stated = int.from_bytes(head[6:10]) or end - last
        length = min(stated, end - last)
        if length < stated:
            break
        last += length
        length = 0
        source.seek(last)
    source.seek(start)
    _copy(source, target, last - start)
    if length > 14:
        part = source.read(length)
        target.write(part[:6] + struct.pack(">I", length) + part[10:])
    target.write(struct.pack(">H", EOC))
    target.flush()


def _copy(source: BinaryIO, target: BinaryIO, count: int) -> None:
    while count > 0 and (piece := source.read(min(count, 1 << 20))):
        target.write(piece)
        count -= len(piece)


def _length(file: BinaryIO) -> int:
    here = file.tell()
    length = file.seek(0, 2)
    file.seek(here)
    return length
