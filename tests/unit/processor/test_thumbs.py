"""Thumbnails: the sizes that IIIF says, from strips of any height, as good as from the whole picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from images.iiif_size import parse_size
from images.size import Size
from processor.errors import Refusal
from processor.thumbs import Shrinker, cascade, least_for, shrink, wanted_sizes
from tests.corpus.pictures import photograph
from tests.unit.processor.make import make_picture, psnr

WHOLE = Size(1200, 900)


def sizes_of(*texts: str) -> list[Size]:
    return wanted_sizes([parse_size(text) for text in texts], WHOLE, 10**9)


def test_sizes_come_largest_first_and_once() -> None:
    assert sizes_of("!100,100", "400,", "!400,400", "max") == [WHOLE, Size(400, 300), Size(100, 75)]


def test_what_would_enlarge_unasked_gives_nothing() -> None:
    assert sizes_of("2000,", "1200,900", "!1500,1500") == []
    assert sizes_of("^2400,") == [Size(2400, 1800)]


def test_absurd_sizes_are_refused() -> None:
    with pytest.raises(Refusal, match="too large"):
        sizes_of("^99999,")
    with pytest.raises(Refusal, match="too large"):
        wanted_sizes([parse_size("^60000,60000")], WHOLE, 10**8)


@pytest.mark.parametrize("texts", [("!400,400", "!200,200", "!100,100"), ("!1024,1024", "!300,300"), ("600,300",)])
def test_thumbnails_look_like_those_of_the_whole_picture(texts: tuple[str, ...]) -> None:
    pixels = photograph(1200, 900)
    sizes = sizes_of(*texts)
    for size, image in cascade(shrink(make_picture(pixels), least_for(sizes)), sizes):
        direct = Image.fromarray(pixels).resize((size.width, size.height), Image.Resampling.LANCZOS)
        assert image.size == direct.size
        assert psnr(np.asarray(image), np.asarray(direct)) > 36


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 300), st.integers(1, 200), st.integers(1, 90), st.integers(1, 60), st.integers(1, 70))
def test_any_strips_give_the_same_thumbnail(width: int, height: int, wide: int, high: int, rows: int) -> None:
    picture = make_picture(photograph(width, height))
    wanted = Size(wide, high)
    one, other = Shrinker(picture.size, wanted), Shrinker(picture.size, wanted)
    one.see(picture.pixels)
    for strip in picture.strips(rows):
        other.see(strip)
    ((_, first),) = cascade(one, [wanted])
    ((_, second),) = cascade(other, [wanted])
    assert first.size == (wide, high)
    assert (np.asarray(first) == np.asarray(second)).all()


def test_16_bits_and_grey_become_jpegs_too() -> None:
    for pixels in (photograph(300, 200).astype(np.uint16) * 257, photograph(300, 200)[..., :1].copy()):
        picture = make_picture(pixels)
        ((_, image),) = cascade(shrink(picture, Size(30, 20)), [Size(30, 20)])
        assert image.mode == ("L" if pixels.shape[2] == 1 else "RGB")
