"""HEIC and AVIF: the primary item's properties, in the order in which they apply."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from images.formats import ImageFormat
from images.headers.boxes import Box, boxes
from images.headers.port import BadHeader, ImageHeader, Source, size_of
from images.size import Size

_MOST_ITEMS = 20_000


@dataclass(frozen=True, slots=True)
class _Picture:
    """The primary item as its properties make it, one after the other."""

    size: Size | None = None
    components: int = 3
    bits: int = 8


class _Fields:
    """Numbers read one after the other from a box; beyond its end is a BadHeader."""

    def __init__(self, data: bytes, what: str) -> None:
        self._data, self._at, self._what = data, 0, what

    def next(self, length: int) -> int:
        piece = self._data[self._at : self._at + length]
        if len(piece) < length:
            raise BadHeader(f"{self._what} is cut off")
        self._at += length
        return int.from_bytes(piece, "big")


def read_heif(source: Source, format_: ImageFormat) -> ImageHeader:
    """The header of a HEIC or AVIF, its crop and rotation applied."""
    meta = _meta(source)
    parts = {box.type: box for box in boxes(meta, 4, None)}
    for type_ in (b"pitm", b"iprp"):
        if type_ not in parts:
            raise BadHeader(f"the HEIF file does not describe its picture (no {type_.decode()} box)")
    primary = _primary(_content(meta, parts[b"pitm"]))
    picture = _Picture()
    for property_ in _properties(meta, parts[b"iprp"], primary):
        picture = _apply(picture, property_.type, _Fields(_content(meta, property_), "a HEIF property"))
    if picture.size is None:
        raise BadHeader("the HEIF file does not say how large its picture is (no ispe property)")
    return ImageHeader(format_, picture.size, picture.components, picture.bits)


def _meta(source: Source) -> Source:
    """The content of the meta box, taken whole."""
    for box in boxes(source, 0, None):
        if box.type == b"meta":
            if box.length is None:
                raise BadHeader("the HEIF file describes itself without end")
            content = source.take(box.start, box.length, "the HEIF description")
            return Source.of(content)
    raise BadHeader("the HEIF file does not describe its picture (no meta box)")


def _content(source: Source, box: Box) -> bytes:
    end = box.end if box.end is not None else source.total or 0
    return source.take(box.start, end - box.start, "a HEIF box")


def _primary(pitm: bytes) -> int:
    fields = _Fields(pitm, "the HEIF primary item")
    version = fields.next(4) >> 24
    return fields.next(4 if version else 2)


def _properties(meta: Source, iprp: Box, item: int) -> Iterator[Box]:
    """The boxes of the item's properties, in the order of association."""
    end = iprp.end if iprp.end is not None else meta.total
    kinds: list[Box] = []
    for box in boxes(meta, iprp.start, end):
        if box.type == b"ipco":
            kinds = list(boxes(meta, box.start, box.end))
        elif box.type == b"ipma":
            for index in _associated(_Fields(_content(meta, box), "the HEIF table of associations"), item):
                if not index <= len(kinds):
                    raise BadHeader("the HEIF picture names a property that is not there")
                if index:
                    yield kinds[index - 1]


def _associated(fields: _Fields, item: int) -> list[int]:
    """The numbers of the properties that belong to the item, from 1."""
    head = fields.next(4)
    version, wide = head >> 24, head & 1
    count = fields.next(4)
    if count > _MOST_ITEMS:
        raise BadHeader(f"the HEIF file claims {count} items, which is absurd")
    for _ in range(count):
        owner = fields.next(4 if version else 2)
        indices = [fields.next(2) & 0x7FFF if wide else fields.next(1) & 0x7F for _ in range(fields.next(1))]
        if owner == item:
            return indices
    return []


def _apply(picture: _Picture, type_: bytes, fields: _Fields) -> _Picture:
    match type_:
        case b"ispe":
            fields.next(4)
            return replace(picture, size=size_of(fields.next(4), fields.next(4)))
        case b"pixi":
            fields.next(4)
            depths = [fields.next(1) for _ in range(fields.next(1))]
            return replace(picture, components=len(depths) or 3, bits=max(depths, default=8))
        case b"irot" if picture.size and fields.next(1) & 1:
            return replace(picture, size=Size(picture.size.height, picture.size.width))
        case b"clap" if picture.size:
            return replace(picture, size=_cropped(picture.size, fields))
        case _:
            return picture


def _cropped(size: Size, fields: _Fields) -> Size:
    width, width_part, height, height_part = (fields.next(4) for _ in range(4))
    if not width_part or not height_part:
        raise BadHeader("the HEIF picture is cropped by a fraction of nothing")
    cropped = size_of(round(width / width_part), round(height / height_part))
    return cropped if cropped.width <= size.width and cropped.height <= size.height else size
