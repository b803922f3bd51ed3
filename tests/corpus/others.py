"""JPEG, PNG, WebP, GIF, BMP, HEIC, AVIF and JPEG 2000 in their kinds."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
from PIL import Image

from tests.corpus.pictures import colour, grey, strokes
from tests.corpus.specimen import Array, Specimen
from tests.corpus.tiffs import in_srgb, stored

ORIENTATION = 0x0112
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Interlacing: left, top, step across and step down of each pass."""


def _saved(name: str, image: Image.Image, shows: Array, worst: int = 0, mean: float = 0.0, **how: Any) -> Specimen:
    return Specimen(name, lambda path: image.save(path, **how), shows, worst, mean)


def others() -> Iterator[Specimen]:
    """Everything that is not TIFF."""
    yield from _jpegs()
    yield from _pngs()
    yield from _small_formats()
    yield from _heifs()


def _jpegs() -> Iterator[Specimen]:
    rgb, one = colour(), grey()
    image = Image.fromarray(rgb)
    yield _saved("plain.jpg", image, rgb, mean=2, quality=95)
    yield _saved("progressive.jpg", image, rgb, mean=2, quality=95, progressive=True)
    yield _saved("restarts.jpg", image, rgb, mean=2, quality=95, restart_marker_rows=1)
    yield _saved("full-colour.jpg", image, rgb, mean=2, quality=95, subsampling=0)
    yield _saved("grey.jpg", Image.fromarray(one[..., 0]), one, mean=2, quality=95)
    inks = Image.fromarray(np.dstack([255 - rgb, np.zeros(rgb.shape[:2], np.uint8)]), "CMYK")
    yield _saved("cmyk.jpg", inks, rgb, mean=3, quality=95)
    yield Specimen("ycck.jpg", lambda path: path.write_bytes(_ycck(rgb)), rgb, mean=3)
    profile = imagecodecs.cms_profile("adobergb")
    yield _saved("adobe-rgb.jpg", image, in_srgb(rgb, profile), mean=3, quality=95, icc_profile=profile)
    for turn in range(1, 9):
        exif = Image.Exif()
        exif[ORIENTATION] = turn
        yield _saved(f"turned-{turn}.jpg", Image.fromarray(stored(rgb, turn)), rgb, mean=2, quality=95, exif=exif)


def _ycck(rgb: Array) -> bytes:
    """A JPEG as Photoshop writes CMYK: inks upside down, three of them as YCbCr, and a marker that says so."""
    inverted = np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
    data = bytes(imagecodecs.jpeg8_encode(inverted, level=95, colorspace="cmyk", outcolorspace="ycck"))
    adobe = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x02"
    return data if b"Adobe" in data[:64] else data[:2] + adobe + data[2:]


def _pngs() -> Iterator[Specimen]:
    rgb, one, lines = colour(), grey(), strokes()
    cover = np.linspace(0, 255, rgb.shape[0]).astype(np.uint8)[:, np.newaxis, np.newaxis].repeat(rgb.shape[1], axis=1)
    on_white = np.round((rgb.astype(int) * cover + 255 * (255 - cover.astype(int))) / 255).astype(np.uint8)
    yield _saved("plain.png", Image.fromarray(rgb), rgb)
    yield _saved("grey.png", Image.fromarray(one[..., 0]), one)
    yield _saved("bilevel.png", Image.fromarray(lines[..., 0]).convert("1"), lines)
    yield _saved("alpha.png", Image.fromarray(np.dstack([rgb, cover])), on_white, 1)
    grey_on_white = np.round((one.astype(int) * cover + 255 * (255 - cover.astype(int))) / 255).astype(np.uint8)
    yield _saved("grey-alpha.png", Image.fromarray(np.dstack([one, cover]), "LA"), grey_on_white, 1)
    few = Image.fromarray(rgb).quantize(32)
    yield _saved("palette.png", few, np.asarray(few.convert("RGB")))
    holed = few.copy()
    holed.info["transparency"] = bytes([0] + [255] * 31)
    shows = np.where((np.asarray(few) == 0)[..., np.newaxis], 255, np.asarray(few.convert("RGB")))
    yield _saved("palette-transparent.png", holed, shows.astype(np.uint8), transparency=holed.info["transparency"])
    for bits in (2, 4):
        levels = one >> (8 - bits)
        data = _png(levels[..., 0], bits=bits, kind=0)
        yield _bytes(f"grey-{bits}.png", data, (levels * (255 // ((1 << bits) - 1))).astype(np.uint8))
    yield _bytes("rgb-16.png", imagecodecs.png_encode(rgb.astype(np.uint16) * 257), rgb)
    yield _bytes("grey-16.png", imagecodecs.png_encode(one[..., 0].astype(np.uint16) * 257), one)
    deep = np.dstack([rgb, cover]).astype(np.uint16) * 257
    yield _bytes("alpha-16.png", imagecodecs.png_encode(deep), on_white, 1)
    yield _bytes("interlaced.png", _png(rgb, bits=8, kind=2, interlaced=True), rgb)
    yield _bytes("interlaced-16.png", _png(rgb.astype(np.uint16) * 257, bits=16, kind=2, interlaced=True), rgb)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    yield _saved("turned-6.png", Image.fromarray(stored(rgb, 6)), rgb, exif=exif)


def _bytes(name: str, data: bytes | bytearray, shows: Array, worst: int = 0) -> Specimen:
    return Specimen(name, lambda path: path.write_bytes(data), shows, worst)


def _png(pixels: Array, *, bits: int, kind: int, interlaced: bool = False) -> bytes:
    """A PNG in kinds that no library here writes: few bits, interlaced."""
    high, wide = pixels.shape[:2]
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    rows = []
    for left, top, across, down in passes:
        part = pixels[top::down, left::across]
        if part.size:
            rows += [b"\0" + _row(row, bits) for row in part]
    head = struct.pack(">IIBBBBB", wide, high, bits, kind, 0, 0, int(interlaced))
    chunks = (b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


def _row(row: Array, bits: int) -> bytes:
    if bits >= 8:
        return row.astype(">u2" if bits == 16 else "u1").tobytes()
    digits = "".join(f"{value:0{bits}b}" for value in row.ravel())
    digits += "0" * (-len(digits) % 8)
    return int(digits, 2).to_bytes(len(digits) // 8, "big")


def _small_formats() -> Iterator[Specimen]:
    rgb, one, lines = colour(), grey(), strokes()
    image = Image.fromarray(rgb)
    yield _saved("lossless.webp", image, rgb, lossless=True)
    yield _saved("lossy.webp", image, rgb, mean=4, quality=95)
    cover = np.full(rgb.shape[:2], 128, np.uint8)
    half = np.round(rgb * (128 / 255) + 127).astype(np.uint8)
    yield _saved("alpha.webp", Image.fromarray(np.dstack([rgb, cover])), half, 1, lossless=True, exact=True)
    second = Image.fromarray(255 - rgb)
    yield _saved("animated.webp", image, rgb, save_all=True, append_images=[second], lossless=True)
    few = image.quantize(64)
    yield _saved("plain.gif", few, np.asarray(few.convert("RGB")))
    yield _saved("grey.gif", Image.fromarray(one[..., 0]), one)
    yield _saved(
        "animated.gif", few, np.asarray(few.convert("RGB")), save_all=True, append_images=[second.quantize(64)]
    )
    yield _saved("plain.bmp", image, rgb)
    yield _saved("grey.bmp", Image.fromarray(one[..., 0]), one)
    yield _saved("palette.bmp", few, np.asarray(few.convert("RGB")))
    yield _saved("bilevel.bmp", Image.fromarray(lines[..., 0]).convert("1"), lines)


def _heifs() -> Iterator[Specimen]:
    pillow_heif.register_heif_opener()
    rgb = colour(96, 64)
    yield _saved("plain.heic", Image.fromarray(rgb), rgb, mean=4, quality=95)
    yield _saved("plain.avif", Image.fromarray(rgb), rgb, mean=4, quality=95)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    turned = Image.fromarray(stored(rgb, 6))
    yield _saved("turned.avif", turned, rgb, mean=4, quality=95, exif=exif)
    for turn in range(2, 9):  # EXIF as bytes becomes the format's own rotation and mirroring, which do count
        exif[ORIENTATION] = turn
        lying = Image.fromarray(stored(rgb, turn))
        yield _saved(f"turned-{turn}.heic", lying, rgb, mean=4, quality=95, exif=exif.tobytes())
    exif[ORIENTATION] = 6
    yield _saved("exif-does-not-count.heic", turned, stored(rgb, 6), mean=4, quality=95, exif=exif)


def encoded(image: Image.Image, format_: str, **how: Any) -> bytes:
    """An image file as bytes."""
    file = io.BytesIO()
    image.save(file, format_, **how)
    return file.getvalue()


def cut(path: Path, share: float) -> Path:
    """The same file with only its first part left."""
    data = path.read_bytes()
    short = path.with_name(f"cut-{path.name}")
    short.write_bytes(data[: int(len(data) * share)])
    return short
