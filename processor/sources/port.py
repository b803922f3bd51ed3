"""What a source is asked, and what all of them share: caps before decoding, orientation, words for damage."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from images.header import ImageHeader, read_header
from images.size import Size
from processor.colour import Samples, converter
from processor.errors import Refusal
from processor.picture import Dpi, Picture, Region, WholePicture
from processor.settings import Limits

Least = Callable[[Size], Size | None]
"""From the displayed size of the whole picture to the fewest pixels that do; None: all of them."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What of a file is wanted: all of it, or as little as gives `region` in at least `least` pixels."""

    limits: Limits
    deep: bool = False  # keep more than 8 bits
    tolerant: bool = False  # take what there is of a damaged file
    least: Least | None = None
    region: Region | None = None

    def reductions(self, displayed: Size) -> int:
        """How often a file that is displayed in that size may be halved and still give enough pixels."""
        least = self.least(displayed) if self.least else None
        if least is None:
            return 0
        shown = self.region.size if self.region else displayed
        times = 0
        while shown.width >> (times + 1) >= least.width and shown.height >> (times + 1) >= least.height:
            times += 1
        return times


Opener = Callable[[Path, Wish], AbstractContextManager[Picture]]
"""Opens a file as a picture. What comes may be smaller than the file (`least`), never than what was asked."""


def read_file_header(path: Path) -> ImageHeader:
    """A file's header; BadHeader if it has none."""
    with path.open("rb") as file:

        def read(offset: int, length: int) -> bytes:
            file.seek(offset)
            return file.read(length)

        return read_header(read, path.stat().st_size)


def check_size(width: int, height: int, limits: Limits) -> Size:
    """The size, unless it is beyond what this processor takes."""
    if width < 1 or height < 1:
        raise Refusal(f"the image is {width} x {height} pixels")
    if max(width, height) > limits.max_side or width * height > limits.max_pixels:
        raise Refusal(
            f"{width} x {height} pixels ({width * height / 1e6:.0f} megapixels) are more than the "
            f"{limits.max_pixels / 1e6:g} megapixels, {limits.max_side} a side, that are accepted"
        )
    return Size(width, height)


def check_whole(size: Size, bytes_per_pixel: float, limits: Limits, what: str) -> None:
    """Refuses what can only be decoded as a whole and would not fit a worker's memory."""
    if size.pixels * bytes_per_pixel > limits.whole_bytes:
        raise Refusal(
            f"{what} of {size.pixels / 1e6:.0f} megapixels cannot be read piece by piece and needs about "
            f"{size.pixels * bytes_per_pixel / 1e6:.0f} MB; {limits.whole_bytes / 1e6:.0f} MB are allowed. "
            "Save it as a tiled TIFF"
        )


def ends_early(share: float) -> Refusal:
    """The words for a file that is cut off after that share of its pixels."""
    return Refusal(f"the file ends after {min(99, int(share * 100))} % of its pixels", kind="truncated")


def damaged(what: object) -> Refusal:
    """The words for a file whose content contradicts itself."""
    return Refusal(f"the file is damaged: {what}", kind="damaged")


def unreadable(part: str, error: Exception) -> Refusal:
    """The words for a file whose parser gave up: its own, where they are words and not for programmers."""
    words = " ".join(str(error).split())
    fit = len(words) > 12 and "/" not in words and "buffer" not in words and "<" not in words
    return damaged(f"{part} cannot be read{f' ({words[:200]})' if fit else ''}")


def whole_picture(
    pixels: NDArray[Any],
    samples: Samples,
    wish: Wish,
    *,
    whole: Size | None = None,
    region: Region | None = None,
    orientation: int = 1,
    dpi: Dpi | None = None,
) -> WholePicture:
    """A picture of decoded samples: converted in strips, so that no second whole copy of odd depth is made."""
    convert = converter(samples, deep=wish.deep, tolerant=wish.tolerant)
    rows = max(1, (1 << 22) // max(1, pixels.shape[1]))
    if pixels.shape[0] <= rows:
        done = convert(pixels)
    else:
        first = convert(pixels[:rows])
        done = np.empty((pixels.shape[0], *first.shape[1:]), first.dtype)
        done[:rows] = first
        for top in range(rows, pixels.shape[0], rows):
            done[top : top + rows] = convert(pixels[top : top + rows])
    done = turned(done, orientation)
    size = Size(done.shape[1], done.shape[0])
    return WholePicture(done, whole or size, turned_dpi(dpi, orientation), region)


def turned(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Pixels as they are to be displayed, by EXIF's orientation."""
    match orientation:
        case 2:
            return pixels[:, ::-1]
        case 3:
            return pixels[::-1, ::-1]
        case 4:
            return pixels[::-1]
        case 5:
            return pixels.transpose(1, 0, 2)
        case 6:
            return pixels[::-1].transpose(1, 0, 2)
        case 7:
            return pixels[::-1, ::-1].transpose(1, 0, 2)
        case 8:
            return pixels[:, ::-1].transpose(1, 0, 2)
        case _:
            return pixels


def turned_dpi(dpi: Dpi | None, orientation: int) -> Dpi | None:
    """A resolution as displayed; None when the file says nothing usable."""
    if dpi is None or not all(1 <= value < 1e6 for value in dpi):
        return None
    return (dpi[1], dpi[0]) if orientation >= 5 else dpi
