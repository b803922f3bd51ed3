"""S3 origins: versions, own keys, headers by ranged reads, copies inside S3, and answers of a scripted S3."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aioboto3
import pytest
from PIL import Image

from images.header import ImageFormat
from images.size import Size
from local.aws import Aws
from origins.aws import AwsClients
from origins.credential_values import S3Keys
from origins.origins import Origins
from origins.port import GIB, MIB
from origins.s3_copy import Copier
from origins.s3_object import look, object_of
from policies.outcome import IngestError
from policies.plan import Place, StrategyKind
from policies.reasons import (
    CREDENTIALS_INVALID,
    ORIGIN_ARCHIVED,
    ORIGIN_CHANGED,
    ORIGIN_DAMAGED,
    ORIGIN_DENIED,
    ORIGIN_INTERRUPTED,
    ORIGIN_NO_BUCKET,
    ORIGIN_NOT_FOUND,
    ORIGIN_RATE_LIMITED,
    ORIGIN_SERVER_ERROR,
    ORIGIN_TRUNCATED,
    ORIGIN_UNAUTHORISED,
    ORIGIN_UNREACHABLE,
    ORIGIN_WRONG_REGION,
    STORAGE_DENIED,
    Kind,
)
from tests.fakes.http_origin import HttpOriginServer, Request, http_origin
from tests.fakes.origin_hosts import make_place
from tests.integration.origin_room import Room, make_settings, open_room
from tests.resources import Buckets
from tests.unit.images import make

DATA = random.Random(5).randbytes(3 * MIB + 17)
KEYS = json.dumps({"accessKeyID": "own", "SecretAccessKey": "own-secret", "region": "eu-west-1"})


def place_of(bucket: str, key: str, credentials: str = "") -> Place:
    return make_place(f"s3://{bucket}/{key}", StrategyKind.S3, credentials)


@asynccontextmanager
async def open_s3_room(aws: Aws, folder: Path, **settings: Any) -> AsyncIterator[Room]:
    options = dict(aws.options)
    endpoint = options.pop("endpoint_url")
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    given = make_settings(
        **{"s3_endpoint": endpoint, "s3_path_style": True, "idle_seconds": 5, "total_seconds": 20, **settings}
    )
    async with Origins.open(given, aioboto3.Session(**options)) as origins:
        yield Room(origins, scratch)


async def test_an_older_version_is_fetched_when_named(aws: Aws, buckets: Buckets, tmp_path: Path) -> None:
    aws.s3.put_bucket_versioning(Bucket=buckets.origin, VersioningConfiguration={"Status": "Enabled"})
    old = aws.s3.put_object(Bucket=buckets.origin, Key="a/x", Body=b"old")["VersionId"]
    aws.s3.put_object(Bucket=buckets.origin, Key="a/x", Body=b"newer")
    async with open_s3_room(aws, tmp_path) as room:
        fetched = await room.fetch(place_of(buckets.origin, f"a/x?versionId={old}"))
        assert room.into.read_bytes() == b"old"
        assert fetched.address.endswith(f"a/x?versionId={old}")
        await room.fetch(f"https://s3.amazonaws.com/{buckets.origin}/a/x?versionId={old}", StrategyKind.S3)
        assert room.into.read_bytes() == b"old"
        await room.fetch(place_of(buckets.origin, "a/x"))
        assert room.into.read_bytes() == b"newer"


async def test_objects_are_fetched_in_ranges_side_by_side(aws: Aws, buckets: Buckets, tmp_path: Path) -> None:
    aws.s3.put_object(Bucket=buckets.origin, Key="x", Body=DATA)
    async with open_s3_room(aws, tmp_path, s3_part=100_000, s3_parts_at_once=5) as room:
        fetched = await room.fetch(place_of(buckets.origin, "x"))
    assert fetched.sha256 == hashlib.sha256(DATA).hexdigest()
    assert room.into.read_bytes() == DATA


async def test_own_keys_are_used_and_bad_ones_named(aws: Aws, buckets: Buckets, tmp_path: Path) -> None:
    aws.s3.put_object(Bucket=buckets.origin, Key="x", Body=DATA)
    async with open_s3_room(aws, tmp_path) as room:
        await room.fetch(place_of(buckets.origin, "x", KEYS))
        room.into.unlink()
        reason = await room.failure(place_of(buckets.origin, "x", '{"accessKeyId": "only"}'))
    assert reason.kind is CREDENTIALS_INVALID
    assert "secretAccessKey" in reason.message


async def test_a_missing_bucket_is_told_from_a_missing_key(aws: Aws, buckets: Buckets, tmp_path: Path) -> None:
    async with open_s3_room(aws, tmp_path) as room:
        assert (await room.failure(place_of("no-such-bucket-here", "x"))).kind is ORIGIN_NO_BUCKET
        assert (await room.failure(place_of(buckets.origin, "x"))).kind is ORIGIN_NOT_FOUND


def picture(form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    noise = random.Random(6).randbytes(600 * 400 * 3)
    Image.frombytes("RGB", (600, 400), noise).save(file, form, **options)
    return file.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP", "JPEG2000"])
async def test_dimensions_are_read_from_few_bytes(aws: Aws, buckets: Buckets, tmp_path: Path, form: str) -> None:
    data = picture(form)
    aws.s3.put_object(Bucket=buckets.origin, Key="x", Body=data, ContentType="image/whatever")
    async with open_s3_room(aws, tmp_path) as room:
        seen = await room.origins.header(place_of(buckets.origin, "x"))
    assert seen.header is not None
    assert seen.header.size == Size(600, 400)
    assert seen.bytes == len(data)
    assert seen.declared_media_type == "image/whatever"
    assert seen.read <= 40 * 1024 < len(data)
    assert seen.problem is None


REST = random.Random(8).randbytes(2 * MIB)
"""Pixels, as it were."""


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (make.jp2(make.codestream(block_style=0x40, capabilities=make.PART_15) + REST, brand=b"jph "), ImageFormat.JPH),
        (make.jp2(make.codestream() + REST, boxes=make.box(b"xml ", REST)), ImageFormat.JP2),
        (make.codestream(block_style=0x40, capabilities=make.PART_15) + REST, ImageFormat.JHC),
        (make.tiff(gap=2 * MIB), ImageFormat.TIFF),
        (make.tiff(gap=2 * MIB, big=True, order=">"), ImageFormat.TIFF),
        (make.jpeg(*[make.segment(0xE2, bytes(65_000))] * 20, make.frame()) + REST, ImageFormat.JPEG),
    ],
    ids=[
        "JPH",
        "JP2 behind a box",
        "HTJ2K codestream",
        "TIFF at its end",
        "BigTIFF at its end",
        "JPEG behind profiles",
    ],
)
async def test_headers_that_lie_far_in_are_found_without_what_lies_before(
    aws: Aws, buckets: Buckets, tmp_path: Path, data: bytes, form: ImageFormat
) -> None:
    aws.s3.put_object(Bucket=buckets.origin, Key="x", Body=data)
    async with open_s3_room(aws, tmp_path) as room:
        seen = await room.origins.header(place_of(buckets.origin, "x"))
    assert seen.header is not None
    assert (seen.header.format, seen.header.size) == (form, Size(640, 480))
    assert seen.read <= 128 * 1024 < len(data)


async def test_what_is_no_image_has_no_header_but_a_type(aws: Aws, buckets: Buckets, tmp_path: Path) -> None:
    aws.s3.put_object(Bucket=buckets.origin, Key="x", Body=b"%PDF-1.7 and so on")
    aws.s3.put_object(Bucket=buckets.origin, Key="empty", Body=b"")
    async with open_s3_room(aws, tmp_path) as room:
        seen = await room.origins.header(place_of(buckets.origin, "x"))
        assert (seen.media_type, seen.header, seen.problem) == ("application/pdf", None, None)
        assert (await room.origins.header(place_of(buckets.origin, "empty"))).bytes == 0


async def test_a_broken_header_says_why(aws: Aws, buckets: Buckets, tmp_path: Path) -> None:
    aws.s3.put_object(Bucket=buckets.origin, Key="x", Body=picture("PNG")[:20])
    async with open_s3_room(aws, tmp_path) as room:
        seen = await room.origins.header(place_of(buckets.origin, "x"))
    assert seen.header is None
    assert seen.problem


async def test_a_copy_stays_inside_s3(aws: Aws, buckets: Buckets, tmp_path: Path) -> None:
    aws.s3.put_object(Bucket=buckets.origin, Key="99/a b+ü", Body=DATA)
    async with open_s3_room(aws, tmp_path) as room:
        copied = await room.origins.copy(
            place_of(buckets.origin, "99/a b+ü"),
            buckets.storage,
            "99/1/x/original",
            content_type="image/tiff",
            metadata={"run": "7"},
        )
    found = aws.s3.get_object(Bucket=buckets.storage, Key="99/1/x/original")
    assert copied == len(DATA)
    assert found["Body"].read() == DATA
    assert found["ContentType"] == "image/tiff"
    assert found["Metadata"] == {"run": "7"}


@pytest.fixture
async def clients(aws: Aws) -> AsyncIterator[AwsClients]:
    options = dict(aws.options)
    settings = make_settings(s3_endpoint=options.pop("endpoint_url"), s3_path_style=True)
    async with AwsClients(settings, aioboto3.Session(**options)) as opened:
        yield opened


async def test_a_large_object_is_copied_in_parts(aws: Aws, buckets: Buckets, clients: AwsClients) -> None:
    data = random.Random(7).randbytes(11 * MIB)
    aws.s3.put_object(Bucket=buckets.origin, Key="x", Body=data)
    s3 = await clients.ambient()
    origin = object_of(place_of(buckets.origin, "x"))
    copier = Copier(s3, one_request=MIB, part=5 * MIB)
    guarded: list[int] = []
    await copier.copy(
        origin,
        await look(s3, origin),
        buckets.storage,
        "y",
        content_type="image/jp2",
        metadata={},
        guard=lambda: guarded.append(1),
    )
    found = aws.s3.get_object(Bucket=buckets.storage, Key="y")
    assert found["Body"].read() == data
    assert found["ContentType"] == "image/jp2"
    assert len(guarded) == 5  # the start, three parts, the end


async def test_a_copy_whose_run_was_stopped_leaves_nothing(aws: Aws, buckets: Buckets, clients: AwsClients) -> None:
    aws.s3.put_object(Bucket=buckets.origin, Key="x", Body=DATA)
    s3 = await clients.ambient()
    origin = object_of(place_of(buckets.origin, "x"))
    facts = await look(s3, origin)
    answers: Iterator[None] = iter([None, None])

    def guard() -> None:
        if next(answers, "stop") == "stop":
            raise IngestError(ORIGIN_CHANGED, "stopped")

    copier = Copier(s3, one_request=MIB, part=MIB)
    with pytest.raises(IngestError, match="stopped"):
        await copier.copy(origin, facts, buckets.storage, "y", content_type="x/y", metadata={}, guard=guard)
    assert "Contents" not in aws.s3.list_objects_v2(Bucket=buckets.storage)
    assert not aws.s3.list_multipart_uploads(Bucket=buckets.storage).get("Uploads")


async def test_a_copy_that_our_own_bucket_refuses_is_not_the_origins_fault(
    aws: Aws, buckets: Buckets, tmp_path: Path
) -> None:
    aws.s3.put_object(Bucket=buckets.origin, Key="x", Body=DATA)
    async with open_s3_room(aws, tmp_path) as room:
        with pytest.raises(IngestError) as failure:
            await room.origins.copy(
                place_of(buckets.origin, "x"), "no-such-bucket-here", "y", content_type="x/y", metadata={}
            )
    assert failure.value.reason.kind is STORAGE_DENIED


@pytest.mark.parametrize("region", ["evil.example/", "127.0.0.1", "x y", "a" * 80, "@evil.example"])
async def test_a_region_that_is_none_is_named_and_nobody_is_asked(
    aws: Aws, buckets: Buckets, tmp_path: Path, region: str
) -> None:
    async with open_s3_room(aws, tmp_path) as room:
        reason = await room.failure(place_of(buckets.origin, "x", json.dumps({**json.loads(KEYS), "region": region})))
    assert reason.kind is ORIGIN_WRONG_REGION
    assert "own-secret" not in reason.message


@pytest.mark.parametrize(
    "uri",
    [
        "s3://bucket/x",
        "s3://eu-west-1/bucket/x",
        "s3://169.254.169.254/latest/meta-data",
        "s3://evil.example.org/x",
        "s3://localhost/x",
        "https://s3-eu-west-1.amazonaws.com/bucket/x",
        "https://s3.amazonaws.com/evil.example.org/x",
    ],
)
async def test_no_origin_says_which_host_is_asked_but_amazons(uri: str) -> None:
    """Neither a private address nor anybody else's: with no endpoint set, names end in amazonaws.com."""
    origin = object_of(make_place(uri, StrategyKind.S3))
    keys = S3Keys("own", "own-secret", region="internal")
    async with AwsClients(make_settings(), aioboto3.Session("a", "b", region_name="eu-west-1")) as clients:
        for own in (None, keys):
            async with clients.s3(own, origin.region) as s3:
                url = await s3.generate_presigned_url("get_object", Params=origin.named)
                assert str(urlsplit(url).hostname).endswith(".amazonaws.com")


# ---- a scripted S3, for what the emulator cannot answer

Answer = Callable[[Request], bytes]


def s3_error(code: str, status: int) -> Answer:
    """Without a body for HEAD, with S3's words for the rest."""
    body = f"<Error><Code>{code}</Code><Message>in words</Message></Error>".encode()

    def answer(request: Request) -> bytes:
        head = f"HTTP/1.1 {status} No\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        return head if request.method == "HEAD" else head + body

    return answer


def s3_object(data: bytes, headers: str = "", cuts: list[int] | None = None) -> Answer:
    """An object, whose first answers break off after so many bytes."""
    left = list(cuts or [])

    def answer(request: Request) -> bytes:
        first, last = 0, len(data) - 1
        if given := request.headers.get("range"):
            first, last = map(int, given.removeprefix("bytes=").split("-"))
        body = data[first : last + 1]
        head = (
            f'HTTP/1.1 {206 if given else 200} OK\r\nContent-Length: {len(body)}\r\nETag: "e"\r\n'
            f"Last-Modified: Fri, 20 Nov 2026 10:00:00 GMT\r\nConnection: close\r\n{headers}\r\n"
        ).encode()
        if request.method == "HEAD":
            return head
        return head + (body[: left.pop(0)] if left else body)

    return answer


@pytest.fixture
async def scripted(tmp_path: Path) -> AsyncIterator[tuple[HttpOriginServer, Room]]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    session = aioboto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-west-1")
    async with http_origin() as server:
        settings = make_settings(s3_endpoint=server.url(""), s3_path_style=True, s3_part=MIB)
        async with Origins.open(settings, session) as origins:
            yield server, Room(origins, scratch)


def answers(server: HttpOriginServer, answer: Answer) -> Place:
    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(request))

    server.put("/bucket/x", script)
    return place_of("bucket", "x")


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AccessDenied", 403, ORIGIN_DENIED),
        ("InvalidAccessKeyId", 403, ORIGIN_UNAUTHORISED),
        ("SignatureDoesNotMatch", 403, ORIGIN_UNAUTHORISED),
        ("NoSuchKey", 404, ORIGIN_NOT_FOUND),
        ("NoSuchBucket", 404, ORIGIN_NO_BUCKET),
        ("AuthorizationHeaderMalformed", 400, ORIGIN_WRONG_REGION),
        ("InvalidObjectState", 403, ORIGIN_ARCHIVED),
        ("PreconditionFailed", 412, ORIGIN_CHANGED),
        ("SlowDown", 503, ORIGIN_RATE_LIMITED),
        ("InternalError", 500, ORIGIN_SERVER_ERROR),
    ],
)
async def test_s3s_own_words_decide_the_reason(
    scripted: tuple[HttpOriginServer, Room], code: str, status: int, kind: Kind
) -> None:
    server, room = scripted
    reason = await room.failure(answers(server, s3_error(code, status)))
    assert reason.kind is kind
    assert "s3://bucket/x" in reason.message


async def test_a_part_that_breaks_goes_on_where_it_broke(scripted: tuple[HttpOriginServer, Room]) -> None:
    server, room = scripted
    fetched = await room.fetch(answers(server, s3_object(DATA, cuts=[900_000, 500_000, 10])))
    assert fetched.sha256 == hashlib.sha256(DATA).hexdigest()
    assert all(request.headers.get("if-match") == '"e"' for request in server.requests if request.method == "GET")


async def test_the_requester_never_pays(scripted: tuple[HttpOriginServer, Room]) -> None:
    server, room = scripted
    place = answers(server, s3_object(picture("PNG")))
    await room.fetch(place)
    await room.origins.header(place)
    assert server.requests
    assert not [name for request in server.requests for name in request.headers if "payer" in name]


async def test_what_is_larger_than_five_gigabytes_is_copied_in_parts(
    scripted: tuple[HttpOriginServer, Room],
) -> None:
    """Six gigabytes that nobody has, copied by our own sizes."""
    server, room = scripted
    size = 6 * GIB + 1

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        bodies = {
            "uploads": "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
            "partNumber": '<CopyPartResult><ETag>"p"</ETag></CopyPartResult>',
        }
        body = next((xml for name, xml in bodies.items() if name in request.path), "<CompleteMultipartUploadResult/>")
        length = size if request.method == "HEAD" else len(body)
        sent = "" if request.method == "HEAD" else body
        writer.write(
            f'HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nETag: "e"\r\nConnection: close\r\n'
            f"Last-Modified: Fri, 20 Nov 2026 10:00:00 GMT\r\n\r\n{sent}".encode()
        )

    server.put("/bucket/x", script)
    server.put("/ours/y", script)
    await room.origins.copy(place_of("bucket", "x"), "ours", "y", content_type="image/tiff", metadata={})
    spans = sorted(
        tuple(map(int, said.removeprefix("bytes=").split("-")))
        for request in server.requests
        if (said := request.headers.get("x-amz-copy-source-range"))
    )
    assert (spans[0][0], spans[-1][1]) == (0, size - 1)
    assert all(one[1] + 1 == other[0] for one, other in pairwise(spans))
    assert max(last - first + 1 for first, last in spans) <= 5 * GIB
    assert sum(request.method == "POST" for request in server.requests) == 2  # begun, and completed


async def test_a_part_that_keeps_breaking_is_given_up(scripted: tuple[HttpOriginServer, Room]) -> None:
    server, room = scripted
    reason = await room.failure(answers(server, s3_object(DATA, cuts=[10] * 99)))
    assert reason.kind in {ORIGIN_INTERRUPTED, ORIGIN_TRUNCATED}


@pytest.mark.parametrize(
    ("headers", "damaged"),
    [
        ("x-amz-checksum-crc32: AAAAAA==\r\n", True),
        ("x-amz-checksum-crc64nvme: AAAAAAAAAAA=\r\nx-amz-checksum-type: FULL_OBJECT\r\n", True),
        ("x-amz-checksum-crc32: AAAAAA==-3\r\nx-amz-checksum-type: COMPOSITE\r\n", False),
        ("x-amz-checksum-crc32: AAAAAA==\r\nx-amz-checksum-type: COMPOSITE\r\n", False),
    ],
)
async def test_checksums_of_whole_objects_are_held_against_what_came(
    scripted: tuple[HttpOriginServer, Room], headers: str, damaged: bool
) -> None:
    server, room = scripted
    place = answers(server, s3_object(DATA, headers))
    if damaged:
        assert (await room.failure(place)).kind is ORIGIN_DAMAGED
    else:
        assert (await room.fetch(place)).bytes == len(DATA)


async def test_an_s3_that_is_away_is_unreachable(tmp_path: Path, unused_tcp_port: int) -> None:
    async with open_room(tmp_path, s3_endpoint=f"http://127.0.0.1:{unused_tcp_port}", s3_path_style=True) as room:
        assert (await room.failure(place_of("bucket", "x", KEYS))).kind is ORIGIN_UNREACHABLE
