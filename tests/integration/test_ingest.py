"""The story of one ingest on real parts: what stands in rows and buckets afterwards."""

from __future__ import annotations

import json

from tests.integration.db_rows import ASSET
from tests.integration.rig import Rig, picture


async def test_a_message_becomes_a_jpeg_2000_with_thumbnails_recorded_and_gone_from_the_queue(rig: Rig) -> None:
    await rig.rows.asset(origin=rig.origin.put("page.tif", picture((1500, 1000))))
    async with rig.engine():
        rig.send()
        row = await rig.finished()
        await rig.settled()
    assert (row["Error"], row["Ingesting"], row["Width"], row["Height"]) == ("", False, 1500, 1000)
    assert row["MediaType"] == "image/tiff"
    assert rig.keys(rig.buckets.storage) == [str(ASSET)]
    jp2 = rig.picture(rig.buckets.storage, str(ASSET))
    assert (jp2.format, jp2.size) == ("JPEG2000", (1500, 1000))
    sizes = [[1024, 683], [400, 267], [200, 133], [100, 67]]
    assert rig.body(rig.buckets.thumbs, f"{ASSET}/s.json") == b'{"o":[[1024,683],[400,267],[200,133],[100,67]],"a":[]}'
    for width, height in sizes:
        thumb = rig.picture(rig.buckets.thumbs, f"{ASSET}/open/{width}.jpg")
        assert (thumb.format, thumb.size) == ("JPEG", (width, height))
    location = await rig.rows.all('SELECT "S3", "Nas" FROM "ImageLocation"')
    assert location == [(f"s3://{rig.buckets.storage}/{ASSET}", "")]
    size, thumb_size = (await rig.rows.all('SELECT "Size", "ThumbnailSize" FROM "ImageStorage"'))[0]
    assert size == len(rig.body(rig.buckets.storage, str(ASSET)))
    assert thumb_size == sum(len(rig.body(rig.buckets.thumbs, f"{ASSET}/open/{width}.jpg")) for width, _ in sizes)
    assert await rig.rows.totals() == (size, thumb_size)
    metadata = await rig.rows.one('SELECT "MetadataValue" FROM "AssetApplicationMetadata"')
    assert json.loads(metadata) == {"o": sizes, "a": []}
    run = await rig.last_run()
    assert (run["outcome"], run["thumbs_by"]) == ("ingested", "image-server")
