"""HEIC and AVIF: the primary item's size, and what its properties make of it."""

from __future__ import annotations

import struct

import pytest

from images.header import ImageFormat, ImageHeader
from images.size import Size
from tests.unit.images import make
from tests.unit.images.test_headers import complaint, read


def pixi(*depths: int) -> bytes:
    return make.full_box(b"pixi", bytes([len(depths), *depths]))


def irot(quarters: int) -> bytes:
    return make.box(b"irot", bytes([quarters]))


def clap(*fields: int) -> bytes:
    return make.box(b"clap", struct.pack(">8I", *fields, 0, 1, 0, 1))


VGA = Size(640, 480)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (make.heif(), ImageHeader(ImageFormat.HEIC, VGA)),
        (make.heif(brand=b"avif"), ImageHeader(ImageFormat.AVIF, VGA)),
        (make.heif([make.ispe(), pixi(10, 12, 10)]), ImageHeader(ImageFormat.HEIC, VGA, bits=12)),
        (make.heif([make.ispe(), pixi(8)]), ImageHeader(ImageFormat.HEIC, VGA, components=1)),
        (make.heif([make.ispe(), pixi()]), ImageHeader(ImageFormat.HEIC, VGA)),
        (make.heif([make.ispe(), irot(1)]), ImageHeader(ImageFormat.HEIC, Size(480, 640))),
        (make.heif([make.ispe(), irot(2)]), ImageHeader(ImageFormat.HEIC, VGA)),
        (make.heif([make.ispe(), irot(3)]), ImageHeader(ImageFormat.HEIC, Size(480, 640))),
        (make.heif([irot(1), make.ispe()]), ImageHeader(ImageFormat.HEIC, VGA)),
        (make.heif([make.ispe(), clap(600, 1, 401, 2)]), ImageHeader(ImageFormat.HEIC, Size(600, 200))),
        (make.heif([make.ispe(), clap(600, 1, 400, 1), irot(1)]), ImageHeader(ImageFormat.HEIC, Size(400, 600))),
        (make.heif([make.ispe(), clap(640, 1, 480, 1)]), ImageHeader(ImageFormat.HEIC, VGA)),
        (make.heif([make.ispe(), clap(640, 1, 400, 1)]), ImageHeader(ImageFormat.HEIC, Size(640, 400))),
        (make.heif([make.ispe(), clap(600, 1, 480, 1)]), ImageHeader(ImageFormat.HEIC, Size(600, 480))),
        (make.heif([make.ispe(), clap(641, 1, 480, 1)]), ImageHeader(ImageFormat.HEIC, VGA)),
        (make.heif([make.ispe(), clap(640, 1, 481, 1)]), ImageHeader(ImageFormat.HEIC, VGA)),
        (make.heif([clap(64, 1, 48, 1), make.ispe()]), ImageHeader(ImageFormat.HEIC, VGA)),
        (make.heif([make.box(b"colr", b"nclx"), make.ispe()]), ImageHeader(ImageFormat.HEIC, VGA)),
        (make.heif(before_meta=make.box(b"free", bytes(9))), ImageHeader(ImageFormat.HEIC, VGA)),
    ],
)
def test_the_primary_item_is_measured_as_displayed(data: bytes, expected: ImageHeader) -> None:
    assert read(data) == expected


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("wide", [False, True])
def test_only_the_primary_items_properties_count(version: int, *, wide: bool) -> None:
    ipma = make.associations({1: [1], 7: [2, 0]}, version=version, wide=wide)
    primary = struct.pack(">I" if version else ">H", 7)
    data = make.heif([make.ispe(64, 64), make.ispe()], ipma, primary=primary, primary_version=version)
    assert read(data).size == VGA


def test_an_item_past_65535_is_found() -> None:
    ipma = make.associations({70_000: [1]}, version=1)
    assert read(make.heif(ipma=ipma, primary=struct.pack(">I", 70_000), primary_version=1)).size == VGA


def test_a_property_past_127_is_found() -> None:
    properties = [*[make.box(b"free")] * 299, make.ispe()]
    assert read(make.heif(properties, make.associations({1: [300]}, wide=True))).size == VGA


NO_END = "the file ends before {}: it is cut off or damaged"
META_PAST_BOUNDS = make.box(b"ftyp", b"heic" + bytes(4)) + make.box(b"meta", length=2 * 1024 * 1024 + 9) + bytes(99)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (make.box(b"ftyp", b"heic" + bytes(4)), "the HEIF file does not describe its picture (no meta box)"),
        (
            make.box(b"ftyp", b"heic" + bytes(4)) + make.full_box(b"meta", b""),
            "the HEIF file does not describe its picture (no pitm box)",
        ),
        (
            make.box(b"ftyp", b"heic" + bytes(4)) + make.full_box(b"meta", make.full_box(b"pitm", b"\x00\x01")),
            "the HEIF file does not describe its picture (no iprp box)",
        ),
        (
            make.box(b"ftyp", b"heic" + bytes(4)) + make.box(b"meta", length=0) + bytes(99),
            "the HEIF file describes itself without end",
        ),
        (META_PAST_BOUNDS, "the HEIF description claims 2097153 bytes, which is absurd"),
        (make.heif([pixi(8, 8, 8)]), "the HEIF file does not say how large its picture is (no ispe property)"),
        (
            make.heif(ipma=make.associations({2: [1]})),
            "the HEIF file does not say how large its picture is (no ispe property)",
        ),
        (make.heif(ipma=b""), "the HEIF file does not say how large its picture is (no ispe property)"),
        (make.heif(ipma=make.associations({1: [2]})), "the HEIF picture names a property that is not there"),
        (
            make.heif(ipma=make.associations({1: [1]}, count=2), primary=b"\x00\x02"),
            "the HEIF table of associations is cut off",
        ),
        (
            make.heif(ipma=make.associations({1: [1]}, count=20_001)),
            "the HEIF file claims 20001 items, which is absurd",
        ),
        (
            make.heif(ipma=make.associations({1: [1]}, count=20_000), primary=b"\x00\x02"),
            "the HEIF table of associations is cut off",
        ),
        (make.heif(primary=b"\x01"), "the HEIF primary item is cut off"),
        (make.heif([make.full_box(b"ispe", bytes(7))]), "a HEIF property is cut off"),
        (make.heif([make.ispe(0, 5)]), "the header says 0 x 5 pixels: an image has at least one"),
        (make.heif([make.ispe(), make.box(b"irot")]), "a HEIF property is cut off"),
        (make.heif([make.ispe(), clap(600, 0, 400, 1)]), "the HEIF picture is cropped by a fraction of nothing"),
        (make.heif([make.ispe(), clap(600, 1, 400, 0)]), "the HEIF picture is cropped by a fraction of nothing"),
        (make.heif([make.ispe(), clap(1, 3, 400, 1)]), "the header says 0 x 400 pixels: an image has at least one"),
        (make.heif([make.box(b"ispe", bytes(12), length=200)]), "the box 'ispe' is longer than what it lies in"),
        (make.heif([make.box(b"ispe", bytes(12), length=0)]), "the box 'ispe' is longer than what it lies in"),
        (make.heif()[:60], NO_END.format("the HEIF description")),
    ],
)
def test_a_damaged_heif_is_told_in_words_for_a_curator(data: bytes, told: str) -> None:
    assert complaint(data) == told


def test_a_primary_item_box_to_the_end_of_the_description_is_read() -> None:
    content = make.box(b"iprp", make.box(b"ipco", make.ispe()) + make.associations({1: [1]}))
    pitm = struct.pack(">I4sIH", 0, b"pitm", 0, 1)
    data = make.box(b"ftyp", b"heic" + bytes(4)) + make.full_box(b"meta", content + pitm)
    assert read(data).size == VGA


def test_properties_to_the_end_of_the_description_are_read() -> None:
    iprp = struct.pack(">I4s", 0, b"iprp") + make.box(b"ipco", make.ispe()) + make.associations({1: [1]})
    content = make.full_box(b"pitm", b"\x00\x01") + iprp
    data = make.box(b"ftyp", b"heic" + bytes(4)) + make.full_box(b"meta", content)
    assert read(data).size == VGA


def test_a_description_of_two_megabytes_is_still_read() -> None:
    pitm = make.full_box(b"pitm", b"\x00\x01")
    iprp = make.box(b"iprp", make.box(b"ipco", make.ispe()) + make.associations({1: [1]}))
    filler = make.box(b"free", bytes(2 * 1024 * 1024 - 4 - len(pitm + iprp) - 8))
    meta = make.full_box(b"meta", pitm + filler + iprp)
    assert len(meta) == 2 * 1024 * 1024 + 8
    assert read(make.box(b"ftyp", b"heic" + bytes(4)) + meta).size == VGA


def test_boxes_that_mean_nothing_to_us_are_passed_over() -> None:
    ignored = make.box(b"free", b"nothing")
    iprp = make.box(b"iprp", ignored + make.box(b"ipco", make.ispe()) + ignored + make.associations({1: [1]}))
    content = ignored + make.full_box(b"pitm", b"\x00\x01") + ignored + iprp
    assert read(make.box(b"ftyp", b"heic" + bytes(4)) + make.full_box(b"meta", content)).size == VGA


def described(*boxes: bytes) -> bytes:
    return make.box(b"ftyp", b"heic" + bytes(4)) + make.full_box(b"meta", b"".join(boxes))


PITM = make.full_box(b"pitm", b"\x00\x01")
IPCO = make.box(b"ipco", make.ispe())
IPMA = make.associations({1: [1]})


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (described(PITM, make.box(b"iprp", IPMA + IPCO)), "the HEIF picture names a property that is not there"),
        (
            described(make.box(b"iprp", IPCO + IPMA), make.box(b"pitm", bytes(6), length=99)),
            "the file ends before a HEIF box: it is cut off or damaged",
        ),
        (
            described(PITM, make.box(b"iprp", IPCO + make.box(b"ipma", length=50)), bytes(99)),
            "the box 'ipma' is longer than what it lies in",
        ),
    ],
)
def test_boxes_out_of_place_are_told(data: bytes, told: str) -> None:
    assert complaint(data) == told


def test_flags_are_no_version() -> None:
    pitm = make.full_box(b"pitm", b"\x00\x01", flags=1)
    assert read(described(pitm, make.box(b"iprp", IPCO + IPMA))).size == VGA
