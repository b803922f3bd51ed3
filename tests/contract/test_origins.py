"""What every origin strategy keeps, whatever it speaks. A new strategy joins by a host in `tests/fakes`."""

from __future__ import annotations

import asyncio
import hashlib
import random
from pathlib import Path

import pytest

from origins.origins import Origins
from origins.port import MIB
from policies.outcome import IngestError
from policies.reasons import (
    IMAGE_TOO_LARGE,
    ORIGIN_ADDRESS_FORBIDDEN,
    ORIGIN_DENIED,
    ORIGIN_NOT_FOUND,
    ORIGIN_TOO_SLOW,
    ORIGIN_UNAUTHORISED,
    Fate,
)
from tests.contract.conftest import OpenOrigins, open_for
from tests.fakes.origin_hosts import OriginHost

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0"


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """Where fetched files go, alone in their folder."""
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch" / "source"


def nothing_is_left(into: Path) -> bool:
    return not list(into.parent.iterdir())


async def test_a_file_comes_whole_with_what_was_learnt_on_the_way(
    host: OriginHost, origins: Origins, into: Path
) -> None:
    data = PNG + random.Random(1).randbytes(100_000)
    fetched = await origins.fetch(host.put("page-1.png", data), into)
    assert into.read_bytes() == data
    assert list(into.parent.iterdir()) == [into]
    assert fetched.path == into
    assert fetched.bytes == len(data)
    assert fetched.sha256 == hashlib.sha256(data).hexdigest()
    assert fetched.media_type == "image/png"
    assert data.startswith(fetched.head)
    assert len(fetched.head) > 1000
    assert 0 < fetched.seconds < 60


async def test_a_large_file_comes_in_order(host: OriginHost, origins: Origins, into: Path) -> None:
    data = random.Random(2).randbytes(25 * MIB + 1)
    fetched = await origins.fetch(host.put("large", data), into)
    assert fetched.bytes == len(data)
    assert fetched.sha256 == hashlib.sha256(data).hexdigest()
    assert into.read_bytes() == data


async def test_an_empty_file_is_a_file(host: OriginHost, origins: Origins, into: Path) -> None:
    fetched = await origins.fetch(host.put("empty", b""), into)
    assert fetched.bytes == 0
    assert fetched.media_type is None
    assert into.read_bytes() == b""


@pytest.mark.parametrize("name", ["with space", "100%", "a+b", "ünïcode 漢", "a/b/c.tif", "semi;colon&amp", "what?#no"])
async def test_any_name_reaches_its_file(host: OriginHost, origins: Origins, into: Path, name: str) -> None:
    fetched = await origins.fetch(host.put(name, name.encode()), into)
    assert into.read_bytes() == name.encode()
    assert fetched.bytes == len(name.encode())


async def test_what_is_not_there_is_not_found(host: OriginHost, origins: Origins, into: Path) -> None:
    with pytest.raises(IngestError) as failure:
        await origins.fetch(host.nowhere(), into)
    assert failure.value.reason.kind is ORIGIN_NOT_FOUND
    assert "nowhere" in failure.value.reason.message
    assert nothing_is_left(into)


async def test_what_may_not_be_read_is_denied(host: OriginHost, origins: Origins, into: Path) -> None:
    if not hasattr(host, "denied"):
        pytest.skip("this server denies nobody anything (S3's emulator: test_origin_s3 has its answers from a script)")
    with pytest.raises(IngestError) as failure:
        await origins.fetch(host.denied(), into)
    assert failure.value.reason.kind is ORIGIN_DENIED
    assert nothing_is_left(into)


async def test_a_wrong_login_is_told_from_a_missing_permission(host: OriginHost, origins: Origins, into: Path) -> None:
    if not hasattr(host, "locked_out"):
        pytest.skip("this strategy logs in nowhere")
    with pytest.raises(IngestError) as failure:
        await origins.fetch(host.locked_out(), into)
    assert failure.value.reason.kind is ORIGIN_UNAUTHORISED
    assert "wrong" not in str(failure.value)
    assert nothing_is_left(into)


async def test_what_is_too_large_is_refused_and_leaves_nothing(
    host: OriginHost, open_origins: OpenOrigins, into: Path
) -> None:
    async with open_for(host, open_origins, max_bytes=MIB) as origins:
        fetched = await origins.fetch(host.put("just", bytes(MIB)), into)
        assert fetched.bytes == MIB
        into.unlink()
        with pytest.raises(IngestError) as failure:
            await origins.fetch(host.put("over", bytes(MIB + 1)), into)
    assert failure.value.reason.kind is IMAGE_TOO_LARGE
    assert nothing_is_left(into)


async def test_a_fetch_ends_in_its_time_and_may_be_tried_again(
    host: OriginHost, open_origins: OpenOrigins, into: Path
) -> None:
    place = host.put("large", bytes(30 * MIB))
    async with open_for(host, open_origins, total_seconds=0.001) as origins:
        with pytest.raises(IngestError) as failure:
            await origins.fetch(place, into)
    assert failure.value.reason.kind is ORIGIN_TOO_SLOW
    assert failure.value.reason.kind.fate is Fate.RETRY
    assert nothing_is_left(into)


async def test_a_cancelled_fetch_leaves_nothing(host: OriginHost, origins: Origins, into: Path) -> None:
    fetch = asyncio.create_task(origins.fetch(host.put("large", bytes(60 * MIB)), into))
    while not list(into.parent.iterdir()):  # noqa: ASYNC110 - a folder has no event to wait for
        await asyncio.sleep(0)
    fetch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetch
    assert nothing_is_left(into)


async def test_what_stood_there_before_is_replaced_only_by_a_whole_file(
    host: OriginHost, origins: Origins, into: Path
) -> None:
    into.write_bytes(b"before")
    with pytest.raises(IngestError):
        await origins.fetch(host.nowhere(), into)
    assert into.read_bytes() == b"before"
    await origins.fetch(host.put("new", b"after"), into)
    assert into.read_bytes() == b"after"


async def test_many_at_once_come_whole(host: OriginHost, open_origins: OpenOrigins, tmp_path: Path) -> None:
    async with open_for(host, open_origins, host_wait=20) as origins:
        places = [host.put(f"small-{n}", b"%d" % n * 1000) for n in range(24)]
        fetched = await asyncio.gather(
            *(origins.fetch(place, tmp_path / f"small-{n}") for n, place in enumerate(places))
        )
    assert [each.path.read_bytes() for each in fetched] == [b"%d" % n * 1000 for n in range(24)]


async def test_private_addresses_are_refused_unless_allowed(
    host: OriginHost, open_origins: OpenOrigins, into: Path
) -> None:
    if not host.dials:
        pytest.skip("an origin of this strategy names no host (S3: test_origin_s3 shows where requests go)")
    async with open_for(host, open_origins, allowed_networks=()) as origins:
        with pytest.raises(IngestError) as failure:
            await origins.fetch(host.put("file", b"x"), into)
    assert failure.value.reason.kind is ORIGIN_ADDRESS_FORBIDDEN
    assert nothing_is_left(into)
