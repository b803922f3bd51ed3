"""An engine on a database as the DLCS has it, tried as a stranger would: rows, objects and totals after every step."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

import pytest

from policies.request import AssetId
from tests.integration.db_rows import ASSET
from tests.integration.rig import SECONDS, Rig, picture

FILE = ("file", "none")
IMAGE = ("iiif-img", "default")
READY = ("iiif-img", "use-original")
THUMBS = ("thumbs", "default")
NONE = ("none", "none")
LARGE, SMALL = picture((900, 600)), picture((300, 200), shade=40)


@pytest.fixture
def database(dlcs_database: str) -> str:
    """What an engine finds where a DLCS has been for years."""
    return dlcs_database


async def rechannel(rig: Rig, *channels: tuple[str, str]) -> None:
    """The asset's channels, changed as the API does."""
    await rig.rows.connection.execute('DELETE FROM "ImageDeliveryChannels"')
    for channel, policy in channels:
        await rig.rows.connection.execute(
            """INSERT INTO "ImageDeliveryChannels" ("ImageId", "Channel", "DeliveryChannelPolicyId")
               SELECT $1, $2::text, "Id" FROM "DeliveryChannelPolicies" WHERE "Channel" = $2::text AND "Name" = $3""",
            str(ASSET), channel, policy,
        )  # fmt: skip


@dataclass(frozen=True)
class Objects:
    """All that two buckets hold, byte for byte."""

    storage: dict[str, bytes]
    thumbs: dict[str, bytes]


def objects(rig: Rig) -> Objects:
    return Objects(*({key: rig.body(bucket, key) for key in rig.keys(bucket)} for bucket in everything(rig)))


def everything(rig: Rig) -> tuple[str, str]:
    return rig.buckets.storage, rig.buckets.thumbs


async def test_a_full_message_makes_the_row_that_a_dlcs_expects(rig: Rig) -> None:
    batch = await rig.rows.batch(count=1)
    body = {
        "id": "page-1",
        "customer": 99,
        "space": "1",
        "origin": rig.origin.put("page.tif", SMALL),
        "imageOptimisationPolicy": "https://my.dlcs/imageOptimisationPolicies/lossless",
        "deliveryChannels": ["iiif-img", "thumbs"],
        "batchId": str(batch),
    }
    async with rig.engine():
        rig.send_body(json.dumps(body))
        await rig.settled()
        row = dict(await rig.finished())
    created, finished = row.pop("Created"), row.pop("Finished")
    assert finished > created
    texts = ("Tags", "Roles", "PreservedUri", "Reference1", "Reference2", "Reference3", "Error")
    assert row == dict.fromkeys((*texts, "ImageOptimisationPolicy", "ThumbnailPolicy", "DeliveryChannels"), "") | {
        "Id": "99/1/page-1", "Customer": 99, "Space": 1, "Origin": body["origin"], "NumberReference1": 0,
        "NumberReference2": 0, "NumberReference3": 0, "MaxUnauthorised": -1, "Width": 300, "Height": 200,
        "Duration": 0, "Batch": batch, "Ingesting": False, "Family": "I", "MediaType": "image/tiff",
        "NotForDelivery": False, "Manifests": None,
    }  # fmt: skip
    policies = await rig.rows.all(
        """SELECT chosen."Channel", "Customer", "Name", "System" FROM "ImageDeliveryChannels" AS chosen
           JOIN "DeliveryChannelPolicies" AS policy ON policy."Id" = "DeliveryChannelPolicyId" ORDER BY 1"""
    )
    assert policies == [("iiif-img", 99, "lossless", False), ("thumbs", 1, "default", False)]
    assert await rig.rows.batch_counters(batch) == (0, 0, False)  # the batch has no row for it: as if there were none


async def test_a_queue_counter_that_is_missing_is_made_with_0(rig: Rig) -> None:
    other = await rig.rows.asset(AssetId(99, 1, "page-2"), channels=(NONE,))
    await rig.rows.asset(channels=(NONE,))
    async with rig.engine():
        rig.send()
        rig.send_body(json.dumps({"id": str(other)}), rig.queues.priority)
        await rig.settled()
    assert await rig.rows.all('SELECT "Customer", "Name", "Size" FROM "Queues" ORDER BY 2') == [
        (99, "default", 0),
        (99, "priority", 0),
    ]


async def test_totals_and_objects_follow_the_channels_from_ingest_to_ingest(rig: Rig) -> None:
    """Both spaces' totals, the location, the list of thumbnails, and nothing left of the result before."""
    original, identifier = f"{ASSET}/original", str(ASSET)
    thumbs = {f"{ASSET}/open/{side}.jpg" for side in (100, 200, 400)} | {f"{ASSET}/s.json"}
    steps: list[tuple[tuple[tuple[str, str], ...], set[str], set[str], str | None]] = [
        ((IMAGE, THUMBS), {identifier}, thumbs, identifier),
        ((IMAGE, THUMBS, FILE), {identifier, original}, thumbs, identifier),
        ((READY,), {original}, thumbs, original),
        ((THUMBS,), set(), thumbs, None),
        ((FILE,), {original}, set(), None),
        ((NONE,), set(), set(), None),
        ((IMAGE,), {identifier}, thumbs, identifier),
    ]
    await rig.rows.storage(total=5000, thumbs=500)
    await rig.rows.storage(total=3000, thumbs=300, space=1)
    await rig.rows.storage(total=1000, thumbs=100, space=2)
    await rig.rows.asset(origin=rig.origin.put("page.tif", LARGE), channels=())
    async with rig.engine():
        for hour, (channels, stored, pictures, location) in enumerate(steps):
            await rechannel(rig, *channels)
            rig.aws.s3.put_object(Bucket=rig.buckets.storage, Key=f"{ASSET}/info/v3.json", Body=b"{}")
            status, answer = await rig.post(created=f"2026-11-20T1{hour}:00:00Z")
            assert status == 200, answer
            await rig.settled()
            there = objects(rig)
            assert (set(there.storage), set(there.thumbs)) == (stored, pictures), channels
            sizes = there.thumbs.pop(f"{ASSET}/s.json", None)
            assert (sizes or b"").startswith(b'{"o":[[400,267]') or not pictures
            held = [sum(map(len, side.values())) for side in (there.storage, there.thumbs)]
            assert await rig.rows.all('SELECT "Size", "ThumbnailSize" FROM "ImageStorage"') == [tuple(held)]
            assert await rig.rows.totals() == (5000 + held[0], 500 + held[1])
            assert await rig.rows.totals(space=1) == (3000 + held[0], 300 + held[1])
            at = await rig.rows.all('SELECT "S3", "Nas" FROM "ImageLocation"')
            assert at == ([(f"s3://{rig.buckets.storage}/{location}", "")] if location else [])
            known = await rig.rows.one('SELECT "MetadataValue" FROM "AssetApplicationMetadata"')
            assert (known and json.loads(known)) == (sizes and json.loads(sizes))
    assert await rig.rows.totals(space=2) == (1000, 100)


async def test_a_refused_ingest_leaves_what_a_dlcs_has_stored_before(rig: Rig) -> None:
    """Results older than this engine: some have no list of thumbnails in the database, only in the bucket."""
    await rig.rows.asset(origin=rig.origin.put("gone.tif", 404), channels=(IMAGE, THUMBS, FILE))
    storage, thumbs = everything(rig)
    for key in (str(ASSET), f"{ASSET}/original"):
        rig.aws.s3.put_object(Bucket=storage, Key=key, Body=b"of old")
    for key in (f"{ASSET}/open/400.jpg", f"{ASSET}/open/100.jpg", f"{ASSET}/s.json"):
        rig.aws.s3.put_object(Bucket=thumbs, Key=key, Body=b"of old")
    await rig.rows.connection.execute(
        'INSERT INTO "ImageLocation" VALUES ($1, $2, $3)', str(ASSET), f"s3://eu-west-1/{storage}/{ASSET}", ""
    )
    await rig.rows.connection.execute('INSERT INTO "ImageStorage" VALUES ($1, 99, 1, 12, 12, now(), false)', str(ASSET))
    before = objects(rig)
    async with rig.engine(ENGINE_S3_URI_REGION="on"):
        status, answer = await rig.post()
        await rig.settled()
        assert (status, objects(rig)) == (502, before), answer
        rig.origin.put("gone.tif", LARGE)
        await rechannel(rig, IMAGE)
        assert (await rig.post())[0] == 200
        await rig.settled()
    assert rig.keys(storage) == [str(ASSET)]
    assert rig.keys(thumbs, f"{ASSET}/open/") == [f"{ASSET}/open/{side}.jpg" for side in (100, 200, 400)]
    location = f"s3://{rig.environment['AWS_REGION']}/{storage}/{ASSET}"
    assert await rig.rows.one('SELECT "S3" FROM "ImageLocation"') == location


async def test_an_image_that_turns_out_too_large_leaves_the_earlier_result_as_it_was(rig: Rig) -> None:
    """The quota's bound is inclusive, and known to be passed only when the JPEG 2000 is there."""
    await rig.rows.storage()
    await rig.rows.asset(origin=rig.origin.put("page.tif", picture((100, 80))))
    async with rig.engine():
        assert (await rig.post(created="2026-11-20T10:00:00Z"))[0] == 200
        await rig.settled()
        earlier, stored = objects(rig), await rig.rows.totals()
        assert stored is not None
        limit = 'UPDATE "StoragePolicies" SET "MaximumTotalSizeOfStoredImages" = $1'
        await rig.rows.connection.execute(limit, stored[0])
        assert (await rig.post(created="2026-11-20T11:00:00Z"))[0] == 200  # just as large: it fits
        await rig.settled()
        assert objects(rig).storage.keys() == earlier.storage.keys()
        earlier = objects(rig)
        rig.origin.put("page.tif", LARGE)
        status, answer = await rig.post(created="2026-11-20T12:00:00Z")
        await rig.settled()
    assert (status, answer["reason"]["message"]) == (507, "StoragePolicy size limit exceeded")
    assert objects(rig) == earlier
    assert await rig.rows.totals() == stored
    assert (await rig.image())["Width"] == 100


async def test_what_an_image_server_read_in_an_ingest_that_failed_is_not_read_in_place_again(rig: Rig) -> None:
    """It keeps what it has read, for weeks, whether or not the ingest was to succeed."""
    origin = f"s3://{rig.buckets.origin}/99/page.tif"
    rig.aws.s3.put_object(Bucket=rig.buckets.origin, Key="99/page.tif", Body=LARGE)
    await rig.rows.asset(origin=origin, channels=(READY, THUMBS))
    async with rig.engine(ENGINE_THUMBS_BUCKET="nobody-has-this-bucket"):
        status, answer = await rig.post(created="2026-11-20T10:00:00Z")
        assert status == 503, answer
    rig.aws.s3.put_object(Bucket=rig.buckets.origin, Key="99/page.tif", Body=picture((900, 600), shade=128))
    async with rig.engine():
        assert (await rig.post(created="2026-11-20T11:00:00Z"))[0] == 200
        await rig.settled()
    blue = rig.picture(rig.buckets.thumbs, f"{ASSET}/open/400.jpg").getpixel((200, 130))
    assert isinstance(blue, tuple)
    assert abs(blue[2] - 128) < 12


@pytest.mark.parametrize("name", ["page 1;2", "seite-ü+%2F&?#", "図'\"<>|:*", "a.b..c.tif"])
async def test_an_id_may_be_any_text_without_a_slash(rig: Rig, name: str) -> None:
    asset = AssetId(99, 1, name)
    await rig.rows.asset(asset, origin=rig.origin.put("page.tif", LARGE), channels=(IMAGE, THUMBS, FILE))
    async with rig.engine():
        rig.send(asset)
        row = await rig.finished(asset)
        await rig.settled()
    assert row["Error"] == ""
    assert rig.keys(rig.buckets.storage) == sorted([str(asset), f"{asset}/original"])
    assert rig.keys(rig.buckets.thumbs) == sorted(
        [f"{asset}/open/{side}.jpg" for side in (100, 200, 400)] + [f"{asset}/s.json"]
    )
    assert await rig.rows.one('SELECT "S3" FROM "ImageLocation"') == f"s3://{rig.buckets.storage}/{asset}"


async def test_a_finished_batch_is_announced_word_for_word(rig: Rig) -> None:
    """More rows than its Count, and one that fails: finished when as many are settled, once."""
    assets = [AssetId(99, 1, f"page-{number}") for number in range(3)]
    for asset in assets:
        await rig.rows.asset(asset, channels=(NONE,) if asset != assets[0] else ())
    batch = await rig.rows.batch(*assets, count=2)
    heard = rig.aws.make_queue(f"heard-{rig.buckets.storage}")
    arn = rig.aws.sqs.get_queue_attributes(QueueUrl=heard, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rig.aws.sns.subscribe(TopicArn=rig.environment["ENGINE_BATCH_TOPIC"], Protocol="sqs", Endpoint=arn)
    for asset in assets:
        rig.send(asset, batch=batch)
    async with rig.engine():
        await rig.settled()
    assert await rig.rows.batch_counters(batch) == (2, 1, True)
    (message,) = rig.aws.sqs.receive_message(QueueUrl=heard, MaxNumberOfMessages=10, WaitTimeSeconds=2)["Messages"]
    envelope = json.loads(message["Body"])
    notice = json.loads(envelope["Message"])
    assert notice.keys() == {
        "id", "customer", "count", "completed", "errors", "superseded", "submitted", "finished"
    }  # fmt: skip
    assert (notice["id"], notice["customer"], notice["count"], notice["superseded"]) == (batch, 99, 2, False)
    assert notice["completed"] + notice["errors"] >= notice["count"]
    assert notice["submitted"][-1] == notice["finished"][-1] == "Z"
    assert envelope["MessageAttributes"].keys() == {"CustomerId", "notificationId"}


async def test_messages_of_every_form_are_settled_and_counted_once(rig: Rig) -> None:
    """Twice delivered, older than the last result, of an asset that is gone, of no batch: each takes one away."""
    batch = await rig.rows.batch(await rig.rows.asset(channels=(NONE,)))
    await rig.rows.queue(10)
    messages: list[dict[str, object]] = [
        {"id": str(ASSET), "created": "2026-11-20T12:00:00Z", "batchId": 0},
        {"id": str(ASSET), "created": "2026-11-20T12:00:00Z"},
        {"id": str(ASSET), "created": "2026-11-20T11:00:00+00:00", "batchId": str(batch)},
        {"id": "99/1/deleted", "batchId": -5},
        {"id": "99/1/deleted", "batchId": 987654},
        {"ID": {"Customer": "99", "SPACE": 1, "asset": "page-1"}, "batchID": "0"},
    ]
    async with rig.engine():
        for message in messages:
            rig.send_body(json.dumps(message))
            await rig.settled()
    assert await rig.rows.queue_size() == 5
    outcomes = await rig.rows.all("SELECT outcome, count(*)::int FROM engine.runs GROUP BY 1 ORDER BY 1")
    assert outcomes == [("ingested", 2), ("refused", 2), ("superseded", 1)]
    assert await rig.rows.batch_counters(batch) == (1, 0, True)


async def test_both_bounds_of_the_quota_are_inclusive_and_some_are_not_asked(rig: Rig) -> None:
    """100 bytes must be free before anything is fetched, and room for all of them when it is there."""
    await rig.rows.storage(total=900, maximum=1000)
    await rig.rows.asset(origin=rig.origin.put("f.txt", b"x" * 100), channels=(FILE,), media_type="text/plain")
    other = await rig.rows.asset(AssetId(99, 1, "nothing"), channels=(NONE,))

    async def ingested(content: bytes) -> tuple[int, object]:
        rig.origin.put("f.txt", content)
        status, _ = await rig.post()
        return status, await rig.rows.totals()

    async with rig.engine():
        assert await ingested(b"x" * 100) == (200, (1000, 0))
        assert await ingested(b"y" * 101) == (507, (1000, 0))
        assert rig.body(rig.buckets.storage, f"{ASSET}/original") == b"x" * 100
        assert await ingested(b"z" * 99) == (200, (999, 0))
        assert (await rig.post(other))[0] == 200
        hits = rig.origin.hits["f.txt"]
        await rig.rows.connection.execute('UPDATE "CustomerStorage" SET "TotalSizeOfStoredImages" = 1000')
        assert await ingested(b"") == (507, (1000, 0))  # 1000 - 99 + 100 is one too many
        assert rig.origin.hits["f.txt"] == hits
    async with rig.engine(ENGINE_QUOTA_EXEMPT="7,99"):
        assert await ingested(b"x" * 500) == (200, (1401, 0))


async def test_an_error_is_written_after_the_last_attempt_and_cleared_by_the_next_success(rig: Rig) -> None:
    batch = await rig.rows.batch(await rig.rows.asset(origin=rig.origin.put("page.tif", 503)))
    rows = 'SELECT "Status", "Error", "Finished" IS NOT NULL FROM "BatchAssets"'
    async with rig.engine(ENGINE_ATTEMPTS="1"):
        rig.send(batch=batch)
        await rig.settled()
        error = (await rig.image())["Error"]
        assert "503" in error
        assert error.endswith(" (tried once)")
        assert await rig.rows.all(rows) == [(2, error, True)]
        assert await rig.rows.batch_counters(batch) == (0, 1, True)
        rig.origin.put("page.tif", SMALL)
        rig.send(batch=batch, created="2026-11-20T11:00:00Z")
        await rig.settled()
    assert (await rig.image())["Error"] == ""
    assert await rig.rows.all(rows) == [(3, None, True)]
    assert await rig.rows.batch_counters(batch) == (1, 0, True)


async def test_audio_and_video_are_recorded_as_not_supported(rig: Rig) -> None:
    origin = rig.origin.put("film.mp4", b"film")
    message = {"id": "page-1", "customer": 99, "space": 1, "origin": origin, "deliveryChannels": ["iiif-av", "file"]}
    async with rig.engine():
        rig.send_body(json.dumps(message))
        await rig.settled()
    row = await rig.image()
    assert (row["Ingesting"], "iiif-av" in row["Error"], "not supported" in row["Error"]) == (False, True, True)
    assert objects(rig) == Objects({}, {})
    assert rig.origin.hits == {}


async def test_what_does_not_fit_the_rows_is_refused_and_not_lost(rig: Rig) -> None:
    await rig.rows.connection.execute('ALTER TABLE "ImageLocation" ALTER "S3" TYPE varchar(10)')
    batch = await rig.rows.batch(await rig.rows.asset(origin=rig.origin.put("page.tif", SMALL)))
    async with rig.engine():
        rig.send(batch=batch)
        await rig.settled()
    row = await rig.image()
    assert (row["Ingesting"], "varying(10)" in row["Error"]) == (False, True)
    assert await rig.rows.batch_counters(batch) == (0, 1, True)
    assert objects(rig) == Objects({}, {})


async def test_an_errand_that_makes_no_sense_stops_no_other(rig: Rig) -> None:
    await rig.rows.asset(origin=rig.origin.put("page.tif", SMALL))
    await rig.rows.connection.execute("""INSERT INTO engine.outbox (kind, payload) VALUES ('tidy', '{"asset": "?"}')""")
    async with rig.engine():
        assert (await rig.post())[0] == 200
        trouble = await rig.rows.eventually("SELECT trouble FROM engine.outbox WHERE trouble IS NOT NULL")
        assert "customer/space/asset" in trouble
        async with asyncio.timeout(SECONDS):
            while rig.keys(rig.buckets.storage) != [str(ASSET)]:  # noqa: ASYNC110  its staged copy has gone, too; S3 tells nobody
                await asyncio.sleep(0.05)
