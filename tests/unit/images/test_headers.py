"""PNG, GIF, BMP, WebP, TIFF and JPEG: what their headers say, and what is said of damaged ones."""

from __future__ import annotations

import struct

import pytest

from images.header import BadHeader, ImageFormat, ImageHeader, NeedBytes, read_header
from images.size import Size
from tests.unit.images import make
from tests.unit.images.make import ASCII, BYTE, LONG, LONG8, SHORT

VGA = Size(640, 480)
UPRIGHT = Size(480, 640)


def read(data: bytes) -> ImageHeader:
    """The header of a file at hand; the same whether its length is known beforehand or not."""
    known = read_header(make.reader(data), len(data))
    assert read_header(make.reader(data), None) == known
    return known


def complaint(data: bytes) -> str:
    messages = []
    for total in (len(data), None):
        with pytest.raises(BadHeader) as told:
            read_header(make.reader(data), total)
        messages.append(str(told.value))
    assert messages[0] == messages[1]
    return messages[0]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (make.png(), ImageHeader(ImageFormat.PNG, VGA)),
        (make.png(1, 1), ImageHeader(ImageFormat.PNG, Size(1, 1))),
        (make.png(depth=16, colour=0), ImageHeader(ImageFormat.PNG, VGA, components=1, bits=16)),
        (make.png(depth=1, colour=3), ImageHeader(ImageFormat.PNG, VGA, components=1, bits=1)),
        (make.png(colour=4), ImageHeader(ImageFormat.PNG, VGA, components=2)),
        (make.png(colour=6), ImageHeader(ImageFormat.PNG, VGA, components=4)),
        (make.png(depth=2, colour=0), ImageHeader(ImageFormat.PNG, VGA, components=1, bits=2)),
        (make.png(depth=4, colour=0), ImageHeader(ImageFormat.PNG, VGA, components=1, bits=4)),
        (make.gif(), ImageHeader(ImageFormat.GIF, VGA, components=1)),
        (make.gif(1, 1), ImageHeader(ImageFormat.GIF, Size(1, 1), components=1)),
        (make.bmp(), ImageHeader(ImageFormat.BMP, VGA)),
        (make.bmp(height=-480), ImageHeader(ImageFormat.BMP, VGA)),
        (make.bmp(header=12), ImageHeader(ImageFormat.BMP, VGA)),
        (make.bmp(40_000, 65_535, header=12), ImageHeader(ImageFormat.BMP, Size(40_000, 65_535))),
        (make.bmp(depth=1), ImageHeader(ImageFormat.BMP, VGA, components=1, bits=1)),
        (make.bmp(depth=2), ImageHeader(ImageFormat.BMP, VGA, components=1, bits=2)),
        (make.bmp(depth=4), ImageHeader(ImageFormat.BMP, VGA, components=1, bits=4)),
        (make.bmp(depth=8), ImageHeader(ImageFormat.BMP, VGA, components=1, bits=8)),
        (make.bmp(depth=16), ImageHeader(ImageFormat.BMP, VGA, components=3, bits=5)),
        (make.bmp(depth=32), ImageHeader(ImageFormat.BMP, VGA, components=4, bits=8)),
        (make.webp_extended(), ImageHeader(ImageFormat.WEBP, VGA)),
        (make.webp_extended(flags=0x10), ImageHeader(ImageFormat.WEBP, VGA, components=4)),
        (make.webp_extended(flags=0xEF), ImageHeader(ImageFormat.WEBP, VGA)),
        (make.webp_extended(100_000, 1), ImageHeader(ImageFormat.WEBP, Size(100_000, 1))),
        (make.webp_lossless(), ImageHeader(ImageFormat.WEBP, VGA)),
        (make.webp_lossless(16_384, 16_384), ImageHeader(ImageFormat.WEBP, Size(16_384, 16_384))),
        (make.webp_lossless(1, 1, alpha=True), ImageHeader(ImageFormat.WEBP, Size(1, 1), components=4)),
        (make.webp_lossy(), ImageHeader(ImageFormat.WEBP, VGA)),
        (make.webp_lossy(640 | 0x4000, 480 | 0xC000), ImageHeader(ImageFormat.WEBP, VGA)),
        (make.webp_lossy(16_383, 8192), ImageHeader(ImageFormat.WEBP, Size(16_383, 8192))),
    ],
)
def test_headers_at_fixed_places_are_read(data: bytes, expected: ImageHeader) -> None:
    assert read(data) == expected


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (make.png(0, 480), "the header says 0 x 480 pixels: an image has at least one"),
        (make.png(640, 0), "the header says 640 x 0 pixels: an image has at least one"),
        (make.png(chunk=b"IDAT"), "the PNG does not begin with its header chunk"),
        (make.png().replace(b"\x00\x00\x00\x0d", b"\x00\x00\x00\x0e"), "the PNG does not begin with its header chunk"),
        (make.png(colour=5), "the PNG header names colour type 5 with 8 bits, which do not exist"),
        (make.png(depth=7), "the PNG header names colour type 2 with 7 bits, which do not exist"),
        (make.png()[:25], "the file ends before the PNG header: it is cut off or damaged"),
        (make.gif(0, 0), "the header says 0 x 0 pixels: an image has at least one"),
        (make.gif()[:9], "the file ends before the GIF header: it is cut off or damaged"),
        (make.bmp(depth=7), "the BMP header names 7 bits a pixel, which do not exist"),
        (make.bmp(width=-640), "the header says -640 x 480 pixels: an image has at least one"),
        (make.bmp()[:29], "the file ends before the BMP header: it is cut off or damaged"),
        (make.bmp(header=12)[:25], "the file ends before the BMP header: it is cut off or damaged"),
        (make.webp(b"ALPH", bytes(10)), "the WebP begins with a chunk that is no picture"),
        (make.webp_lossless(signature=0x2E), "the lossless WebP picture lacks its signature"),
        (make.webp_lossy(start=b"\x9d\x01\x2b"), "the WebP picture does not begin with a key frame"),
        (make.webp_lossy(0, 480), "the header says 0 x 480 pixels: an image has at least one"),
        (make.webp_lossy()[:14], "the file ends before the first WebP chunk: it is cut off or damaged"),
        (make.webp_lossy()[:29], "the file ends before the WebP frame header: it is cut off or damaged"),
        (make.webp_lossless()[:24], "the file ends before the lossless WebP header: it is cut off or damaged"),
        (make.webp_extended()[:29], "the file ends before the extended WebP header: it is cut off or damaged"),
        (b"<html>Not found", "this is no image that can be read, but text/html"),
        (b"\x00\x01\x02", "this is no image that can be read, but unknown"),
        (b"", "this is no image that can be read, but unknown"),
    ],
)
def test_a_damaged_header_is_told_in_words_for_a_curator(data: bytes, told: str) -> None:
    assert complaint(data) == told


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_tiffs_are_read_in_both_orders_and_both_widths(order: str, *, big: bool) -> None:
    entries = [
        (254, LONG, [0]),
        (256, SHORT, [640]),
        (257, LONG8 if big else LONG, [480]),
        (258, SHORT, [16] * 5),
        (270, ASCII, [65] * 20),
        (277, SHORT, [5]),
        (322, SHORT, [256]),
        (323, LONG, [512]),
    ]
    expected = ImageHeader(ImageFormat.TIFF, VGA, components=5, bits=16, tile=Size(256, 512))
    assert read(make.tiff(entries, order=order, big=big)) == expected
    assert read(make.tiff(entries, order=order, big=big, gap=5000)) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([], ImageHeader(ImageFormat.TIFF, VGA, components=1, bits=1)),
        ([(274, SHORT, [1])], ImageHeader(ImageFormat.TIFF, VGA, components=1, bits=1)),
        ([(274, SHORT, [3])], ImageHeader(ImageFormat.TIFF, VGA, 1, 1, orientation=3)),
        ([(274, SHORT, [4])], ImageHeader(ImageFormat.TIFF, VGA, 1, 1, orientation=4)),
        ([(274, SHORT, [5])], ImageHeader(ImageFormat.TIFF, UPRIGHT, 1, 1, orientation=5)),
        ([(274, BYTE, [8])], ImageHeader(ImageFormat.TIFF, UPRIGHT, 1, 1, orientation=8)),
        ([(274, SHORT, [9])], ImageHeader(ImageFormat.TIFF, VGA, 1, 1)),
        ([(274, SHORT, [0])], ImageHeader(ImageFormat.TIFF, VGA, 1, 1)),
        ([(274, ASCII, [6])], ImageHeader(ImageFormat.TIFF, VGA, 1, 1)),
        ([(274, SHORT, [])], ImageHeader(ImageFormat.TIFF, VGA, 1, 1)),
        ([(277, SHORT, [3, 9])], ImageHeader(ImageFormat.TIFF, VGA, 3, 1)),
        ([(256, SHORT, [7])], ImageHeader(ImageFormat.TIFF, VGA, 1, 1)),
        ([(322, SHORT, [256])], ImageHeader(ImageFormat.TIFF, VGA, 1, 1)),
        ([(323, SHORT, [256])], ImageHeader(ImageFormat.TIFF, VGA, 1, 1)),
    ],
)
def test_the_tags_of_a_tiff_mean_what_viewers_take_them_for(more: list[make.Entry], expected: ImageHeader) -> None:
    assert read(make.tiff([(256, LONG, [640]), (257, LONG, [480]), *more])) == expected


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (make.tiff([(256, LONG, [640])]), "the TIFF's first directory names no width or no height"),
        (make.tiff([(257, LONG, [640])]), "the TIFF's first directory names no width or no height"),
        (make.tiff([(256, LONG, [0]), (257, LONG, [1])]), "the header says 0 x 1 pixels: an image has at least one"),
        (make.tiff(count=0), "the TIFF's first directory claims 0 entries, which is absurd"),
        (make.tiff(count=4097), "the TIFF's first directory claims 4097 entries, which is absurd"),
        (make.tiff(count=1 << 60, big=True), f"the TIFF's first directory claims {1 << 60} entries, which is absurd"),
        (make.tiff(count=4096), "the file ends before the end of the TIFF's first directory: it is cut off or damaged"),
        (make.tiff(gap=999)[:500], "the file ends before the TIFF's first directory: it is cut off or damaged"),
        (make.tiff()[:15], "the file ends before the TIFF header: it is cut off or damaged"),
        (
            make.tiff([(258, SHORT, [8, 8, 8])])[:-6],
            "the file ends before the value of TIFF tag 258: it is cut off or damaged",
        ),
        (b"II+\x00\x04\x00" + bytes(20), "the TIFF header is neither that of a TIFF nor of a BigTIFF"),
        (
            b"II+\x00\x08\x00\x00\x00" + b"\xff" * 20,
            "the file ends before the TIFF's first directory: it is cut off or damaged",
        ),
    ],
)
def test_a_damaged_tiff_is_told_in_words_for_a_curator(data: bytes, told: str) -> None:
    assert complaint(data) == told


def test_a_tiff_may_have_as_many_as_4096_tags() -> None:
    entries = [(256, LONG, [640]), (257, LONG, [480]), *((40_000 + tag, SHORT, [0]) for tag in range(4094))]
    assert read(make.tiff(entries)).size == VGA


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (make.jpeg(make.frame()), ImageHeader(ImageFormat.JPEG, VGA)),
        (make.jpeg(make.frame(components=1)), ImageHeader(ImageFormat.JPEG, VGA, components=1)),
        (make.jpeg(make.frame(components=4, bits=12)), ImageHeader(ImageFormat.JPEG, VGA, components=4, bits=12)),
        (make.jpeg(b"\xff" * 62 + make.frame()), ImageHeader(ImageFormat.JPEG, VGA)),
        (make.jpeg(b"\xff" + make.frame()), ImageHeader(ImageFormat.JPEG, VGA)),
        (make.jpeg(b"\xff\x01\xff\xd0\xff\xd8", make.frame()), ImageHeader(ImageFormat.JPEG, VGA)),
        (
            make.jpeg(make.segment(0xDB, bytes(65)), make.segment(0xFE, b""), make.frame()),
            ImageHeader(ImageFormat.JPEG, VGA),
        ),
        (make.jpeg(make.segment(0xC4, bytes(9)), make.frame()), ImageHeader(ImageFormat.JPEG, VGA)),
        (make.jpeg(make.segment(0xC8, bytes(9)), make.frame()), ImageHeader(ImageFormat.JPEG, VGA)),
        (make.jpeg(make.segment(0xCC, bytes(9)), make.frame()), ImageHeader(ImageFormat.JPEG, VGA)),
        (
            make.jpeg(make.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00"), make.frame()),
            ImageHeader(ImageFormat.JPEG, VGA),
        ),
        (make.jpeg(make.segment(0xE1, b"Ex"), make.frame()), ImageHeader(ImageFormat.JPEG, VGA)),
        (make.jpeg(make.segment(0xE1, b"Exif\x00\x00"), make.frame()), ImageHeader(ImageFormat.JPEG, VGA)),
        (
            make.jpeg(make.segment(0xE1, b"Exif\x00\x00damaged beyond repair"), make.frame()),
            ImageHeader(ImageFormat.JPEG, VGA),
        ),
        (make.jpeg(make.turned_exif(9), make.frame()), ImageHeader(ImageFormat.JPEG, VGA)),
        (make.jpeg(make.turned_exif(6, ">"), make.frame()), ImageHeader(ImageFormat.JPEG, UPRIGHT, orientation=6)),
        (
            make.jpeg(make.turned_exif(3), make.turned_exif(6), make.frame()),
            ImageHeader(ImageFormat.JPEG, VGA, orientation=3),
        ),
        (
            make.jpeg(make.segment(0xE1, b"xmp"), make.turned_exif(6), make.frame()),
            ImageHeader(ImageFormat.JPEG, UPRIGHT, orientation=6),
        ),
        (
            make.jpeg(make.segment(0xE0, b"Exif\x00\x00" + make.tiff([(274, SHORT, [6])])), make.frame()),
            ImageHeader(ImageFormat.JPEG, VGA),
        ),
        (make.jpeg(*[make.segment(0xE2, b"icc")] * 600, make.frame()), ImageHeader(ImageFormat.JPEG, VGA)),
    ],
)
def test_jpegs_are_read_segment_by_segment(data: bytes, expected: ImageHeader) -> None:
    assert read(data) == expected


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_that_lies_on_its_side_is_measured_as_displayed(orientation: int) -> None:
    header = read(make.jpeg(make.turned_exif(orientation), make.frame()))
    assert header == ImageHeader(ImageFormat.JPEG, UPRIGHT if orientation >= 5 else VGA, orientation=orientation)


@pytest.mark.parametrize("marker", [0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF])
def test_every_kind_of_jpeg_frame_names_the_size(marker: int) -> None:
    assert read(make.jpeg(make.frame(marker=marker))).size == VGA


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (make.jpeg(make.frame(height=0)), "the header says 640 x 0 pixels: an image has at least one"),
        (make.jpeg(make.frame(components=0)), "the JPEG's frame has no components"),
        (b"\xff\xd8\xff\xe0\x00", "the file ends before the length of a JPEG segment: it is cut off or damaged"),
        (b"\xff\xd8\xff\xda\x00\x02\x00\xff\xd9", "the JPEG's picture begins before its size is named"),
        (b"\xff\xd8\xff\xd9", "the JPEG's picture begins before its size is named"),
        (b"\xff\xd8\xff\xe0\x00\x01" + bytes(9), "a JPEG segment is shorter than its own length field"),
        (b"\xff\xd8\xff\xe0\x00\x02\x00\x00", "the JPEG has something else where a marker belongs"),
        (b"\xff\xd8" + b"\xff" * 70, "the JPEG has something else where a marker belongs"),
        (make.jpeg(b"\xff" * 64, make.frame()), "the JPEG has something else where a marker belongs"),
        (b"\xff\xd8\xff", "the file ends before a JPEG marker: it is cut off or damaged"),
        (b"\xff\xd8\xff\xe0\xff\xff" + bytes(99), "the file ends before a JPEG marker: it is cut off or damaged"),
        (b"\xff\xd8" + make.frame()[:9], "the file ends before the JPEG's frame header: it is cut off or damaged"),
        (b"\xff\xd8\xff\xe1\x00\x20Ex", "the file ends before a JPEG segment: it is cut off or damaged"),
        (
            b"\xff\xd8" + b"\xff\x01" * 2001,
            "the file has more parts than any header needs; gave up before a JPEG marker",
        ),
        (
            b"\xff\xd8" + make.segment(0xE2, b"") * 1001,
            "the file has more parts than any header needs; gave up before a JPEG marker",
        ),
    ],
)
def test_a_damaged_jpeg_is_told_in_words_for_a_curator(data: bytes, told: str) -> None:
    assert complaint(data) == told


def header_by_ranges(data: bytes, total: int | None) -> tuple[ImageHeader, make.RangedReader]:
    ranged = make.RangedReader(data)
    for _ in range(100):
        try:
            return read_header(ranged, total), ranged
        except NeedBytes as wanted:
            ranged.fetch(wanted)
    raise AssertionError("it never had enough")


@pytest.mark.parametrize(
    ("data", "requests"),
    [
        (make.png() + bytes(100_000), 1),
        (make.webp_lossy() + bytes(100_000), 1),
        (make.jpeg(make.segment(0xE2, bytes(60_000)), make.turned_exif(6), make.frame()) + bytes(100_000), 10),
        (make.tiff([(256, LONG, [640]), (257, LONG, [480]), (258, SHORT, [8, 8, 8])], gap=100_000), 4),
        (make.jp2(boxes=make.box(b"xml ", bytes(100_000))) + bytes(100_000), 12),
        (make.heif(before_meta=make.box(b"free", bytes(100_000))) + bytes(100_000), 3),
    ],
)
def test_few_bytes_are_asked_for_and_the_same_header_comes_of_them(data: bytes, requests: int) -> None:
    header, ranged = header_by_ranges(data, len(data))
    assert header == read(data)
    assert ranged.fetched < 1000
    assert ranged.requests <= requests


def test_need_bytes_says_which() -> None:
    with pytest.raises(NeedBytes) as wanted:
        read_header(make.RangedReader(make.png()), 1000)
    assert (wanted.value.offset, wanted.value.length, str(wanted.value)) == (0, 512, "512 bytes from 0")


def test_no_more_is_asked_for_than_the_file_has() -> None:
    with pytest.raises(NeedBytes) as wanted:
        read_header(make.RangedReader(make.png()), 33)
    assert (wanted.value.offset, wanted.value.length) == (0, 33)


def test_an_offset_beyond_all_files_is_never_read() -> None:
    farthest = []

    def read_it(offset: int, length: int) -> bytes:
        farthest.append(offset)
        return (b"II+\x00" + struct.pack("<HHQ", 8, 0, (1 << 64) - 1) + bytes(64))[offset : offset + length]

    with pytest.raises(BadHeader, match="the file ends before the TIFF's first directory"):
        read_header(read_it, None)
    assert max(farthest) == 0


@pytest.mark.parametrize(
    ("data", "enough"),
    [
        (make.png(), 26),
        (make.png(1 << 24 | 5, 1 << 24 | 7), 26),
        (make.gif(), 10),
        (make.bmp(), 30),
        (make.bmp(header=12), 26),
        (make.webp_extended(), 30),
        (make.webp_lossless(), 25),
        (make.webp_lossy(), 30),
        (make.tiff([(256, LONG, [640]), (257, LONG, [480]), (40_000, LONG, [1, 2, 3])]), 8 + 2 + 3 * 12),
        (make.tiff(big=True), 16 + 8 + 2 * 20),
        (b"\xff\xd8" + make.frame(), 2 + 4 + 6),
        (make.jp2(), len(make.jp2())),
    ],
)
def test_a_header_is_read_as_soon_as_it_is_there_and_not_before(data: bytes, enough: int) -> None:
    assert read(data[:enough]) == read(data + bytes(100))
    for short in range(enough):
        complaint(data[:short])


def test_a_png_may_be_wider_than_65535_pixels() -> None:
    assert read(make.png(1 << 24 | 5, 1 << 24 | 7)).size == Size(1 << 24 | 5, 1 << 24 | 7)
