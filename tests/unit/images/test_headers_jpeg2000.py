"""JPEG 2000: the codestream's own word, its boxes, and whether it can be served as it is."""

from __future__ import annotations

import pytest

from images.header import BadHeader, ImageFormat, ImageHeader, read_header
from images.size import Size
from tests.unit.images import make
from tests.unit.images.test_headers import complaint, read

BIG = (6000, 4000)
FULL = 0xFF  # a precinct as large as the resolution
P256, P1024, P2048 = 0x88, 0xAA, 0xBB


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (make.codestream(), {}),
        (make.codestream(components=1), {"components": 1}),
        (make.codestream(components=4, depths=[7, 7, 15, 7]), {"components": 4, "bits": 16}),
        (make.codestream(depths=[0x87, 0x85, 0x85]), {"bits": 8}),
        (make.codestream(origin=(100, 50)), {"tile": Size(640, 480)}),
        (make.codestream(levels=0), {"levels": 0}),
        (make.codestream(levels=32), {"levels": 32}),
        (make.codestream(before_cod=make.segment(0x64, b"a comment")), {}),
        (make.codestream(end=b"\xff\x93"), {}),
        (make.codestream(end=b"\xff\xd9"), {}),
        (make.codestream(tile=(256, 128)), {"tile": Size(256, 128), "tile_ready": True}),
        (
            make.codestream(tile=(256, 128), tile_origin=(0, 0), origin=(10, 10)),
            {"tile": Size(256, 128), "tile_ready": True},
        ),
    ],
)
def test_a_codestream_says_its_own_size_and_coding(stream: bytes, expected: dict[str, object]) -> None:
    boxed = read(make.jp2(stream))
    base = {"format": ImageFormat.JP2, "size": Size(640, 480), "levels": 5, "tile": Size(640, 480)}
    assert boxed == ImageHeader(**{**base, **expected})  # type: ignore[arg-type]  # fields by name
    bare = read(stream)
    assert bare == ImageHeader(**{**base, **expected, "format": ImageFormat.J2K, "tile_ready": False})  # type: ignore[arg-type]  # the same


@pytest.mark.parametrize(
    ("stream", "ready"),
    [
        (make.codestream(*BIG), False),
        (make.codestream(*BIG, tile=(1024, 1024)), True),
        (make.codestream(*BIG, tile=(1025, 256)), False),
        (make.codestream(*BIG, tile=(256, 1025)), False),
        (make.codestream(*BIG, tile=(6000, 64)), False),
        (make.codestream(*BIG, precincts=[P256] * 6), True),
        (make.codestream(*BIG, precincts=[P256, P256, P256, P256, P256, P1024]), True),
        (make.codestream(*BIG, precincts=[P256, P256, P256, P256, P256, P2048]), False),
        (make.codestream(*BIG, precincts=[P256, P256, P256, P256, P256, 0x8A]), True),
        (make.codestream(*BIG, precincts=[P256, P256, P256, P256, P256, 0x8B]), False),
        (make.codestream(*BIG, precincts=[P256, P256, P256, P256, P256, 0xB8]), False),
        (make.codestream(*BIG, precincts=[FULL] * 6), False),
        (make.codestream(*BIG, precincts=[P256] * 5 + [0xF8]), False),
        (make.codestream(*BIG, precincts=[P256] * 5 + [0x8F]), False),
        (make.codestream(*BIG, tile=(4096, 4096), precincts=[P256] * 6), True),
        (make.codestream(*BIG, tile=(1024, 1024), precincts=[FULL] * 6), True),
        (make.codestream(*BIG, tile=(256, 256), levels=4), False),
        (make.codestream(4096, 4000, tile=(256, 256), levels=4), True),
        (make.codestream(4097, 4000, tile=(256, 256), levels=4), False),
        (make.codestream(4000, 4097, tile=(256, 256), levels=4), False),
        (make.codestream(256, 256, tile=(128, 128), levels=0), True),
        (make.codestream(257, 256, tile=(128, 128), levels=0), False),
        (make.codestream(60_000, 40_000, tile=(512, 512), levels=5), True),
        (make.codestream(300, 200, tile=(1024, 1024)), True),
        (make.codestream(300, 200, tile=(300, 1024)), True),
        (make.codestream(300, 200, tile=(300, 200)), False),
        (make.codestream(300, 200, origin=(5, 5), tile_origin=(5, 5)), False),
        (make.codestream(300, 200, origin=(5, 5), tile=(305, 205)), False),
        (make.codestream(300, 200, origin=(5, 5), tile=(300, 200)), True),
    ],
)
def test_tile_ready_means_tiles_or_precincts_and_enough_resolutions(stream: bytes, *, ready: bool) -> None:
    assert read(make.jp2(stream)).tile_ready is ready
    assert not read(stream).tile_ready


@pytest.mark.parametrize(
    ("stream", "htj2k"),
    [
        (make.codestream(), False),
        (make.codestream(capabilities=make.PART_15), True),
        (make.codestream(capabilities=0xFFFFFFFF), True),
        (make.codestream(capabilities=0xFFFFFFFF - make.PART_15), False),
        (make.codestream(block_style=0x40), True),
        (make.codestream(block_style=0xBF), False),
        (make.codestream(block_style=0x40, capabilities=0), True),
        (make.codestream(block_style=0, capabilities=make.PART_15, before_cod=make.segment(0x50, b"")), True),
        (make.codestream(before_cod=make.segment(0x50, b"\x00\x02")), True),
        (make.codestream(before_cod=make.segment(0x50, b"\x00\x01")), False),
    ],
)
def test_htj2k_is_told_by_the_codestream_not_by_the_brand(stream: bytes, *, htj2k: bool) -> None:
    for brand in (b"jp2 ", b"jph "):
        boxed = read(make.jp2(stream, brand=brand))
        assert boxed.htj2k is htj2k
        assert boxed.format is (ImageFormat.JPH if htj2k else ImageFormat.JP2)
    assert read(stream).format is (ImageFormat.JHC if htj2k else ImageFormat.J2K)


@pytest.mark.parametrize(
    "data",
    [
        make.jp2(),
        make.jp2(last=None),
        make.jp2(boxes=make.box(b"jp2h", bytes(60)) + make.box(b"uuid", bytes(99), wide=True)),
        make.jp2(boxes=make.box(b"free")),
        make.jp2()[: -len(make.codestream()) - 8] + make.box(b"jp2c", make.codestream(), wide=True),
    ],
)
def test_boxes_of_every_length_are_walked(data: bytes) -> None:
    assert read(data).size == Size(640, 480)


ENDLESS = "the file has more parts than any header needs; gave up before {}"
NO_END = "the file ends before {}: it is cut off or damaged"


def siz(content: bytes) -> bytes:
    return b"\xff\x4f" + make.segment(0x51, content)


@pytest.mark.parametrize(
    ("stream", "told"),
    [
        (b"\xff\x4e\xff\x51" + bytes(60), "there is no JPEG 2000 codestream where one belongs"),
        (b"\xff\x4f\xff\x52" + bytes(60), "the JPEG 2000 codestream does not begin with its size"),
        (siz(bytes(38)), "the JPEG 2000 SIZ marker is too short"),
        (b"\xff\x4f\xff\x51\x00\x01", "the JPEG 2000 SIZ marker is too short"),
        (
            make.codestream(components=0, depths=[7]),
            "the JPEG 2000 header claims 0 components, which it does not describe",
        ),
        (
            make.codestream(components=4, depths=[7] * 3),
            "the JPEG 2000 header claims 4 components, which it does not describe",
        ),
        (
            make.codestream(components=16_385, depths=[7]),
            "the JPEG 2000 header claims 16385 components, which it does not describe",
        ),
        (make.codestream(0, 5, tile=(5, 5)), "the header says 0 x 5 pixels: an image has at least one"),
        (make.codestream(5, 0, tile=(5, 5)), "the header says 5 x 0 pixels: an image has at least one"),
        (make.codestream(tile=(0, 5)), "the JPEG 2000 header places its tiles where they cannot be"),
        (make.codestream(tile=(5, 0)), "the JPEG 2000 header places its tiles where they cannot be"),
        (
            make.codestream(tile=(9, 9), tile_origin=(1, 0)),
            "the JPEG 2000 header places its tiles where they cannot be",
        ),
        (
            make.codestream(tile=(9, 9), tile_origin=(0, 1)),
            "the JPEG 2000 header places its tiles where they cannot be",
        ),
        (
            make.codestream(65_536, 10, tile=(1, 10)),
            "the JPEG 2000 header claims 65536 tiles; at most 65535 are possible",
        ),
        (
            make.codestream(256 * 4 + 1, 255 * 4 + 1, tile=(4, 4)),
            "the JPEG 2000 header claims 65792 tiles; at most 65535 are possible",
        ),
        (make.codestream(levels=33), "the JPEG 2000 header claims 33 levels; at most 32 are possible"),
        (make.codestream(levels=None), "the JPEG 2000 main header does not say how the picture is coded (no COD)"),
        (
            make.codestream(levels=None, before_cod=make.segment(0x52, bytes(9))),
            "the JPEG 2000 COD marker is too short",
        ),
        (
            make.codestream(precincts=[0x88] * 5),
            "the JPEG 2000 COD marker names fewer precincts than it has resolutions",
        ),
        (make.codestream(before_cod=b"\x12\x34\x00\x02"), "the JPEG 2000 main header is damaged between its markers"),
        (make.codestream(before_cod=b"\xff\x64\x00\x01"), "the JPEG 2000 main header is damaged between its markers"),
        (make.codestream(end=b""), NO_END.format("the next JPEG 2000 marker")),
        (make.codestream(end=b"\xff\x64\x00"), NO_END.format("the length of a JPEG 2000 marker")),
        (make.codestream(levels=None, end=b"\xff\x52\x00\x20"), NO_END.format("the COD marker")),
        (make.codestream(levels=None, end=b"\xff\x50\x00\x20"), NO_END.format("the CAP marker")),
        (b"\xff\x4f\xff\x51\x00\x50", NO_END.format("the SIZ marker")),
        (b"\xff\x4f\xff\x51\x00", NO_END.format("the length of SIZ")),
        (b"\xff\x4f\xff", NO_END.format("the SIZ marker")),
        (b"\xff", NO_END.format("the JPEG 2000 codestream")),
        (
            make.codestream(before_cod=make.segment(0x64, b"") * 1001),
            ENDLESS.format("the length of a JPEG 2000 marker"),
        ),
    ],
)
def test_a_damaged_codestream_is_told_in_words_for_a_curator(stream: bytes, told: str) -> None:
    assert complaint(make.jp2(stream)) == told


@pytest.mark.parametrize("tile", [(1, 10), (10, 1), (4, 4)])
def test_as_many_tiles_as_the_standard_allows_are_believed(tile: tuple[int, int]) -> None:
    width, height = {(1, 10): (65_535, 10), (10, 1): (10, 65_535), (4, 4): (255 * 4, 257 * 4)}[tile]
    assert read(make.jp2(make.codestream(width, height, tile=tile))).tile == Size(*tile)


def test_as_many_components_as_the_standard_allows_are_believed() -> None:
    assert read(make.codestream(components=16_384)).components == 16_384


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (make.JP2_SIGNATURE + make.box(b"ftyp", b"jp2 "), "the JPEG 2000 file has no codestream in it"),
        (make.JP2_SIGNATURE, "the JPEG 2000 file has no codestream in it"),
        (make.jp2(boxes=make.box(b"xml ", length=0)), "the JPEG 2000 file has no codestream in it"),
        (make.jp2(boxes=make.box(b"xml ", length=7)), "the box 'xml ' is shorter than its own header"),
        (make.jp2(boxes=make.box(b"x\xe9l ", length=2)), r"the box 'x\xe9l ' is shorter than its own header"),
        (make.jp2(boxes=make.box(b"xml ", length=15, wide=True)), "the box 'xml ' is shorter than its own header"),
        (make.jp2(boxes=make.box(b"free") * 2001), ENDLESS.format("the next box")),
        (make.JP2_SIGNATURE + b"\x00\x00\x00", NO_END.format("the next box")),
        (make.JP2_SIGNATURE + b"\x00\x00\x00\x01xml \x00\x00", NO_END.format("the length of the box 'xml '")),
    ],
)
def test_damaged_boxes_are_told_in_words_for_a_curator(data: bytes, told: str) -> None:
    assert complaint(data) == told


def test_a_thousand_boxes_are_walked() -> None:
    assert read(make.jp2(boxes=make.box(b"free") * 1000)).size == Size(640, 480)


def test_a_box_that_ends_beyond_the_file_holds_no_codestream() -> None:
    data = make.jp2(boxes=make.box(b"xml ", length=1 << 60, wide=True))
    with pytest.raises(BadHeader, match=r"the file ends before the next box|no codestream"):
        read_header(make.reader(data), len(data))
