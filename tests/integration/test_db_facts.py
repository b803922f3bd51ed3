"""Facts on a real PostgreSQL: one read, in both shapes of database; full messages adopted first."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from engine.db.port import Source
from engine.db.postgres import PostgresDatabase, open_database
from engine.db.record_statements import CLEARANCE
from engine.db.settings import DatabaseSettings
from policies.facts import Channel, Facts, PolicyRow, StrategyRow
from policies.outcome import Refused
from policies.reasons import BATCH_UNKNOWN, POLICY_UNKNOWN, UNKNOWN_ASSET, Kind
from policies.request import AssetId, IngestRequest, Named
from policies.settle import Settlement
from tests.integration.db_rows import (
    ASSET,
    DETAILS,
    Rows,
    attempt,
    claim,
    make_request,
    make_stored,
    refusal,
    success,
)

THUMBS = '["!1024,1024","!400,400","!200,200","!100,100"]'
FULL = Named(origin="https://example.org/new.tif", channels=("iiif-img", "thumbs"))


async def read(db: PostgresDatabase, request: IngestRequest | None = None) -> Facts:
    wanted = request or make_request()
    facts = await db.facts(await claim(db, wanted, source=Source.HTTP), wanted)
    assert isinstance(facts, Facts), facts
    return facts


def full(named: Named = FULL, *, asset: AssetId = ASSET, batch: int | None = None) -> IngestRequest:
    return replace(make_request(asset, batch=batch), named=named)


async def test_an_asset_is_read_with_its_channels_and_policies(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset(origin="s3://bucket/key", media_type="image/jpeg", roles="https://roles/1, https://roles/2")
    facts = await read(db)
    assert facts.asset.origin == "s3://bucket/key"
    assert facts.asset.media_type == "image/jpeg"
    assert facts.asset.max_unauthorised == -1
    assert facts.asset.roles == ("https://roles/1", "https://roles/2")
    assert facts.channels == (
        Channel("iiif-img", PolicyRow(1, 1, "iiif-img", "default", None, system=True)),
        Channel("thumbs", PolicyRow(3, 1, "thumbs", "default", THUMBS, system=False)),
    )
    assert not facts.ingested_before


async def test_an_asset_that_does_not_exist_is_refused_and_unknown(db: PostgresDatabase) -> None:
    answer = await db.facts(await claim(db), make_request())
    assert isinstance(answer, Refused)
    assert answer.reason.kind is UNKNOWN_ASSET
    assert await db.facts_for(ASSET) is None


async def test_an_asset_without_channels_has_none(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset(channels=())
    assert (await read(db)).channels == ()


async def test_the_strategies_of_the_customer_come_whole_and_those_of_others_do_not(
    db: PostgresDatabase, rows: Rows
) -> None:
    await rows.asset()
    for number, customer in enumerate((99, 98)):
        await rows.connection.execute(
            """INSERT INTO "CustomerOriginStrategies" VALUES ($1, $2, '^https', 'sftp', '{"user":"u"}', true, 3)""",
            f"id-{number}", customer,
        )  # fmt: skip
    [strategy] = (await read(db)).strategies
    assert strategy == StrategyRow("id-0", 99, "^https", "sftp", '{"user":"u"}', optimised=True, order=3)
    assert "user" not in repr(strategy)


async def test_storage_is_that_of_the_whole_customer_and_this_asset(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    await rows.storage(total=500, maximum=10_000)
    await rows.storage(total=77, maximum=10_000, space=1)
    await db.record(await claim(db), success(), DETAILS)
    storage = (await read(db, make_request(batch=1))).storage
    assert (storage.policy, storage.maximum) == ("limit-10000", 10_000)
    assert (storage.asset_bytes, storage.asset_thumb_bytes) == (1000, 100)
    assert storage.customer_total == 1500  # what is not folded yet counts, for the quota is near


async def test_far_from_the_quota_what_is_not_folded_yet_need_not_be_summed(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    await rows.storage(total=500, maximum=CLEARANCE * 2)
    await db.record(await claim(db), success(), DETAILS)
    assert (await read(db, make_request(batch=1))).storage.customer_total == 500


async def test_a_customer_without_a_row_has_the_default_policy(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    storage = (await read(db)).storage
    assert (storage.policy, storage.maximum, storage.customer_total) == ("default", 10**18, 0)


async def test_a_storage_policy_that_does_not_exist_has_no_maximum(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    await rows.connection.execute("""INSERT INTO "CustomerStorage" VALUES (99, 0, 'gone', 0, 5, 0, NULL)""")
    assert (await read(db)).storage.maximum is None


@pytest.mark.parametrize(
    "earlier", [success(make_stored()), refusal(), attempt()], ids=["ingested", "refused", "tried"]
)
async def test_whether_an_image_server_may_have_read_an_asset_before(
    db: PostgresDatabase, rows: Rows, earlier: Settlement
) -> None:
    await rows.asset()
    await db.record(await claim(db), earlier, DETAILS)
    await rows.connection.execute('UPDATE "Images" SET "Finished" = NULL')  # as the API does when it asks again
    assert (await read(db, make_request(batch=1))).ingested_before


async def test_an_asset_that_another_engine_ingested_was_ingested_before(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset()
    await rows.connection.execute('UPDATE "Images" SET "Finished" = now()')
    assert (await read(db)).ingested_before


async def test_a_full_message_makes_the_asset_and_its_channels(db: PostgresDatabase, rows: Rows) -> None:
    facts = await read(db, full(replace(FULL, media_type="image/tiff", roles=("a", "b"), max_unauthorised=400)))
    assert facts.asset.origin == "https://example.org/new.tif"
    assert facts.asset.media_type == "image/tiff"
    assert facts.asset.roles == ("a", "b")
    assert facts.asset.max_unauthorised == 400
    assert [(channel.name, channel.policy.id) for channel in facts.channels] == [("iiif-img", 1), ("thumbs", 3)]
    assert await rows.all(
        'SELECT "Customer", "Space", "Family", "Error", "Tags", "ThumbnailPolicy", "Batch", "Ingesting" FROM "Images"'
    ) == [(99, 1, "I", "", "", "", 0, True)]


async def test_a_full_message_keeps_what_it_does_not_say(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset(media_type="image/jpeg", roles="a", channels=(("file", "none"),))
    before = await rows.all('SELECT "Id" FROM "ImageDeliveryChannels"')
    facts = await read(db, full(Named(origin="https://example.org/new.tif")))
    assert (facts.asset.media_type, facts.asset.roles) == ("image/jpeg", ("a",))
    assert [channel.name for channel in facts.channels] == ["file"]
    assert await rows.all('SELECT "Id" FROM "ImageDeliveryChannels"') == before


async def test_a_full_message_replaces_the_channels(db: PostgresDatabase, rows: Rows) -> None:
    await rows.asset(channels=(("file", "none"),))
    await read(db, full())
    assert await rows.all('SELECT "Channel" FROM "ImageDeliveryChannels" ORDER BY 1') == [("iiif-img",), ("thumbs",)]


async def test_a_built_in_recipe_becomes_a_policy_of_the_customer_once(db: PostgresDatabase, rows: Rows) -> None:
    fastest = replace(FULL, image_policy="fastest")
    for asset in (ASSET, AssetId(99, 1, "page-2")):
        facts = await read(db, full(fastest, asset=asset))
        policy = facts.channels[0].policy
        assert (policy.customer, policy.name, policy.system) == (99, "fastest", False)
        assert json.loads(policy.data or "")["codec"] == "htj2k"
    assert await rows.one('SELECT count(*) FROM "DeliveryChannelPolicies" WHERE "Customer" = 99') == 1


async def test_a_customers_own_policy_goes_before_the_systems(db: PostgresDatabase, rows: Rows) -> None:
    await rows.connection.execute(
        """INSERT INTO "DeliveryChannelPolicies" ("Name", "Customer", "Channel", "System", "Created", "Modified")
           VALUES ('use-original', 99, 'iiif-img', false, now(), now())"""
    )
    facts = await read(db, full(replace(FULL, image_policy="use-original")))
    assert facts.channels[0].policy.customer == 99


async def test_no_channels_named_gives_the_defaults_of_the_space(db: PostgresDatabase, rows: Rows) -> None:
    await rows.connection.execute(
        """INSERT INTO "DefaultDeliveryChannels"
           VALUES (gen_random_uuid(), 99, 0, 'image/*', 3), (gen_random_uuid(), 99, 1, 'image/*', 1),
                  (gen_random_uuid(), 99, 2, 'image/*', 4)"""
    )
    facts = await read(db, full(Named(origin="https://example.org/new.tif")))
    assert sorted(channel.policy.id for channel in facts.channels) == [1, 3]


@pytest.mark.parametrize(
    ("named", "batch", "kind"),
    [(FULL, 12345, BATCH_UNKNOWN), (replace(FULL, image_policy="no-such"), None, POLICY_UNKNOWN)],
)
async def test_a_full_message_that_makes_no_sense_writes_nothing(
    db: PostgresDatabase, rows: Rows, named: Named, batch: int | None, kind: Kind
) -> None:
    request = full(named, batch=batch)
    answer = await db.facts(await claim(db, request), request)
    assert isinstance(answer, Refused)
    assert answer.reason.kind is kind
    assert await rows.all('SELECT * FROM "Images"') == []


async def test_the_same_facts_come_out_of_an_adopted_database(dlcs_database: str, database: str) -> None:
    found = []
    for url in (dlcs_database, database):
        async with open_database(DatabaseSettings(url), "tester") as db:
            found.append(await read(db, full()))
    assert found[0] == found[1]
