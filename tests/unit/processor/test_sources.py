"""Every kind of file in the corpus comes out as the picture that it shows, or is refused in a curator's words."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image

from images.recipe import NAMED
from images.size import Size
from processor.decode import decode
from processor.errors import Refusal
from processor.settings import Limits
from processor.sources.jpeg2000 import Frame, band_rows
from processor.sources.port import Wish
from processor.sources.registry import open_picture
from tests.corpus.others import cut, others
from tests.corpus.pictures import colour, grey, photograph
from tests.corpus.specimen import Specimen
from tests.corpus.tiffs import tiffs
from tests.unit.processor.make import make_jp2, make_picture

SPECIMENS = [*tiffs(), *others()]
STILL_WHOLE = {"multi-page.tif", "animated.gif", "bilevel-tiff_lzw.tif"}
"""Files in which something follows the first picture, which is all that is taken."""


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.name)
def test_a_file_shows_its_picture(specimen: Specimen, tmp_path: Path) -> None:
    specimen.check(decode(specimen.at(tmp_path)))


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.name)
@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_a_file_that_is_cut_off_is_refused(specimen: Specimen, share: float, tmp_path: Path) -> None:
    if specimen.name in STILL_WHOLE:
        return
    with pytest.raises(Refusal):
        decode(cut(specimen.at(tmp_path), share))


@pytest.mark.parametrize("name", ["default.jp2", "fastest.jph"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
def test_a_jpeg_2000_that_is_cut_off_is_refused(name: str, share: float, tmp_path: Path) -> None:
    whole = make_jp2(tmp_path / name, recipe=NAMED[name.partition(".")[0]])
    with pytest.raises(Refusal, match=r"damaged|no image"):
        decode(cut(whole, share))


def test_a_cut_file_says_how_much_of_its_picture_there_is(tmp_path: Path) -> None:
    picture = photograph(400, 600)
    Image.fromarray(picture).save(tmp_path / "a.jpg", quality=90)
    Image.fromarray(picture).save(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "a.tif", picture, rowsperstrip=8, compression="lzw")
    for name in ("a.jpg", "a.png", "a.tif"):
        with pytest.raises(Refusal, match=r"the file ends after [56][0-9] % of its pixels"):
            decode(cut(tmp_path / name, 0.6))


def test_a_tolerant_recipe_takes_what_there_is_of_a_cut_file(tmp_path: Path) -> None:
    picture = photograph(400, 600)
    Image.fromarray(picture).save(tmp_path / "a.jpg", quality=95)
    Image.fromarray(picture).save(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "a.tif", picture, rowsperstrip=8, compression="lzw")
    make_jp2(tmp_path / "a.jp2", make_picture(picture))
    for name in ("a.jpg", "a.png", "a.tif", "a.jp2"):
        with open_picture(cut(tmp_path / name, 0.6), Wish(Limits(), tolerant=True)) as opened:
            pixels = np.concatenate(list(opened.strips(100)))
        assert pixels.shape == picture.shape
        assert np.abs(pixels[:200].astype(int) - picture[:200]).mean() < 4


def test_a_jpeg_with_a_hole_is_refused(tmp_path: Path) -> None:
    Image.fromarray(photograph(400, 300)).save(tmp_path / "a.jpg", quality=90)
    data = bytearray((tmp_path / "a.jpg").read_bytes())
    del data[len(data) // 2 : len(data) // 2 + 2000]
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(Refusal, match=r"damaged|ends after"):
        decode(tmp_path / "a.jpg")


def test_a_png_with_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    Image.fromarray(colour()).save(tmp_path / "a.png")
    data = bytearray((tmp_path / "a.png").read_bytes())
    data[len(data) // 2] ^= 4
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(Refusal, match="checksum of its IDAT"):
        decode(tmp_path / "a.png")


def test_what_is_not_supported_is_named(tmp_path: Path) -> None:
    rgb = colour()
    five = np.dstack([rgb, rgb[..., :2]])
    path = tmp_path / "a.tif"
    cases: list[tuple[dict[str, Any], str]] = [
        ({"data": five, "photometric": "rgb", "extrasamples": [0, 0]}, "TIFF with 5 samples per pixel"),
        ({"data": rgb[..., 0].astype(np.int16)}, "signed 16-bit"),
        ({"data": (rgb[..., 0] * 3).astype(np.float32)}, "from 0 to 1 are expected; these reach"),
        ({"data": rgb[..., 0].astype(np.complex64)}, "complex"),
        (
            {
                "data": np.zeros((4, 16, 16), np.uint8),
                "volumetric": True,
                "tile": (4, 16, 16),
                "photometric": "minisblack",
            },
            "volumes",
        ),
        ({"data": rgb, "photometric": "ycbcr"}, "YCbCr samples that are not JPEG"),
    ]
    for how, words in cases:
        tifffile.imwrite(path, how.pop("data"), metadata=None, **how)
        with pytest.raises(Refusal, match=words):
            decode(path)


def test_a_12_bit_jpeg_is_refused_by_its_bits(tmp_path: Path) -> None:
    Image.fromarray(colour()).save(tmp_path / "a.jpg")
    data = bytearray((tmp_path / "a.jpg").read_bytes())
    frame = data.index(b"\xff\xc0")
    data[frame + 1], data[frame + 4] = 0xC1, 12
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(Refusal, match="JPEG with 12 bits per sample"):
        decode(tmp_path / "a.jpg")


def test_what_is_no_image_is_named(tmp_path: Path) -> None:
    for content, words in ((b"", "empty"), (b"%PDF-1.7 hello", "application/pdf"), (b"hello", "no image")):
        (tmp_path / "a").write_bytes(content)
        with pytest.raises(Refusal, match=words):
            decode(tmp_path / "a")
    with pytest.raises(Refusal, match="no such file"):
        decode(tmp_path / "missing")


def test_more_pixels_than_allowed_are_refused_before_decoding(tmp_path: Path) -> None:
    limits = Limits(max_pixels=4_000)
    for specimen in SPECIMENS:
        if specimen.name.startswith(("plain.", "animated", "interlaced")):
            with pytest.raises(Refusal, match="megapixels"):
                decode(specimen.at(tmp_path), limits=limits)


def test_one_piece_that_does_not_fit_the_memory_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", photograph(1200, 1000), compression="lzw", rowsperstrip=1000)
    Image.fromarray(photograph(1200, 1000)).save(tmp_path / "a.png")
    for name in ("a.tif", "a.png"):
        with pytest.raises(Refusal, match="cannot be read piece by piece"):
            decode(tmp_path / name, limits=Limits(memory=8 << 20))


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.gif", "a.bmp", "a.heic", "a.avif"])
def test_what_is_read_as_a_whole_is_refused_by_its_header_before_it_is_opened(name: str, tmp_path: Path) -> None:
    pillow_heif.register_heif_opener()
    Image.fromarray(photograph(900, 800)).save(tmp_path / name)
    kept = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(kept[: max(400, len(kept) // 50)])
    kind = name[2:].upper()
    with pytest.raises(
        Refusal, match=f"{kind} of 1 megapixels cannot be read piece by piece and needs about 9 MB; 4 MB"
    ):
        decode(tmp_path / name, limits=Limits(memory=8 << 20))


@pytest.mark.parametrize(
    ("tile", "reduce", "memory", "rows"),
    [
        (9000, 0, 4096, 1024),
        (9000, 0, 512, 621),
        (9000, 2, 512, 1024),
        (9000, 0, 1, 64),
        (9000, 3, 1, 512),
        (256, 0, 512, 256),
        (256, 4, 512, 256),
        (100, 7, 512, 128),
        (4096, 0, 512, 621),
    ],
)
def test_bands_are_as_high_as_memory_allows(tile: int, reduce: int, memory: int, rows: int) -> None:
    frame = Frame(Size(12_000, 9_000), 3, 8, 7, Size(tile, tile))
    assert band_rows(frame, reduce, Limits(memory=memory << 20)) == rows


def test_htj2k_that_only_comes_in_large_pieces_is_refused_for_that(tmp_path: Path) -> None:
    recipe = replace(NAMED["fastest"], tiles=None)
    path = make_jp2(tmp_path / "a.jph", make_picture(photograph(900, 800)), recipe)
    with pytest.raises(Refusal, match="HTJ2K in tiles as large as this of 1 megapixels cannot be read piece by piece"):
        decode(path, limits=Limits(memory=8 << 20))


def test_a_resolution_is_carried_over(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "inch.tif", grey()[..., 0], resolution=(300, 150), resolutionunit=2)
    tifffile.imwrite(tmp_path / "cm.tif", grey()[..., 0], resolution=(100, 100), resolutionunit=3)
    tifffile.imwrite(tmp_path / "none.tif", grey()[..., 0], resolution=(3, 2), resolutionunit=1)
    Image.fromarray(colour()).save(tmp_path / "a.jpg", dpi=(200, 200))
    for name, dpi in (("inch.tif", (300, 150)), ("cm.tif", (254, 254)), ("none.tif", None), ("a.jpg", (200, 200))):
        with open_picture(tmp_path / name, Wish(Limits())) as picture:
            assert picture.dpi == (pytest.approx(dpi) if dpi else None)


@pytest.mark.parametrize("limits", [Limits(), Limits(memory=1 << 20)], ids=["whole", "by bands"])
def test_the_resolution_of_a_jpeg_2000_is_carried_over(limits: Limits, tmp_path: Path) -> None:
    path = make_jp2(tmp_path / "a.jp2", make_picture(photograph(420, 300), dpi=(300, 150)))
    with open_picture(path, Wish(limits)) as picture:
        assert picture.dpi == pytest.approx((300, 150), rel=0.001)
    bare = make_jp2(tmp_path / "b.jp2")
    with open_picture(bare, Wish(limits)) as picture:
        assert picture.dpi is None


def test_a_width_that_looks_like_a_marker_is_none(tmp_path: Path) -> None:
    wide = np.tile(photograph(800, 12), (1, 82, 1))[:, :0xFF52].copy()
    path = make_jp2(tmp_path / "wide.jp2", make_picture(wide), NAMED["lossless"])
    assert decode(path, size=Size(1000, 1)).shape == (2, 8171, 3)
    assert (decode(path) == wide).all()


def resolution(kind: bytes, *fields: int) -> bytes:
    """A resolution box: vertical before horizontal, each as a fraction and a power of ten."""
    content = struct.pack(">HHHHbb", *fields)
    inner = struct.pack(">I4s", 8 + len(content), kind) + content
    return struct.pack(">I4s", 8 + len(inner), b"res ") + inner


@pytest.mark.parametrize(
    ("boxes", "dpi"),
    [
        (resolution(b"resc", 11811, 1, 23622, 1, 0, 0), (600, 300)),
        (resolution(b"resc", 11811, 1000, 2362, 1, 3, 1), (600, 300)),
        (resolution(b"resc", 11811, 0, 11811, 1, 0, 0), None),
        (resolution(b"resc", 11811, 1, 11811, 0, 0, 0), None),
        (resolution(b"resc", 11811, 0, 1, 1, 0, 0) + resolution(b"resd", 2835, 1, 2835, 1, 0, 0), None),
        (resolution(b"resd", 2835, 1, 2835, 1, 0, 0), (72, 72)),
        (struct.pack(">I4sI4sI", 20, b"res ", 12, b"resc", 11811), None),
        (resolution(b"resc", 0, 1, 0, 1, 0, 0), None),
        (resolution(b"resc", 1, 1, 1, 1, 127, 127), None),
        (struct.pack(">I4s", 8, b"res "), None),
        (struct.pack(">I4sI4s", 16, b"res ", 4, b"resc"), None),
    ],
)
def test_a_resolution_is_read_as_the_standard_writes_it_or_not_at_all(
    boxes: bytes, dpi: tuple[float, float] | None, tmp_path: Path
) -> None:
    path = make_jp2(tmp_path / "a.jp2")
    data = path.read_bytes()
    at = data.index(b"jp2h") - 4
    length = int.from_bytes(data[at : at + 4])
    header = struct.pack(">I", length + len(boxes)) + data[at + 4 : at + length] + boxes
    path.write_bytes(data[:at] + header + data[at + length :])
    with open_picture(path, Wish(Limits())) as picture:
        assert picture.dpi == (pytest.approx(dpi, rel=0.001) if dpi else None)


@pytest.mark.parametrize("name", ["a.webp", "a.heic", "a.avif", "a.png"])
def test_a_resolution_that_only_exif_states_is_carried_over(name: str, tmp_path: Path) -> None:
    pillow_heif.register_heif_opener()
    path, exif = tmp_path / name, Image.Exif()
    cases: tuple[tuple[dict[int, float], tuple[int, int] | None], ...] = (
        ({282: 300.0, 283: 150.0, 296: 2}, (300, 150)),
        ({282: 100.0, 283: 50.0, 296: 3}, (254, 127)),
        ({282: 300.0, 283: 150.0}, (300, 150)),
        ({282: 300.0, 283: 150.0, 296: 1}, None),
        ({282: 300.0, 296: 2}, None),
        ({}, None),
    )
    for tags, dpi in cases:
        exif.clear()
        exif.update(tags)
        Image.fromarray(colour(96, 64)).save(path, exif=exif.tobytes())
        with open_picture(path, Wish(Limits())) as picture:
            assert picture.dpi == (pytest.approx(dpi) if dpi else None)


def test_a_reversible_recipe_keeps_16_bits_and_no_other(tmp_path: Path) -> None:
    deep = photograph(64, 48).astype(np.uint16) * 251 + 7
    tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb")
    with open_picture(tmp_path / "a.tif", Wish(Limits(), deep=True)) as picture:
        assert picture.bits == 16
        assert (np.concatenate(list(picture.strips(10))) == deep).all()
    with open_picture(tmp_path / "a.tif", Wish(Limits())) as picture:
        assert picture.bits == 8
