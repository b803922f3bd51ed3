"""The verdict, from outside: rows by SQL, objects by listing, messages by receiving. Knows what each asset deserves."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
from PIL import Image, ImageStat

from local.service import PROGRAM
from tests.chaos.cast import DESERVED, HEIGHT, WIDTH, Member, Nature
from tests.chaos.world import World

TOLERANCE = 6  # of 255: lossy pictures of one even shade


@dataclass(slots=True)
class Verdict:
    """What was found wrong, by what it concerns; and figures."""

    wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    figures: dict[str, object] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return not any(self.wrong.values())

    def mind(self, holds: object, about: str, what: str) -> None:
        """Notes it unless it holds."""
        if not holds:
            self.wrong[about].append(what)


async def judge(world: World, cast: tuple[Member, ...], batches: Mapping[int, int]) -> Verdict:
    """Everything that must be so after a chaos run."""
    verdict = Verdict()
    connection = await asyncpg.connect(world.database_url)
    objects = {name: await asyncio.to_thread(listed, world, name) for name in ("storage", "thumbs")}
    await judge_assets(verdict, connection, cast)
    await judge_objects(verdict, world, connection, cast, objects)
    await judge_sums(verdict, connection)
    await judge_batches(verdict, world, connection, cast, batches)
    judge_leftovers(verdict, world, objects)
    await asyncio.to_thread(judge_audit, verdict, world)
    runs = await connection.fetch("SELECT outcome, count(*) FROM engine.runs WHERE source <> 'tidy' GROUP BY 1")
    verdict.figures |= {
        "runs": {row["outcome"]: row["count"] for row in runs},
        "deaths": dict(world.deaths),
        "uploads cut": world.proxy.cut,
    }
    await connection.close()
    return verdict


async def judge_assets(
    verdict: Verdict, connection: asyncpg.Connection[asyncpg.Record], cast: tuple[Member, ...]
) -> None:
    """Every asset is settled once, with what its origin deserves."""
    rows = {row["Id"]: row for row in await connection.fetch('SELECT * FROM "Images"')}
    finals: dict[str, list[asyncpg.Record]] = defaultdict(list)
    for run in await connection.fetch(
        "SELECT * FROM engine.runs WHERE final AND outcome <> 'superseded' ORDER BY claimed"
    ):
        finals[run["asset"]].append(run)
    keys = Counter(run["key"] for runs in finals.values() for run in runs)
    verdict.mind(max(keys.values(), default=1) == 1, "twice", f"messages settled twice: {keys.most_common(3)}")
    for member in cast:
        name, row = str(member.asset), rows[str(member.asset)]
        verdict.mind(row["Finished"] and not row["Ingesting"], "lost", f"{name} ({member.nature}) is not finished")
        if not finals[name]:
            verdict.mind(False, "lost", f"{name} ({member.nature}) has no final run")
            continue
        code = finals[name][-1]["reason_code"] or ""
        right = code == DESERVED[member.nature] or (member.nature is Nature.BROKEN and code == "image-broken")
        verdict.mind(right, "undeserved", f"{name} ({member.nature}) ended as {code or 'ingested'}: {row['Error']}")
        verdict.mind(bool(row["Error"]) == bool(code), "undeserved", f"{name}: Error is {row['Error']!r}")


async def judge_objects(
    verdict: Verdict,
    world: World,
    connection: asyncpg.Connection[asyncpg.Record],
    cast: tuple[Member, ...],
    objects: Mapping[str, Mapping[str, int]],
) -> None:
    """Rows and objects agree, both ways, and every picture is the asset's own."""
    expected: dict[str, set[str]] = {"storage": set(), "thumbs": set()}
    sizes = {row["Id"]: row for row in await connection.fetch('SELECT * FROM "ImageStorage"')}
    locations = {row["Id"]: row["S3"] for row in await connection.fetch('SELECT * FROM "ImageLocation"')}
    for member in cast:
        if DESERVED[member.nature]:
            continue
        name = str(member.asset)
        channels = dict(member.channels)
        stored = set[str]()
        if channels.get("iiif-img") == "default":
            stored.add(name)
        if "file" in channels or channels.get("iiif-img") == "use-original":
            stored.add(f"{name}/original")
        thumbs = (
            {f"{name}/open/{edge}.jpg" for edge in (200, 100)}
            if ("thumbs" in channels or "iiif-img" in channels)
            else set()
        )
        expected["storage"] |= stored
        expected["thumbs"] |= thumbs | ({f"{name}/s.json"} if thumbs else set())
        served = (
            None if "iiif-img" not in channels else name if channels["iiif-img"] == "default" else f"{name}/original"
        )
        where = f"s3://storage/{served}" if served else None
        verdict.mind(locations.get(name) == where, "rows", f"{name}: ImageLocation {locations.get(name)}, not {where}")
        if name in sizes:
            size = sum(objects["storage"].get(key, 0) for key in stored)
            small = sum(objects["thumbs"].get(key, 0) for key in thumbs)
            said = (sizes[name]["Size"], sizes[name]["ThumbnailSize"])
            verdict.mind(said == (size, small), "rows", f"{name}: ImageStorage {said}, stored {(size, small)}")
        verdict.mind(name in sizes, "rows", f"{name}: no ImageStorage")
        await asyncio.to_thread(judge_pictures, verdict, world, member, stored, thumbs, objects)
    for bucket, keys in expected.items():
        there = {key for key in objects[bucket] if not key.startswith("transient/")}
        verdict.mind(keys <= there, "missing objects", f"{bucket}: {sorted(keys - there)[:3]}")
        verdict.mind(there <= keys, "stray objects", f"{bucket}: {sorted(there - keys)[:3]}")


def judge_pictures(
    verdict: Verdict,
    world: World,
    member: Member,
    stored: Iterable[str],
    thumbs: Iterable[str],
    objects: Mapping[str, Mapping[str, int]],
) -> None:
    """The bytes are a whole picture, of this asset and of nobody else."""
    wanted: dict[tuple[str, str], tuple[int, int] | None] = {("storage", key): (WIDTH, HEIGHT) for key in stored}
    wanted |= {("thumbs", key): None for key in thumbs}
    for (bucket, key), size in wanted.items():
        if key not in objects[bucket]:
            continue
        body = world.aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        with Image.open(io.BytesIO(body)) as picture:
            shade = ImageStat.Stat(picture.convert("L")).mean[0]
            verdict.mind(size in {None, picture.size}, "wrong pictures", f"{bucket}/{key} is {picture.size}")
        verdict.mind(abs(shade - member.shade) <= TOLERANCE, "wrong pictures", f"{bucket}/{key} is another picture")
    name = f"{member.asset}/s.json"
    if thumbs and name in objects["thumbs"]:
        said = world.aws.s3.get_object(Bucket="thumbs", Key=name)["Body"].read()
        verdict.mind(said == b'{"o":[[200,150],[100,75]],"a":[]}', "wrong pictures", f"{name}: {said!r}")


async def judge_sums(verdict: Verdict, connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Totals are the sums of the rows, counters are at rest."""
    wrong = await connection.fetch(
        """SELECT s."Customer", s.bytes, s.thumbs, t."TotalSizeOfStoredImages", t."TotalSizeOfThumbnails"
           FROM (SELECT "Customer", sum("Size") AS bytes, sum("ThumbnailSize") AS thumbs
                 FROM "ImageStorage" GROUP BY 1) AS s
           LEFT JOIN "CustomerStorage" AS t ON t."Customer" = s."Customer" AND t."Space" = 0
           WHERE (s.bytes, s.thumbs) IS DISTINCT FROM (t."TotalSizeOfStoredImages", t."TotalSizeOfThumbnails")"""
    )
    verdict.mind(not wrong, "totals", f"{[tuple(row) for row in wrong]}")
    queues = await connection.fetch('SELECT "Customer", "Size" FROM "Queues" WHERE "Size" <> 0')
    verdict.mind(not queues, "counters", f"queue sizes {[tuple(row) for row in queues]}")
    running = await connection.fetchval("SELECT count(*) FROM engine.runs WHERE finished IS NULL")
    verdict.mind(running == 0, "lost", f"{running} runs still running")


async def judge_batches(
    verdict: Verdict,
    world: World,
    connection: asyncpg.Connection[asyncpg.Record],
    cast: tuple[Member, ...],
    batches: Mapping[int, int],
) -> None:
    """Each batch is counted right, finished once, and told once (by `notificationId`)."""
    told: dict[int, set[str]] = defaultdict(set)
    for body, attributes in await asyncio.to_thread(heard, world):
        told[json.loads(body)["id"]].add(attributes)
    for number, batch in batches.items():
        members = [member for member in cast if member.batch == number]
        errors = sum(bool(DESERVED[member.nature]) for member in members)
        row = await connection.fetchrow('SELECT * FROM "Batches" WHERE "Id" = $1', batch)
        assert row is not None
        said = (row["Count"], row["Completed"], row["Errors"], row["Finished"] is not None)
        due = (len(members), len(members) - errors, errors, True)
        verdict.mind(said == due, "batches", f"batch {batch}: {said}, not {due}")
        verdict.mind(len(told[batch]) == 1, "notifications", f"batch {batch}: told {len(told[batch])} times")


def judge_leftovers(verdict: Verdict, world: World, objects: Mapping[str, Mapping[str, int]]) -> None:
    """No scratch, no message, no staged copy is left."""
    dead = world.aws.sqs.get_queue_attributes(
        QueueUrl=f"{world.environment['ENGINE_IMAGE_QUEUE']}-dead", AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"]["ApproximateNumberOfMessages"]
    verdict.mind(dead == "0", "messages", f"{dead} dead letters")
    rooms = [path for path in world.scratch.glob("engine-*/*") if path.name != ".lock"]
    verdict.mind(not rooms, "scratch", f"{rooms[:3]}")
    staged = sum(key.startswith("transient/") for key in objects["storage"])
    verdict.figures["staged copies left to the lifecycle rule"] = staged


def judge_audit(verdict: Verdict, world: World) -> None:
    """`sluice audit` finds nothing either."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [PROGRAM, "audit", "--json"],
        env=kept | world.environment | {"AWS_ENDPOINT_URL_S3": world.emulator.endpoint},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    verdict.mind(done.returncode == 0, "audit", f"exit code {done.returncode}: {(done.stdout + done.stderr)[-600:]}")


def listed(world: World, bucket: str) -> dict[str, int]:
    """Every object of a bucket, with its bytes."""
    pages = world.aws.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {entry["Key"]: entry["Size"] for page in pages for entry in page.get("Contents", ())}


def heard(world: World) -> list[tuple[str, str]]:
    """All notifications that were told: body and `notificationId`."""
    told: list[tuple[str, str]] = []
    while True:
        answer = world.aws.sqs.receive_message(
            QueueUrl=world.heard, MaxNumberOfMessages=10, WaitTimeSeconds=1, MessageAttributeNames=["All"]
        )
        if not (messages := answer.get("Messages")):
            return told
        for message in messages:
            told.append((message["Body"], message["MessageAttributes"]["notificationId"]["StringValue"]))
            world.aws.sqs.delete_message(QueueUrl=world.heard, ReceiptHandle=message["ReceiptHandle"])


def report(verdict: Verdict, folder: Path) -> str:
    """What is wrong, as text."""
    lines = [f"{about}: {what}" for about, found in verdict.wrong.items() for what in found[:5]]
    return "\n".join([*lines, f"(logs in {folder})"]) if lines else "nothing is wrong"
