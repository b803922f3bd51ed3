"""HTTP origins as they are in the wild: redirects, resumption, encodings, checksums, statuses, logins."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
import random
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from origins.integrity import Checksum
from policies.outcome import IngestError
from policies.plan import StrategyKind
from policies.reasons import (
    IMAGE_TOO_LARGE,
    ORIGIN_BAD_ANSWER,
    ORIGIN_CHANGED,
    ORIGIN_DAMAGED,
    ORIGIN_DENIED,
    ORIGIN_ENCODING,
    ORIGIN_GONE,
    ORIGIN_HOST_BUSY,
    ORIGIN_NOT_FOUND,
    ORIGIN_RATE_LIMITED,
    ORIGIN_REDIRECT_LOOP,
    ORIGIN_REJECTED,
    ORIGIN_SERVER_ERROR,
    ORIGIN_TRUNCATED,
    ORIGIN_UNAUTHORISED,
    ORIGIN_UNREACHABLE,
    ORIGIN_UNRESOLVABLE,
    STRATEGY_WITHOUT_CREDENTIALS,
    Kind,
)
from tests.fakes.http_origin import (
    HttpOriginServer,
    file,
    http_origin,
    one_by_one,
    part,
    raw,
    redirect,
    resumable,
    silent,
    status,
)
from tests.fakes.origin_hosts import make_place
from tests.integration.origin_room import Room, open_room, until

DATA = random.Random(3).randbytes(300_000)
LARGE = random.Random(4).randbytes(3_000_000)
MODIFIED = "Fri, 20 Nov 2026 10:00:00 GMT"


@pytest.fixture
async def server() -> AsyncIterator[HttpOriginServer]:
    async with http_origin() as origin:
        yield origin


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as opened:
        yield opened


async def test_we_say_who_we_are(server: HttpOriginServer, room: Room) -> None:
    await room.fetch(server.put("/x", file(DATA)))
    assert server.requests[0].headers["user-agent"].startswith("sluice/")


async def test_what_the_server_says_of_the_file_is_kept(server: HttpOriginServer, room: Room) -> None:
    said = {"Content-Type": "image/tiff", "ETag": '"v7"', "Last-Modified": "Fri, 20 Nov 2026 10:00:00 GMT"}
    fetched = await room.fetch(server.put("/x", file(b"II*\0rest", said)))
    assert fetched.declared_media_type == "image/tiff"
    assert fetched.media_type == "image/tiff"
    assert fetched.etag == '"v7"'
    assert fetched.last_modified == "Fri, 20 Nov 2026 10:00:00 GMT"


async def test_the_type_is_told_from_the_bytes_whatever_the_server_says(server: HttpOriginServer, room: Room) -> None:
    page = b"<!DOCTYPE html><html><body>Log in first</body></html>"
    fetched = await room.fetch(server.put("/x.jpg", file(page, {"Content-Type": "image/jpeg"})))
    assert fetched.media_type == "text/html"
    assert fetched.declared_media_type == "image/jpeg"


async def test_http_1_0_without_a_length_is_read_to_the_end(server: HttpOriginServer, room: Room) -> None:
    fetched = await room.fetch(server.put("/x", raw(b"HTTP/1.0 200 OK\r\n\r\n" + DATA)))
    assert fetched.sha256 == hashlib.sha256(DATA).hexdigest()


async def test_chunked_bodies_are_put_together(server: HttpOriginServer, room: Room) -> None:
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (DATA[:1000], DATA[1000:])) + b"0\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    fetched = await room.fetch(server.put("/x", raw(answer)))
    assert fetched.sha256 == hashlib.sha256(DATA).hexdigest()


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_redirects_are_followed_and_the_last_address_kept(
    server: HttpOriginServer, room: Room, code: int
) -> None:
    server.put("/there", file(DATA))
    fetched = await room.fetch(server.put("/here", redirect("/there", code)))
    assert fetched.bytes == len(DATA)
    assert fetched.address == server.url("/there")


async def test_eight_redirects_are_followed_and_no_more(server: HttpOriginServer, room: Room) -> None:
    server.put("/0", file(DATA))
    for n in range(1, 10):
        server.put(f"/{n}", redirect(f"/{n - 1}"))
    assert (await room.fetch(server.url("/8"))).bytes == len(DATA)
    room.into.unlink()
    assert (await room.failure(server.url("/9"))).kind is ORIGIN_REDIRECT_LOOP


async def test_an_address_is_sent_as_it_was_written(server: HttpOriginServer, room: Room) -> None:
    await room.failure(server.url("/a%2Fb;v=1/%7Ec?X-Sig=a%2Bb+c&d=%zz é"))
    assert server.requests[0].path == "/a%2Fb;v=1/%7Ec?X-Sig=a%2Bb+c&d=%25zz%20%C3%A9"


async def test_a_broken_transfer_goes_on_where_it_broke(server: HttpOriginServer, room: Room) -> None:
    data = random.Random(4).randbytes(7_000_000)
    fetched = await room.fetch(server.put("/x", resumable(data, [3_000_000, 2_500_000])))
    assert fetched.sha256 == hashlib.sha256(data).hexdigest()
    ranges = [request.headers.get("range", "bytes=0-") for request in server.requests]
    starts = [int(each.removeprefix("bytes=").removesuffix("-")) for each in ranges]
    assert 0 == starts[0] < starts[1] < starts[2] <= 5_500_000
    assert server.requests[1].headers["if-range"] == '"v1"'


async def test_a_file_that_changed_meanwhile_begins_anew(server: HttpOriginServer, room: Room) -> None:
    new = b"new" * 100_000
    script = one_by_one(resumable(DATA, [100_000]), resumable(new, [], etag='"v2"'))
    fetched = await room.fetch(server.put("/x", script))
    assert room.into.read_bytes() == new
    assert fetched.etag == '"v2"'


@pytest.mark.parametrize("second", [{"ETag": '"v2"'}, {"Last-Modified": "Sat, 21 Nov 2026 10:00:00 GMT"}])
async def test_a_server_that_never_looks_at_if_range_makes_no_mixture_of_two_files(
    server: HttpOriginServer, room: Room, second: dict[str, str]
) -> None:
    first = resumable(LARGE, [2_000_000], headers={"Last-Modified": MODIFIED})
    assert (await room.failure(server.put("/x", one_by_one(first, part(LARGE, second))))).kind is ORIGIN_CHANGED


@pytest.mark.parametrize(
    "span", ["bytes 1-{last}/{total}", "bytes {start}-{last}/9", "bytes 5-6/7", "lines {start}-{last}/{total}", ""]
)
async def test_a_part_that_was_not_asked_for_is_no_part_of_the_file(
    server: HttpOriginServer, room: Room, span: str
) -> None:
    script = one_by_one(resumable(LARGE, [2_000_000]), part(LARGE, span=span))
    assert (await room.failure(server.put("/x", script))).kind is ORIGIN_BAD_ANSWER
    assert (await room.failure(server.put("/y", part(LARGE, span=span)))).kind is ORIGIN_BAD_ANSWER


async def test_a_file_of_unknown_length_goes_on_only_if_the_rest_tells_its_end(
    server: HttpOriginServer, room: Room
) -> None:
    head = b'HTTP/1.1 200 OK\r\nETag: "e"\r\nTransfer-Encoding: chunked\r\n\r\n'
    first = raw(head + b"%x\r\n%s\r\n" % (2_000_000, LARGE[:2_000_000]))
    fetched = await room.fetch(server.put("/x", one_by_one(first, part(LARGE))))
    assert fetched.sha256 == hashlib.sha256(LARGE).hexdigest()
    room.into.unlink()
    endless_part = part(LARGE, span="bytes {start}-{last}/*")
    assert (await room.failure(server.put("/x", one_by_one(first, endless_part)))).kind is ORIGIN_BAD_ANSWER


async def test_a_transfer_that_keeps_breaking_is_given_up(server: HttpOriginServer, room: Room) -> None:
    reason = await room.failure(server.put("/x", resumable(DATA, [1000] * 9)))
    assert reason.kind is ORIGIN_TRUNCATED
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "validator", [{}, {"ETag": 'W/"weak"'}, {"ETag": '"e"', "Accept-Ranges": "none"}, {"Last-Modified": MODIFIED}]
)
async def test_without_a_way_to_tell_versions_nothing_is_resumed(
    server: HttpOriginServer, room: Room, validator: dict[str, str]
) -> None:
    reason = await room.failure(server.put("/x", file(DATA[:1000], validator, length=2000)))
    assert reason.kind is ORIGIN_TRUNCATED
    assert len(server.requests) == 1


async def test_a_date_will_do_where_there_is_no_etag(server: HttpOriginServer, room: Room) -> None:
    dates = {"Last-Modified": MODIFIED, "Date": "Fri, 20 Nov 2026 10:00:01 GMT"}
    first = file(LARGE[:2_000_000], dates, length=len(LARGE))
    fetched = await room.fetch(server.put("/x", one_by_one(first, part(LARGE, dates))))
    assert fetched.sha256 == hashlib.sha256(LARGE).hexdigest()
    assert server.requests[1].headers["if-range"] == MODIFIED


async def test_a_range_beyond_the_end_means_that_the_file_changed(server: HttpOriginServer, room: Room) -> None:
    script = one_by_one(resumable(DATA, [1000]), status(416))
    assert (await room.failure(server.put("/x", script))).kind is ORIGIN_CHANGED


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(DATA)),
        ("X-GZIP", gzip.compress(DATA[:5]) + gzip.compress(DATA[5:])),
        ("deflate", zlib.compress(DATA)),
        ("deflate", zlib.compress(DATA, wbits=-15)),
        ("identity", DATA),
    ],
)
async def test_content_encodings_are_undone(server: HttpOriginServer, room: Room, encoding: str, packed: bytes) -> None:
    fetched = await room.fetch(server.put("/x", file(packed, {"Content-Encoding": encoding})))
    assert room.into.read_bytes() == DATA
    assert fetched.bytes == len(DATA)
    assert fetched.sha256 == hashlib.sha256(DATA).hexdigest()


async def test_a_packed_transfer_is_resumed_too(server: HttpOriginServer, room: Room) -> None:
    packed = gzip.compress(DATA)
    fetched = await room.fetch(server.put("/x", resumable(packed, [70_000], headers={"Content-Encoding": "gzip"})))
    assert fetched.sha256 == hashlib.sha256(DATA).hexdigest()


@pytest.mark.parametrize(
    ("encoding", "packed", "kind"),
    [
        ("br", DATA, ORIGIN_ENCODING),
        ("gzip, gzip", gzip.compress(gzip.compress(DATA)), ORIGIN_ENCODING),
        ("gzip", DATA, ORIGIN_ENCODING),
        ("gzip", gzip.compress(DATA)[:-9], ORIGIN_TRUNCATED),
        ("gzip", gzip.compress(bytes(20 * 1024**2)), IMAGE_TOO_LARGE),
    ],
)
async def test_what_cannot_be_unpacked_is_named(
    server: HttpOriginServer, room: Room, encoding: str, packed: bytes, kind: Kind
) -> None:
    assert (await room.failure(server.put("/x", file(packed, {"Content-Encoding": encoding})))).kind is kind


def b64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def crc(data: bytes, algorithm: str) -> bytes:
    digest = Checksum(algorithm, b"", "").hash()
    digest.update(data)
    return digest.digest()


SHA256 = b64(hashlib.sha256(DATA).digest())
CHECKSUMS = [
    ("Content-MD5", b64(hashlib.md5(DATA).digest())),
    ("Digest", f"md5=bogus!, sha-256={SHA256}"),
    ("Digest", f"SHA-512={b64(hashlib.sha512(DATA).digest())}"),
    ("Repr-Digest", f"sha-256=:{SHA256}:"),
    ("Content-Digest", f"unknown=:abcd:, sha-256=:{SHA256}:"),
    ("x-amz-checksum-sha256", SHA256),
    ("x-amz-checksum-crc32", b64(zlib.crc32(DATA).to_bytes(4, "big"))),
    ("x-amz-checksum-crc64nvme", b64(crc(DATA, "crc64nvme"))),
    ("x-goog-hash", f"crc32c={b64(crc(DATA, 'crc32c'))},md5={b64(hashlib.md5(DATA).digest())}"),
]


@pytest.mark.parametrize(("header", "value"), CHECKSUMS)
async def test_checksums_that_the_server_gives_are_held_against_what_came(
    server: HttpOriginServer, room: Room, header: str, value: str
) -> None:
    assert (await room.fetch(server.put("/x", file(DATA, {header: value})))).bytes == len(DATA)
    room.into.unlink()
    reason = await room.failure(server.put("/x", file(DATA[:-1] + b"!", {header: value})))
    assert reason.kind is ORIGIN_DAMAGED
    assert header in reason.message


async def test_checksums_are_of_the_bytes_as_they_came(server: HttpOriginServer, room: Room) -> None:
    packed = gzip.compress(DATA)
    headers = {"Content-Encoding": "gzip", "Content-MD5": b64(hashlib.md5(packed).digest())}
    assert (await room.fetch(server.put("/x", file(packed, headers)))).bytes == len(DATA)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (400, ORIGIN_REJECTED),
        (401, ORIGIN_UNAUTHORISED),
        (403, ORIGIN_DENIED),
        (404, ORIGIN_NOT_FOUND),
        (408, ORIGIN_RATE_LIMITED),
        (410, ORIGIN_GONE),
        (418, ORIGIN_REJECTED),
        (429, ORIGIN_RATE_LIMITED),
        (500, ORIGIN_SERVER_ERROR),
        (503, ORIGIN_SERVER_ERROR),
        (302, ORIGIN_REJECTED),  # without a Location
        (204, ORIGIN_REJECTED),
    ],
)
async def test_every_status_has_its_reason(server: HttpOriginServer, room: Room, code: int, kind: Kind) -> None:
    reason = await room.failure(server.put("/x", status(code)))
    assert reason.kind is kind
    assert str(code) in reason.message
    assert server.url("/x") in reason.message


@pytest.mark.parametrize("code", [429, 503])
async def test_a_server_says_when_to_come_back(server: HttpOriginServer, room: Room, code: int) -> None:
    with pytest.raises(IngestError) as failure:
        await room.fetch(server.put("/x", status(code, Retry_After="120")))
    assert failure.value.after == 120


async def test_a_login_is_sent_and_does_not_leave_its_host(server: HttpOriginServer, tmp_path: Path) -> None:
    server.put("/here", redirect("/same-host"))
    server.put("/same-host", redirect(server.url("/other-host", host="localhost")))
    server.put("/other-host", redirect(server.url("/back")))
    server.put("/back", file(DATA))
    place = make_place(server.url("/here"), StrategyKind.BASIC, json.dumps({"user": "anna", "password": "pa:ss ü"}))
    async with open_room(tmp_path) as room:
        await room.fetch(place)
    login = "Basic " + b64("anna:pa:ss ü".encode())
    sent = {request.path: request.headers.get("authorization") for request in server.requests}
    assert sent == {"/here": login, "/same-host": login, "/other-host": None, "/back": None}


@pytest.mark.parametrize("kind", [StrategyKind.BASIC, StrategyKind.SFTP])
async def test_strategies_that_need_credentials_connect_to_nothing_without_them(
    server: HttpOriginServer, room: Room, kind: StrategyKind
) -> None:
    uri = server.url("/x") if kind is StrategyKind.BASIC else f"sftp://127.0.0.1:{server.port}/x"
    assert (await room.failure(make_place(uri, kind))).kind is STRATEGY_WITHOUT_CREDENTIALS
    assert server.most_open == 0


async def test_a_host_with_all_its_connections_taken_gives_the_slot_back(
    server: HttpOriginServer, tmp_path: Path
) -> None:
    server.put("/slow", silent())
    server.put("/quick", file(DATA))
    async with open_room(tmp_path, connections_per_host=2, answer_seconds=3, host_wait=0.1) as room:
        slow = [
            asyncio.create_task(room.origins.fetch(make_place(server.url("/slow")), tmp_path / f"slow-{n}"))
            for n in range(2)
        ]
        await until(lambda: server.open == 2)
        reason = await room.failure(server.url("/quick"))
        assert reason.kind is ORIGIN_HOST_BUSY
        other = await room.fetch(server.url("/quick", host="localhost"))
        assert other.bytes == len(DATA)
        for each in slow:
            each.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        assert (await room.fetch(server.url("/quick"))).bytes == len(DATA)


async def test_connections_to_one_host_are_bounded(server: HttpOriginServer, tmp_path: Path) -> None:
    server.put("/x", file(DATA))
    async with open_room(tmp_path, connections_per_host=3, host_wait=5) as room:
        await asyncio.gather(
            *(room.origins.fetch(make_place(server.url("/x")), tmp_path / f"file-{n}") for n in range(20))
        )
    assert server.most_open <= 3


async def test_no_server_and_no_name_are_told_apart(room: Room, unused_tcp_port: int) -> None:
    assert (await room.failure(f"http://127.0.0.1:{unused_tcp_port}/x")).kind is ORIGIN_UNREACHABLE
    assert (await room.failure("http://nobody.invalid/x")).kind is ORIGIN_UNRESOLVABLE
