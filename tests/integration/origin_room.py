"""What tests of origins share: strategies with small limits, and what may not be left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from origins.origins import Origins
from origins.port import MIB, Fetched, OriginSettings
from policies.outcome import IngestError
from policies.plan import Place, StrategyKind
from policies.reasons import Reason
from tests.fakes.origin_hosts import make_place

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


IMPATIENT = {"total_seconds": 2.5, "idle_seconds": 0.3, "connect_seconds": 1, "answer_seconds": 0.5}
"""For tests of patience that ends. All others wait for as long as a busy machine may take."""


def make_settings(**settings: Any) -> OriginSettings:
    """Limits that a test can reach."""
    small = {
        "allowed_networks": LOOPBACK,
        "total_seconds": 30,
        "idle_seconds": 10,
        "connect_seconds": 10,
        "answer_seconds": 10,
        "slow_seconds": 0.5,
        "slowest": 10_000,
        "resumptions": 2,
        "host_wait": 0.2,
        "max_bytes": 8 * MIB,
    }
    return OriginSettings(**{**small, **settings})


async def until(holds: Callable[[], bool], seconds: float = 3) -> None:
    """Waits for what has no event to wait for: counts of sockets, of connections."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)


def count_sockets() -> int:
    """Open sockets of this process."""
    return sum(link.startswith("socket:") for link in map(_link, Path("/proc/self/fd").iterdir()))


def _link(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:  # the folder's own descriptor, closed again
        return ""


class Room:
    """The strategies, and a folder to fetch into."""

    def __init__(self, origins: Origins, folder: Path) -> None:
        self.origins = origins
        self.into = folder / "source"

    async def fetch(self, where: str | Place, kind: StrategyKind = StrategyKind.DEFAULT) -> Fetched:
        """Fetches an address, or a place."""
        return await self.origins.fetch(where if isinstance(where, Place) else make_place(where, kind), self.into)

    async def failure(self, where: str | Place, kind: StrategyKind = StrategyKind.DEFAULT) -> Reason:
        """Why a fetch failed; it leaves nothing behind."""
        with pytest.raises(IngestError) as failure:
            await self.fetch(where, kind)
        assert not list(self.into.parent.iterdir())
        return failure.value.reason


@asynccontextmanager
async def open_room(folder: Path, **settings: Any) -> AsyncIterator[Room]:
    """A room with small limits; keywords replace settings."""
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    async with Origins.open(make_settings(**settings)) as origins:
        yield Room(origins, scratch)
