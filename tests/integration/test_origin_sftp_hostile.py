"""SSH servers that mean harm: each fetch ends within its bound, and leaves neither memory nor sockets behind."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_network
from pathlib import Path

import pytest

from origins.port import MIB
from policies.plan import StrategyKind
from policies.reasons import (
    IMAGE_TOO_LARGE,
    ORIGIN_ADDRESS_FORBIDDEN,
    ORIGIN_BAD_ANSWER,
    ORIGIN_IDLE,
    ORIGIN_INTERRUPTED,
    ORIGIN_TOO_SLOW,
    ORIGIN_TRUNCATED,
    ORIGIN_UNREACHABLE,
    ORIGIN_UNRESOLVABLE,
    Kind,
)
from tests.fakes.http_origin import pour
from tests.fakes.origin_hosts import SftpHost, make_place
from tests.fakes.sftp_origin import sftp_origin
from tests.integration.origin_room import Room, count_sockets, open_room, until
from tests.integration.test_origin_http_hostile import PRIVATE

LOGIN = '{"user": "u", "password": "p"}'
SECONDS = 15.0
"""By then everything has ended that ends by its own bounds, on a busy machine, too."""
MEMORY = 16 * MIB
BANNER = b"SSH-2.0-OpenSSH_9.2\r\n"
LEFT = {ORIGIN_IDLE, ORIGIN_INTERRUPTED, ORIGIN_BAD_ANSWER, ORIGIN_UNREACHABLE, ORIGIN_TOO_SLOW}
Attack = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def saying(*chunks: bytes, hang_up: bool = False) -> Attack:
    """These bytes, then silence or the end."""

    async def attack(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
        if not hang_up:
            await reader.read()

    return attack


def repeating(chunk: bytes, pause: float = 0, first: bytes = b"") -> Attack:
    """The same bytes for as long as somebody listens."""

    async def attack(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await pour(writer, first, chunk, pause)

    return attack


@asynccontextmanager
async def attacker(attack: Attack) -> AsyncIterator[tuple[int, set[object]]]:
    """A server that does this to everybody; gives its port and who is connected."""
    there: set[object] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there.add(writer)
        try:
            with suppress(ConnectionError):
                await attack(reader, writer)
        finally:
            there.discard(writer)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], there
    finally:
        server.close()


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(saying(), id="silence"),
        pytest.param(saying(hang_up=True), id="closed at once"),
        pytest.param(saying(b"SSH-2.", hang_up=True), id="closed in the banner"),
        pytest.param(saying(BANNER), id="silence after the banner"),
        pytest.param(saying(BANNER, b"\0\0\0\x0c\x0a\x14", hang_up=True), id="closed in the handshake"),
        pytest.param(saying(BANNER, b"\xff" * 4096), id="a packet of four gigabytes"),
        pytest.param(saying(BANNER, b"\0\0\xff\xff" + bytes(70_000)), id="a packet that is none"),
        pytest.param(saying(b"SSH-1.5-old\r\n"), id="another version"),
        pytest.param(repeating(b"x" * 65536), id="a banner without end"),
        pytest.param(repeating(b"hello\r\n" * 1000), id="lines before the banner without end"),
        pytest.param(repeating(b"x", 0.05), id="a banner drop by drop"),
        pytest.param(repeating(b"\0", 0.05, BANNER + b"\0\0\x40\0\x0a"), id="a packet drop by drop"),
        pytest.param(repeating(b"\0\0\0\x0c\x0a\x02" + bytes(10), 0.001, BANNER), id="nothing but ignored packets"),
    ],
)
async def test_a_hostile_server_is_left_in_time_with_nothing_held(tmp_path: Path, attack: Attack) -> None:
    async with open_room(tmp_path, total_seconds=3) as room, attacker(attack) as (port, there):
        sockets = count_sockets()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        began = time.monotonic()
        try:
            reason = await room.failure(make_place(f"sftp://127.0.0.1:{port}/x", StrategyKind.SFTP, LOGIN))
            assert time.monotonic() - began < SECONDS
            await until(lambda: not there and count_sockets() <= sockets)
            _, peak = tracemalloc.get_traced_memory()
            gc.collect()  # what an error's frames held in a circle
            now, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert reason.kind in LEFT
    assert peak < MEMORY
    assert now - before < MIB


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[SftpHost]:
    (tmp_path / "served").mkdir()
    async with sftp_origin(tmp_path / "served") as server:
        yield SftpHost(server)


async def attacked(host: SftpHost, room: Room) -> Kind:
    """How a fetch of five megabytes fails, in time and with every session closed."""
    began = time.monotonic()
    sockets = count_sockets()
    reason = await room.failure(host.put("x", bytes(5 * MIB)))
    assert time.monotonic() - began < SECONDS
    await until(lambda: host.server.open == 0 and count_sockets() <= sockets)
    return reason.kind


async def test_a_file_drop_by_drop_is_too_slow(host: SftpHost, tmp_path: Path) -> None:
    host.server.most_read, host.server.pause = 10, 0.05
    async with open_room(tmp_path, idle_seconds=3) as room:
        assert await attacked(host, room) is ORIGIN_TOO_SLOW


async def test_a_file_without_end_is_too_large(host: SftpHost, tmp_path: Path) -> None:
    async with open_room(tmp_path, max_bytes=MIB) as room:
        assert await attacked(host, room) is IMAGE_TOO_LARGE


async def test_a_file_that_shrinks_is_truncated(host: SftpHost, tmp_path: Path) -> None:
    host.server.size_lie = 2 * MIB
    async with open_room(tmp_path) as room:
        assert await attacked(host, room) is ORIGIN_TRUNCATED


async def test_a_fetch_that_is_cancelled_at_any_moment_closes_its_socket(host: SftpHost, tmp_path: Path) -> None:
    place = host.put("x", bytes(MIB))
    async with open_room(tmp_path) as room:
        sockets = count_sockets()
        for turns in range(0, 60, 2):
            fetch = asyncio.create_task(room.fetch(place))
            for _ in range(turns):
                await asyncio.sleep(0.0005)
            fetch.cancel()
            await asyncio.gather(fetch, return_exceptions=True)
            room.into.unlink(missing_ok=True)
            await until(lambda: host.server.open == 0 and count_sockets() <= sockets)


@pytest.mark.parametrize("address", PRIVATE)
async def test_no_spelling_of_a_private_address_is_connected_to(tmp_path: Path, address: str) -> None:
    async with open_room(tmp_path, allowed_networks=(ip_network("127.0.0.1/32"),)) as room:
        reason = await room.failure(make_place(f"sftp://{address}:22/x", StrategyKind.SFTP, LOGIN))
    assert reason.kind in {ORIGIN_ADDRESS_FORBIDDEN, ORIGIN_UNRESOLVABLE}


async def test_a_name_that_leads_to_a_private_address_is_refused(host: SftpHost, tmp_path: Path) -> None:
    async with open_room(tmp_path, allowed_networks=()) as room:
        place = make_place(f"sftp://localhost:{host.server.port}/x", StrategyKind.SFTP, LOGIN)
        assert (await room.failure(place)).kind is ORIGIN_ADDRESS_FORBIDDEN
    assert host.server.most_open == 0
