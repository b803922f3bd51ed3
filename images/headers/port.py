"""What the readers of headers share: the header they make, the errors they raise, the bytes they read.

A reader asks a Source for a few bytes here and there. Files are hostile: a Source bounds how often and how
much may be asked, and an end of file where bytes were promised is a BadHeader, never an IndexError.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from images.formats import ImageFormat
from images.size import Size

MOST_READS = 2000
"""Pieces that any header is read in; a file that needs more is made to be endless."""

MOST_BYTES = 2 * 1024 * 1024
"""The largest of them."""
FARTHEST = 1 << 50
"""Offsets beyond a petabyte are lies; some files cannot even be asked for them."""

Read = Callable[[int, int], bytes]
"""`read(offset, length)` gives those bytes, fewer only at the end of the file, or raises NeedBytes."""


class BadHeader(ValueError):  # noqa: N818  # it names what was met, for a curator, rather than what went wrong
    """A header that cannot be read; the message is for a curator."""


class NeedBytes(Exception):  # noqa: N818  # a demand, not a failure
    """The bytes that were asked are not at hand: fetch them, and read the header again."""

    def __init__(self, offset: int, length: int) -> None:
        super().__init__(f"{length} bytes from {offset}")
        self.offset = offset
        self.length = length


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What a header says of its image."""

    format: ImageFormat
    size: Size  # as displayed: orientation applied
    components: int = 3  # as stored: a palette is one
    bits: int = 8  # of the deepest component
    orientation: int = 1  # as EXIF numbers it; 1: as stored
    htj2k: bool = False
    tile_ready: bool = False  # a boxed JPEG 2000 that an image server reads region by region
    levels: int = 0  # of decomposition, JPEG 2000 only
    tile: Size | None = None  # JPEG 2000 and tiled TIFF


class Source:
    """The bytes of a file, read piece by piece within bounds."""

    def __init__(self, read: Read, total: int | None) -> None:
        self._read = read
        self._total = total
        self._reads = 0

    @classmethod
    def of(cls, data: bytes) -> Source:
        """A source of bytes that are at hand."""
        return cls(lambda offset, length: data[offset : offset + length], len(data))

    @property
    def total(self) -> int | None:
        """How many bytes there are, if known."""
        return self._total

    def ends_at(self, offset: int) -> bool:
        """Whether nothing follows there; asks for a byte if the length of the file is unknown."""
        if self._total is not None:
            return offset >= self._total
        return offset >= FARTHEST or not self._read(offset, 1)

    def ends_before(self, offset: int) -> bool:
        """Whether the file is known to be shorter than that."""
        return self._total is not None and offset > self._total

    def take(self, offset: int, length: int, what: str) -> bytes:
        """Exactly these bytes, or BadHeader: `what` says for a person what they should have been."""
        self._reads += 1
        if self._reads > MOST_READS:
            raise BadHeader(f"the file has more parts than any header needs; gave up before {what}")
        if length > MOST_BYTES:
            raise BadHeader(f"{what} claims {length} bytes, which is absurd")
        if offset < FARTHEST and not self.ends_before(offset + length):
            data = self._read(offset, length)
            if len(data) >= length:
                return data[:length]
        raise BadHeader(f"the file ends before {what}: it is cut off or damaged")

    def number(self, offset: int, length: int, what: str) -> int:
        """A big-endian number."""
        return int.from_bytes(self.take(offset, length, what), "big")


def size_of(width: int, height: int) -> Size:
    """A size as a header states it, or BadHeader."""
    if width < 1 or height < 1:
        raise BadHeader(f"the header says {width} x {height} pixels: an image has at least one")
    return Size(width, height)


def turned(size: Size, orientation: int) -> Size:
    """The size as displayed: EXIF orientations 5 to 8 lie on their side."""
    return Size(size.height, size.width) if 5 <= orientation <= 8 else size
