"""Regions and reduced resolutions, for those who need no more than that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from images.recipe import NAMED
from images.size import Size
from processor.decode import decode
from processor.errors import Refusal
from processor.picture import Region
from processor.settings import Limits
from tests.corpus.pictures import photograph
from tests.unit.processor.make import make_jp2, make_picture, psnr


@pytest.fixture(scope="module")
def lossless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_jp2(tmp_path_factory.mktemp("jp2") / "a.jp2", recipe=NAMED["lossless"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_region_is_that_part_of_the_picture(lossless: Path, data: st.DataObject) -> None:
    left, top = data.draw(st.integers(0, 419)), data.draw(st.integers(0, 299))
    region = Region(left, top, data.draw(st.integers(1, 420 - left)), data.draw(st.integers(1, 300 - top)))
    expected = photograph(420, 300)[top : top + region.height, left : left + region.width]
    assert (decode(lossless, region) == expected).all()


@pytest.mark.parametrize("wanted", [Size(400, 286), Size(210, 150), Size(100, 70), Size(13, 9), Size(1, 1)])
def test_a_size_is_met_with_few_pixels_more(lossless: Path, wanted: Size) -> None:
    pixels = decode(lossless, None, wanted)
    assert pixels.shape[1] >= wanted.width
    assert pixels.shape[0] >= wanted.height
    assert pixels.shape[1] <= max(2 * wanted.width + 2, 4)


def test_a_reduced_resolution_shows_the_same_picture(lossless: Path, tmp_path: Path) -> None:
    Image.fromarray(photograph(420, 300)).save(tmp_path / "a.jpg", quality=95)
    for path in (lossless, tmp_path / "a.jpg"):
        pixels = decode(path, None, Size(105, 75))
        assert pixels.shape == (75, 105, 3)
        direct = np.asarray(Image.fromarray(photograph(420, 300)).resize((105, 75), Image.Resampling.BOX))
        assert psnr(pixels, direct) > 27


def test_a_region_of_any_format_is_the_same(tmp_path: Path) -> None:
    picture = photograph(420, 300)
    Image.fromarray(picture).save(tmp_path / "a.png")
    Image.fromarray(picture).save(tmp_path / "a.tif", compression="tiff_lzw")
    for name in ("a.png", "a.tif"):
        assert (decode(tmp_path / name, Region(30, 40, 100, 50)) == picture[40:90, 30:130]).all()


def test_a_region_outside_is_refused(tmp_path: Path) -> None:
    Image.fromarray(photograph(42, 30)).save(tmp_path / "a.png")
    with pytest.raises(Refusal, match="outside"):
        decode(tmp_path / "a.png", Region(100, 100, 10, 10))


def test_a_large_jpeg_2000_comes_band_by_band(tmp_path: Path) -> None:
    picture = photograph(300, 2500)
    for name, recipe, megabytes in (("untiled.jp2", NAMED["lossless"], 4), ("tiled.jph", NAMED["fastest"], 32)):
        path = make_jp2(tmp_path / name, make_picture(picture), recipe)
        by_bands = decode(path, limits=Limits(memory=megabytes << 20))
        assert (by_bands == decode(path)).all()
        half = decode(path, None, Size(150, 1250), Limits(memory=megabytes << 18))
        assert half.shape == (1250, 150, 3)
        assert psnr(half, decode(path, None, Size(150, 1250))) > 60
