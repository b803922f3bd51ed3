"""JPEG 2000 and HTJ2K through OpenJPEG: at a reduced resolution and for a region alone, when that is enough."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO

from numpy.typing import NDArray

from images.size import Size
from processor.codestream import COD, SIZ, BrokenCodestream, main_header, mend, tile_parts
from processor.colour import Samples, converter, output_bits
from processor.errors import Refusal
from processor.picture import Dpi, Picture, Region, StripPicture
from processor.settings import Limits
from processor.sources.jp2_boxes import codestream_start, dpi_of
from processor.sources.openjpeg_decode import decode_area
from processor.sources.port import Wish, check_size, check_whole, damaged, turned_dpi, whole_picture

MOST_TILES = 20_000
BAND_ROWS = 1024
FEWEST_ROWS = 64
SAMPLE_BYTES = 12
"""What OpenJPEG takes for a sample while it decodes."""

HIGH_THROUGHPUT = 0x4000
"""The bit of a codestream's capabilities that says it is HTJ2K."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a codestream says of itself before anything is decoded."""

    size: Size
    components: int
    bits: int
    levels: int
    tile: Size
    high_throughput: bool = False


@contextmanager
def open_jpeg2000(path: Path, wish: Wish) -> Iterator[Picture]:
    """Opens a JP2, JPH or codestream; large ones are decoded band by band."""
    start, frame = read_frame(path)
    check_size(frame.size.width, frame.size.height, wish.limits)
    with path.open("rb") as file:
        dpi = dpi_of(file)
    with _sound(path, start, tolerant=wish.tolerant) as (sound, begins):
        yield _decoded(sound, begins, frame, wish, dpi)


def _decoded(path: Path, start: int, frame: Frame, wish: Wish, dpi: Dpi | None) -> Picture:
    reduce = min(wish.reductions(frame.size), frame.levels)
    small = reduced(frame.size, reduce) if wish.region is None else reduced(wish.region.size, reduce)
    if wish.region or small.pixels * frame.components * SAMPLE_BYTES <= wish.limits.whole_bytes:
        pixels, samples = decode_region(path, start, frame, reduce, wish.region, tolerant=wish.tolerant)
        return whole_picture(pixels, samples, wish, whole=frame.size, region=wish.region, dpi=dpi)
    return _by_bands(path, start, frame, reduce, wish, dpi)


@contextmanager
def _sound(path: Path, start: int, *, tolerant: bool) -> Iterator[tuple[Path, int]]:
    """A file whose codestream is whole: this one, or for the tolerant a mended copy of what there is."""
    try:
        check_whole_codestream(path)
    except Refusal:
        if not tolerant:
            raise
        with NamedTemporaryFile(suffix=".j2k") as copy, path.open("rb") as source:
            source.seek(start)
            _mend(source, copy)
            yield Path(copy.name), 0
    else:
        yield path, start


def _mend(source: BinaryIO, copy: Any) -> None:
    try:
        mend(source, copy)
    except BrokenCodestream as error:
        raise damaged(error) from error


def read_frame(path: Path) -> tuple[int, Frame]:
    """Where the codestream starts and what it says; refused when its tiles are a trap."""
    try:
        with path.open("rb") as file:
            start = codestream_start(file)
            file.seek(start)
            segments = {segment.marker: segment.data for segment in main_header(file)}
        return start, _frame(segments[SIZ], segments[COD])
    except (struct.error, IndexError, KeyError, BrokenCodestream) as error:
        raise damaged("its codestream has no readable header") from error


def _frame(siz: bytes, cod: bytes) -> Frame:
    """What the two segments say that every main header has."""
    capabilities, x1, y1, x0, y0, tile_x, tile_y = struct.unpack_from(">H6I", siz, 4)
    count, depth = struct.unpack_from(">HB", siz, 38)
    if not (x0 < x1 and y0 < y1 and tile_x and tile_y):
        raise damaged("its codestream describes no picture")
    tiles = -(-x1 // tile_x) * -(-y1 // tile_y)
    if tiles > MOST_TILES:
        raise Refusal(f"JPEG 2000 with {tiles} tiles is not accepted: {MOST_TILES} at most")
    if count > 4:
        raise Refusal(f"JPEG 2000 with {count} components is not supported")
    bits = (depth & 0x7F) + 1
    if bits > 16:
        raise Refusal(f"JPEG 2000 with {bits} bits per sample is not supported")
    size = Size(x1 - x0, y1 - y0)
    tile = Size(min(tile_x, size.width), min(tile_y, size.height))
    return Frame(size, count, bits, min(cod[9], 32), tile, bool(capabilities & HIGH_THROUGHPUT))


def reduced(size: Size, times: int) -> Size:
    """What is left of a size at a reduced resolution."""
    return Size(max(1, -(-size.width >> times)), max(1, -(-size.height >> times)))


def check_whole_codestream(path: Path) -> None:
    """Refuses a file that ends before its codestream does, without decoding anything."""
    start, _ = read_frame(path)
    try:
        with path.open("rb") as file:
            file.seek(start)
            for _ in main_header(file):
                pass
            for _ in tile_parts(file):
                pass
    except BrokenCodestream as error:
        raise damaged(error) from error


def _by_bands(path: Path, start: int, frame: Frame, reduce: int, wish: Wish, dpi: Dpi | None) -> Picture:
    """A large image decoded in bands of whole rows; every band opens the file anew and decodes its part."""
    rows = band_rows(frame, reduce, wish.limits)
    if frame.high_throughput and rows < frame.tile.height:  # of which whole tiles are decoded
        check_whole(frame.size, SAMPLE_BYTES * frame.components, wish.limits, "HTJ2K in tiles as large as this")
    first, samples = decode_region(path, start, frame, reduce, _band(frame, 0, rows), tolerant=wish.tolerant)
    convert = converter(samples, deep=wish.deep, tolerant=wish.tolerant)

    def bands() -> Iterator[Any]:
        yield convert(first)
        for top in range(rows, frame.size.height, rows):
            pixels, _ = decode_region(path, start, frame, reduce, _band(frame, top, rows), tolerant=wish.tolerant)
            yield convert(pixels)

    size = reduced(frame.size, reduce)
    return StripPicture(
        size, frame.size, samples.components, output_bits(samples, deep=wish.deep), turned_dpi(dpi, 1), bands
    )


def band_rows(frame: Frame, reduce: int, limits: Limits) -> int:
    """The rows of a band: a row of tiles if there are any, but no more than memory allows."""
    wide = reduced(frame.size, reduce).width * frame.components * SAMPLE_BYTES
    fit = max(limits.whole_bytes // wide, FEWEST_ROWS) << reduce
    rows = min(frame.tile.height if frame.tile.height < frame.size.height else BAND_ROWS, fit)
    return max(rows, 1 << reduce) >> reduce << reduce


def _band(frame: Frame, top: int, rows: int) -> Region:
    return Region(0, top, frame.size.width, min(rows, frame.size.height - top))


def decode_region(
    path: Path, start: int, frame: Frame, reduce: int, region: Region | None, *, tolerant: bool
) -> tuple[NDArray[Any], Samples]:
    """Decodes a region; of HTJ2K the tiles around it, for OpenJPEG (2.5.0 to 2.5.4) makes parts of a tile grey."""
    if region is None or not frame.high_throughput:
        return decode_area(path, start, reduce, region, tolerant=tolerant)
    tile, size = frame.tile, frame.size
    left, top = region.x // tile.width * tile.width, region.y // tile.height * tile.height
    right = min(-(-(region.x + region.width) // tile.width) * tile.width, size.width)
    bottom = min(-(-(region.y + region.height) // tile.height) * tile.height, size.height)
    around = Region(left, top, right - left, bottom - top)
    pixels, samples = decode_area(path, start, reduce, around, tolerant=tolerant)
    x, y = _halved(region.x, reduce) - _halved(left, reduce), _halved(region.y, reduce) - _halved(top, reduce)
    right = max(x + 1, _halved(region.x + region.width, reduce) - _halved(left, reduce))
    bottom = max(y + 1, _halved(region.y + region.height, reduce) - _halved(top, reduce))
    return pixels[y:bottom, x:right], samples


def _halved(side: int, times: int) -> int:
    return -(-side >> times)
