"""The one shape that pixels have between a source and an encoder: strips of sRGB or grey, top to bottom.

A source hides its format, colour space and orientation behind `Picture`; an encoder asks no more than this. It
is read once, in strips whose height the reader chooses, so that nobody has to hold a whole large image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from images.size import Size

Pixels = NDArray[np.uint8 | np.uint16]
"""Rows, columns, components (1 or 3), contiguous."""

Dpi = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the displayed picture, in its full-resolution pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)


class Picture(Protocol):
    """An image as it is to be stored: displayed orientation, sRGB or greyscale, 8 or 16 bits."""

    @property
    def size(self) -> Size: ...
    @property
    def whole(self) -> Size:
        """The size of the picture in its file; `size` is smaller where less was wanted."""
        ...

    @property
    def region(self) -> Region | None:
        """The region that this is, where the source gave no more than that."""
        ...

    @property
    def components(self) -> int: ...
    @property
    def bits(self) -> int: ...
    @property
    def dpi(self) -> Dpi | None: ...
    def strips(self, rows: int) -> Iterator[Pixels]:
        """Yields the picture from top to bottom, `rows` rows each and the rest last."""
        ...


@dataclass(frozen=True, slots=True)
class WholePicture:
    """A picture that is in memory as a whole."""

    pixels: Pixels
    whole: Size
    dpi: Dpi | None = None
    region: Region | None = None

    @property
    def size(self) -> Size:
        return Size(self.pixels.shape[1], self.pixels.shape[0])

    @property
    def components(self) -> int:
        return int(self.pixels.shape[2])

    @property
    def bits(self) -> int:
        return self.pixels.itemsize * 8

    def strips(self, rows: int) -> Iterator[Pixels]:
        for top in range(0, self.size.height, rows):
            yield self.pixels[top : top + rows]


@dataclass(frozen=True, slots=True)
class StripPicture:
    """A picture that is read piece by piece: `bands` gives it once, in whatever heights its file has."""

    size: Size
    whole: Size
    components: int
    bits: int
    dpi: Dpi | None
    bands: Callable[[], Iterator[Pixels]]
    region: Region | None = None

    def strips(self, rows: int) -> Iterator[Pixels]:
        return regroup(self.bands(), rows, self.size.height)


@dataclass(frozen=True, slots=True)
class WatchedPicture:
    """A picture whose strips somebody else sees as they pass, as the maker of thumbnails does."""

    inner: Picture
    watch: Callable[[Pixels], None]

    @property
    def size(self) -> Size:
        return self.inner.size

    @property
    def whole(self) -> Size:
        return self.inner.whole

    @property
    def region(self) -> Region | None:
        return self.inner.region

    @property
    def components(self) -> int:
        return self.inner.components

    @property
    def bits(self) -> int:
        return self.inner.bits

    @property
    def dpi(self) -> Dpi | None:
        return self.inner.dpi

    def strips(self, rows: int) -> Iterator[Pixels]:
        for strip in self.inner.strips(rows):
            self.watch(strip)
            yield strip
            del strip  # or it would live on while the next one is read


def regroup(bands: Iterator[Pixels], rows: int, height: int) -> Iterator[Pixels]:
    """Cuts bands of any heights into strips of `rows` rows, the last one with what is left of `height`.

    Never more than one strip and one band are held: a strip that was given away is forgotten.
    """
    strip: Pixels | None = None
    filled = given = 0
    for band in bands:
        start = 0
        while start < len(band) and given < height:
            need = min(rows, height - given)
            piece = band[start : start + need - filled]
            start += len(piece)
            if len(piece) == need:
                yield piece
                given += need
                continue
            if strip is None:
                strip = np.empty((need, *band.shape[1:]), band.dtype)
            strip[filled : filled + len(piece)] = piece
            filled += len(piece)
            if filled == need:
                yield strip
                strip, filled = None, 0
                given += need
        del band
