"""The story of one ingest on real parts: what stands in rows and buckets afterwards."""

from __future__ import annotations

import asyncio
import json

from policies.request import AssetId
from tests.integration.db_rows import ASSET
from tests.integration.rig import SECONDS, Rig, picture


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


async def test_every_way_to_fail_names_its_reason_in_the_row_and_the_engine_goes_on(rig: Rig) -> None:
    """Not JSON, no such asset, an origin that is not there, not an image: each as its outcome, then a good one."""
    customer = ASSET.customer
    missing, text, good = (AssetId(customer, 1, name) for name in ("missing", "text", "good"))
    await rig.rows.asset(missing, origin=rig.origin.put("missing.tif", 404))
    await rig.rows.asset(text, origin=rig.origin.put("page.html", b"<!doctype html><html><body>Login</body></html>"))
    await rig.rows.asset(good, origin=rig.origin.put("good.tif", picture()))
    batch = await rig.rows.batch(missing, text, good)
    async with rig.engine():
        rig.send_body("{ this is not JSON")
        rig.send(AssetId(customer, 1, "nobody"))
        for asset in (missing, text, good):
            rig.send(asset, batch=batch)
        rows = {asset: await rig.finished(asset) for asset in (missing, text, good)}
        await rig.settled()
    assert "404" in rows[missing]["Error"]
    assert "text/html" in rows[text]["Error"]
    assert rows[good]["Error"] == ""
    assert await rig.rows.batch_counters(batch) == (1, 2, True)
    errors = await rig.rows.all('SELECT "AssetId", "Status" FROM "BatchAssets" ORDER BY 1')
    assert errors == [("99/1/good", 3), ("99/1/missing", 2), ("99/1/text", 2)]
    assert rig.keys(rig.buckets.storage) == [str(good)]
    dead = rig.aws.sqs.receive_message(QueueUrl=f"{rig.queues.images}-dead", WaitTimeSeconds=5)["Messages"]
    assert [message["Body"] for message in dead] == ["{ this is not JSON"]


async def test_an_origin_that_fails_in_passing_is_tried_again_and_the_asset_left_alone(rig: Rig) -> None:
    await rig.rows.asset(origin=rig.origin.put("page.tif", 503))
    async with rig.engine():
        rig.send()
        async with asyncio.timeout(SECONDS):
            while not await rig.rows.one("SELECT count(*) FROM engine.runs WHERE outcome = 'retry'"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        row = await rig.image()
    assert (row["Ingesting"], row["Error"], row["Finished"]) == (True, "", None)
    assert "503" in (await rig.last_run())["reason"]


async def test_a_new_ingest_replaces_the_old_pictures_and_counts_its_bytes_once(rig: Rig) -> None:
    await rig.rows.asset(origin=rig.origin.put("page.tif", picture((1300, 1000))))
    async with rig.engine():
        assert (await rig.post(created="2026-11-20T10:00:00Z"))[0] == 200
        await rig.settled()
        before = rig.picture(rig.buckets.thumbs, f"{ASSET}/open/100.jpg").convert("L").tobytes()
        rig.aws.s3.put_object(Bucket=rig.buckets.storage, Key=f"{ASSET}/info/v3.json", Body=b"{}")
        rig.origin.put("page.tif", picture((700, 1000), shade=128))
        await rig.rows.connection.execute('UPDATE "Images" SET "MaxUnauthorised" = 150')
        assert (await rig.post(created="2026-11-20T11:00:00Z"))[0] == 200
        await rig.settled()
    row = await rig.image()
    assert (row["Width"], row["Height"]) == (700, 1000)
    thumbs = [f"{ASSET}/auth/200.jpg", f"{ASSET}/auth/400.jpg", f"{ASSET}/open/100.jpg", f"{ASSET}/s.json"]
    assert rig.keys(rig.buckets.thumbs) == thumbs
    assert rig.body(rig.buckets.thumbs, f"{ASSET}/s.json") == b'{"o":[[70,100]],"a":[[280,400],[140,200]]}'
    assert rig.picture(rig.buckets.thumbs, f"{ASSET}/open/100.jpg").convert("L").tobytes() != before
    assert rig.keys(rig.buckets.storage) == [str(ASSET)]
    assert await rig.rows.totals() == await rig.rows.sums()
    assert await rig.rows.sums() == (
        len(rig.body(rig.buckets.storage, str(ASSET))),
        sum(len(rig.body(rig.buckets.thumbs, key)) for key in thumbs[:-1]),
    )


async def test_a_full_message_makes_its_asset_and_ingests_it(rig: Rig) -> None:
    body = {
        "ID": "page-9",
        "customer": "99",
        "space": 1,
        "Origin": rig.origin.put("page.tif", picture()),
        "imageOptimisationPolicy": "https://my.dlcs/imageOptimisationPolicies/fastest",
        "deliveryChannels": ["iiif-img", "thumbs"],
        "roles": ["https://my.dlcs/roles/clickthrough"],
    }
    async with rig.engine():
        rig.send_body(json.dumps({"TopicArn": "t", "Message": json.dumps(body)}))
        await rig.settled()
        row = await rig.finished(AssetId(99, 1, "page-9"))
    assert (row["Error"], row["Width"]) == ("", 300)
    assert rig.keys(rig.buckets.thumbs) == [
        "99/1/page-9/auth/100.jpg",
        "99/1/page-9/auth/200.jpg",
        "99/1/page-9/s.json",
    ]


async def test_over_quota_is_refused_before_anything_is_fetched(rig: Rig) -> None:
    await rig.rows.storage(total=950, maximum=1000)
    await rig.rows.asset(origin=rig.origin.put("page.tif", picture()))
    async with rig.engine():
        status, answer = await rig.post()
    assert status == 507
    assert answer["reason"]["message"] == "StoragePolicy size limit exceeded"
    assert (await rig.image())["Error"] == "StoragePolicy size limit exceeded"
    assert rig.origin.hits == {}


async def test_the_same_message_delivered_twice_is_worked_on_once(rig: Rig) -> None:
    await rig.rows.asset(origin=rig.origin.put("page.tif", picture()))
    await rig.rows.queue(2)
    async with rig.engine():
        rig.send()
        await rig.finished()
        rig.send()
        await rig.settled()
    assert rig.origin.hits == {"page.tif": 1}
    assert await rig.rows.queue_size() == 1
    assert await rig.rows.one("SELECT count(*) FROM engine.runs WHERE source = 'default'") == 1


async def test_a_batch_is_finished_once_and_told_once(rig: Rig) -> None:
    assets = [AssetId(99, 1, f"page-{number}") for number in range(6)]
    for asset in assets:
        await rig.rows.asset(asset, origin=rig.origin.put(f"{asset.asset}.tif", picture(shade=7 * len(asset.asset))))
    batch = await rig.rows.batch(*assets)
    heard = rig.aws.make_queue(f"heard-{batch}-{rig.buckets.storage}")
    arn = rig.aws.sqs.get_queue_attributes(QueueUrl=heard, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rig.aws.sns.subscribe(TopicArn=rig.environment["ENGINE_BATCH_TOPIC"], Protocol="sqs", Endpoint=arn)
    async with rig.engine():
        for asset in assets:
            rig.send(asset, batch=batch)
        await rig.settled()
        assert await rig.rows.batch_counters(batch) == (6, 0, True)
        rig.send(assets[0], batch=batch, created="2026-11-21T10:00:00Z")
        await rig.settled()
    told = rig.aws.sqs.receive_message(QueueUrl=heard, MaxNumberOfMessages=10, WaitTimeSeconds=2)["Messages"]
    (envelope,) = [json.loads(message["Body"]) for message in told]
    notice = json.loads(envelope["Message"])
    assert {key: notice[key] for key in ("id", "customer", "count", "completed", "errors", "superseded")} == {
        "id": batch,
        "customer": 99,
        "count": 6,
        "completed": 6,
        "errors": 0,
        "superseded": False,
    }
    assert notice["submitted"].endswith("Z")
    assert envelope["MessageAttributes"]["CustomerId"] == {"Type": "String", "Value": "99"}


async def test_the_orchestrator_is_asked_for_a_new_image_and_may_fail(rig: Rig) -> None:
    await rig.rows.asset(origin=rig.origin.put("page.tif", picture()))
    base = str(rig.origin.server.make_url("")).rstrip("/")
    async with rig.engine(ENGINE_ORCHESTRATOR_URL=base):
        assert (await rig.post())[0] == 200
    assert rig.origin.elsewhere == [f"/iiif-img/{ASSET}/info.json"]


async def test_a_deleted_asset_leaves_nothing_behind(rig: Rig) -> None:
    """The row goes while the image is converted: what was stored goes, too."""
    await rig.rows.asset(origin=rig.origin.put("page.tif", picture()))
    rig.origin.before["page.tif"] = rig.rows.delete
    async with rig.engine():
        status, answer = await rig.post()
        await rig.settled()
    assert (status, answer["reason"]["code"]) == (404, "unknown-asset")
    assert rig.keys(rig.buckets.storage) == rig.keys(rig.buckets.thumbs) == []
    assert await rig.rows.totals() is None


async def test_two_requests_for_one_asset_at_once_are_one_ingest(rig: Rig) -> None:
    await rig.rows.asset(origin=rig.origin.put("page.tif", picture()))
    async with rig.engine():
        answers = await asyncio.gather(*(rig.post(created="2026-11-20T10:00:00Z") for _ in range(3)))
    assert [status for status, _ in answers] == [200, 200, 200]
    assert len({answer["run"] for _, answer in answers}) == 1
    assert rig.origin.hits == {"page.tif": 1}


async def test_by_setting_the_processor_makes_the_thumbnails_and_nothing_is_staged(rig: Rig) -> None:
    await rig.rows.asset(origin=rig.origin.put("page.tif", picture((500, 400))))
    changes = {"ENGINE_THUMBS_FROM": "processor", "ENGINE_IMAGE_SERVER_URL": "http://127.0.0.1:9"}
    async with rig.engine(**changes):
        status, answer = await rig.post()
        await rig.settled()
    assert status == 200, answer
    assert rig.body(rig.buckets.thumbs, f"{ASSET}/s.json") == b'{"o":[[400,320],[200,160],[100,80]],"a":[]}'
    assert rig.picture(rig.buckets.thumbs, f"{ASSET}/open/400.jpg").size == (400, 320)
    assert (await rig.last_run())["thumbs_by"] == "processor"


async def test_when_the_image_server_is_away_the_processor_stands_in(rig: Rig) -> None:
    await rig.rows.asset(origin=rig.origin.put("page.tif", picture((500, 400))))
    async with rig.engine(ENGINE_IMAGE_SERVER_URL="http://127.0.0.1:9"):
        status, answer = await rig.post()
        await rig.settled()
    assert status == 200, answer
    assert rig.picture(rig.buckets.thumbs, f"{ASSET}/open/400.jpg").size == (400, 320)
    assert (await rig.last_run())["thumbs_by"] == "processor"
    assert rig.keys(rig.buckets.storage) == [str(ASSET)]
