"""The commands of every day, on a real database and an emulated AWS; no engine runs."""

from __future__ import annotations

import asyncio
import csv
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from engine.cli.run import run
from engine.db.connections import Connections
from engine.db.port import Claimed, RunDetails, Source
from engine.db.postgres import PostgresDatabase
from engine.db.settings import DatabaseSettings
from images.size import Size
from local.aws import Aws
from policies.outcome import Ingested, Outcome, Refused, Stored
from policies.reasons import NOT_AN_IMAGE
from policies.request import AssetId, IngestRequest, Named
from policies.settle import settle
from tests.resources import Buckets, Queues

Environment = dict[str, str]


@pytest.fixture
def environment(database: str, aws: Aws, buckets: Buckets, queues: Queues) -> Environment:
    return {
        "PATH": os.environ["PATH"],
        "ENGINE_DATABASE_URL": database,
        "ENGINE_IMAGE_QUEUE": queues.images,
        "ENGINE_PRIORITY_QUEUE": queues.priority,
        "ENGINE_FILE_QUEUE": queues.files,
        "ENGINE_STORAGE_BUCKET": buckets.storage,
        "ENGINE_THUMBS_BUCKET": buckets.thumbs,
        "ENGINE_ORIGIN_BUCKET": buckets.origin,
        "ENGINE_SECURITY_BUCKET": buckets.security,
        **aws.environment,
    }


@dataclass(frozen=True, slots=True)
class Done:
    """What a command printed."""

    stdout: str
    stderr: str


class Sluice:
    """The command, run in this process with the environment of a test."""

    def __init__(self, environment: Environment, capsys: pytest.CaptureFixture[str]) -> None:
        self.environment = environment
        self._capsys = capsys

    def __call__(self, *words: str, expect: int = 0) -> Done:
        kept = dict(os.environ)
        os.environ.update(self.environment)
        try:
            code = run(list(words), os.environ)
        finally:
            os.environ.clear()
            os.environ.update(kept)
        done = Done(*self._capsys.readouterr())
        assert code == expect, done.stdout + done.stderr
        return done

    def json(self, *words: str, expect: int = 0) -> Any:
        return json.loads(self(*words, "--json", expect=expect).stdout)


@pytest.fixture
def sluice(environment: Environment, capsys: pytest.CaptureFixture[str]) -> Sluice:
    return Sluice(environment, capsys)


def rows(url: str, sql: str) -> list[dict[str, Any]]:
    async def fetch() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(url)
        try:
            return [dict(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    return asyncio.run(fetch())


def settled(url: str, asset: AssetId, outcome: Outcome, *, batch: int | None = None) -> str:
    """The asset is made, claimed and recorded, as an engine would have done; the run's id."""

    async def work() -> str:
        async with Connections(DatabaseSettings(url, 2)).opened() as connections:
            database = PostgresDatabase(connections, "test")
            named = Named("https://u:hunter2@example.org/x.tif", channels=("iiif-img", "thumbs"))
            request = IngestRequest(asset, datetime.now(UTC), batch, named)
            claimed = await database.claim(request, f"key-{asset}-{batch}", Source.HTTP)
            if not isinstance(claimed, Claimed):  # no row yet: the facts of a full message make it
                raise TypeError(claimed)
            await database.facts(claimed.run, request)
            settlement = settle(outcome, 1, 5, datetime.now(UTC), 0.5)
            details = RunDetails(bytes=100, size=Size(400, 300), steps={"fetch": 0.5}, thumbs_by="image-server")
            await database.record(claimed.run, settlement, details)
            await database.fold()
            return str(claimed.run.id)

    return asyncio.run(work())


def stored(buckets: Buckets, asset: AssetId) -> Ingested:
    keys = (f"{buckets.storage}/{asset}", f"{buckets.thumbs}/{asset}/open/100.jpg", f"{buckets.thumbs}/{asset}/s.json")
    location = f"s3://{buckets.storage}/{asset}"
    return Ingested(Stored(Size(400, 300), "image/tiff", location, 5, 7, '{"o":[[100,75]],"a":[]}', keys))


def put_objects(aws: Aws, buckets: Buckets, asset: AssetId, run: str) -> None:
    by = {"run": run}
    aws.s3.put_object(Bucket=buckets.storage, Key=str(asset), Body=b"12345", Metadata=by)
    aws.s3.put_object(Bucket=buckets.thumbs, Key=f"{asset}/open/100.jpg", Body=b"1234567", Metadata=by)
    aws.s3.put_object(Bucket=buckets.thumbs, Key=f"{asset}/s.json", Body=b'{"o":[[100,75]],"a":[]}', Metadata=by)


def messages(aws: Aws, url: str) -> list[dict[str, Any]]:
    answer = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


PAGE = AssetId(99, 1, "page-1")
REFUSED = Refused(NOT_AN_IMAGE.of("https://u:hunter2@example.org/x.tif is a web page"))


def test_runs_are_listed_filtered_and_shown_without_secrets(sluice: Sluice, buckets: Buckets) -> None:
    url = sluice.environment["ENGINE_DATABASE_URL"]
    good = settled(url, PAGE, stored(buckets, PAGE))
    bad = settled(url, AssetId(99, 1, "page-2"), REFUSED)
    every = sluice.json("runs")
    assert [run["id"] for run in every] == [bad, good]
    assert [run["id"] for run in sluice.json("runs", "--failed", "--since", "1h")] == [bad]
    assert [run["id"] for run in sluice.json("runs", "--asset", "99/1/page-1")] == [good]
    shown = sluice("runs", "show", bad).stdout
    assert "not-an-image" in shown
    assert NOT_AN_IMAGE.remedy in shown
    assert "hunter2" not in shown + sluice("runs").stdout
    sluice("runs", "show", "nonsense", expect=2)
    sluice("runs", "show", "00000000-0000-0000-0000-000000000000", expect=1)


def test_retry_sends_a_new_message_for_each_failed_asset(sluice: Sluice, aws: Aws, buckets: Buckets) -> None:
    url = sluice.environment["ENGINE_DATABASE_URL"]
    settled(url, PAGE, stored(buckets, PAGE))
    settled(url, AssetId(99, 1, "page-2"), REFUSED)
    assert sluice.json("retry", "--failed", "--dry-run") == {"assets": 1}
    assert sluice.json("retry", "--failed", "--priority")["assets"] == 1
    (sent,) = messages(aws, sluice.environment["ENGINE_PRIORITY_QUEUE"])
    assert sent["id"] == {"customer": 99, "space": 1, "asset": "page-2"}
    assert sent["created"]
    assert rows(url, 'SELECT "Size" FROM "Queues" WHERE "Name" = \'priority\'') == [{"Size": 1}]
    sluice("retry", expect=2)


def test_dead_letters_are_shown_with_their_reason_moved_back_and_deleted(sluice: Sluice, aws: Aws) -> None:
    dead = sluice.environment["ENGINE_IMAGE_QUEUE"] + "-dead"
    aws.sqs.send_message(QueueUrl=dead, MessageBody="no json at all")
    aws.sqs.send_message(QueueUrl=dead, MessageBody='{"id":"99/1/page-1"}')
    for _ in range(2):  # looking changes nothing
        found = sluice.json("queue", "peek")
        assert {letter["body"]: letter["why"].split(":")[0] for letter in found} == {
            "no json at all": "request-not-json",
            '{"id":"99/1/page-1"}': "readable (99/1/page-1), but it came too often",
        }
    sluice("queue", "redrive", expect=2)  # nobody there to ask
    assert sluice.json("queue", "redrive", "--yes")["image"] == 2
    received = aws.sqs.receive_message(QueueUrl=sluice.environment["ENGINE_IMAGE_QUEUE"], MaxNumberOfMessages=10)
    assert len(received["Messages"]) == 2
    aws.sqs.send_message(QueueUrl=dead, MessageBody="no json at all")
    assert sluice.json("queue", "purge", "--yes", "--queue", "image") == {"image": 1}
    assert sluice("queue", "peek").stdout.strip() == "no dead letters"


def test_ingest_makes_rows_uploads_files_and_sends_messages(sluice: Sluice, aws: Aws, tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    (scans / "Page One.TIF").write_bytes(b"II*\0 one")
    (scans / "notes.txt").write_text("not an image")
    words = ["ingest", str(scans), "https://example.org/a/page.jpg?x=1", "--customer", "99", "--space", "5"]
    words += ["--policy", "fastest", "--thumbs", "!400,400 !200,200", "--no-follow"]
    told = sluice.json(*words)
    batch, url = told["batch"], sluice.environment["ENGINE_DATABASE_URL"]
    sent = messages(aws, sluice.environment["ENGINE_IMAGE_QUEUE"])
    assert {message["id"]["asset"] for message in sent} == {"Page-One", "page"}
    assert {message["batchId"] for message in sent} == {batch}
    origins = {row["Id"]: row["Origin"] for row in rows(url, 'SELECT "Id", "Origin" FROM "Images"')}
    bucket = sluice.environment["ENGINE_ORIGIN_BUCKET"]
    assert origins == {
        "99/5/Page-One": f"s3://{bucket}/99/5/Page-One.tif",
        "99/5/page": "https://example.org/a/page.jpg?x=1",
    }
    assert aws.s3.get_object(Bucket=bucket, Key="99/5/Page-One.tif")["Body"].read() == b"II*\0 one"
    policies = rows(
        url,
        'SELECT DISTINCT "Name", "PolicyData" FROM "DeliveryChannelPolicies" AS policy JOIN "ImageDeliveryChannels" '
        'ON "DeliveryChannelPolicyId" = policy."Id" WHERE "Customer" = 99 ORDER BY "Name"',
    )
    assert policies[0]["Name"] == "fastest"
    assert json.loads(policies[1]["PolicyData"]) == ["!400,400", "!200,200"]
    assert rows(url, 'SELECT "Count", "Finished" FROM "Batches"') == [{"Count": 2, "Finished": None}]
    assert rows(url, 'SELECT "Size" FROM "Queues"') == [{"Size": 2}]


def test_an_interrupted_ingest_is_resumed_with_the_same_messages(sluice: Sluice, aws: Aws) -> None:
    words = ["ingest", "https://example.org/a.jpg", "https://example.org/b.jpg", "-c", "99", "--no-follow"]
    batch = sluice.json(*words)["batch"]
    first = messages(aws, sluice.environment["ENGINE_IMAGE_QUEUE"])
    assert sluice.json(*words, "--resume", str(batch))["batch"] == batch
    again = messages(aws, sluice.environment["ENGINE_IMAGE_QUEUE"])
    assert sorted(first, key=str) == sorted(again, key=str)
    counted = 'SELECT "Size" FROM "Queues" WHERE "Customer" = 99'
    assert rows(sluice.environment["ENGINE_DATABASE_URL"], counted) == [{"Size": 2}]
    other = sluice("ingest", "https://example.org/a.jpg", "-c", "99", "--resume", str(batch), expect=2)
    assert "1 of its assets are not named here" in other.stderr


def test_ingest_follows_a_batch_to_its_end_and_reports(sluice: Sluice, tmp_path: Path, buckets: Buckets) -> None:
    url, report = sluice.environment["ENGINE_DATABASE_URL"], tmp_path / "report.csv"
    words = ["ingest", "https://example.org/page-1.jpg", "https://example.org/page-2.jpg", "-c", "99"]
    batch = sluice.json(*words, "--no-follow")["batch"]
    settled(url, PAGE, stored(buckets, PAGE), batch=batch)
    settled(url, AssetId(99, 1, "page-2"), REFUSED, batch=batch)
    told = sluice.json(*words, "--resume", str(batch), "--report", str(report), expect=1)
    assert {one["asset"]: one["status"] for one in told["assets"]} == {
        "99/1/page-1": "ingested",
        "99/1/page-2": "failed",
    }
    with report.open(newline="") as file:
        one, two = csv.DictReader(file)
    assert (one["width"], one["thumbnails_by"]) == ("400", "image-server")
    assert (two["reason"], "hunter2" in two["error"]) == ("not-an-image", False)


@pytest.mark.parametrize(
    "words",
    [
        ["ingest", "/no/such/file.tif"],
        ["ingest", "gopher://example.org/x"],
        ["ingest", "https://example.org/x", "--thumbs", "!400,0"],
        ["ingest", "https://example.org/x", "--report", "report.xls"],
        ["ingest", "https://example.org/x", "--resume", "7"],
    ],
)
def test_ingest_refuses_wrong_use_before_anything_is_done(sluice: Sluice, words: list[str]) -> None:
    sluice(*words, expect=2)
    assert rows(sluice.environment["ENGINE_DATABASE_URL"], 'SELECT "Id" FROM "Images"') == []


def test_ingest_names_a_policy_that_nobody_has(sluice: Sluice) -> None:
    words = ["ingest", "https://example.org/x.jpg", "--policy", "marvellous"]
    assert '"marvellous"' in sluice(*words, expect=1).stdout
    told = sluice.json(*words, expect=1)
    assert [one["reason"] for one in told["assets"]] == ["policy-unknown"]
    assert told["batch"] is None
    assert rows(sluice.environment["ENGINE_DATABASE_URL"], 'SELECT "Id" FROM "Batches"') == []


def test_a_batch_counts_only_what_could_be_handed_in(sluice: Sluice) -> None:
    url = sluice.environment["ENGINE_DATABASE_URL"]
    long = f"https://example.org/long.jpg?{'x' * 1000}"  # more than "Images"."Origin" holds
    words = ["ingest", "https://example.org/a.jpg", long, "-c", "99", "--no-follow"]
    batch = sluice.json(*words, expect=1)["batch"]
    assert rows(url, 'SELECT "Count" FROM "Batches"') == [{"Count": 1}]
    told = sluice.json(*words, "--resume", str(batch), expect=1)
    assert [(one["asset"], one["reason"]) for one in told["assets"]] == [("99/1/long", "asset-field-too-long")]


def test_nothing_is_added_to_a_batch_that_is_finished(sluice: Sluice) -> None:
    url = sluice.environment["ENGINE_DATABASE_URL"]
    batch = sluice.json("ingest", "https://example.org/a.jpg", "-c", "99", "--no-follow")["batch"]
    rows(url, 'UPDATE "Batches" SET "Finished" = now()')
    words = ["https://example.org/a.jpg", "https://example.org/b.jpg", "-c", "99", "--resume", str(batch)]
    assert "is finished, and 1 of these are not in it" in sluice("ingest", *words, expect=2).stderr


def test_audit_finds_nothing_when_rows_and_buckets_agree(sluice: Sluice, aws: Aws, buckets: Buckets) -> None:
    run = settled(sluice.environment["ENGINE_DATABASE_URL"], PAGE, stored(buckets, PAGE))
    put_objects(aws, buckets, PAGE, run)
    assert sluice.json("audit")["discrepancies"] == []
    assert "everything agrees" in sluice("audit", "99/1/page-1").stdout


def test_audit_names_every_discrepancy_and_repairs_what_is_safe(sluice: Sluice, aws: Aws, buckets: Buckets) -> None:
    url = sluice.environment["ENGINE_DATABASE_URL"]
    run = settled(url, PAGE, stored(buckets, PAGE))
    put_objects(aws, buckets, PAGE, run)
    aws.s3.put_object(Bucket=buckets.thumbs, Key="99/1/page-1/s.json", Body=b'{"o":[],"a":[]}', Metadata={"run": run})
    aws.s3.put_object(Bucket=buckets.thumbs, Key="99/1/page-1/auth/200.jpg", Body=b"stale")
    aws.s3.put_object(Bucket=buckets.thumbs, Key="99/1/gone/open/100.jpg", Body=b"orphan")
    aws.s3.put_object(Bucket=buckets.storage, Key=f"transient/{run}", Body=b"left behind")
    rows(url, 'UPDATE "CustomerStorage" SET "TotalSizeOfStoredImages" = 99')
    found = sluice.json("audit", expect=1)["discrepancies"]
    assert {(one["about"], one["problem"]) for one in found} == {
        ("99/1/page-1", "sizes"),
        ("99/1/page-1", "stale"),
        ("99/1/page-1", "leftover"),
        ("99/1/gone", "stale"),
        ("customer 99", "totals"),
    }
    sluice("audit", "--repair")
    asyncio.run(fold(url))
    assert sluice.json("audit")["discrepancies"] == []


def test_audit_corrects_the_total_of_a_space_and_leaves_its_customers_alone(
    sluice: Sluice, aws: Aws, buckets: Buckets
) -> None:
    url = sluice.environment["ENGINE_DATABASE_URL"]
    put_objects(aws, buckets, PAGE, settled(url, PAGE, stored(buckets, PAGE)))
    rows(url, """INSERT INTO "CustomerStorage" VALUES (99, 1, 'default', 1, 4711, 8, NULL)""")
    sums = 'SELECT "TotalSizeOfStoredImages", "TotalSizeOfThumbnails" FROM "CustomerStorage" ORDER BY "Space"'
    customer = rows(url, sums)[0]
    for scope in ([], ["--customer", "99"], ["--space", "99/1"]):
        found = sluice.json("audit", *scope, expect=1)["discrepancies"]
        assert [(one["about"], one["problem"]) for one in found] == [("space 99/1", "totals")]
    assert sluice.json("audit", "--space", "99/2")["discrepancies"] == []
    sluice("audit", "--space", "99/1", "--repair")
    asyncio.run(fold(url))
    assert rows(url, sums) == [customer, customer]
    assert sluice.json("audit")["discrepancies"] == []


async def fold(url: str) -> None:
    async with Connections(DatabaseSettings(url, 2)).opened() as connections:
        await PostgresDatabase(connections, "test").fold()


def test_audit_does_not_repair_what_has_to_be_ingested_again(sluice: Sluice, aws: Aws, buckets: Buckets) -> None:
    run = settled(sluice.environment["ENGINE_DATABASE_URL"], PAGE, stored(buckets, PAGE))
    put_objects(aws, buckets, PAGE, run)
    aws.s3.put_object(Bucket=buckets.storage, Key=str(PAGE), Body=b"54321", Metadata={"run": "another"})
    aws.s3.delete_object(Bucket=buckets.thumbs, Key=f"{PAGE}/open/100.jpg")
    found = sluice.json("audit", str(PAGE), "--repair", expect=1)["discrepancies"]
    assert {one["problem"] for one in found} == {"another-run", "missing"}
    assert {one["repair"] for one in found} == {"ingest"}
