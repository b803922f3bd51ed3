"""The buckets: is each there, and may we do with it what the engine does?"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from email.utils import parsedate_to_datetime
from uuid import uuid4

from botocore.exceptions import ClientError
from types_aiobotocore_s3 import S3Client

from engine.doctor.clock import skew_finding
from engine.doctor.finding import Exam, Finding, broken, fine, in_words

PROBE = b"sluice doctor was here"


def bucket_exam(s3: S3Client, name: str, variable: str, *, writes: bool) -> Exam:
    """The examination of one bucket; with `writes` a probe is stored, read, and removed."""
    label = f"bucket {name}"

    async def run() -> Sequence[Finding]:
        head = await s3.head_bucket(Bucket=name)
        await s3.list_objects_v2(Bucket=name, MaxKeys=1)
        found = [await (_written if writes else _read)(s3, name, label)]
        date = head["ResponseMetadata"]["HTTPHeaders"].get("date")
        if date and writes:
            skew = skew_finding("clock and S3", parsedate_to_datetime(date).timestamp() - time.time())
            found += [skew] if skew else []
        return found

    return Exam(label, run, f"Check {variable}, the region and endpoint, and the engine's permissions on the bucket.")


async def _read(s3: S3Client, bucket: str, label: str) -> Finding:
    """Asks for an object that is not there: who may not read at all hears so instead."""
    try:
        await s3.get_object(Bucket=bucket, Key=f"transient/doctor-{uuid4()}")
    except ClientError as error:
        if error.response["Error"].get("Code") not in {"NoSuchKey", "404"}:
            return broken(label, in_words(error), f"Give the engine s3:GetObject on {bucket}/*.")
    return fine(label, "there, and can be listed and read")


async def _written(s3: S3Client, bucket: str, label: str) -> Finding:
    """Does what an ingest does, step by step, so that the missing permission has a name."""
    key = f"transient/doctor-{uuid4()}"
    copy = f"{key}-copy"

    async def read() -> object:
        return await (await s3.get_object(Bucket=bucket, Key=key))["Body"].read()

    steps: tuple[tuple[str, Callable[[], Awaitable[object]]], ...] = (
        ("s3:PutObject", lambda: s3.put_object(Bucket=bucket, Key=key, Body=PROBE)),
        ("s3:GetObject", read),
        ("s3:PutObject of a copy", lambda: s3.copy_object(Bucket=bucket, Key=copy, CopySource=f"{bucket}/{key}")),
        (
            "s3:DeleteObject",
            lambda: s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}, {"Key": copy}]}),
        ),
    )
    for permission, step in steps:
        try:
            await step()
        except ClientError as error:
            return broken(label, in_words(error), f"Give the engine {permission} on {bucket}/*.")
    return fine(label, "a probe was stored, read, copied and removed")
