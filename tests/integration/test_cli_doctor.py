"""The doctor's examinations, each on what it examines: real where there is one, else a server that misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import aioboto3
import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from engine.db.migrate import wanted_revision
from engine.doctor.buckets import bucket_exam
from engine.doctor.clock import skew_finding
from engine.doctor.database import database_exam
from engine.doctor.examination import examine_everything, settings_findings
from engine.doctor.finding import Exam, Finding, Verdict, examine
from engine.doctor.image_server import image_server_exam
from engine.doctor.lifecycle import expired_prefix, lifecycle_exam
from engine.doctor.processor import processor_exam, scratch_exam
from engine.doctor.queues import queue_exam
from engine.doctor.services import engine_exam
from engine.outbound.processor import ProcessorSettings
from engine.settings import read_settings
from local.aws import Aws
from tests.resources import Buckets, Queues


def verdicts(found: list[Finding]) -> list[tuple[str, Verdict]]:
    return [(one.name, one.verdict) for one in found]


@asynccontextmanager
async def client(aws: Aws, service: str) -> AsyncIterator[Any]:
    async with aioboto3.Session().client(service, **aws.options) as opened:
        yield opened


@asynccontextmanager
async def serving(handler: Any) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        yield str(server.make_url("")).rstrip("/"), http


async def test_a_database_that_is_migrated_is_fine(database: str) -> None:
    found = await examine(database_exam(database, wanted_revision()))
    assert verdicts(found) == [("database", Verdict.FINE), ("migrations", Verdict.FINE)]


async def test_a_database_of_another_revision_is_told_to_migrate(database: str) -> None:
    found = await examine(database_exam(database, "9999"))
    (migrations,) = (one for one in found if one.name == "migrations")
    assert migrations.verdict is Verdict.BROKEN
    assert "sluice migrate" in migrations.remedy


async def test_an_empty_database_names_what_is_missing(postgres_url: str) -> None:
    found = {one.name: one for one in await examine(database_exam(postgres_url, "0001"))}
    assert "wants 0001" in found["migrations"].says
    assert '"Images"' in found["database rights"].says


async def test_a_database_that_is_away_is_broken_and_its_password_hidden() -> None:
    (one,) = await examine(database_exam("postgresql://u:hunter2@127.0.0.1:9/x", "1"))
    assert one.verdict is Verdict.BROKEN
    assert "nobody answers" in one.says
    assert "hunter2" not in one.says


async def test_a_bucket_is_tried_in_all_that_an_ingest_does(aws: Aws, buckets: Buckets) -> None:
    async with client(aws, "s3") as s3:
        (one,) = await examine(bucket_exam(s3, buckets.storage, "ENGINE_STORAGE_BUCKET", writes=True))
        (gone,) = await examine(bucket_exam(s3, "no-such-bucket-here", "ENGINE_STORAGE_BUCKET", writes=True))
    assert one.verdict is Verdict.FINE
    assert "Contents" not in aws.s3.list_objects_v2(Bucket=buckets.storage)
    assert gone.verdict is Verdict.BROKEN
    assert "ENGINE_STORAGE_BUCKET" in gone.remedy


async def test_a_bucket_that_we_only_read_is_tried_in_that() -> None:
    async def listed_but_locked(request: web.Request) -> web.Response:
        if "doctor-" in request.path:
            return web.Response(status=403, text="<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
        return web.Response(text="<ListBucketResult/>" if request.method == "GET" else "")

    async with serving(listed_but_locked) as (url, _):
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "eu-west-1"}
        async with aioboto3.Session().client("s3", endpoint_url=url, **keys) as s3:
            (one,) = await examine(bucket_exam(s3, "security", "ENGINE_SECURITY_BUCKET", writes=False))
    assert one.verdict is Verdict.BROKEN
    assert "s3:GetObject on security/*" in one.remedy


async def test_a_bucket_that_we_only_read_and_may_read_is_fine(aws: Aws, buckets: Buckets) -> None:
    async with client(aws, "s3") as s3:
        (one,) = await examine(bucket_exam(s3, buckets.security, "ENGINE_SECURITY_BUCKET", writes=False))
    assert one.verdict is Verdict.FINE


async def test_a_bucket_where_staged_copies_stay_for_ever_is_warned_of(aws: Aws, buckets: Buckets) -> None:
    async with client(aws, "s3") as s3:
        (without,) = await examine(lifecycle_exam(s3, buckets.storage))
        aws.expire_transient(buckets.storage)
        (expiring,) = await examine(lifecycle_exam(s3, buckets.storage))
        (gone,) = await examine(lifecycle_exam(s3, "no-such-bucket-here"))
    assert without.verdict is Verdict.WARNING
    assert "lifecycle rule" in without.remedy
    assert expiring.verdict is Verdict.FINE
    assert gone.verdict is Verdict.WARNING


@pytest.mark.parametrize(
    ("rule", "prefix"),
    [
        ({"Status": "Enabled", "Filter": {"Prefix": "transient/"}, "Expiration": {"Days": 1}}, "transient/"),
        ({"Status": "Enabled", "Prefix": "transient/", "Expiration": {"Days": 1}}, "transient/"),
        ({"Status": "Enabled", "Filter": {}, "Expiration": {"Days": 30}}, ""),
        ({"Status": "Disabled", "Filter": {"Prefix": "transient/"}, "Expiration": {"Days": 1}}, None),
        ({"Status": "Enabled", "Filter": {}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}, None),
        ({"Status": "Enabled", "Filter": {}, "Expiration": {"ExpiredObjectDeleteMarker": True}}, None),
        ({"Status": "Enabled", "Filter": {"Tag": {"Key": "a", "Value": "b"}}, "Expiration": {"Days": 1}}, None),
    ],
)
def test_a_lifecycle_rule_is_read_as_what_it_expires(rule: Any, prefix: str | None) -> None:
    assert expired_prefix(rule) == prefix


async def test_a_queue_is_warned_of_what_will_hurt(aws: Aws, queues: Queues) -> None:
    aws.sqs.set_queue_attributes(QueueUrl=queues.images, Attributes={"VisibilityTimeout": "10"})
    aws.sqs.send_message(QueueUrl=queues.images + "-dead", MessageBody="x")
    async with client(aws, "sqs") as sqs:
        found = await examine(queue_exam(sqs, queues.images, "ENGINE_IMAGE_QUEUE", heart=30))
        lonely = await examine(queue_exam(sqs, queues.images + "-dead", "ENGINE_IMAGE_QUEUE", heart=30))
        (gone,) = await examine(queue_exam(sqs, "no-such-queue", "ENGINE_IMAGE_QUEUE", heart=30))
    says = " ".join(one.says for one in found)
    assert "shorter than a heartbeat" in says
    assert "1 messages lie there" in says
    assert any("no dead-letter queue" in one.says for one in lonely)
    assert gone.verdict is Verdict.BROKEN


async def test_an_image_server_that_cannot_read_the_bucket_is_told_apart(aws: Aws, buckets: Buckets) -> None:
    async def blind(_: web.Request) -> web.Response:
        raise web.HTTPForbidden(text="AccessDenied")

    async with client(aws, "s3") as s3, serving(blind) as (url, http):
        (one,) = await examine(image_server_exam(http, s3, url, buckets.storage))
    assert f"cannot read {buckets.storage}" in one.says
    assert "delegate" in one.remedy
    assert "Contents" not in aws.s3.list_objects_v2(Bucket=buckets.storage)


async def test_a_processor_that_sees_another_folder_is_told_apart(tmp_path: Path) -> None:
    async def elsewhere(request: web.Request) -> web.Response:
        if request.path == "/ping":
            return web.json_response({"status": "working"})
        detail = [{"loc": ["body", "source"], "msg": "there is no such file", "type": "x", "input": "…"}]
        return web.json_response({"detail": detail}, status=422)

    async with serving(elsewhere) as (url, http):
        settings = ProcessorSettings(url, tmp_path, PurePosixPath("/their/scratch"))
        (one,) = await examine(processor_exam(http, settings))
    assert (one.name, one.verdict) == ("shared folder", Verdict.BROKEN)
    assert "/their/scratch" in one.remedy
    assert list(tmp_path.iterdir()) == []


async def test_a_processor_that_keeps_its_work_to_itself_is_told_apart(tmp_path: Path) -> None:
    async def boasts(request: web.Request) -> web.Response:
        return web.json_response({"jp2": "/elsewhere/derivative.jp2", "width": 64, "height": 48, "thumbs": []})

    async with serving(boasts) as (url, http):
        (one,) = await examine(processor_exam(http, ProcessorSettings(url, tmp_path, PurePosixPath(tmp_path))))
    assert (one.name, one.verdict) == ("shared folder", Verdict.BROKEN)


async def test_a_scratch_folder_that_is_not_there_is_broken(tmp_path: Path) -> None:
    (good,) = await examine(scratch_exam(tmp_path))
    (gone,) = await examine(scratch_exam(tmp_path / "gone"))
    assert good.verdict is not Verdict.BROKEN
    assert gone.verdict is Verdict.BROKEN
    assert "ENGINE_SCRATCH" in gone.remedy


async def test_an_engine_that_misses_something_says_what() -> None:
    async def unready(_: web.Request) -> web.Response:
        body = {"ready": False, "checks": [{"name": "processor", "ok": False, "says": "no answer within 5 s"}]}
        return web.json_response(body, status=503)

    async with serving(unready) as (url, http):
        (one,) = await examine(engine_exam(http, url))
    assert one.verdict is Verdict.WARNING
    assert "processor: no answer" in one.says


@pytest.mark.parametrize(
    ("behind", "verdict"), [(2, None), (-4, None), (60, Verdict.WARNING), (-60, Verdict.WARNING), (900, Verdict.BROKEN)]
)
def test_clocks_may_differ_by_a_little(behind: float, verdict: Verdict | None) -> None:
    found = skew_finding("clock", behind)
    assert (found and found.verdict) is verdict


def test_missing_and_misspelt_settings_are_findings() -> None:
    found = settings_findings(read_settings({"ENGINE_SLOT": "3", "ENGINE_STORAGE_BUCKET": "storage"}))
    says = " ".join(one.says for one in found)
    assert "ENGINE_DATABASE_URL is not set" in says
    assert "ENGINE_STORAGE_BUCKET is not set" not in says
    assert "perhaps ENGINE_SLOTS" in says


async def test_what_can_be_tried_without_aws_is_tried(monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    settings = read_settings({"ENGINE_DATABASE_URL": database, "ENGINE_STORAGE_BUCKET": "storage"})
    found = {one.name: one.verdict async for findings in examine_everything(settings) for one in findings}
    assert found["AWS"] is Verdict.BROKEN
    assert found["database"] is Verdict.FINE


async def test_an_examination_never_takes_longer_than_its_bound() -> None:
    async def hangs() -> list[Finding]:
        await asyncio.Event().wait()
        return []

    (one,) = await examine(Exam("it", hangs, "wake it"), seconds=0.05)
    assert (one.verdict, one.remedy) == (Verdict.BROKEN, "wake it")
