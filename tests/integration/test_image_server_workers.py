"""The image server's worker processes: what they lose when they die, hang or are given up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PIL import Image

from local.image_server.workers import Order, RenderFailed, Unreadable, WorkerLimits, Workers


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.new("RGB", (3000, 3000), (20, 90, 160)).save(path)
    return path


def order(path: Path, target: tuple[int, int] = (30, 30), side: int = 3000) -> Order:
    return Order(str(path), (0, 0, side, side), target, 0, mirrored=False, quality="default", format="png")


@asynccontextmanager
async def opened(count: int, limits: WorkerLimits) -> AsyncIterator[Workers]:
    workers = Workers(count, limits)
    await workers.start()
    try:
        yield workers
    finally:
        await workers.stop()
        assert workers.alive == 0


async def test_a_rendering_that_takes_too_long_ends_its_worker_and_the_next_order_starts_another(picture: Path) -> None:
    async with opened(1, WorkerLimits(seconds=0.01)) as workers:
        with pytest.raises(RenderFailed, match="longer"):
            await workers.render(order(picture))
        assert workers.alive == 0
        with pytest.raises(RenderFailed, match="longer"):
            await workers.render(order(picture))


async def test_a_worker_without_enough_memory_loses_one_order_only(picture: Path) -> None:
    async with opened(1, WorkerLimits(memory=700 * 1024**2)) as workers:
        with pytest.raises((RenderFailed, Unreadable), match="memory"):
            await workers.render(order(picture, target=(16_000, 16_000)))
        assert (await workers.render(order(picture)))[:4] == b"\x89PNG"


async def test_an_order_that_is_given_up_never_answers_the_next_one(picture: Path) -> None:
    async with opened(1, WorkerLimits()) as workers:
        await workers.render(order(picture))
        given_up = asyncio.create_task(workers.render(order(picture, target=(2000, 2000))))
        await asyncio.sleep(0)  # it has begun
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        small = await workers.render(order(picture, target=(7, 7)))
        assert int.from_bytes(small[16:20]) == 7


async def test_what_is_no_image_is_unreadable_and_the_worker_lives(tmp_path: Path, picture: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    async with opened(1, WorkerLimits()) as workers:
        with pytest.raises(Unreadable):
            await workers.render(order(broken, side=10))
        assert (await workers.render(order(picture)))[:4] == b"\x89PNG"
