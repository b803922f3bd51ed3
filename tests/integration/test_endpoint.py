"""The endpoint of a whole engine on real parts: every status of a synchronous ingest, and what /ready tries."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from policies.request import AssetId
from tests.integration.db_rows import ASSET
from tests.integration.rig import Rig, picture

LATER, EARLIER = "2026-11-20T12:00:00Z", "2026-11-20T09:00:00Z"


async def get(url: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return answer.status, await answer.json()


async def test_a_synchronous_ingest_is_told_by_its_status_and_its_run(rig: Rig) -> None:
    nowhere, text, broken = (AssetId(ASSET.customer, 1, name) for name in ("nowhere", "text", "broken"))
    await rig.rows.asset(origin=rig.origin.put("page.tif", picture()))
    await rig.rows.asset(nowhere, origin=rig.origin.put("nowhere.tif", 404))
    await rig.rows.asset(text, origin=rig.origin.put("page.html", b"<!doctype html><html><body>Login</body></html>"))
    await rig.rows.asset(broken, origin=rig.origin.put("broken.tif", 500))
    async with rig.engine():
        status, body = await rig.post(created=LATER)
        assert (status, body["outcome"], body["width"]) == (200, "ingested", 300)
        assert (await get(f"{rig.url}/runs/{body['run']}"))[1]["outcome"] == "ingested"
        assert (await rig.post(created=LATER))[1]["run"] == body["run"]  # the same message again: the same answer
        assert rig.origin.hits["page.tif"] == 1
        assert (await rig.post(created=EARLIER))[0] == 409
        for asset, expected, code in (
            (AssetId(99, 1, "unheard-of"), 404, "unknown-asset"),
            (nowhere, 502, "origin-not-found"),
            (text, 422, "not-an-image"),
            (broken, 503, "origin-server-error"),
        ):
            status, body = await rig.post(asset)
            assert (status, body["reason"]["code"]) == (expected, code)
            named = body["reason"]["message"]
            assert str(asset) in named or "http://" in named
        await rig.rows.connection.execute('UPDATE "StoragePolicies" SET "MaximumTotalSizeOfStoredImages" = 1')
        status, body = await rig.post(created="2026-11-20T13:00:00Z")
        assert (status, body["reason"]["code"]) == (507, "over-quota")


async def test_ready_tries_every_part_by_name_and_leaves_no_probe(rig: Rig) -> None:
    async with rig.engine():
        status, body = await get(f"{rig.url}/ready?write=1")
        assert status == 200, body
        assert all(check["ok"] for check in body["checks"])
        buckets = (rig.buckets.storage, rig.buckets.thumbs, rig.buckets.origin, rig.buckets.security)
        names = {check["name"] for check in body["checks"]}
        assert {"database", "processor", "image server", *(f"bucket {bucket}" for bucket in buckets)} <= names
        assert sum(name.startswith("queue ") for name in names) == 3
        assert all(check["seconds"] < 5 for check in body["checks"])
        for bucket in (rig.buckets.storage, rig.buckets.thumbs):
            assert rig.keys(bucket) == []


@pytest.mark.parametrize(("bucket", "ready"), [("security", True), ("thumbs", False)])
async def test_a_bucket_that_is_gone_is_named_and_only_one_that_we_write_to_makes_us_unready(
    rig: Rig, bucket: str, ready: bool
) -> None:
    name = getattr(rig.buckets, bucket)
    async with rig.engine():
        rig.aws.s3.delete_bucket(Bucket=name)
        status, body = await get(f"{rig.url}/ready")
    assert status == (200 if ready else 503)
    (gone,) = (check for check in body["checks"] if not check["ok"])
    assert gone["name"] == f"bucket {name}"
    assert gone["remedy"]
