"""One image server at several addresses: requests spread over them, and follow tasks that come and go."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from engine.outbound.connections import Address, Connections
from engine.outbound.image_server import ImageServer
from engine.outbound.image_server_thumbnailer import ImageServerThumbnailer
from engine.outbound.limiter import LimiterSettings
from engine.outbound.thumbnail_settings import ThumbnailSettings
from tests.fakes.image_server import Load, ModelImageServer, listening
from tests.fakes.thumb_orders import Orders

SETTINGS = ThumbnailSettings(
    ("http://replaced",),
    patience=20.0,
    quickest_timeout=0.5,
    slowest_timeout=2.0,
    limiter=LimiterSettings(start=4.0),
)
LookUp = Callable[[str], Awaitable[list[Address]]]


class Names:
    """Names that stand for what a test says, just now."""

    def __init__(self, port: int, *ips: str) -> None:
        self.port = port
        self.ips = list(ips)
        self.looked = 0

    async def look_up(self, base: str) -> list[Address]:
        self.looked += 1
        if not self.ips:
            raise OSError("no such name")
        return [Address(base, ip) for ip in self.ips]


@asynccontextmanager
async def tasks(count: int) -> AsyncIterator[tuple[int, list[ModelImageServer], AsyncExitStack]]:
    """So many tasks of one service, at 127.0.0.1, 127.0.0.2 … and one port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    models = [ModelImageServer(Load(cores=2, scale=0.05)) for _ in range(count)]
    for model in models[1:]:
        model.storage = models[0].storage  # all read the same bucket
    async with AsyncExitStack() as stack:
        for number, model in enumerate(models):
            await stack.enter_async_context(listening(model.application(), f"127.0.0.{number + 1}", port))
        yield port, models, stack


def asked(models: list[ModelImageServer]) -> list[int]:
    return [model.load.requests for model in models]


async def thumbnails(server: ImageServer, orders: Orders, count: int) -> None:
    maker = ImageServerThumbnailer(server, endure=0)
    await asyncio.gather(*(maker.make(orders.one()) for _ in range(count)))


def served(base: str, names: Names, settings: ThumbnailSettings = SETTINGS) -> tuple[ImageServer, Connections]:
    clock = asyncio.get_running_loop().time
    connections = Connections((base,), 0.05, clock, names.look_up)
    return ImageServer(replace(settings, image_server=(base,)), connections, clock), connections


async def test_a_list_of_addresses_shares_the_load() -> None:
    async with tasks(3) as (port, models, _):
        bases = tuple(f"http://127.0.0.{number}:{port}" for number in (1, 2, 3))
        async with ImageServer.open(replace(SETTINGS, image_server=bases)) as server:
            await thumbnails(server, Orders(models[0]), 60)
    assert min(asked(models)) >= 10


async def test_a_name_that_stands_for_several_addresses_shares_the_load() -> None:
    async with tasks(3) as (port, models, _):
        names = Names(port, "127.0.0.1", "127.0.0.2", "127.0.0.3")
        server, connections = served(f"http://image-server.local:{port}", names)
        async with connections.opened():
            await thumbnails(server, Orders(models[0]), 60)
    assert min(asked(models)) >= 10


async def test_tasks_that_come_are_used_and_tasks_that_go_are_let_go() -> None:
    async with tasks(3) as (port, models, _):
        names = Names(port, "127.0.0.1")
        server, connections = served(f"http://image-server.local:{port}", names)
        async with connections.opened():
            orders = Orders(models[0])
            await thumbnails(server, orders, 10)
            assert asked(models)[1:] == [0, 0]
            names.ips = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
            await thumbnails(server, orders, 60)
            assert min(asked(models)[1:]) >= 5
            names.ips = ["127.0.0.3"]
            await thumbnails(server, orders, 20)
            before = asked(models)
            await thumbnails(server, orders, 20)
            assert asked(models)[:2] == before[:2]
            assert [address.ip for address in connections.addresses] == ["127.0.0.3"]
    assert names.looked >= 3


async def test_a_task_that_nobody_listens_for_is_passed_over_unnoticed() -> None:
    async with tasks(1) as (port, models, _):
        names = Names(port, "127.0.0.9", "127.0.0.1")
        server, connections = served(f"http://image-server.local:{port}", names)
        async with connections.opened():
            maker = ImageServerThumbnailer(server, endure=0)
            orders = Orders(models[0])
            made = [orders.one() for _ in range(10)]
            for order in made:
                await maker.make(order)
    assert sum(order.tally.retries for order in made) == 0


async def test_a_name_that_does_not_resolve_for_a_while_keeps_the_addresses_it_had() -> None:
    async with tasks(1) as (port, models, _):
        names = Names(port, "127.0.0.1")
        server, connections = served(f"http://image-server.local:{port}", names)
        async with connections.opened():
            orders = Orders(models[0])
            await thumbnails(server, orders, 5)
            names.ips = []
            await asyncio.sleep(0.1)
            await thumbnails(server, orders, 5)
            await asyncio.sleep(0.1)
            await thumbnails(server, orders, 5)
    assert asked(models) == [15]


async def test_a_name_that_never_resolved_is_nobody_there() -> None:
    connections = Connections(("http://nowhere.local",), 5.0, asyncio.get_running_loop().time, Names(80).look_up)
    async with connections.opened():
        with pytest.raises(OSError, match="no such name"):
            async with connections.line():
                pass
