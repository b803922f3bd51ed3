"""Who makes thumbnails, one behind another: by kind of failure, and by settings."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from engine.outbound.fallback import Fallback
from engine.outbound.image_server import time_of_day
from engine.outbound.image_server_asking import Request
from engine.outbound.image_server_thumbnailer import ImageServerThumbnailer
from engine.outbound.make_thumbnailer import make_thumbnailer
from engine.outbound.thumbnail_settings import ThumbnailSettings
from engine.outbound.thumbnailer import Tally, Thumbnails, ThumbOrder
from images.size import Size
from policies.outcome import IngestError
from policies.reasons import (
    IMAGE_SERVER_AWAY,
    IMAGE_SERVER_BEHIND,
    PROCESSOR_AWAY,
    PROCESSOR_REFUSED,
    STORAGE_AWAY,
    THUMBNAILS_FAILED,
    Kind,
)
from policies.request import AssetId
from policies.thumbs import ThumbPlan


class Scripted:
    """Makes nothing, or fails as told."""

    def __init__(self, name: str, fails: Kind | None = None) -> None:
        self._name = name
        self._fails = fails
        self.asked = 0

    async def make(self, order: ThumbOrder) -> Thumbnails:
        self.asked += 1
        order.tally.requests += 2
        if self._fails:
            raise IngestError(self._fails, f"{order.asset}: as told")
        return Thumbnails((), self._name)


class NoServer:
    """An image server that is never asked."""

    def __init__(self, settings: ThumbnailSettings) -> None:
        self.settings = settings
        self.now = time_of_day()

    async def ask(self, request: Request, tally: Tally) -> bytes:
        raise AssertionError(f"asked for {request} after {tally}")


async def nobody() -> str:
    raise AssertionError("nothing is to be staged")


async def nothing() -> Path:
    raise AssertionError("nothing is to be fetched")


def order() -> ThumbOrder:
    return ThumbOrder(
        run=uuid4(),
        asset=AssetId(1, 1, "a"),
        plan=ThumbPlan(Size(10, 10), (), ()),
        format="jp2",
        identifier="s3://storage/transient/a",
        restage=nobody,
        source=nothing,
        room=Path(),
    )


@pytest.mark.parametrize("kind", [IMAGE_SERVER_AWAY, IMAGE_SERVER_BEHIND, THUMBNAILS_FAILED])
async def test_what_the_first_cannot_make_the_second_does(kind: Kind) -> None:
    one = order()
    assert (await Fallback(Scripted("first", kind), Scripted("second")).make(one)).made_by == "second"
    assert one.tally.requests == 4  # those in vain are counted as well


async def test_while_the_first_can_the_second_is_not_asked() -> None:
    second = Scripted("second")
    assert (await Fallback(Scripted("first"), second).make(order())).made_by == "first"
    assert second.asked == 0


async def test_what_has_nothing_to_do_with_the_image_server_is_no_reason_to_ask_again() -> None:
    second = Scripted("second")
    with pytest.raises(IngestError, match="as told"):
        await Fallback(Scripted("first", STORAGE_AWAY), second).make(order())
    assert second.asked == 0


@pytest.mark.parametrize("kind", [PROCESSOR_AWAY, PROCESSOR_REFUSED])
async def test_when_both_fail_the_seconds_word_counts(kind: Kind) -> None:
    with pytest.raises(IngestError) as raised:
        await Fallback(Scripted("first", THUMBNAILS_FAILED), Scripted("second", kind)).make(order())
    assert raised.value.reason.kind is kind


async def test_settings_say_who_makes_them() -> None:
    processor = Scripted("processor")
    urls = ("http://image-server",)
    alone = ThumbnailSettings(urls, fallback="none")
    assert isinstance(make_thumbnailer(alone, NoServer(alone), processor), ImageServerThumbnailer)
    usual = ThumbnailSettings(urls)
    assert isinstance(make_thumbnailer(usual, NoServer(usual), processor), Fallback)
    by_processor = ThumbnailSettings(made_by="processor")
    assert make_thumbnailer(by_processor, NoServer(by_processor), processor) is processor


async def test_an_order_of_nothing_asks_nobody() -> None:
    settings = ThumbnailSettings(("http://image-server",))
    made = await ImageServerThumbnailer(NoServer(settings), endure=0).make(order())
    assert made.files == ()


@pytest.mark.parametrize(
    "settings",
    [
        {"image_server": ()},
        {"made_by": "somebody"},
        {"fallback": "somebody"},
        {"quickest_timeout": 0.0},
        {"slowest_timeout": 1000.0},
        {"quality": 0},
        {"tries": 0},
        {"workers": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        ThumbnailSettings(**({"image_server": ("http://image-server",)} | settings))  # type: ignore[arg-type]  # on purpose
