"""A file as it is filled: from a stream, or from pieces in any order."""

from __future__ import annotations

import asyncio
import errno
import hashlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from origins import download
from origins.download import Downloads
from origins.integrity import Checksum
from origins.landing import disk
from origins.pace import Pace
from origins.port import OriginSettings
from policies.outcome import IngestError
from policies.reasons import IMAGE_TOO_LARGE, ORIGIN_DAMAGED, ORIGIN_TOO_SLOW, SCRATCH_FULL, SCRATCH_UNUSABLE, Kind

MIB = 1024**2


@pytest.fixture
async def downloads() -> AsyncIterator[Downloads]:
    with ThreadPoolExecutor(4) as threads:
        yield Downloads(OriginSettings(max_bytes=5 * MIB), threads)


@given(sizes=st.lists(st.integers(1, 300_000), max_size=12), order=st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pieces_in_any_order_make_the_same_file(tmp_path: Path, sizes: list[int], order: object) -> None:
    async def fill() -> None:
        whole = bytes(n % 251 for n in range(sum(sizes)))
        starts = [sum(sizes[:n]) for n in range(len(sizes))]
        pieces = list(zip(starts, sizes, strict=True))
        order.shuffle(pieces)  # type: ignore[attr-defined] # a random.Random
        checksum = Checksum("md5", hashlib.md5(whole).digest(), "Content-MD5")
        with ThreadPoolExecutor(4) as threads:
            async with Downloads(OriginSettings(), threads).into(tmp_path / "x") as into:
                await into.start([checksum])
                await asyncio.gather(*(into.put(at, [whole[at : at + size]]) for at, size in pieces))
                fetched = await into.finish(address="x")
        assert (tmp_path / "x").read_bytes() == whole
        assert fetched.sha256 == hashlib.sha256(whole).hexdigest()
        assert fetched.head == whole[: len(fetched.head)]
        assert fetched.bytes == len(whole)

    asyncio.run(fill())


async def test_beginning_again_forgets_what_came(downloads: Downloads, tmp_path: Path) -> None:
    async with downloads.into(tmp_path / "x") as into:
        await into.start()
        await into.add(b"old" * download.BATCH)
        await into.start()
        await into.add(b"new")
        fetched = await into.finish(address="x")
    assert (tmp_path / "x").read_bytes() == b"new"
    assert fetched.sha256 == hashlib.sha256(b"new").hexdigest()
    assert fetched.bytes == 3


async def test_a_wrong_checksum_leaves_no_file(downloads: Downloads, tmp_path: Path) -> None:
    with pytest.raises(IngestError) as failure:
        async with downloads.into(tmp_path / "x") as into:
            await into.start([Checksum("md5", bytes(16), "Content-MD5")])
            await into.add(b"data")
            await into.finish(address="x")
    assert failure.value.reason.kind is ORIGIN_DAMAGED
    assert not list(tmp_path.iterdir())


async def test_more_than_may_come_is_refused(downloads: Downloads, tmp_path: Path) -> None:
    with pytest.raises(IngestError) as failure:
        async with downloads.into(tmp_path / "x") as into:
            await into.start()
            for _ in range(6):
                await into.add(bytes(MIB))
    assert failure.value.reason.kind is IMAGE_TOO_LARGE
    assert not list(tmp_path.iterdir())


async def test_a_folder_that_is_not_there_is_our_own_fault(downloads: Downloads, tmp_path: Path) -> None:
    with pytest.raises(IngestError) as failure:
        async with downloads.into(tmp_path / "nowhere" / "x"):
            pass
    assert failure.value.reason.kind is SCRATCH_UNUSABLE


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, SCRATCH_FULL), (errno.EDQUOT, SCRATCH_FULL), (errno.EIO, SCRATCH_UNUSABLE)]
)
def test_a_full_disk_is_told_from_a_broken_one(number: int, kind: Kind) -> None:
    with pytest.raises(IngestError) as failure, disk():
        raise OSError(number, "no")
    assert failure.value.reason.kind is kind


def test_slow_is_measured_over_whole_windows() -> None:
    now = iter([0.0, 5.0, 10.0, 10.0, 25.0])
    pace = Pace(slowest=100, seconds=10, clock=lambda: next(now))
    pace.moved(1)
    pace.moved(999)  # exactly enough in ten seconds
    with pytest.raises(IngestError) as failure:
        pace.moved(1499)  # one too few in fifteen
    assert failure.value.reason.kind is ORIGIN_TOO_SLOW
