"""Recording on a real PostgreSQL: everything of a result in one fenced transaction, or nothing."""

from __future__ import annotations

import asyncio
import json

from engine.db.port import Kind, Recorded, RunDetails, RunFilter, Source
from engine.db.postgres import PostgresDatabase
from engine.db.record import TURNS
from engine.db.record_statements import CLEARANCE
from images.size import Size
from policies.request import AssetId
from tests.integration.db_rows import (
    ASSET,
    DETAILS,
    Rows,
    attempt,
    claim,
    make_request,
    make_stored,
    refusal,
    release,
    success,
)


async def test_a_success_writes_the_asset_and_clears_its_error(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset(error="it failed once")
    assert await db.record(await claim(db), success(), DETAILS) is Recorded.DONE
    assert await rows.all(
        'SELECT "Width", "Height", "MediaType", "Error", "Ingesting", "Finished" IS NOT NULL FROM "Images"'
    ) == [(4000, 3000, "image/tiff", "", False, True)]
    assert await rows.all('SELECT "S3", "Nas" FROM "ImageLocation"') == [("s3://storage/99/1/page-1", "")]
    assert await rows.all('SELECT "Size", "ThumbnailSize" FROM "ImageStorage"') == [(1000, 100)]
    sizes = await rows.all('SELECT "MetadataType", "MetadataValue"::text FROM "AssetApplicationMetadata"')
    assert [(kind, json.loads(value)) for kind, value in sizes] == [("ThumbSizes", {"o": [[100, 75]], "a": []})]


async def test_a_media_type_that_is_known_is_kept(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset(media_type="image/png")
    await db.record(await claim(db), success(), DETAILS)
    assert await rows.one('SELECT "MediaType" FROM "Images"') == "image/png"


async def test_what_an_asset_no_longer_has_is_taken_out_of_its_rows(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    await db.record(await claim(db), success(), DETAILS)
    nothing = make_stored(0, 0, location=None, thumbs_json=None, dimensions=None, media_type=None)
    again = await claim(db, make_request(batch=1))
    await db.record(again, success(nothing), DETAILS, check_quota=False)
    assert await rows.all('SELECT * FROM "ImageLocation"') == []
    assert await rows.all('SELECT * FROM "AssetApplicationMetadata"') == []
    assert await rows.all('SELECT "Size", "ThumbnailSize" FROM "ImageStorage"') == [(0, 0)]
    assert await rows.all('SELECT "Width", "Height" FROM "Images"') == [(4000, 3000)]


async def test_a_refusal_writes_only_the_error_and_leaves_earlier_results(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    batch = await rows.batch(ASSET)
    await db.record(await claim(db), success(), DETAILS)
    await db.record(await claim(db, make_request(batch=batch)), refusal("it is a text"), DETAILS)
    assert await rows.all('SELECT "Error", "Ingesting", "Width" FROM "Images"') == [("it is a text", False, 4000)]
    assert await rows.all('SELECT "Status", "Error" FROM "BatchAssets"') == [(2, "it is a text")]
    assert await rows.one('SELECT "S3" FROM "ImageLocation"') == "s3://storage/99/1/page-1"
    assert await rows.one('SELECT "Size" FROM "ImageStorage"') == 1000


async def test_an_error_is_cut_to_what_its_column_holds_and_kept_whole_in_the_run(
    db: PostgresDatabase, rows: Rows
) -> None:
    await rows.asset()
    run = await claim(db)
    await db.record(run, refusal("é" * 1500), DETAILS)
    assert await rows.one('SELECT "Error" FROM "Images"') == "é" * 1000
    record = await db.run(run.id)
    assert record is not None
    assert record.reason == "é" * 1500


async def test_an_error_may_say_anything_that_an_origin_says(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    assert await db.record(await claim(db), refusal("NUL \0, half a pair \ud800"), DETAILS) is Recorded.DONE
    assert await rows.one('SELECT "Error" FROM "Images"') == "NUL \N{REPLACEMENT CHARACTER}, half a pair ?"


async def test_a_refused_asset_that_does_not_exist_writes_no_row_of_its_own(db: PostgresDatabase, rows: Rows) -> None:
    await rows.queue(3)
    assert await db.record(await claim(db), refusal(), DETAILS) is Recorded.DONE
    await db.fold()
    assert await rows.all('SELECT * FROM "Images"') == []
    assert await rows.queue_size() == 2


async def test_an_attempt_and_a_hand_back_leave_the_asset_alone(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    await rows.queue(3)
    batch = await rows.batch(ASSET)
    request = make_request(batch=batch)
    for settlement in (attempt(), release()):
        assert await db.record(await claim(db, request), settlement, DETAILS) is Recorded.DONE
    await db.fold()
    assert await rows.all('SELECT "Error", "Ingesting", "Finished" FROM "Images"') == [("", True, None)]
    assert await rows.one('SELECT "Status" FROM "BatchAssets"') == 1
    assert await rows.queue_size() == 3
    outcomes = [record.outcome for record in await db.runs(RunFilter())]
    assert outcomes == ["busy", "retry"]


async def test_a_run_keeps_what_people_ask_about_it(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    run = await claim(db, make_request(batch=3), source=Source.HTTP)
    details = RunDetails(
        digest="ab" * 32,
        bytes=123,
        media_type="image/tiff",
        size=Size(4000, 3000),
        steps={"fetch": 0.5, "convert": 1.25},
        thumbs_by="cantaloupe",
        requests=3,
        retries=1,
        waited=0.25,
        origin="https://example.org/page-1.tif",
    )
    await db.record(run, success(), details)
    record = await db.run(run.id)
    assert record is not None
    assert record.details == details
    assert (record.outcome, record.final, record.keys) == ("ingested", True, ("storage/99/1/page-1",))


async def test_a_fence_that_is_gone_writes_nothing(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    await rows.queue(3)
    dead = await claim(db)
    await rows.expire(dead)
    heir = await claim(db)
    before = await rows.all('SELECT * FROM "Images"')
    for settlement in (success(), refusal(), attempt(), release()):
        assert await db.record(dead, settlement, RunDetails()) is Recorded.FENCE_GONE
    assert await rows.all('SELECT * FROM "Images"') == before
    assert await rows.all('SELECT * FROM "ImageStorage"') == []
    assert await rows.all("SELECT * FROM engine.folds") == []
    assert await db.record(heir, success(), DETAILS) is Recorded.DONE


async def test_recording_again_after_a_lost_answer_counts_once(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    await rows.queue(3)
    run = await claim(db)
    assert await db.record(run, success(), DETAILS) is Recorded.DONE
    assert await db.record(run, success(), DETAILS) is Recorded.DONE
    await db.fold()
    assert await rows.totals() == (1000, 100)
    assert await rows.queue_size() == 2


async def test_of_a_run_and_whoever_takes_it_over_only_one_records(db: PostgresDatabase, rows: Rows) -> None:
    for number in range(20):
        asset = await rows.asset(AssetId(99, 1, f"page-{number}"))
        dead = await claim(db, make_request(asset))
        await rows.expire(dead)
        recorded, taken = await asyncio.gather(
            db.record(dead, success(), DETAILS), db.claim(make_request(asset), f"key-{number}", Source.DEFAULT)
        )
        heir = getattr(taken, "run", None)
        assert (recorded is Recorded.DONE) == (heir is None or not heir.suspect)


async def test_an_asset_deleted_meanwhile_is_told_and_nothing_is_written(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    run = await claim(db)
    await rows.delete()
    assert await db.record(run, success(), DETAILS) is Recorded.ASSET_GONE
    assert await rows.all('SELECT * FROM "ImageStorage"') == []
    assert await db.record(run, refusal("deleted"), DETAILS) is Recorded.DONE


async def test_a_quota_that_others_filled_meanwhile_refuses(db: PostgresDatabase, rows: Rows) -> None:
    await rows.storage(total=500, maximum=1000)
    await rows.asset()
    run = await claim(db)
    assert await db.record(run, success(make_stored(501)), DETAILS) is Recorded.OVER_QUOTA
    assert await rows.all('SELECT * FROM "ImageStorage"') == []
    assert await db.record(run, success(make_stored(500)), DETAILS) is Recorded.DONE


async def test_the_quota_counts_what_an_asset_already_stores_once(db: PostgresDatabase, rows: Rows) -> None:
    await rows.storage(maximum=1000)
    await rows.asset()
    await db.record(await claim(db), success(make_stored(900)), DETAILS)
    again = await claim(db, make_request(batch=1))
    assert await db.record(again, success(make_stored(1000)), DETAILS) is Recorded.DONE


async def test_who_has_no_quota_is_not_checked(db: PostgresDatabase, rows: Rows) -> None:
    await rows.storage(total=500, maximum=1000)
    await rows.asset()
    run = await claim(db)
    assert await db.record(run, success(make_stored(5000)), DETAILS, check_quota=False) is Recorded.DONE


async def test_fifty_workers_at_once_never_store_more_than_the_quota(db: PostgresDatabase, rows: Rows) -> None:
    await rows.storage(maximum=10_500)
    assets = [await rows.asset(AssetId(99, 1, f"page-{number}")) for number in range(50)]
    runs = [await claim(db, make_request(asset)) for asset in assets]
    answers = await asyncio.gather(*(db.record(run, success(), DETAILS) for run in runs))
    assert answers.count(Recorded.DONE) == 10
    assert answers.count(Recorded.OVER_QUOTA) == 40
    await db.fold()
    assert await rows.totals() == (10_000, 1000)


async def test_far_from_the_quota_nobody_takes_turns(db: PostgresDatabase, rows: Rows) -> None:
    await rows.storage(maximum=CLEARANCE + 2000)
    await rows.asset()
    async with rows.connection.transaction():
        await rows.one("SELECT pg_advisory_xact_lock($1, 99)", TURNS)  # somebody has the turn
        assert await db.record(await claim(db), success(), DETAILS) is Recorded.DONE


async def test_only_what_needs_it_is_tidied(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    await db.record(await claim(db), success(), RunDetails(tidy=False))
    run = await claim(db, make_request(batch=1))
    await db.record(run, success(), RunDetails())
    errands = await db.lease([Kind.TIDY], 10, 60)
    assert [errand.payload for errand in errands] == [{"asset": "99/1/page-1", "run": str(run.id)}]
