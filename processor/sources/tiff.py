"""TIFF through tifffile, strip by strip or tile by tile: the only format in which very large images come.

Its first page is the picture. Segments are read and decoded one row of them at a time, so that a picture of any
size costs no more than one such row; a compressed file in one strip costs itself, and is capped.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from processor.colour import Samples, converter, output_bits
from processor.errors import Refusal
from processor.picture import Dpi, Picture, StripPicture
from processor.sources.port import (
    Wish,
    check_size,
    check_whole,
    damaged,
    turned_dpi,
    unreadable,
    whole_picture,
)
from processor.sources.tiff_reader import TiffReader
from processor.sources.tiff_samples import palette_of, samples_of

ORIENTATION = 274
NUMBERS = (
    *("imagewidth", "imagelength", "imagedepth", "samplesperpixel", "planarconfig", "compression", "photometric"),
    *("rowsperstrip", "tilewidth", "tilelength", "fillorder"),
)
"""What tifffile hands over as it stands in the file, whatever stands there."""


@contextmanager
def open_tiff(path: Path, wish: Wish) -> Iterator[Picture]:
    """Opens the first page of a TIFF or BigTIFF."""
    with _file(path) as file:
        page = _first_page(file)
        size = check_size(page.imagewidth, page.imagelength, wish.limits)
        samples = samples_of(page)
        reader = TiffReader(file, page, size, palette_of(page), tolerant=wish.tolerant)
        turn = _orientation(page)
        reader.check_segments(wish)
        if turn in (1, 2) and reader.band_bytes <= wish.limits.whole_bytes // 4:
            yield _by_strips(reader, samples, wish, turn)
        else:
            check_whole(size, 4 * reader.pixel_bytes, wish.limits, "a turned or one-piece TIFF")
            pixels = np.concatenate(list(reader.bands()))
            yield whole_picture(pixels, samples, wish, orientation=turn, dpi=_dpi(page))


@contextmanager
def _file(path: Path) -> Iterator[Any]:
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # damage is judged by what it does to pixels
    try:
        file = tifffile.TiffFile(path)
    except FileNotFoundError:
        raise
    except Exception as error:
        raise unreadable("its directory", error) from error
    with file:
        yield file


def _first_page(file: Any) -> Any:
    try:
        page = file.pages.first
        numbers = [getattr(page, name) for name in NUMBERS]
    except Exception as error:
        raise unreadable("its first page", error) from error
    if not all(isinstance(number, int) for number in numbers):
        raise damaged("its first page describes itself with something else than numbers")
    if page.imagedepth > 1:
        raise Refusal("TIFF with volumes instead of pages is not supported")
    return page


def _by_strips(reader: TiffReader, samples: Samples, wish: Wish, turn: int) -> Picture:
    convert = converter(samples, deep=wish.deep, tolerant=wish.tolerant)

    def bands() -> Iterator[Any]:
        for band in reader.bands():
            picture = convert(band)
            yield np.ascontiguousarray(picture[:, ::-1]) if turn == 2 else picture

    bits = output_bits(samples, deep=wish.deep)
    return StripPicture(reader.size, reader.size, samples.components, bits, turned_dpi(_dpi(reader.page), turn), bands)


def _orientation(page: Any) -> int:
    tag = page.tags.get(ORIENTATION)
    return int(tag.value) if tag is not None and tag.value in range(1, 9) else 1


def _dpi(page: Any) -> Dpi | None:
    across, up = _rational(page, 282), _rational(page, 283)
    unit = page.tags.get(296)
    centimetres = unit is not None and unit.value == 3
    if across is None or up is None or (unit is not None and unit.value == 1):
        return None
    return (across * 2.54, up * 2.54) if centimetres else (across, up)


def _rational(page: Any, code: int) -> float | None:
    tag = page.tags.get(code)
    if tag is None or not isinstance(tag.value, tuple) or len(tag.value) != 2 or not tag.value[1]:
        return None
    return float(tag.value[0]) / float(tag.value[1])
