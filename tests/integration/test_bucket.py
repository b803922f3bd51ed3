"""Buckets, against a real S3 protocol: what is written is whole, guarded, and says which run wrote it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from types_aiobotocore_s3 import S3Client

from engine.aws import AwsSettings, open_aws
from engine.outbound.bucket import Bucket
from engine.outbound.upload import PART
from local.aws import Aws
from policies.outcome import Busy, IngestError
from policies.reasons import CLAIM_LOST, STAGED_COPY_GONE, STORAGE_AWAY, STORAGE_DENIED
from tests.resources import Buckets


@pytest.fixture
async def s3(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[S3Client]:
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    async with open_aws(AwsSettings(region=aws.environment["AWS_REGION"], path_style=True)) as opened:
        yield opened.s3


@pytest.fixture
def storage(s3: S3Client, buckets: Buckets) -> Bucket:
    return Bucket(s3, buckets.storage)


async def body(s3: S3Client, bucket: str, key: str) -> bytes:
    answer = await s3.get_object(Bucket=bucket, Key=key)
    return await answer["Body"].read()


async def listed(bucket: Bucket, prefix: str = "") -> list[str]:
    return [key async for key in bucket.keys(prefix)]


@pytest.mark.parametrize("size", [0, 10, PART - 1, PART, 2 * PART + 7])
async def test_a_file_arrives_whole_whatever_its_size(storage: Bucket, s3: S3Client, tmp_path: Path, size: int) -> None:
    file = tmp_path / "source"
    file.write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    await storage.put_file("1/2/a b+c%ü", file, "image/tiff")
    assert await body(s3, storage.name, "1/2/a b+c%ü") == file.read_bytes()
    assert (await s3.head_object(Bucket=storage.name, Key="1/2/a b+c%ü"))["ContentType"] == "image/tiff"


async def test_what_a_run_writes_says_which_run_it_was(storage: Bucket, tmp_path: Path) -> None:
    mine = storage.under(lambda: None, {"run": "r-1"})
    (tmp_path / "f").write_bytes(b"f")
    await mine.put_bytes("bytes", b"b", "text/plain")
    await mine.put_file("file", tmp_path / "f", "text/plain")
    await mine.copy_from(storage.name, "bytes", "copy", "image/jp2")
    assert [await storage.run_of(key) for key in ("bytes", "file", "copy", "nothing")] == ["r-1", "r-1", "r-1", None]


async def test_a_run_without_a_claim_writes_nothing(storage: Bucket, tmp_path: Path) -> None:
    def lost() -> None:
        raise IngestError(CLAIM_LOST, "lost")

    mine = storage.under(lost, {})
    (tmp_path / "f").write_bytes(b"f")
    await storage.put_bytes("there", b"x", "text/plain")
    for write in (
        mine.put_bytes("a", b"a", "text/plain"),
        mine.put_file("a", tmp_path / "f", "text/plain"),
        mine.copy_from(storage.name, "there", "a", "text/plain"),
        mine.delete(["there"]),
    ):
        with pytest.raises(IngestError, match="lost"):
            await write
    assert await listed(storage) == ["there"]


async def test_an_upload_that_is_stopped_half_way_leaves_nothing(storage: Bucket, s3: S3Client, tmp_path: Path) -> None:
    calls = 0

    def stops_before_the_end() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise IngestError(CLAIM_LOST, "lost")

    large = tmp_path / "large"
    large.write_bytes(b"x" * (3 * PART))
    with pytest.raises(IngestError, match="lost"):
        await storage.under(stops_before_the_end, {}).put_file("large", large, "image/tiff")
    assert await listed(storage) == []
    assert (await s3.list_multipart_uploads(Bucket=storage.name)).get("Uploads", []) == []


async def test_more_than_a_page_of_objects_is_listed_and_deleted(storage: Bucket, s3: S3Client) -> None:
    for number in range(1005):
        await s3.put_object(Bucket=storage.name, Key=f"1/2/x/info/{number}", Body=b"")
    await storage.put_bytes("1/2/xy/info/1", b"", "text/plain")
    keys = await listed(storage, "1/2/x/")
    assert len(keys) == 1005
    await storage.delete([*keys, "never-was-there"])
    assert await listed(storage) == ["1/2/xy/info/1"]


async def test_a_copy_of_what_is_gone_may_be_tried_again(storage: Bucket) -> None:
    with pytest.raises(IngestError, match="transient/gone") as caught:
        await storage.copy_from(storage.name, "transient/gone", "transient/gone-copy", "image/jp2")
    assert caught.value.reason.kind is STAGED_COPY_GONE


async def test_a_bucket_that_does_not_exist_is_our_fault_and_nobodys_attempt(s3: S3Client) -> None:
    with pytest.raises(IngestError, match="s3://no-such-bucket/") as caught:
        await Bucket(s3, "no-such-bucket").reachable()
    assert caught.value.reason.kind is STORAGE_DENIED
    assert isinstance(caught.value.outcome, Busy)


async def test_an_s3_that_does_not_answer_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    async with open_aws(AwsSettings(region="eu-west-1", path_style=True)) as opened:
        with pytest.raises(IngestError) as caught:
            await Bucket(opened.s3, "bucket").put_bytes("k", b"", "text/plain")
    assert caught.value.reason.kind is STORAGE_AWAY
