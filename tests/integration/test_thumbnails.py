"""Thumbnails from an image server that misbehaves in every way a real one was seen to: none lost, none wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiohttp import web

from engine.outbound.fallback import Fallback
from engine.outbound.image_server import ImageServer
from engine.outbound.image_server_thumbnailer import ImageServerThumbnailer
from engine.outbound.limiter import LimiterSettings
from engine.outbound.make_thumbnailer import make_thumbnailer
from engine.outbound.thumbnail_settings import ThumbnailSettings
from engine.outbound.thumbnailer import MadeThumb, Tally, Thumbnails, ThumbOrder
from images.size import Size
from policies.outcome import Busy, IngestError, Retry
from policies.reasons import IMAGE_SERVER_AWAY, IMAGE_SERVER_BEHIND, IMAGE_SERVER_BLIND, THUMBNAILS_FAILED
from tests.fakes.image_server import Load, ModelImageServer, listening, picture
from tests.fakes.image_server_faults import Fault, Faults
from tests.fakes.thumb_orders import PHOTOGRAPH, Orders, wrong

SETTINGS = ThumbnailSettings(
    ("http://replaced",),
    patience=20.0,
    fresh=0.3,
    endure=10.0,
    quickest_timeout=0.3,
    slowest_timeout=1.0,
    limiter=LimiterSettings(start=4.0, calm_every=5.0),
)


@dataclass
class Room:
    """A stand-in, what may go wrong before it, and an engine's end of the line."""

    model: ModelImageServer
    faults: Faults
    server: ImageServer
    thumbnailer: ImageServerThumbnailer
    orders: Orders

    async def make(self, order: ThumbOrder) -> Thumbnails:
        made = await self.thumbnailer.make(order)
        assert wrong(order, made, self.orders.staged[order.asset].source) == []
        return made


@asynccontextmanager
async def room(
    model: ModelImageServer | None = None,
    faults: Faults | None = None,
    settings: ThumbnailSettings = SETTINGS,
    *,
    endure: float = 0.0,
) -> AsyncIterator[Room]:
    model, faults = model or ModelImageServer(Load(cores=4, scale=0.02)), faults or Faults()
    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(listening(model.application([faults.between])))
        server = await stack.enter_async_context(ImageServer.open(replace(settings, image_server=(base,))))
        yield Room(model, faults, server, ImageServerThumbnailer(server, endure=endure), Orders(model))


async def test_one_request_makes_all_thumbnails_of_an_image() -> None:
    async with room() as here:
        order = here.orders.one()
        made = await here.make(order)
        assert list(here.model.asked) == ["full/1024,/0/default.jpg"]
    assert [one.size.width for one in made.files] == [1024, 400, 200, 100]
    assert (made.made_by, order.tally.requests, order.tally.retries) == ("image-server", 1, 0)


async def test_without_the_cascade_every_size_is_asked_of_the_image_itself() -> None:
    async with room() as here:
        here.orders.cascade = False
        order = here.orders.one()
        await here.make(order)
        assert sorted(here.model.asked) == [f"full/{width},/0/default.jpg" for width in (100, 1024, 200, 400)]
    assert order.tally.requests == 4


@pytest.mark.parametrize("fault", sorted(set(Fault) - {Fault.HALF_FETCHED}))
async def test_whatever_is_answered_once_is_asked_again(fault: Fault) -> None:
    async with room() as here:
        here.faults.ordered.append(fault)
        order = here.orders.one()
        await here.make(order)
        assert here.faults.seen == {fault: 1}
    assert (order.tally.requests, order.tally.retries) == (2, 1)


async def test_a_half_fetched_source_is_staged_again_under_a_new_key() -> None:
    async with room() as here:
        here.faults.ordered.append(Fault.HALF_FETCHED)
        order = here.orders.one()
        await here.make(order)
        assert here.orders.staged[order.asset].times == 1


async def test_a_source_that_is_broken_in_the_servers_cache_is_staged_again() -> None:
    async with room() as here:
        here.faults.ordered.extend([Fault.TRUNCATED, Fault.TRUNCATED])
        order = here.orders.one()
        await here.make(order)
        assert here.orders.staged[order.asset].times == 1


async def test_an_object_just_written_may_be_missing_for_a_while() -> None:
    async with room(settings=replace(SETTINGS, fresh=5.0)) as here:
        order = here.orders.one()
        here.model.put(order.identifier, here.model.storage[order.identifier], after=0.5)
        await here.make(order)
        assert order.tally.retries >= 1


async def test_an_object_that_never_comes_fails_this_image_only_and_may_be_tried_again() -> None:
    async with room() as here:
        missing = here.orders.one()
        here.model.forget(missing.identifier)
        with pytest.raises(IngestError) as raised:
            await here.make(missing)
        assert raised.value.reason.kind is THUMBNAILS_FAILED
        assert isinstance(raised.value.outcome, Retry)
        assert missing.identifier in raised.value.reason.message
        assert "not-yet, 404" in raised.value.reason.message
        await here.make(here.orders.one())


async def test_a_server_that_keeps_the_earlier_picture_of_a_key_cannot_make_us_store_it() -> None:
    async with room() as here:
        first, second = here.orders.one(), here.orders.one()  # two ingests of one asset: two keys, two colours
        await here.make(first)
        here.model.put(first.identifier, here.orders.staged[second.asset].source)
        await here.make(first)  # the stand-in never looks again: the old picture under the old key, as a real one
        await here.make(second)


@pytest.mark.parametrize("name", ["scan;3", "scan;1:2", "scan;3;1:2"])
async def test_an_identifier_that_would_be_read_as_a_page_or_a_scale_is_staged_under_another(name: str) -> None:
    async with room() as here:
        order = here.orders.one(identifier=f"s3://origin/1/{name}")
        await here.make(order)
        assert here.orders.staged[order.asset].times == 1


async def test_enlarged_sizes_that_the_server_refuses_are_made_here_from_its_largest_rendering() -> None:
    async with room() as here:
        here.orders.sizes = ("^1000,", "!400,400", "^!2000,2000")
        made = await here.make(here.orders.one(Size(600, 450)))
        assert [one.size for one in made.files] == [Size(2000, 1500), Size(1000, 750), Size(400, 300)]
        before = len(here.model.asked)
        await here.make(here.orders.one(Size(600, 450)))
        assert not any(tail.startswith("full/^") for tail in list(here.model.asked)[before:])  # it has been told


async def test_a_max_that_the_server_caps_is_kept_as_it_comes() -> None:
    async with room() as here:
        here.orders.sizes = ("max", "!400,400")
        made = await here.make(here.orders.one())
        assert made.files[0].size.pixels < PHOTOGRAPH.pixels
        assert made.files[1].size == Size(400, 300)


async def test_a_refusal_is_final_at_once() -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=400, text="Resulting pixel area is empty")

    app = web.Application()
    app.router.add_get("/{path:.*}", refuse)
    model = ModelImageServer()
    async with listening(app) as base, ImageServer.open(replace(SETTINGS, image_server=(base,))) as server:
        with pytest.raises(IngestError) as raised:
            await ImageServerThumbnailer(server, endure=0).make(Orders(model).one())
    assert "asked 1 times" in raised.value.reason.message


async def test_with_a_fifth_of_all_answers_faulty_no_thumbnail_is_lost_or_wrong() -> None:
    async with room(faults=Faults(rate=0.2, seed=7)) as here:
        orders = [here.orders.one(format_=("jp2", "jpeg")[number % 2], customer=number % 3) for number in range(150)]
        await asyncio.gather(*(here.make(order) for order in orders))
        assert len(here.faults.seen) >= 10
        assert (here.server.gate.in_flight, here.server.gate.waiting) == (0, 0)
    assert sum(order.tally.retries for order in orders) >= 20


async def test_a_small_memory_and_many_images_in_flight_lose_nothing() -> None:
    model = ModelImageServer(Load(cores=2, scale=0.05, memory=12))
    async with room(model, settings=replace(SETTINGS, limiter=LimiterSettings(calm_every=5.0))) as here:
        await asyncio.gather(*(here.make(here.orders.one()) for _ in range(128)))
        assert model.load.most_inside <= 12
        assert model.load.failures == 0


async def test_a_server_that_is_away_is_not_hammered_and_all_is_done_when_it_is_back() -> None:
    async with room(endure=10.0) as here:
        here.faults.away = True
        making = [asyncio.create_task(here.make(here.orders.one())) for _ in range(40)]
        await asyncio.sleep(3.5)
        state = next(iter(here.server.states().values()))
        assert state.is_open
        opened = here.faults.while_away[0] + 0.5
        assert len([at for at in here.faults.while_away if at > opened]) <= 3
        here.faults.away = False
        await asyncio.gather(*making)
        assert not next(iter(here.server.states().values())).is_open


async def test_a_server_that_stays_away_makes_the_ingest_busy_and_never_an_attempt() -> None:
    async with room() as here:
        here.faults.away = True
        results = await asyncio.gather(*(here.make(here.orders.one()) for _ in range(20)), return_exceptions=True)
        assert all(isinstance(one, IngestError) and isinstance(one.outcome, Busy) for one in results)
        assert {one.reason.kind for one in results if isinstance(one, IngestError)} == {IMAGE_SERVER_AWAY}
        with pytest.raises(IngestError):
            await here.server.ping()
        here.faults.away = False
        await here.server.ping()
        await here.make(here.orders.one())  # what the ping has seen, the breaker knows


async def test_nobody_at_the_address_is_away_too() -> None:
    settings = replace(SETTINGS, image_server=("http://127.0.0.1:9",), patience=30.0)
    async with ImageServer.open(settings) as server:
        with pytest.raises(IngestError) as raised:
            await ImageServerThumbnailer(server, endure=0).make(Orders(ModelImageServer()).one())
    assert raised.value.reason.kind is IMAGE_SERVER_AWAY


async def test_patience_has_an_end_and_then_the_server_is_behind() -> None:
    model = ModelImageServer(Load(cores=1, scale=20.0))
    settings = replace(SETTINGS, patience=0.5, slowest_timeout=0.4, quickest_timeout=0.4)
    async with room(model, settings=settings) as here:
        with pytest.raises(IngestError) as raised:
            await here.make(here.orders.one())
        assert raised.value.reason.kind is IMAGE_SERVER_BEHIND
        assert (here.server.gate.in_flight, here.server.gate.waiting) == (0, 0)


class Stamps:
    """A processor that makes the thumbnails of an order in the source's colour."""

    def __init__(self, orders: Orders, folder: Path) -> None:
        self._orders = orders
        self._folder = folder

    async def make(self, order: ThumbOrder) -> Thumbnails:
        staged = self._orders.staged[order.asset]
        await order.source()
        files = []
        for thumb in order.plan.thumbs:
            path = self._folder / f"{order.run}-{thumb.size.longest}.jpg"
            await asyncio.to_thread(path.write_bytes, picture(thumb.size, staged.source.colour))
            files.append(MadeThumb(thumb, thumb.size, path))
        return Thumbnails(tuple(files), "processor")


async def test_while_the_server_is_away_the_processor_stands_in_at_once(tmp_path: Path) -> None:
    async with room() as here:
        maker = make_thumbnailer(here.server.settings, here.server, Stamps(here.orders, tmp_path))
        here.faults.away = True
        orders = [here.orders.one() for _ in range(30)]
        async with asyncio.timeout(10):
            made = await asyncio.gather(*(maker.make(order) for order in orders))
        assert {one.made_by for one in made} == {"processor"}
        assert all(here.orders.staged[order.asset].fetched == 1 for order in orders)
        here.faults.away = False
        await here.server.ping()
        order = here.orders.one()
        assert (await maker.make(order)).made_by == "image-server"
        assert here.orders.staged[order.asset].fetched == 0  # the source is fetched only where somebody needs it


async def test_what_this_image_alone_fails_at_the_processor_is_asked_for(tmp_path: Path) -> None:
    async with room() as here:
        missing = here.orders.one()
        here.model.forget(missing.identifier)
        made = await Fallback(here.thumbnailer, Stamps(here.orders, tmp_path)).make(missing)
        assert made.made_by == "processor"
        assert missing.tally.requests >= 2  # what was asked in vain is told as well
        assert missing.tally.waited >= 0


async def test_info_is_read_with_the_same_care() -> None:
    async with room() as here:
        order = here.orders.one()
        here.faults.ordered.extend([Fault.OUT_OF_MEMORY, Fault.RESET, Fault.EMPTY, Fault.NOT_FOUND])
        tally = Tally()
        assert await here.server.info(order.identifier, tally=tally) == PHOTOGRAPH
        assert (tally.requests, tally.retries) == (5, 4)
        with pytest.raises(IngestError) as raised:
            await here.server.info("s3://storage/nobody")
        assert raised.value.reason.kind is IMAGE_SERVER_BLIND
