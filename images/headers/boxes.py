"""Boxes: how JPEG 2000, HEIF and AVIF files are laid out, length and type before each content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from images.headers.port import BadHeader, Source


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its type, and where its content lies; no end if it runs to the end of the file."""

    type: bytes
    start: int
    end: int | None

    @property
    def length(self) -> int | None:
        return None if self.end is None else self.end - self.start


def boxes(source: Source, start: int, end: int | None) -> Iterator[Box]:
    """The boxes from `start` on, one after the other; BadHeader for lengths that cannot be."""
    at = start
    while not (source.ends_at(at) if end is None else at >= end):
        box = _box(source, at)
        if end is not None and (box.end is None or box.end > end):
            raise BadHeader(f"the box {_name(box.type)} is longer than what it lies in")
        yield box
        if box.end is None:
            return
        at = box.end


def _box(source: Source, at: int) -> Box:
    head = source.take(at, 8, "the next box")
    length, type_ = int.from_bytes(head[:4], "big"), head[4:]
    if length == 0:
        return Box(type_, at + 8, None)
    before = 8
    if length == 1:
        before = 16
        length = source.number(at + 8, 8, f"the length of the box {_name(type_)}")
    if length < before:
        raise BadHeader(f"the box {_name(type_)} is shorter than its own header")
    return Box(type_, at + before, at + length)


def _name(type_: bytes) -> str:
    return ascii(type_.decode("latin-1"))
