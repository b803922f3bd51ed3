"""Whatever the bytes, a header is read, refused in words, or more bytes are asked for; nothing else, and soon."""

from __future__ import annotations

import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageOps

from images.header import BadHeader, ImageFormat, NeedBytes, read_header
from images.size import Size
from tests.unit.images import make

FILES = [
    make.png(),
    make.gif(),
    make.bmp(),
    make.webp_lossy(),
    make.webp_lossless(),
    make.webp_extended(),
    make.tiff([(256, make.LONG, [640]), (257, make.LONG, [480]), (258, make.SHORT, [8, 8, 8])]),
    make.tiff(big=True, order=">"),
    make.jpeg(make.turned_exif(6), make.frame()),
    make.jp2(),
    make.jp2(make.codestream(precincts=[0x88] * 6, capabilities=make.PART_15)),
    make.codestream(tile=(64, 64)),
    make.heif(),
    make.heif(brand=b"avif"),
]


class CountingReader:
    """Reads bytes at hand and counts how often."""

    def __init__(self, data: bytes, total: int | None) -> None:
        self._data = data
        self._total = total
        self.reads = 0

    def __call__(self, offset: int, length: int) -> bytes:
        assert offset >= 0
        assert self._total is None or offset + length <= self._total
        assert length >= 0
        self.reads += 1
        return self._data[offset : offset + length]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(FILES)))
    for _ in range(draw(st.integers(0, 6))):
        data[draw(st.integers(0, len(data) - 1))] = draw(
            st.one_of(st.sampled_from([0, 1, 0x7F, 0xFF]), st.integers(0, 255))
        )
    return bytes(data[: draw(st.integers(0, len(data)))]) if draw(st.booleans()) else bytes(data)


@given(st.one_of(damaged(), st.binary(max_size=300)), st.booleans())
def test_any_bytes_give_a_header_or_a_reason(data: bytes, known: bool) -> None:
    total = len(data) if known else None
    read = CountingReader(data, total)
    with suppress(BadHeader):
        header = read_header(read, total)
        assert header.size.pixels >= 1
    assert read.reads <= 5000


@given(damaged())
def test_ranged_reading_ends_in_the_same_verdict(data: bytes) -> None:
    ranged = make.RangedReader(data)
    answer: object = None
    for _ in range(200):
        try:
            answer = read_header(ranged, len(data))
            break
        except NeedBytes as wanted:
            ranged.fetch(wanted)
        except BadHeader as error:
            answer = str(error)
            break
    try:
        expected: object = read_header(make.reader(data), len(data))
    except BadHeader as error:
        expected = str(error)
    assert answer == expected


SAVED = [
    ("JPEG", "RGB", {}, ImageFormat.JPEG, 3),
    ("JPEG", "L", {"progressive": True}, ImageFormat.JPEG, 1),
    ("JPEG", "CMYK", {}, ImageFormat.JPEG, 4),
    ("PNG", "RGBA", {}, ImageFormat.PNG, 4),
    ("PNG", "P", {}, ImageFormat.PNG, 1),
    ("TIFF", "RGB", {"compression": "tiff_lzw"}, ImageFormat.TIFF, 3),
    ("TIFF", "L", {"big_tiff": True}, ImageFormat.TIFF, 1),
    ("GIF", "P", {}, ImageFormat.GIF, 1),
    ("BMP", "RGB", {}, ImageFormat.BMP, 3),
    ("WEBP", "RGB", {}, ImageFormat.WEBP, 3),
    ("WEBP", "RGB", {"lossless": True}, ImageFormat.WEBP, 3),
    ("AVIF", "RGB", {}, ImageFormat.AVIF, 3),
    ("JPEG2000", "RGB", {}, ImageFormat.JP2, 3),
    ("JPEG2000", "L", {"no_jp2": True}, ImageFormat.J2K, 1),
]


@pytest.mark.parametrize(("codec", "mode", "options", "expected", "components"), SAVED)
def test_what_other_software_writes_is_read_as_it_is(
    codec: str, mode: str, options: dict[str, object], expected: ImageFormat, components: int
) -> None:
    file = io.BytesIO()
    Image.effect_mandelbrot((331, 200), (-3.0, -2.5, 2.0, 2.5), 50).convert(mode).save(file, codec, **options)
    data = file.getvalue()
    header = read_header(make.reader(data), len(data))
    assert (header.format, header.size, header.components, header.bits) == (expected, Size(331, 200), components, 8)


@pytest.mark.parametrize("codec", ["JPEG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_as_pillow_applies_it(codec: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    file = io.BytesIO()
    Image.new("RGB", (331, 200)).save(file, codec, exif=exif)
    shown = ImageOps.exif_transpose(Image.open(file))
    header = read_header(make.reader(file.getvalue()), None)
    assert (header.size, header.orientation) == (Size(*shown.size), orientation)
