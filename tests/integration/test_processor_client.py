"""Our side of the processor's protocol, against scripted answers over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from engine.outbound.processor import Job, ProcessorClient, ProcessorSettings, sizes_for_processor, verdict
from images.recipe import parse_recipe
from images.size import Size
from policies.outcome import Busy, IngestError, Refused
from policies.reasons import PROCESSOR_AWAY, PROCESSOR_CONFUSED, PROCESSOR_REFUSED
from policies.request import AssetId


class ScriptedProcessor:
    """Answers every conversion with what it was told to, and notes what it was asked."""

    def __init__(self) -> None:
        self.answer = web.json_response({})
        self.busy = 0  # times that it has no room first
        self.asked: list[dict[str, Any]] = []
        app = web.Application()
        app.router.add_post("/convert", self._convert)
        app.router.add_get("/ping", self._ping)
        self.server = TestServer(app)

    async def _convert(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        if len(self.asked) <= self.busy:
            return web.json_response({"detail": "later"}, status=503, headers={"Retry-After": "1"})
        return self.answer

    async def _ping(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "working"})


@pytest.fixture
async def processor() -> AsyncIterator[ScriptedProcessor]:
    scripted = ScriptedProcessor()
    async with scripted.server:
        yield scripted


@pytest.fixture
async def client(processor: ScriptedProcessor, tmp_path: Path) -> AsyncIterator[ProcessorClient]:
    async with aiohttp.ClientSession() as http:
        yield ProcessorClient(http, settings(processor, tmp_path))


def settings(processor: ScriptedProcessor, scratch: Path, patience: float = 0) -> ProcessorSettings:
    url = str(processor.server.make_url("")).rstrip("/")
    return ProcessorSettings(url, scratch, PurePosixPath("/theirs"), 5, patience)


def a_job(scratch: Path, **changes: Any) -> Job:
    room = scratch / "process" / "run"
    room.mkdir(parents=True, exist_ok=True)
    values = {
        "run": uuid4(),
        "asset": AssetId(99, 1, "page-1"),
        "origin": "https://example.org/page-1.tif",
        "source": room / "source.tif",
        "room": room,
        "operation": "image-only",
        "recipe": parse_recipe(None),
    }
    return Job(**values | changes)  # type: ignore[arg-type]  # named by the test


async def test_paths_are_told_as_the_processor_sees_them_and_answers_read_by_file_name(
    client: ProcessorClient, processor: ScriptedProcessor, tmp_path: Path
) -> None:
    processor.answer = web.json_response(
        {
            "jobId": "x",
            "imageId": "page-1",
            "origin": "o",
            "jp2": "/elsewhere/derivative.jp2",
            "width": 800,
            "height": 600,
            "thumbs": [{"path": "/elsewhere/a.jpg", "width": 400, "height": 300}],
        }
    )
    job = a_job(tmp_path, operation="ingest", sizes=("400,300",))
    converted = await client.convert(job)
    (asked,) = processor.asked
    assert asked["source"] == "/theirs/process/run/source.tif"
    assert asked["destination"] == "/theirs/process/run/derivative.jp2"
    assert asked["thumbDir"] == "/theirs/process/run/thumbs/"
    assert asked["imageId"] == "page-1"
    assert asked["operation"] == "ingest"
    assert asked["optimisation"] == "kdu_max"
    assert asked["thumbIIIFSizes"] == ["400,300"]
    assert (tmp_path / "process/run/thumbs").is_dir()
    assert converted.jp2 == tmp_path / "process/run/derivative.jp2"
    assert converted.size == Size(800, 600)
    assert [(made.path.name, made.size) for made in converted.thumbs] == [("a.jpg", Size(400, 300))]


@pytest.mark.parametrize(
    ("status", "answer", "message"),
    [
        (
            422,
            {"detail": [{"loc": ["body", "source"], "msg": "no file", "input": "/x.tif"}]},
            "source: /x.tif - no file",
        ),
        (
            422,
            {
                "detail": [
                    {"loc": ["body", "thumbs", 0], "msg": "a", "input": 1},
                    {"loc": ["body"], "msg": "b", "input": None},
                ]
            },
            "thumbs>0: 1 - a. body: None - b",
        ),
        (500, {"detail": "Failed to convert"}, "Failed to convert"),
        (200, {"detail": "odd, but a verdict"}, "odd, but a verdict"),
    ],
)
async def test_a_verdict_refuses_the_image_with_the_processors_own_words(
    client: ProcessorClient, processor: ScriptedProcessor, tmp_path: Path, status: int, answer: Any, message: str
) -> None:
    processor.answer = web.json_response(answer, status=status)
    with pytest.raises(IngestError) as caught:
        await client.convert(a_job(tmp_path))
    assert caught.value.reason.kind is PROCESSOR_REFUSED
    assert isinstance(caught.value.outcome, Refused)
    assert caught.value.reason.message == message


async def test_a_complaint_about_the_source_names_the_origin_and_no_path_of_ours(
    client: ProcessorClient, processor: ScriptedProcessor, tmp_path: Path
) -> None:
    complaint = {"loc": ["body", "source"], "msg": "the file ends early", "input": "/theirs/process/run/source.tif"}
    processor.answer = web.json_response({"detail": [complaint]}, status=422)
    with pytest.raises(IngestError) as caught:
        await client.convert(a_job(tmp_path))
    assert caught.value.reason.message == "source: https://example.org/page-1.tif - the file ends early"


async def test_a_processor_that_has_no_room_is_asked_again_with_the_image_at_hand(
    processor: ScriptedProcessor, tmp_path: Path
) -> None:
    processor.busy = 3
    processor.answer = web.json_response({"jp2": "/x/derivative.jp2", "width": 40, "height": 30, "thumbs": []})
    async with aiohttp.ClientSession() as http:
        converted = await ProcessorClient(http, settings(processor, tmp_path, patience=20)).convert(a_job(tmp_path))
    assert (converted.size, len(processor.asked)) == (Size(40, 30), 4)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_processor_that_has_no_room_for_long_is_waited_for(
    client: ProcessorClient, processor: ScriptedProcessor, tmp_path: Path, status: int
) -> None:
    processor.answer = web.json_response({"detail": "later"}, status=status, headers={"Retry-After": "7"})
    with pytest.raises(IngestError) as caught:
        await client.convert(a_job(tmp_path))
    assert caught.value.reason.kind is PROCESSOR_AWAY
    assert caught.value.outcome == Busy(caught.value.reason, 7)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, "[]"), (200, "not json"), (404, "<html>"), (500, ""), (200, '{"jp2": ""}'), (200, '{"width": 0}')],
)
async def test_an_answer_that_nobody_knows_is_refused_as_one(
    client: ProcessorClient, processor: ScriptedProcessor, tmp_path: Path, status: int, body: str
) -> None:
    processor.answer = web.Response(status=status, text=body)
    with pytest.raises(IngestError, match="99/1/page-1") as caught:
        await client.convert(a_job(tmp_path))
    assert caught.value.reason.kind is PROCESSOR_CONFUSED


async def test_a_processor_that_is_gone_is_away(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as http:
        gone = ProcessorClient(http, ProcessorSettings("http://127.0.0.1:9", tmp_path, PurePosixPath("/"), 5))
        for call in (gone.convert(a_job(tmp_path)), gone.ping()):
            with pytest.raises(IngestError) as caught:
                await call
            assert caught.value.reason.kind is PROCESSOR_AWAY


async def test_a_processor_that_answers_pings_is_there(client: ProcessorClient) -> None:
    await asyncio.wait_for(client.ping(), 5)


def test_sizes_that_enlarge_say_so() -> None:
    assert sizes_for_processor([Size(100, 50), Size(300, 100)], Size(200, 100)) == ("100,50", "^300,100")


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_whatever_stands_in_detail_becomes_words(detail: Any) -> None:
    assert isinstance(verdict(detail), str)
