"""Pixels: an answer is the whole picture that was asked for, or it is damaged."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.outbound.cascade import Damaged, Picture, Wanted, check_and_derive, fits
from images.size import Size

SIDE = st.integers(1, 3000)


def jpeg(width: int = 64, height: int = 48, mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert(mode).save(out, "JPEG", **options)
    return out.getvalue()


def checked(content: bytes, width: int = 64, height: int = 48, *, capped: bool = False) -> list[Picture]:
    return check_and_derive(content, Wanted(Size(width, height), capped=capped), (), 85)


def test_a_whole_picture_of_the_size_asked_is_kept_as_it_came() -> None:
    content = jpeg()
    assert checked(content) == [Picture(Size(64, 48), content)]


def test_a_pixel_of_rounding_is_accepted_and_the_real_size_told() -> None:
    assert checked(jpeg(64, 47))[0].size == Size(64, 47)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8", b"<html>", b"\x89PNG\r\n\x1a\n", jpeg(66, 48), jpeg()[:-2], jpeg()[:400]]
)
def test_anything_else_is_damaged(content: bytes) -> None:
    with pytest.raises(Damaged):
        checked(content)


@settings(max_examples=60)
@given(st.data())
def test_a_picture_cut_anywhere_is_damaged(data: st.DataObject) -> None:
    content = jpeg(progressive=data.draw(st.booleans()))
    end = data.draw(st.integers(0, len(content) - 2))
    with pytest.raises(Damaged):
        checked(content[:end])


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_bytes_that_are_no_picture_are_damaged(content: bytes) -> None:
    with pytest.raises(Damaged):
        checked(content)


def test_a_capped_picture_may_be_smaller_in_the_same_shape_only() -> None:
    assert checked(jpeg(32, 24), capped=True)[0].size == Size(32, 24)
    for other in (jpeg(32, 32), jpeg(128, 96)):
        with pytest.raises(Damaged):
            checked(other, capped=True)


@given(SIDE, SIDE, st.floats(0.01, 1))
def test_a_server_that_caps_is_believed_whatever_it_rounds(width: int, height: int, scale: float) -> None:
    smaller = Size(max(int(width * scale), 1), max(int(height * scale), 1))
    assert fits(smaller, Wanted(Size(width, height), capped=True))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_smaller_ones_are_derived_in_the_order_asked_with_their_exact_size(mode: str) -> None:
    sizes = (Size(20, 15), Size(1, 1), Size(90, 70))
    _, *made = check_and_derive(jpeg(mode=mode), Wanted(Size(64, 48)), sizes, 85)
    for size, picture in zip(sizes, made, strict=True):
        assert picture.size == size
        with Image.open(io.BytesIO(picture.content)) as image:
            image.load()
            assert Size(*image.size) == size
            assert image.mode == mode


def test_a_derived_picture_keeps_the_colour_profile() -> None:
    profile = b"x" * 300
    _, small = check_and_derive(jpeg(icc_profile=profile), Wanted(Size(64, 48)), (Size(8, 6),), 85)
    with Image.open(io.BytesIO(small.content)) as image:
        assert image.info["icc_profile"] == profile
