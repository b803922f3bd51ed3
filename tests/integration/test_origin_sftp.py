"""SFTP origins: logins, host keys, and servers that lie, fall silent or hang up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from origins.port import MIB
from policies.plan import StrategyKind
from policies.reasons import (
    CREDENTIALS_INVALID,
    IMAGE_TOO_LARGE,
    ORIGIN_ADDRESS_UNUSABLE,
    ORIGIN_BAD_ANSWER,
    ORIGIN_CHANGED,
    ORIGIN_HOST_BUSY,
    ORIGIN_HOST_KEY,
    ORIGIN_IDLE,
    ORIGIN_INTERRUPTED,
    ORIGIN_REJECTED,
    ORIGIN_TRUNCATED,
    ORIGIN_UNAUTHORISED,
    ORIGIN_UNREACHABLE,
)
from tests.fakes.http_origin import http_origin, raw
from tests.fakes.origin_hosts import SftpHost, known_hosts, make_place, private_key
from tests.fakes.sftp_origin import USER, sftp_origin
from tests.integration.origin_room import IMPATIENT, Room, open_room, until

DATA = bytes(range(256)) * 8192  # 2 MiB


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[SftpHost]:
    folder = tmp_path / "served"
    folder.mkdir()
    async with sftp_origin(folder) as server:
        yield SftpHost(server)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("passphrase", [None, "open sesame"])
async def test_a_private_key_logs_in(host: SftpHost, room: Room, passphrase: str | None) -> None:
    host.put("x", DATA)
    key = {"user": USER, "privateKey": private_key(passphrase), **({"passphrase": passphrase} if passphrase else {})}
    assert (await room.fetch(host.place("x", **key))).bytes == len(DATA)


@pytest.mark.parametrize(
    "key",
    [
        {"privateKey": "no key at all"},
        {"privateKey": private_key("open sesame"), "passphrase": "wrong"},
        {"privateKey": private_key("open sesame")},
        {},
    ],
)
async def test_a_key_that_cannot_be_used_is_refused_before_any_connection(
    host: SftpHost, room: Room, key: dict[str, str]
) -> None:
    reason = await room.failure(host.place("x", user=USER, **key))
    assert reason.kind is CREDENTIALS_INVALID
    assert "wrong" not in reason.message
    assert host.server.most_open == 0


async def test_a_password_is_tried_once(host: SftpHost, room: Room) -> None:
    assert (await room.failure(host.locked_out())).kind is ORIGIN_UNAUTHORISED
    assert host.server.logins == 1


async def test_host_keys_are_checked_when_hosts_are_known(host: SftpHost, tmp_path: Path) -> None:
    place = host.put("x", DATA)
    async with open_room(tmp_path, known_hosts=known_hosts(host.server, tmp_path)) as room:
        assert (await room.fetch(place)).bytes == len(DATA)
        room.into.unlink()
    async with open_room(tmp_path, known_hosts=known_hosts(host.server, tmp_path, right=False)) as room:
        assert (await room.failure(place)).kind is ORIGIN_HOST_KEY
    async with open_room(tmp_path, known_hosts=tmp_path / "nowhere") as room:
        reason = await room.failure(place)
        assert reason.kind is ORIGIN_HOST_KEY
        assert "known-hosts file" in reason.message


async def test_servers_that_give_little_at_a_time_are_asked_again(host: SftpHost, room: Room) -> None:
    host.server.most_read = 10_000
    await room.fetch(host.put("x", DATA))
    assert room.into.read_bytes() == DATA


@pytest.mark.parametrize("lie", [1, 10 * 255 * 1024])
async def test_a_file_shorter_than_its_size_is_truncated(host: SftpHost, room: Room, lie: int) -> None:
    host.server.size_lie = lie
    assert (await room.failure(host.put("x", DATA))).kind is ORIGIN_TRUNCATED


async def test_a_file_longer_than_its_size_has_changed(host: SftpHost, room: Room) -> None:
    host.server.size_lie = -1
    assert (await room.failure(host.put("x", DATA))).kind is ORIGIN_CHANGED


async def test_an_absurd_size_is_refused_without_reading(host: SftpHost, room: Room) -> None:
    host.server.size_lie = 10**15
    assert (await room.failure(host.put("x", DATA))).kind is IMAGE_TOO_LARGE
    assert host.server.reads == 0


async def test_a_silent_server_is_left(host: SftpHost, tmp_path: Path) -> None:
    host.server.silent = True
    async with open_room(tmp_path, **IMPATIENT) as room:
        assert (await room.failure(host.put("x", DATA))).kind is ORIGIN_IDLE
    await until(lambda: host.server.open == 0)


async def test_a_connection_that_breaks_is_an_interruption(host: SftpHost, room: Room) -> None:
    host.server.cut_after = 3
    assert (await room.failure(host.put("x", DATA))).kind is ORIGIN_INTERRUPTED


async def test_a_folder_is_no_file(host: SftpHost, room: Room) -> None:
    host.put("folder/x", DATA)
    assert (await room.failure(host.place("folder"))).kind is ORIGIN_REJECTED


@pytest.mark.parametrize(
    "uri", ["sftp://127.0.0.1/", "sftp://127.0.0.1", "sftp:///x", "sftp://u:hunter2@127.0.0.1/x", "file:///etc/passwd"]
)
async def test_addresses_that_name_no_file_of_a_host_are_refused(room: Room, uri: str) -> None:
    place = make_place(uri, StrategyKind.SFTP, '{"user":"u","password":"p"}')
    reason = await room.failure(place)
    assert reason.kind is ORIGIN_ADDRESS_UNUSABLE
    assert "hunter2" not in reason.message


async def test_sessions_to_one_host_are_bounded(host: SftpHost, tmp_path: Path) -> None:
    place = host.put("x", DATA)
    async with open_room(tmp_path, sftp_sessions_per_host=2, host_wait=10, total_seconds=20) as room:
        await asyncio.gather(*(room.origins.fetch(place, tmp_path / f"file-{n}") for n in range(6)))
    assert host.server.most_open == 2


async def test_who_gets_no_session_in_time_gives_the_slot_back(host: SftpHost, tmp_path: Path) -> None:
    host.server.silent = True
    place = host.put("x", DATA)
    async with open_room(tmp_path, sftp_sessions_per_host=1, idle_seconds=5) as room:
        waiting = asyncio.create_task(room.origins.fetch(place, tmp_path / "first"))
        await until(lambda: host.server.reads > 0)
        assert (await room.failure(place)).kind is ORIGIN_HOST_BUSY
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    await until(lambda: host.server.open == 0)


async def test_another_protocol_is_named_as_such(tmp_path: Path) -> None:
    async with http_origin() as server, open_room(tmp_path, **IMPATIENT) as room:
        server.put("/", raw(b""))
        place = make_place(f"sftp://127.0.0.1:{server.port}/x", StrategyKind.SFTP, '{"user":"u","password":"p"}')
        assert (await room.failure(place)).kind in {ORIGIN_BAD_ANSWER, ORIGIN_INTERRUPTED, ORIGIN_IDLE}


async def test_no_server_is_named_as_such(room: Room, unused_tcp_port: int) -> None:
    place = make_place(f"sftp://127.0.0.1:{unused_tcp_port}/x", StrategyKind.SFTP, '{"user":"u","password":"p"}')
    assert (await room.failure(place)).kind is ORIGIN_UNREACHABLE


async def test_a_large_file_is_read_in_bounded_pieces(host: SftpHost, tmp_path: Path) -> None:
    data = bytes(12 * MIB)
    async with open_room(tmp_path, max_bytes=len(data)) as room:
        assert (await room.fetch(host.put("large", data))).bytes == len(data)
