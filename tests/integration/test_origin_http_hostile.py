"""HTTP servers that mean harm: each fetch ends within its bound, and leaves neither memory nor sockets behind."""

from __future__ import annotations

import asyncio
import gc
import gzip
import socket
import time
import tracemalloc
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from origins.dialling import AddressInfo, Dialler
from origins.port import MIB
from origins.web import Web
from origins.web_address import web_url
from policies.outcome import IngestError
from policies.reasons import (
    IMAGE_TOO_LARGE,
    ORIGIN_ADDRESS_FORBIDDEN,
    ORIGIN_ADDRESS_UNUSABLE,
    ORIGIN_BAD_ANSWER,
    ORIGIN_CERTIFICATE,
    ORIGIN_IDLE,
    ORIGIN_INTERRUPTED,
    ORIGIN_REDIRECT_LOOP,
    ORIGIN_REDIRECT_OUTSIDE,
    ORIGIN_TLS,
    ORIGIN_TOO_SLOW,
    ORIGIN_TRUNCATED,
    ORIGIN_UNREACHABLE,
    Kind,
)
from tests.fakes.certificates import self_signed
from tests.fakes.http_origin import HttpOriginServer, Script, endless, file, http_origin, raw, redirect, silent
from tests.integration.origin_room import IMPATIENT, Room, count_sockets, make_settings, open_room, until

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(bytes(200 * MIB), 9)
SECONDS = 15.0
"""By then everything has ended that ends by its own bounds, on a busy machine, too."""
MEMORY = 12 * MIB


@pytest.fixture
async def server() -> AsyncIterator[HttpOriginServer]:
    async with http_origin() as origin:
        yield origin


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path, **IMPATIENT) as opened:
        yield opened


async def attack(server: HttpOriginServer, room: Room, script: Script) -> Kind:
    """How a fetch of the script fails; asserts that it does so in time, in bounded memory, and lets go of it all."""
    sockets = count_sockets()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    began = time.monotonic()
    try:
        reason = await room.failure(server.put("/x", script))
        assert time.monotonic() - began < SECONDS
        await until(lambda: not server.open and count_sockets() <= sockets)
        _, peak = tracemalloc.get_traced_memory()
        gc.collect()  # what an error's frames held in a circle
        now, _ = tracemalloc.get_traced_memory()
        assert peak < MEMORY
        assert now - before < MIB
    finally:
        tracemalloc.stop()
    return reason.kind


@pytest.mark.parametrize(
    ("script", "kinds"),
    [
        pytest.param(silent(), {ORIGIN_IDLE}, id="no answer at all"),
        pytest.param(silent(OK), {ORIGIN_IDLE}, id="silence within the headers"),
        pytest.param(silent(OK + b"Content-Length: 9\r\n\r\nab"), {ORIGIN_IDLE}, id="silence within the body"),
        pytest.param(endless(b"X: y\r\n", 0.05, OK), {ORIGIN_IDLE, ORIGIN_BAD_ANSWER}, id="headers drop by drop"),
        pytest.param(endless(b"x", 0.05, b""), {ORIGIN_IDLE, ORIGIN_BAD_ANSWER}, id="a status line drop by drop"),
        pytest.param(endless(b"x", 0.02), {ORIGIN_TOO_SLOW}, id="a body drop by drop"),
        pytest.param(endless(b"1\r\nx\r\n", 0.02, CHUNKED), {ORIGIN_TOO_SLOW}, id="chunks drop by drop"),
        pytest.param(endless(b"x" * 65536), {IMAGE_TOO_LARGE}, id="a body without end"),
        pytest.param(endless(b"8000\r\n%s\r\n" % bytes(0x8000), 0, CHUNKED), {IMAGE_TOO_LARGE}, id="endless chunks"),
        pytest.param(
            endless(b"x" * 65536, 0, CHUNKED + b"1;"),
            {ORIGIN_BAD_ANSWER, ORIGIN_IDLE, ORIGIN_TRUNCATED},
            id="a chunk's extension without end",
        ),
        pytest.param(
            endless(b"X: y\r\n" * 1000, 0, CHUNKED + b"0\r\n"),
            {ORIGIN_BAD_ANSWER, ORIGIN_IDLE, ORIGIN_TRUNCATED},
            id="trailers without end",
        ),
        pytest.param(endless(b"X-%d: y\r\n" * 99, 0, OK), {ORIGIN_BAD_ANSWER}, id="a flood of headers"),
        pytest.param(endless(b"x" * 65536, 0, OK + b"X: "), {ORIGIN_BAD_ANSWER}, id="a header without end"),
        pytest.param(endless(b"x" * 65536, 0, b"HTTP/1.1 200 "), {ORIGIN_BAD_ANSWER}, id="a phrase without end"),
        pytest.param(
            endless(b"HTTP/1.1 100 Continue\r\n\r\n", 0, b""), {ORIGIN_IDLE, ORIGIN_BAD_ANSWER}, id="continue, continue"
        ),
        pytest.param(file(b"", length=10**15), {IMAGE_TOO_LARGE}, id="an announcement of a petabyte"),
        pytest.param(file(b"x" * 100, length=10**6), {ORIGIN_TRUNCATED}, id="fewer bytes than announced"),
        pytest.param(
            raw(OK + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde"), {ORIGIN_BAD_ANSWER}, id="two lengths"
        ),
        pytest.param(raw(OK + b"Content-Length: -1\r\n\r\nabc"), {ORIGIN_BAD_ANSWER}, id="a negative length"),
        pytest.param(
            raw(OK + b"Content-Length: 9" + b"9" * 40 + b"\r\n\r\n"), {ORIGIN_BAD_ANSWER}, id="an absurd length"
        ),
        pytest.param(raw(b""), {ORIGIN_INTERRUPTED}, id="closed at once"),
        pytest.param(raw(b"HTTP/1."), {ORIGIN_INTERRUPTED, ORIGIN_BAD_ANSWER}, id="closed in the status line"),
        pytest.param(raw(OK + b"Content-Le"), {ORIGIN_INTERRUPTED, ORIGIN_BAD_ANSWER}, id="closed in the headers"),
        pytest.param(raw(CHUNKED + b"10\r\nab"), {ORIGIN_TRUNCATED}, id="closed in a chunk"),
        pytest.param(raw(CHUNKED + b"2\r\nab\r\n"), {ORIGIN_TRUNCATED}, id="closed before the last chunk"),
        pytest.param(raw(CHUNKED + b"zz\r\nab\r\n"), {ORIGIN_BAD_ANSWER, ORIGIN_TRUNCATED}, id="a chunk of no size"),
        pytest.param(raw(b"\0\xff" * 5000), {ORIGIN_BAD_ANSWER}, id="no HTTP at all"),
        pytest.param(raw(b"SSH-2.0-OpenSSH_9.2\r\n"), {ORIGIN_BAD_ANSWER}, id="another protocol"),
        pytest.param(file(BOMB, {"Content-Encoding": "gzip"}), {IMAGE_TOO_LARGE}, id="a decompression bomb"),
        pytest.param(redirect("/x"), {ORIGIN_REDIRECT_LOOP}, id="a redirect to itself"),
        pytest.param(redirect("//\0/"), {ORIGIN_BAD_ANSWER}, id="a redirect to no text"),
    ],
)
async def test_a_hostile_server_is_left_in_time_with_nothing_held(
    server: HttpOriginServer, room: Room, script: Script, kinds: set[Kind]
) -> None:
    assert await attack(server, room, script) in kinds


async def test_redirects_in_a_circle_end(server: HttpOriginServer, room: Room) -> None:
    server.put("/b", redirect("/c"))
    server.put("/c", redirect("/x"))
    assert await attack(server, room, redirect("/b")) is ORIGIN_REDIRECT_LOOP


@pytest.mark.parametrize(
    "outside",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/_x",
        "ftp://127.0.0.1/x",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "http://user:hunter2@127.0.0.1/x",
        "http://127.0.0.1:99999/",
    ],
)
async def test_what_is_no_web_address_is_refused_as_origin_and_as_redirect(
    server: HttpOriginServer, room: Room, outside: str
) -> None:
    reason = await room.failure(outside)
    assert reason.kind is ORIGIN_ADDRESS_UNUSABLE
    assert "hunter2" not in reason.message
    reason = await room.failure(server.put("/x", redirect(outside)))
    assert reason.kind is ORIGIN_REDIRECT_OUTSIDE
    assert "hunter2" not in reason.message


PRIVATE = [
    "127.0.0.2",
    "2130706434",
    "0x7f000002",
    "0177.0.0.2",
    "127.2",
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "192.168.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[::127.0.0.1]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::a9fe:a9fe]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[ff02::1]",
]
REFUSALS = {ORIGIN_ADDRESS_FORBIDDEN, ORIGIN_ADDRESS_UNUSABLE}  # the second for what is no address in four numbers


@pytest.mark.parametrize("host", PRIVATE)
async def test_no_spelling_of_a_private_address_is_connected_to(
    server: HttpOriginServer, tmp_path: Path, host: str
) -> None:
    async with open_room(tmp_path, allowed_networks=(ip_network("127.0.0.1/32"),)) as room:
        assert (await room.failure(f"http://{host}:{server.port}/")).kind in REFUSALS
        target = f"http://{host}:{server.port}/metadata"
        reason = await room.failure(server.put("/x", redirect(target)))
    assert reason.kind in REFUSALS
    assert [request.path for request in server.requests] == ["/x"]


async def test_a_name_that_leads_to_a_private_address_is_refused(server: HttpOriginServer, tmp_path: Path) -> None:
    async with open_room(tmp_path, allowed_networks=()) as room:
        assert (await room.failure(server.url("/x", host="localhost"))).kind is ORIGIN_ADDRESS_FORBIDDEN
    assert server.most_open == 0


@pytest.mark.parametrize("later", ["127.0.0.2", "169.254.169.254", "::ffff:127.0.0.1"])
async def test_a_name_that_leads_elsewhere_the_second_time_is_refused_the_second_time(
    server: HttpOriginServer, later: str
) -> None:
    """Between the redirect and its target the name server changes its mind; what is judged is what is dialled."""
    answers = ["127.0.0.1", later]

    def lookup(_: str, port: int, __: int, kind: int) -> list[AddressInfo]:
        address = answers.pop(0)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, kind, 6, "", (address, port))]

    settings = make_settings(allowed_networks=(ip_network("127.0.0.1/32"),))
    dialler = Dialler(settings.allowed_networks, 1, lookup)
    server.put("/x", redirect(f"http://rebind.test:{server.port + 1}/y"))
    async with Web(settings, dialler) as web:
        with pytest.raises(IngestError) as failure:
            async with web.get(web_url(server.url("/x", host="rebind.test")), {}, None):
                pass
    await dialler.close()
    assert failure.value.reason.kind is ORIGIN_ADDRESS_FORBIDDEN
    assert not answers
    assert [request.path for request in server.requests] == ["/x"]


async def test_certificates_are_checked(tmp_path: Path) -> None:
    async with http_origin(self_signed(tmp_path)) as server, open_room(tmp_path) as room:
        reason = await room.failure(f"https://localhost:{server.port}/x")
    assert reason.kind is ORIGIN_CERTIFICATE
    assert "self-signed" in reason.message


async def test_a_server_without_tls_is_named_as_such(room: Room) -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert (await room.failure(f"https://127.0.0.1:{port}/x")).kind is ORIGIN_TLS


async def test_a_handshake_without_end_is_given_up(room: Room) -> None:
    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        began = time.monotonic()
        assert (await room.failure(f"https://127.0.0.1:{port}/x")).kind is ORIGIN_UNREACHABLE
        assert time.monotonic() - began < SECONDS
