"""TIFF in the kinds that scanners, libraries and Photoshop have made over thirty years."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from tests.corpus.pictures import colour, grey, strokes
from tests.corpus.specimen import Array, Specimen

ADOBE_RGB = "adobergb"


def _tiff(name: str, data: Array, shows: Array, worst: int = 0, mean: float = 0.0, **how: Any) -> Specimen:
    def write(path: Path) -> None:
        tifffile.imwrite(path, data, metadata=None, **how)

    return Specimen(f"{name}.tif", write, shows, worst, mean)


def tiffs() -> Iterator[Specimen]:
    """Every kind of TIFF that is read."""
    rgb, one, lines = colour(), grey(), strokes()
    yield from _layouts(rgb, one)
    yield from _depths(rgb, one, lines)
    yield from _colours(rgb, one)
    yield from _alphas(rgb)
    for turn in range(1, 9):
        yield _tiff(f"turned-{turn}", stored(rgb, turn), rgb, extratags=[(274, 3, 1, turn, True)])
        yield _tiff(
            f"turned-{turn}-lzw",
            stored(rgb, turn),
            rgb,
            compression="lzw",
            rowsperstrip=7,
            extratags=[(274, 3, 1, turn, True)],
        )


def _layouts(rgb: Array, one: Array) -> Iterator[Specimen]:
    yield _tiff("plain", rgb, rgb)
    yield _tiff("plain-strips", rgb, rgb, rowsperstrip=7)
    yield _tiff("big-endian", rgb, rgb, byteorder=">")
    yield _tiff("bigtiff", rgb, rgb, bigtiff=True, compression="deflate")
    yield _tiff("tiled", rgb, rgb, tile=(16, 32))
    yield _tiff("tiled-lzw", rgb, rgb, tile=(16, 32), compression="lzw", predictor=True)
    yield _tiff("planar", rgb.transpose(2, 0, 1), rgb, planarconfig="separate", photometric="rgb", rowsperstrip=9)
    yield _tiff(
        "planar-lzw", rgb.transpose(2, 0, 1), rgb, planarconfig="separate", photometric="rgb", compression="lzw"
    )
    yield _tiff(
        "planar-tiled",
        rgb.transpose(2, 0, 1),
        rgb,
        planarconfig="separate",
        photometric="rgb",
        compression="deflate",
        tile=(32, 16),
    )
    for name in ("lzw", "deflate", "packbits", "zstd", "lzma"):
        yield _tiff(name, rgb, rgb, compression=name, rowsperstrip=11)
    yield _tiff("jpeg", rgb, rgb, mean=3, compression="jpeg", rowsperstrip=16)
    yield _tiff("jpeg-tiled", rgb, rgb, mean=3, compression="jpeg", tile=(32, 32), subsampling=(2, 2))
    yield _tiff("jpeg-grey", one[..., 0], one, mean=3, compression="jpeg")
    yield Specimen("multi-page.tif", _pages, rgb)


def _pages(path: Path) -> None:
    with tifffile.TiffWriter(path) as file:
        file.write(colour(), photometric="rgb", metadata=None)
        file.write(grey(20, 10)[..., 0], metadata=None)


def _depths(rgb: Array, one: Array, lines: Array) -> Iterator[Specimen]:
    yield _tiff("grey", one[..., 0], one)
    yield _tiff("grey-16", one[..., 0].astype(np.uint16) * 257, one)
    yield _tiff("grey-16-big-endian", one[..., 0].astype(np.uint16) * 257, one, byteorder=">")
    yield _tiff("rgb-16", rgb.astype(np.uint16) * 257, rgb, photometric="rgb")
    yield _tiff("rgb-16-lzw", rgb.astype(np.uint16) * 257, rgb, photometric="rgb", compression="lzw", predictor=True)
    yield _tiff("grey-32", one[..., 0].astype(np.uint32) * 0x01010101, one)
    yield _tiff("float", (rgb / 255).astype(np.float32), rgb, photometric="rgb", worst=0)
    yield _tiff("float-64", (one[..., 0] / 255).astype(np.float64), one)
    yield _tiff("float-16", (one[..., 0] / 255).astype(np.float16), one, worst=1)
    for bits in (2, 4, 12):
        levels = one.astype(np.uint32) >> (8 - bits) if bits < 8 else one.astype(np.uint32) << 4
        shows = np.round(levels * 255 / ((1 << bits) - 1)).astype(np.uint8)
        kind = np.uint8 if bits < 8 else np.uint16
        yield _tiff(f"grey-{bits}", levels[..., 0].astype(kind), shows, bitspersample=bits, worst=1)
    for name, how in (("raw", None), ("group4", "group4"), ("group3", "group3"), ("tiff_lzw", "tiff_lzw")):
        yield Specimen(f"bilevel-{name}.tif", _bilevel(lines, how), lines)
    yield _tiff("bilevel-white-is-zero", lines[..., 0] == 0, lines, photometric="miniswhite")


def _bilevel(lines: Array, compression: str | None) -> Any:
    def write(path: Path) -> None:
        Image.fromarray(lines[..., 0]).convert("1").save(path, compression=compression)

    return write


def _colours(rgb: Array, one: Array) -> Iterator[Specimen]:
    yield _tiff("white-is-zero", 255 - one[..., 0], one, photometric="miniswhite")
    indices = (one[..., 0] // 16).astype(np.uint8)
    table = np.stack([np.arange(256) * step % 256 for step in (3, 5, 7)]).astype(np.uint16) * 257
    yield _tiff("palette", indices, (table.T // 257).astype(np.uint8)[indices], photometric="palette", colormap=table)
    yield _tiff(
        "palette-4",
        indices,
        (table.T // 257).astype(np.uint8)[indices],
        photometric="palette",
        colormap=table,
        bitspersample=4,
    )
    inks = np.dstack([255 - rgb, np.full(rgb.shape[:2], 40, np.uint8)])
    shows = np.round(rgb.astype(int) * (255 - 40) / 255).astype(np.uint8)
    yield _tiff("cmyk", inks, shows, worst=1, photometric="separated")
    yield _tiff("cmyk-lzw-16", inks.astype(np.uint16) * 257, shows, worst=1, photometric="separated", compression="lzw")
    lab = np.stack([one[..., 0], np.zeros_like(one[..., 0]), np.zeros_like(one[..., 0])], axis=-1)
    yield _tiff("lab-neutral", lab, _lightness(one), worst=1, photometric="cielab")
    profile = imagecodecs.cms_profile(ADOBE_RGB)
    yield _tiff("adobe-rgb", rgb, in_srgb(rgb, profile), worst=2, iccprofile=profile)
    yield _tiff(
        "adobe-rgb-16", rgb.astype(np.uint16) * 257, in_srgb(rgb, profile), 4, photometric="rgb", iccprofile=profile
    )
    yield _tiff("srgb-tagged", rgb, rgb, iccprofile=imagecodecs.cms_profile("srgb"))
    gamma = imagecodecs.cms_profile("gray", gamma=1.8)
    yield _tiff("grey-gamma", one[..., 0], _regamma(one, 1.8), worst=1, iccprofile=gamma)
    yield _tiff("misplaced-profile", one[..., 0], one, iccprofile=profile)


def _alphas(rgb: Array) -> Iterator[Specimen]:
    cover = np.linspace(0, 255, rgb.shape[1]).astype(np.uint8)[np.newaxis, :, np.newaxis].repeat(rgb.shape[0], axis=0)
    on_white = np.round((rgb.astype(int) * cover + 255 * (255 - cover.astype(int))) / 255).astype(np.uint8)
    yield _tiff("alpha", np.dstack([rgb, cover]), on_white, worst=1, extrasamples=["unassalpha"], photometric="rgb")
    soaked = np.round(rgb.astype(int) * cover / 255).astype(np.uint8)
    yield _tiff(
        "alpha-premultiplied", np.dstack([soaked, cover]), on_white, 2, extrasamples=["assocalpha"], photometric="rgb"
    )
    yield _tiff("extra-channel", np.dstack([rgb, cover]), rgb, extrasamples=["unspecified"], photometric="rgb")


def stored(shown: Array, turn: int) -> Array:
    """How a picture lies in a file whose orientation is `turn`; Pillow's transpositions, undone."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = Image.fromarray(shown)
    return np.asarray(image.transpose(undo[turn]) if turn in undo else image)


def in_srgb(rgb: Array, profile: bytes) -> Array:
    """An independent conversion: by the formulae of Adobe RGB (1998), not by a colour management module."""
    del profile
    linear = (rgb / 255.0) ** 2.19921875
    to_srgb = np.array([[1.39836, -0.39836, 0.0], [0.0, 1.0, 0.0], [0.0, -0.04293, 1.04293]])
    return _encode(linear @ to_srgb.T)


def _regamma(one: Array, gamma: float) -> Array:
    return _encode((one / 255.0) ** gamma)


def _lightness(one: Array) -> Array:
    """L* to sRGB grey, in three components."""
    f = (one / 255.0 * 100 + 16) / 116
    y = np.where(f > 6 / 29, f**3, (f - 4 / 29) * 3 * (6 / 29) ** 2)
    return _encode(y).repeat(3, axis=2)


def _encode(linear: Array) -> Array:
    linear = np.clip(linear, 0, 1)
    shown = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(shown * 255).astype(np.uint8)
