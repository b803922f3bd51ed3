"""Places at a host."""

from __future__ import annotations

import asyncio

import pytest

from origins.hosts import Hosts
from policies.outcome import IngestError
from policies.reasons import ORIGIN_HOST_BUSY, Fate


async def hold(hosts: Hosts, host: str, until: asyncio.Event) -> None:
    async with hosts.connection(host):
        await until.wait()


async def test_a_full_host_is_busy_and_others_are_not() -> None:
    hosts, over = Hosts(2, 0.05), asyncio.Event()
    holders = [asyncio.create_task(hold(hosts, "a", over)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(IngestError) as failure:
        async with hosts.connection("a"):
            pass
    assert failure.value.reason.kind is ORIGIN_HOST_BUSY
    assert failure.value.reason.kind.fate is Fate.BUSY
    async with hosts.connection("b"):
        pass
    over.set()
    await asyncio.gather(*holders)
    async with hosts.connection("a"):
        pass


async def test_who_waits_gets_the_next_place() -> None:
    hosts, over = Hosts(1, 5), asyncio.Event()
    holder = asyncio.create_task(hold(hosts, "a", over))
    waiters = [asyncio.create_task(hold(hosts, "a", over)) for _ in range(3)]
    await asyncio.sleep(0)
    over.set()
    await asyncio.gather(holder, *waiters)


async def test_hosts_that_nobody_uses_are_forgotten() -> None:
    hosts = Hosts(1, 1)
    for n in range(100):
        async with hosts.connection(f"host-{n}"):
            pass
    assert not hosts._gates
    assert not hosts._users


async def after(hosts: Hosts, host: str) -> float | None:
    with pytest.raises(IngestError) as failure:
        async with hosts.connection(host):
            pass
    return failure.value.after


async def test_those_refused_come_back_one_after_the_other_until_somebody_leaves() -> None:
    hosts, over = Hosts(1, 0.02), asyncio.Event()
    holder = asyncio.create_task(hold(hosts, "a", over))
    await asyncio.sleep(0)
    assert [await after(hosts, "a") for _ in range(4)] == pytest.approx([0.02, 0.04, 0.06, 0.08])
    over.set()
    await holder
    async with hosts.connection("a"):
        assert await after(hosts, "a") == pytest.approx(0.02)
    assert not hosts._refused


async def test_only_the_first_waits_where_nobody_leaves() -> None:
    hosts, over = Hosts(1, 0.2), asyncio.Event()
    holder = asyncio.create_task(hold(hosts, "a", over))
    await asyncio.sleep(0)
    await after(hosts, "a")
    began = asyncio.get_running_loop().time()
    for _ in range(20):
        await after(hosts, "a")
    assert asyncio.get_running_loop().time() - began < 0.2
    over.set()
    await holder
