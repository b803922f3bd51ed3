"""An engine killed with -9 in the middle of each step: the next one finishes the asset, once, and nothing is left."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from aiohttp import web

from tests.fakes.gate import Gate, gate
from tests.integration.db_rows import ASSET
from tests.integration.rig import SECONDS, Rig, picture

QUICK = {  # what is left of a killed engine is taken over soon
    "ENGINE_LEASE_SECONDS": "5",
    "ENGINE_GRACE_SECONDS": "1",
    "ENGINE_HEART_SECONDS": "1",
    "ENGINE_VISIBILITY_SECONDS": "7",  # by then the claim has gone as well
}
SLUICE = Path(sys.executable).parent / "sluice"


@asynccontextmanager
async def an_engine(environment: Mapping[str, str], log: Path) -> AsyncIterator[subprocess.Popen[bytes]]:
    """An engine as a process of its own; killed at the end if it still runs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: ASYNC220  quick, and nobody else runs
            [SLUICE, "engine"], env=kept | dict(environment), stdout=out, stderr=out
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(asyncio.to_thread(process.wait), SECONDS)


STEPS: dict[str, tuple[str, Callable[[web.Request], bool]]] = {
    "fetch": ("origin", lambda request: request.method == "GET"),
    "convert": ("processor", lambda request: request.path == "/convert"),
    "stage": ("s3", lambda request: request.method == "PUT" and "/transient/" in request.path),
    "thumbs": ("image server", lambda request: "/full/" in request.path),
    "publish the image": ("s3", lambda request: request.method == "PUT" and request.path.endswith(f"/{ASSET}")),
    "publish a thumbnail": ("s3", lambda request: request.method == "PUT" and "/open/" in request.path),
    "publish s.json": ("s3", lambda request: request.method == "PUT" and request.path.endswith("/s.json")),
}


@pytest.mark.parametrize("step", STEPS)
async def test_killed_while_another_part_works(rig: Rig, tmp_path: Path, step: str) -> None:
    part, holds = STEPS[step]
    origin = rig.origin.put("page.tif", picture())
    targets = {
        "origin": origin.removesuffix("/page.tif"),
        "processor": rig.environment["ENGINE_PROCESSOR_URL"],
        "image server": rig.environment["ENGINE_IMAGE_SERVER_URL"],
        "s3": rig.environment["AWS_ENDPOINT_URL"],
    }
    async with gate(targets[part]) as door:
        door.holds = holds
        ways: dict[str, dict[str, str]] = {
            "origin": {},
            "processor": {"ENGINE_PROCESSOR_URL": door.url},
            "image server": {"ENGINE_IMAGE_SERVER_URL": door.url},
            "s3": {"AWS_ENDPOINT_URL_S3": door.url},
        }
        await rig.rows.asset(origin=f"{door.url}/page.tif" if part == "origin" else origin)
        await killed_then_finished(rig, dict(rig.environment) | QUICK | ways[part], door, tmp_path / "engine.log")


@pytest.mark.parametrize("table", ['"ImageDeliveryChannels"', '"ImageStorage"'], ids=["read facts", "record"])
async def test_killed_while_the_database_works(rig: Rig, database: str, tmp_path: Path, table: str) -> None:
    """A lock on a table holds the statement that reads or writes it."""
    await rig.rows.asset(origin=rig.origin.put("page.tif", picture()))
    batch = await rig.rows.batch(ASSET)
    await rig.rows.queue(1)
    locking = await asyncpg.connect(database)
    transaction = locking.transaction()
    await transaction.start()
    await locking.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE" if "Storage" in table else f"LOCK TABLE {table}")
    async with an_engine(dict(rig.environment) | QUICK, tmp_path / "engine.log") as engine:
        rig.send(batch=batch)
        async with asyncio.timeout(SECONDS):
            while not await rig.rows.one("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        engine.kill()
    await transaction.rollback()
    await locking.close()
    await finished_by_the_next(rig, dict(rig.environment) | QUICK, batch, tmp_path / "next.log")


async def killed_then_finished(rig: Rig, environment: Mapping[str, str], door: Gate, log: Path) -> None:
    batch = await rig.rows.batch(ASSET)
    await rig.rows.queue(1)
    async with an_engine(environment, log) as engine:
        rig.send(batch=batch)
        await asyncio.wait_for(door.held.wait(), SECONDS)
        engine.kill()
    door.holds = lambda _: False
    door.opened.set()
    await finished_by_the_next(rig, environment, batch, log.with_name("next.log"))


async def finished_by_the_next(rig: Rig, environment: Mapping[str, str], batch: int, log: Path) -> None:
    async with an_engine(environment, log):
        row = await rig.finished()
        await rig.settled()
    assert (row["Error"], row["Width"]) == ("", 300), log.read_text()
    assert rig.keys(rig.buckets.storage) == [str(ASSET)]
    assert rig.keys(rig.buckets.thumbs) == [f"{ASSET}/open/100.jpg", f"{ASSET}/open/200.jpg", f"{ASSET}/s.json"]
    assert await rig.rows.batch_counters(batch) == (1, 0, True)
    assert await rig.rows.queue_size() == 0
    assert await rig.rows.totals() == await rig.rows.sums()
    endings = await rig.rows.all("SELECT outcome, final FROM engine.runs WHERE source <> 'tidy' ORDER BY claimed")
    assert endings == [("abandoned", False), ("ingested", True)]
    assert list(Path(rig.environment["ENGINE_SCRATCH"]).glob("engine-*")) == []
