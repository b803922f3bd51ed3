"""The bench of thumbnails, in small: that it runs, and that its baseline and its stand-in do what it says of them."""

from __future__ import annotations

from bench.thumbs import Sizes, again, crowd, faults
from bench.thumbs_ground import PHOTOGRAPH, is_right, photographs
from images.size import Size
from tests.fakes.image_server import picture

TINY = Sizes(assets=24, together=24, ceiling=4, fixed=(2,), scale=0.05)


async def test_a_crowd_loses_nothing_where_the_old_client_loses_most() -> None:
    ours, old, _ = await crowd(TINY)

    assert ours.met, ours
    assert old.met, old


async def test_faulty_answers_cost_no_thumbnail() -> None:
    failed, wrong, _ = await faults(TINY)

    assert failed.met, failed
    assert wrong.met, wrong


async def test_an_asset_ingested_again_never_shows_its_earlier_picture_as_it_does_with_the_old_client() -> None:
    ours, old = await again(TINY)

    assert ours.met, ours
    assert old.met, old


def test_a_picture_is_right_only_when_it_is_whole_of_its_size_and_of_its_asset() -> None:
    (asset,) = photographs(1, "jp2", shift=3)
    sizes = [thumb.size for thumb in asset.plan.thumbs]
    right = {size: picture(size, asset.source.colour) for size in sizes}

    assert is_right(asset, right)
    assert not is_right(asset, {**right, sizes[0]: right[sizes[0]][:-200]})
    assert not is_right(asset, {**right, sizes[0]: picture(sizes[0], (255, 255, 255))})
    assert not is_right(asset, {**right, sizes[0]: picture(PHOTOGRAPH, asset.source.colour)})
    assert not is_right(asset, {**right, Size(7, 7): picture(Size(7, 7), asset.source.colour)})
    assert not is_right(asset, {})
