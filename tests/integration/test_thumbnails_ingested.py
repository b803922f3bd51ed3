"""Whole ingests through the local image server behind faults: what stands in S3 afterwards is exact, and complete."""

from __future__ import annotations

import asyncio
import io
import json

from PIL import Image

from policies.request import AssetId
from tests.fakes.image_server_faults import Faults
from tests.fakes.image_server_proxy import faulty
from tests.integration.db_rows import ASSET
from tests.integration.rig import SECONDS, Rig

SIZES = [[1024, 683], [400, 267], [200, 133], [100, 67]]


def plain(shade: int) -> bytes:
    """A picture of one colour, told from others by its blue."""
    out = io.BytesIO()
    Image.new("RGB", (1500, 1000), (90, 120, shade)).save(out, "TIFF")
    return out.getvalue()


async def handed_in(rig: Rig, count: int) -> list[AssetId]:
    """So many assets, each with a picture of its own shade, sent."""
    assets = [AssetId(ASSET.customer, 1, f"page-{number}") for number in range(count)]
    for number, asset in enumerate(assets):
        origin = rig.origin.put(f"{asset.asset}.tif", plain(number * 9))
        await rig.rows.asset(asset, origin=origin)
    for asset in assets:
        rig.send(asset)
    return assets


async def check(rig: Rig, assets: list[AssetId]) -> None:
    """Every thumbnail is there, of its size and its asset; `s.json` and the rows say the same."""
    for number, asset in enumerate(assets):
        row = await rig.finished(asset)
        assert row["Error"] == ""
        assert json.loads(rig.body(rig.buckets.thumbs, f"{asset}/s.json")) == {"o": SIZES, "a": []}
        expected = sorted([f"{asset}/open/{width}.jpg" for width, _ in SIZES] + [f"{asset}/s.json"])
        assert rig.keys(rig.buckets.thumbs, f"{asset}/") == expected
        for width, height in SIZES:
            thumb = rig.picture(rig.buckets.thumbs, f"{asset}/open/{width}.jpg")
            thumb.load()
            assert thumb.size == (width, height)
            blue = thumb.getpixel((width // 2, height // 2))
            assert isinstance(blue, tuple)
            assert abs(blue[2] - number * 9) <= 12


async def test_with_a_fifth_of_the_answers_faulty_every_thumbnail_is_stored_and_right(rig: Rig) -> None:
    faults = Faults(rate=0.2, seed=3)
    async with (
        faulty(rig.environment["ENGINE_IMAGE_SERVER_URL"], faults) as url,
        rig.engine(ENGINE_IMAGE_SERVER_URL=url, ENGINE_THUMBS_FALLBACK="none"),
    ):
        assets = await handed_in(rig, 20)
        await check(rig, assets)
        await rig.settled()
    assert faults.seen.total() >= 3
    runs = await rig.rows.all("SELECT DISTINCT thumbs_by FROM engine.runs WHERE outcome = 'ingested'")
    assert runs == [("image-server",)]


async def test_an_image_server_that_is_away_loses_nothing_with_the_processor_behind_it(rig: Rig) -> None:
    faults = Faults(away=True)
    async with (
        faulty(rig.environment["ENGINE_IMAGE_SERVER_URL"], faults) as url,
        rig.engine(ENGINE_IMAGE_SERVER_URL=url),
    ):
        await check(rig, await handed_in(rig, 4))
        await rig.settled()
    runs = await rig.rows.all("SELECT DISTINCT thumbs_by FROM engine.runs WHERE outcome = 'ingested'")
    assert runs == [("processor",)]


async def test_without_anybody_behind_it_ingests_wait_and_are_done_when_it_is_back(rig: Rig) -> None:
    faults = Faults(away=True)
    async with (
        faulty(rig.environment["ENGINE_IMAGE_SERVER_URL"], faults) as url,
        rig.engine(ENGINE_IMAGE_SERVER_URL=url, ENGINE_THUMBS_FALLBACK="none"),
    ):
        assets = await handed_in(rig, 4)
        async with asyncio.timeout(SECONDS):
            while len(faults.while_away) < 3:  # noqa: ASYNC110  a server that is away tells nobody
                await asyncio.sleep(0.05)
        faults.away = False
        await check(rig, assets)
        await rig.settled()
    failed = await rig.rows.one("SELECT count(*) FROM engine.runs WHERE outcome NOT IN ('ingested', 'busy')")
    assert failed == 0


async def test_an_image_ingested_again_gets_thumbnails_of_its_new_picture(rig: Rig) -> None:
    async with rig.engine():
        (asset,) = await handed_in(rig, 1)
        await check(rig, [asset])
        await rig.settled()
        rig.origin.put(f"{asset.asset}.tif", plain(180))
        rig.send(asset, created="2026-11-21T10:00:00Z")
        async with asyncio.timeout(SECONDS):
            while (await rig.rows.one("SELECT count(*) FROM engine.runs WHERE outcome = 'ingested'")) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    pixel = rig.picture(rig.buckets.thumbs, f"{asset}/open/400.jpg").getpixel((200, 133))
    assert isinstance(pixel, tuple)
    assert abs(pixel[2] - 180) <= 12
