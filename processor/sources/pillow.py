"""PNG, WebP, GIF, BMP, HEIC and AVIF through Pillow: decoded as a whole, the first frame of many.

16-bit PNGs go through imagecodecs, for Pillow would halve their depth. PNG is checked chunk by chunk before
anything is decoded, for Pillow does not look at the checksums of pixels.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from images.header import BadHeader
from processor.colour import Alpha, Model, Samples
from processor.errors import Refusal
from processor.picture import Dpi, Picture
from processor.sources.port import (
    Wish,
    check_size,
    check_whole,
    damaged,
    ends_early,
    read_file_header,
    unreadable,
    whole_picture,
)

ORIENTATION, ACROSS, UP, UNIT = 0x0112, 0x011A, 0x011B, 0x0128
PER_INCH = {2: 1.0, 3: 2.54}
"""EXIF's units of resolution: inches and centimetres."""
FORMATS = ("PNG", "WEBP", "GIF", "BMP", "HEIF", "AVIF", "JPEG")
CHANNELS = {"L": 1, "LA": 2, "La": 2, "1": 1, "P": 1, "I;16": 2}


@contextmanager
def open_pillow(path: Path, wish: Wish) -> Iterator[Picture]:
    """Opens what Pillow decodes as a whole."""
    _allow_heif()
    _check_header(path, wish)
    with _opened(path) as image:
        size = check_size(image.width, image.height, wish.limits)
        name = image.format or "image"
        check_whole(size, 12, wish.limits, name)
        if image.format == "PNG":
            _check_png(path, tolerant=wish.tolerant)
        profile = image.info.get("icc_profile")
        dpi = dots_per_inch(image)
        if image.format == "PNG" and _png_bits(path) == 16:
            pixels, samples = _deep_png(path, profile)
        else:
            _load(image, path, tolerant=wish.tolerant)
            pixels, samples = pixels_of(image, profile)
        orientation = orientation_of(image)
    yield whole_picture(pixels, samples, wish, orientation=orientation, dpi=dpi)


def _check_header(path: Path, wish: Wish) -> None:
    """Refuses what is too large by its header alone: opening a WebP or a HEIC already takes memory for its pixels."""
    try:
        header = read_file_header(path)
    except BadHeader:
        return  # the decoder says it better
    check_size(header.size.width, header.size.height, wish.limits)
    check_whole(header.size, 12, wish.limits, header.format.upper())


def orientation_of(image: Image.Image) -> int:
    """EXIF's orientation; 1 when there is none. Not by Pillow's own `getexif`, which decodes a PNG to find it."""
    try:
        return int(_exif(image).get(ORIENTATION, 1))
    except (TypeError, ValueError):
        return 1


def _exif(image: Image.Image) -> Image.Exif:
    """Its EXIF; empty if nobody can read it, for metadata turn and scale a picture and never break it."""
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif") or b"")
        exif.get(ORIENTATION)
    except Exception:  # noqa: BLE001 - its parser raises whatever it stumbles over
        return Image.Exif()
    return exif


def pixels_of(image: Image.Image, profile: bytes | None) -> tuple[NDArray[Any], Samples]:
    """A loaded image's samples and what they mean."""
    match image.mode:
        case "1" | "L":
            return np.asarray(image.convert("L")), Samples(Model.GREY, 8, profile=profile)
        case "LA" | "La":
            alpha = Alpha.STRAIGHT if image.mode == "LA" else Alpha.PREMULTIPLIED
            return np.asarray(image), Samples(Model.GREY, 8, alpha, profile)
        case "I;16" | "I;16B" | "I;16L":
            return np.asarray(image).astype(np.uint16), Samples(Model.GREY, 16, profile=profile)
        case "CMYK":
            return np.asarray(image), Samples(Model.CMYK, 8, profile=profile)
        case "RGBA" | "RGBa":
            alpha = Alpha.STRAIGHT if image.mode == "RGBA" else Alpha.PREMULTIPLIED
            return np.asarray(image), Samples(Model.RGB, 8, alpha, profile)
        case "P" | "PA" | "RGB" | "RGBX" | "YCbCr" if image.mode == "PA" or "transparency" in image.info:
            return np.asarray(image.convert("RGBA")), Samples(Model.RGB, 8, Alpha.STRAIGHT, profile)
        case "P" if _is_grey(image):
            return np.asarray(image.convert("L")), Samples(Model.GREY, 8)
        case "P" | "RGB" | "RGBX" | "YCbCr":
            return np.asarray(image.convert("RGB")), Samples(Model.RGB, 8, profile=profile)
        case other:
            raise Refusal(f"{image.format} with pixels of kind {other} is not supported")


def _is_grey(image: Image.Image) -> bool:
    """Whether a palette holds nothing but greys: then the picture is one, however it is stored."""
    colours = np.asarray(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())


def dots_per_inch(image: Image.Image) -> Dpi | None:
    """The resolution that a file states in its own way, else in its EXIF, as WebP, HEIC and AVIF do."""
    stated = image.info.get("dpi")
    try:
        if isinstance(stated, tuple) and len(stated) == 2:
            return float(stated[0]), float(stated[1])
        exif = _exif(image)
        per_inch = PER_INCH.get(exif.get(UNIT, 2))
        if per_inch is None or not {ACROSS, UP} <= exif.keys():
            return None
        return float(exif[ACROSS]) * per_inch, float(exif[UP]) * per_inch
    except (TypeError, ValueError, ZeroDivisionError):
        return None


@cache
def _allow_heif() -> None:
    import pillow_heif  # noqa: PLC0415 - a large library that few images need

    pillow_heif.register_heif_opener()


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    Image.MAX_IMAGE_PIXELS = None  # our own cap is checked before anything is decoded
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's opinions on metadata; pixels are judged by errors
        try:
            image = Image.open(path, formats=FORMATS)
        except FileNotFoundError:
            raise
        except Exception as error:
            raise unreadable("its beginning", error) from error
        with image:
            yield image


def _load(image: Image.Image, path: Path, *, tolerant: bool) -> None:
    ImageFile.LOAD_TRUNCATED_IMAGES = tolerant
    try:
        image.load()
    except MemoryError:
        raise
    except Exception as error:
        share = _png_share(path) if image.format == "PNG" else None
        raise ends_early(share) if share is not None else unreadable("its picture", error) from error
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def _deep_png(path: Path, profile: bytes | None) -> tuple[NDArray[Any], Samples]:
    try:
        pixels: NDArray[Any] = imagecodecs.png_decode(path.read_bytes())
    except (RuntimeError, ValueError) as error:
        share = _png_share(path)
        raise ends_early(share) if share is not None else unreadable("its picture", error) from error
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    model = Model.GREY if channels < 3 else Model.RGB
    alpha = Alpha.STRAIGHT if channels in (2, 4) else Alpha.NONE
    return pixels, Samples(model, pixels.itemsize * 8, alpha, profile)


def _png_bits(path: Path) -> int:
    with path.open("rb") as file:
        return file.read(25)[24]


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes, bool]]:
    """Name, content and whether the checksum is right; a chunk that is cut off comes with what there is."""
    end = file.seek(0, 2)
    file.seek(8)
    while len(head := file.read(8)) == 8:
        length, name = struct.unpack(">I4s", head)
        content = file.read(min(length, end - file.tell()))
        tail = file.read(4)
        yield name, content, len(tail) == 4 and zlib.crc32(content, zlib.crc32(name)) == int.from_bytes(tail)


def _check_png(path: Path, *, tolerant: bool) -> None:
    if tolerant:
        return
    last = b""
    with path.open("rb") as file:
        for name, content, right in _chunks(file):
            last = name
            if not right:
                if not file.read(1):
                    break
                raise damaged(f"the checksum of its {name.decode('latin-1')} part is wrong")
            if name == b"IEND":
                return
            del content
    share = _png_share(path)
    raise ends_early(share if share is not None else 0.99) if last else damaged("nothing follows its first bytes")


def _png_share(path: Path) -> float | None:
    """The share of its pixel data that a PNG holds; None when that is all of it."""
    with path.open("rb") as file:
        file.seek(16)
        width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", file.read(13))
        row = (width * bits * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 1) + 7) // 8 + 1
        inflate, got = zlib.decompressobj(), 0
        try:
            for name, content, _ in _chunks(file):
                if name == b"IDAT":
                    got += len(inflate.decompress(content))
        except zlib.error:
            return None
    share = got / (row * height)
    return share if share < 1 and not (interlaced and share > 0.99) else None
