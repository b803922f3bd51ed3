"""Every row of the decision table on real parts: what is stored where, what the rows say, what is left behind."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.integration.db_rows import ASSET
from tests.integration.rig import Rig, picture

FILE = ("file", "none")
IMAGE = ("iiif-img", "default")
READY = ("iiif-img", "use-original")
THUMBS = ("thumbs", "default")
NONE = ("none", "none")
THUMBS_OF_300 = ["200", "100"]  # of a picture of 300 x 200: the system's sizes that do not enlarge
X, Y = "derivative", "original"


@dataclass(frozen=True)
class Row:
    """What one row of the table promises."""

    channels: tuple[tuple[str, str], ...]
    optimised: bool
    stored: tuple[str, ...]
    location: str | None
    size: tuple[str, ...]
    thumbs: bool
    fetched: int

    def __str__(self) -> str:
        channels = "+".join(f"{channel}:{policy}" for channel, policy in self.channels)
        return f"{channels}, {'optimised' if self.optimised else 'http'}"


TABLE = [
    Row((NONE,), False, (), None, (), False, 0),
    Row((FILE,), False, (Y,), None, (Y,), False, 1),
    Row((FILE,), True, (), None, (), False, 0),
    Row((IMAGE, THUMBS), False, (X,), X, (X,), True, 1),
    Row((IMAGE,), True, (X,), X, (X,), True, 1),
    Row((READY, THUMBS), False, (Y,), Y, (Y,), True, 1),
    Row((READY,), True, (), "origin", (), True, 0),
    Row((FILE, IMAGE, THUMBS), False, (X, Y), X, (X, Y), True, 1),
    Row((FILE, IMAGE), True, (X,), X, (X,), True, 1),
    Row((FILE, READY), False, (Y,), Y, (Y,), True, 1),
    Row((FILE, READY, THUMBS), True, (), "origin", (), True, 0),
    Row((THUMBS,), False, (), None, (), True, 1),
    Row((THUMBS,), True, (), None, (), True, 0),
    Row((FILE, THUMBS), False, (Y,), None, (Y,), True, 1),
    Row((FILE, THUMBS), True, (), None, (), True, 0),
]


@pytest.mark.parametrize("row", TABLE, ids=str)
async def test_a_row_of_the_decision_table(rig: Rig, row: Row) -> None:
    original = picture()
    if row.optimised:
        rig.aws.s3.put_object(Bucket=rig.buckets.origin, Key="99/page.tif", Body=original, ContentType="image/tiff")
        origin = f"s3://{rig.buckets.origin}/99/page.tif"
    else:
        origin = rig.origin.put("page.tif", original)
    await rig.rows.asset(origin=origin, channels=row.channels)
    async with rig.engine():
        status, answer = await rig.post()
        await rig.settled()
    assert status == 200, answer
    keys = {X: str(ASSET), Y: f"{ASSET}/original"}
    for name, media_type in ((X, "image/jp2"), (Y, "image/tiff")):
        if name in row.stored:
            head = rig.aws.s3.head_object(Bucket=rig.buckets.storage, Key=keys[name])
            assert head["ContentType"] == media_type
    assert rig.keys(rig.buckets.storage) == sorted(keys[name] for name in row.stored)
    if Y in row.stored:
        assert rig.body(rig.buckets.storage, keys[Y]) == original
    thumbs = [f"{ASSET}/open/{longest}.jpg" for longest in THUMBS_OF_300] + [f"{ASSET}/s.json"]
    assert rig.keys(rig.buckets.thumbs) == sorted(thumbs if row.thumbs else [])
    if row.thumbs:
        assert rig.body(rig.buckets.thumbs, f"{ASSET}/s.json") == b'{"o":[[200,133],[100,67]],"a":[]}'
        types = [rig.aws.s3.head_object(Bucket=rig.buckets.thumbs, Key=key)["ContentType"] for key in thumbs]
        assert types == ["image/jpeg", "image/jpeg", "application/json"]
    location = {None: None, "origin": origin} | {
        name: f"s3://{rig.buckets.storage}/{key}" for name, key in keys.items()
    }
    assert await rig.rows.one('SELECT "S3" FROM "ImageLocation"') == location[row.location]
    stored = sum(len(rig.body(rig.buckets.storage, keys[name])) for name in row.size)
    thumb_bytes = sum(len(rig.body(rig.buckets.thumbs, key)) for key in thumbs[:-1]) if row.thumbs else 0
    assert await rig.rows.all('SELECT "Size", "ThumbnailSize" FROM "ImageStorage"') == [(stored, thumb_bytes)]
    assert await rig.rows.totals() in {
        (stored, thumb_bytes),
        None if not stored and not thumb_bytes else (stored, thumb_bytes),
    }
    image = await rig.image()
    assert (image["Error"], image["Ingesting"]) == ("", False)
    assert (image["Width"], image["Height"]) == ((300, 200) if row.thumbs else (0, 0))
    assert rig.origin.hits.get("page.tif", 0) == (0 if row.optimised else row.fetched)


async def test_a_file_from_s3_is_copied_inside_s3_with_the_content_type_of_its_bytes(rig: Rig) -> None:
    rig.aws.s3.put_object(Bucket=rig.buckets.origin, Key="99/report", Body=b"%PDF-1.7\n" + b"x" * 500)
    await rig.rows.connection.execute(
        """INSERT INTO "CustomerOriginStrategies" VALUES ('s', 99, $1, 's3-ambient', '', false, 1)""",
        f"^s3://{rig.buckets.origin}/",
    )
    await rig.rows.asset(origin=f"s3://{rig.buckets.origin}/99/report", channels=(FILE,))
    async with rig.engine():
        status, answer = await rig.post()
        await rig.settled()
    assert status == 200, answer
    head = rig.aws.s3.head_object(Bucket=rig.buckets.storage, Key=f"{ASSET}/original")
    assert (head["ContentLength"], head["ContentType"]) == (509, "application/pdf")
    assert (await rig.image())["MediaType"] == "application/pdf"
    assert (await rig.last_run())["digest"] is None  # never came through us


async def test_a_tile_ready_jpeg_2000_is_stored_as_it_came_unless_its_policy_asks_for_more(rig: Rig) -> None:
    origin = rig.origin.put("page.tif", picture((900, 600)))
    await rig.rows.asset(origin=origin, channels=(IMAGE, FILE))
    async with rig.engine():

        async def made() -> bytes:
            status, answer = await rig.post()
            assert status == 200, answer
            return rig.body(rig.buckets.storage, str(ASSET))

        ready = await made()
        rig.origin.put("page.tif", ready)
        assert await made() == rig.body(rig.buckets.storage, f"{ASSET}/original") == ready
        assert (await rig.rows.one('SELECT "Size" FROM "ImageStorage"')) == 2 * len(ready)
        await rig.rows.connection.execute(
            """UPDATE "DeliveryChannelPolicies" SET "PolicyData" = '{"ratio": 10}' WHERE "Id" = 1"""
        )
        assert await made() != ready
        assert rig.body(rig.buckets.storage, f"{ASSET}/original") == ready
