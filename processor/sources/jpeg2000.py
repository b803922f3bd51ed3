"""JPEG 2000 and HTJ2K through OpenJPEG: at a reduced resolution and for a region alone, when that is enough."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from images.size import Size
from processor.codestream import BrokenCodestream, main_header, mend, tile_parts
from processor.colour import Alpha, Model, Samples, converter, output_bits
from processor.errors import Refusal
from processor.openjpeg import binding
from processor.picture import Picture, Region, StripPicture
from processor.sources.port import Wish, check_size, damaged, whole_picture

SOC = b"\xff\x4f\xff\x51"
MOST_TILES = 20_000
BAND_ROWS = 1024
HIGH_THROUGHPUT = 0x4000
"""The bit of a codestream's capabilities that says it is HTJ2K."""
YCC, EYCC, CMYK = 3, 4, 5
"""OpenJPEG's names of colour spaces."""


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
    with _sound(path, start, tolerant=wish.tolerant) as (sound, begins):
        yield _decoded(sound, begins, frame, wish)


def _decoded(path: Path, start: int, frame: Frame, wish: Wish) -> Picture:
    reduce = min(wish.reductions(frame.size), frame.levels)
    small = reduced(frame.size, reduce) if wish.region is None else reduced(wish.region.size, reduce)
    if wish.region or small.pixels * frame.components * 12 <= wish.limits.whole_bytes:
        pixels, samples = decode_region(path, start, frame, reduce, wish.region, tolerant=wish.tolerant)
        return whole_picture(pixels, samples, wish, whole=frame.size, region=wish.region)
    return _by_bands(path, start, frame, reduce, wish)


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
    with path.open("rb") as file:
        start = _codestream_start(file)
        file.seek(start)
        head = file.read(1 << 16)
    try:
        x1, y1, x0, y0, tile_x, tile_y = struct.unpack_from(">6I", head, 8)
        count, depth = struct.unpack_from(">HB", head, 40)
        code = head.index(b"\xff\x52")
        levels = head[code + 9]
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
        tile = Size(min(tile_x, x1 - x0), min(tile_y, y1 - y0))
        capabilities = struct.unpack_from(">H", head, 6)[0]
        size, fast = Size(x1 - x0, y1 - y0), bool(capabilities & HIGH_THROUGHPUT)
        return start, Frame(size, count, bits, min(levels, 32), tile, fast)
    except (struct.error, IndexError, ValueError) as error:
        raise damaged("its codestream has no readable header") from error


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


def _codestream_start(file: Any) -> int:
    at, end = 0, file.seek(0, 2)
    for _ in range(200):
        if at >= end:
            break
        file.seek(at)
        head = file.read(16)
        if head[:4] == SOC:
            return at
        if len(head) < 8:
            break
        length, kind = struct.unpack_from(">I4s", head)
        body = at + 8
        if length == 1 and len(head) == 16:
            length, body = int.from_bytes(head[8:16]), at + 16
        if kind == b"jp2c":
            return body
        if length < 8:
            break
        at += length
    raise damaged("there is no JPEG 2000 codestream in it")


def _by_bands(path: Path, start: int, frame: Frame, reduce: int, wish: Wish) -> Picture:
    """A large image decoded in bands of whole rows; every band opens the file anew and decodes its part."""
    rows = frame.tile.height if frame.tile.height < frame.size.height else BAND_ROWS
    rows = max(rows, 1 << reduce) >> reduce << reduce
    first, samples = decode_region(path, start, frame, reduce, _band(frame, 0, rows), tolerant=wish.tolerant)
    convert = converter(samples, deep=wish.deep, tolerant=wish.tolerant)

    def bands() -> Iterator[Any]:
        yield convert(first)
        for top in range(rows, frame.size.height, rows):
            pixels, _ = decode_region(path, start, frame, reduce, _band(frame, top, rows), tolerant=wish.tolerant)
            yield convert(pixels)

    size = reduced(frame.size, reduce)
    return StripPicture(size, frame.size, samples.components, output_bits(samples, deep=wish.deep), None, bands)


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


def decode_area(
    path: Path, start: int, reduce: int, region: Region | None, *, tolerant: bool
) -> tuple[NDArray[Any], Samples]:
    """Decodes all or a region at a resolution halved `reduce` times."""
    library = binding()
    try:
        with ExitStack() as stack:
            codec = library.create_decompress(library.CODEC_JP2 if start else library.CODEC_J2K)
            stack.callback(library.destroy_codec, codec)
            library.set_error_handler(codec, library._ERROR_CALLBACK)  # noqa: SLF001 - glymur's own handler
            stream = library.stream_create_default_file_stream(str(path), True)
            if not stream:
                raise FileNotFoundError(path)
            stack.callback(library.stream_destroy, stream)
            parameters = library.set_default_decoder_parameters()
            parameters.cp_reduce = reduce
            library.setup_decoder(codec, parameters)
            _be_strict(library, codec, strict=not tolerant)
            image = library.read_header(stream, codec)
            stack.callback(library.image_destroy, image)
            if region:
                x, y = image.contents.x0 + region.x, image.contents.y0 + region.y
                library.set_decode_area(codec, image, x, y, x + region.width, y + region.height)
            library.decode(codec, stream, image)
            if not tolerant and region is None:
                library.end_decompress(codec, stream)
            return _samples(image.contents)
    except library.OpenJPEGLibraryError as error:
        words = " ".join(str(error).replace("OpenJPEG library error:", "").split())
        raise damaged(words or "OpenJPEG cannot decode it") from error


def _be_strict(library: Any, codec: Any, *, strict: bool) -> None:
    """Codestreams that end early are errors, unless asked otherwise; glymur does not bind this one."""
    function = library.OPENJP2.opj_decoder_set_strict_mode
    function.argtypes = [ctypes.c_void_p, ctypes.c_int32]
    function.restype = ctypes.c_int32
    function(codec, 1 if strict else 0)


def _samples(image: Any) -> tuple[NDArray[Any], Samples]:
    """OpenJPEG's planes as one array, and what they mean."""
    parts = [image.comps[index] for index in range(image.numcomps)]
    if not parts or any(not part.data for part in parts):
        raise damaged("no pixels come out of it")
    high, wide = max(part.h for part in parts), max(part.w for part in parts)
    bits = max(part.prec for part in parts)
    planes = [_plane(part, high, wide, bits) for part in parts]
    alpha = Alpha.NONE
    if len(planes) in (2, 4) and image.color_space != CMYK:
        alpha = {1: Alpha.STRAIGHT, 2: Alpha.PREMULTIPLIED}.get(parts[-1].alpha, Alpha.IGNORED)
    pixels = np.stack(planes, axis=-1)
    if image.color_space in (YCC, EYCC) and len(planes) >= 3:
        pixels = _from_ycc(pixels, bits)
    model = Model.GREY if len(planes) < 3 else Model.CMYK if image.color_space == CMYK else Model.RGB
    profile = None
    if image.icc_profile_len:
        profile = ctypes.string_at(image.icc_profile_buf, image.icc_profile_len)
    return pixels, Samples(model, bits, alpha, profile)


def _plane(part: Any, high: int, wide: int, bits: int) -> NDArray[Any]:
    plane: NDArray[Any] = np.ctypeslib.as_array(part.data, shape=(part.h, part.w))
    if part.sgnd:
        plane = plane + (1 << (part.prec - 1))
    plane = np.clip(plane, 0, (1 << part.prec) - 1).astype(np.uint8 if bits <= 8 else np.uint16)
    if part.prec < bits:
        plane = (plane.astype(np.uint32) * ((1 << bits) - 1) // ((1 << part.prec) - 1)).astype(plane.dtype)
    if (part.h, part.w) != (high, wide):
        plane = plane.repeat(-(-high // part.h), axis=0).repeat(-(-wide // part.w), axis=1)[:high, :wide]
    return plane


def _from_ycc(pixels: NDArray[Any], bits: int) -> NDArray[Any]:
    top, middle = (1 << bits) - 1, 1 << (bits - 1)
    y, cb, cr = (pixels[..., index].astype(np.float32) for index in range(3))
    cb, cr = cb - middle, cr - middle
    colours = np.stack((y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb), axis=-1)
    done = np.clip(colours + 0.5, 0, top).astype(pixels.dtype)
    return np.concatenate((done, pixels[..., 3:]), axis=-1)
