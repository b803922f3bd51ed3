"""The processor's protocol, spoken both ways: whoever drives it, and whatever answers.

Our engine and the one that a DLCS has run until now, our processor and an Appetiser: each with each. The shared folder
is mounted elsewhere for the processor, which a link does here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from uuid import uuid4

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from PIL import Image

from engine.outbound.processor import Job, ProcessorClient
from engine.outbound.processor import ProcessorSettings as ClientSettings
from images.recipe import NAMED
from images.size import Size
from policies.outcome import IngestError
from policies.request import AssetId
from processor.service import running
from processor.settings import ProcessorSettings
from tests.corpus.pictures import photograph
from tests.fakes.appetiser import appetiser
from tests.fakes.old_engine import OldEngine, OldEngineError
from tests.unit.processor.make import make_jp2

ORIGIN = "https://example.org/page-1"
SIZES = ("200,150", "100,75")


@dataclass(frozen=True)
class Answer:
    """What came of one conversion, as either engine understands it."""

    jp2: Path | None
    size: Size
    thumbs: tuple[tuple[Path, Size], ...]


class Verdict(Exception):  # noqa: N818 - what the processor says against an image
    """Why nothing came of it."""


@dataclass(frozen=True)
class Ground:
    """The shared folder as both sides see it, and how to reach the processor."""

    http: aiohttp.ClientSession
    url: str
    ours: Path
    theirs: Path
    caller: str

    @property
    def room(self) -> Path:
        return self.ours / "run"

    async def convert(
        self, name: str, operation: str, optimisation: str = "kdu_max", sizes: tuple[str, ...] = SIZES
    ) -> Answer:
        """One conversion by the caller that this ground is for."""
        ask = self._by_us if self.caller == "our engine" else self._by_the_old_engine
        return await ask(name, operation, optimisation, sizes)

    async def _by_us(self, name: str, operation: str, optimisation: str, sizes: tuple[str, ...]) -> Answer:
        client = ProcessorClient(self.http, ClientSettings(self.url, self.ours, PurePosixPath(self.theirs), 30))
        recipe = NAMED[optimisation]
        job = Job(uuid4(), AssetId(99, 1, "page-1"), ORIGIN, self.room / name, self.room, operation, recipe, sizes)
        try:
            made = await client.convert(job)
        except IngestError as error:
            raise Verdict(error.reason.message) from error
        return Answer(made.jp2, made.size, tuple((thumb.path, thumb.size) for thumb in made.thumbs))

    async def _by_the_old_engine(self, name: str, operation: str, optimisation: str, sizes: tuple[str, ...]) -> Answer:
        room = self.theirs / "run"
        (room / "thumbs").mkdir(exist_ok=True)
        try:
            said = await OldEngine(self.http, self.url).convert(room / name, room, operation, optimisation, sizes)
        except OldEngineError as error:
            raise Verdict(str(error)) from error
        thumbs = tuple((Path(one["path"]), Size(one["width"], one["height"])) for one in said["thumbs"])
        jp2 = Path(said["jp2"]) if said["jp2"] else None
        return Answer(jp2, Size(said["width"], said["height"]), thumbs)


@asynccontextmanager
async def our_processor(scratch: Path) -> AsyncIterator[str]:
    async with running(ProcessorSettings(scratch, port=0, workers=1)) as url:
        yield url


@asynccontextmanager
async def an_appetiser(_: Path) -> AsyncIterator[str]:
    async with TestServer(appetiser()) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture(params=[our_processor, an_appetiser], ids=["our processor", "an Appetiser"])
async def address(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    (tmp_path / "scratch" / "run").mkdir(parents=True)
    (tmp_path / "theirs").symlink_to(tmp_path / "scratch")
    async with request.param(tmp_path / "theirs") as url:
        yield url


@pytest.fixture(params=["our engine", "the old engine"])
async def ground(request: pytest.FixtureRequest, address: str, tmp_path: Path) -> AsyncIterator[Ground]:
    async with aiohttp.ClientSession() as http:
        yield Ground(http, address, tmp_path / "scratch", tmp_path / "theirs", request.param)


def page(ground: Ground, name: str = "page.tif") -> str:
    """A picture of 400 by 300 pixels on the shared folder."""
    Image.fromarray(photograph(400, 300)).save(ground.room / name)
    return name


def shown(path: Path) -> Size:
    with Image.open(path) as image:
        return Size(*image.size)


async def test_it_says_that_it_works(ground: Ground) -> None:
    async with ground.http.get(f"{ground.url}/ping") as response:
        assert (response.status, await response.json()) == (200, {"status": "working"})


async def test_an_ingest_makes_a_jpeg_2000_and_thumbnails(ground: Ground) -> None:
    made = await ground.convert(page(ground), "ingest")
    assert made.jp2 is not None
    assert made.size == shown(made.jp2) == Size(400, 300)
    assert sorted(size.width for _, size in made.thumbs) == [100, 200]
    assert [shown(path) for path, _ in made.thumbs] == [size for _, size in made.thumbs]


async def test_an_image_alone_is_made_when_others_make_the_thumbnails(ground: Ground) -> None:
    made = await ground.convert(page(ground), "image-only", sizes=())
    assert made.jp2 is not None
    assert shown(made.jp2) == Size(400, 300)
    assert made.thumbs == ()


async def test_thumbnails_alone_leave_no_jpeg_2000(ground: Ground) -> None:
    made = await ground.convert(page(ground, "page.png"), "derivatives-only")
    assert (made.jp2, made.size, len(made.thumbs)) == (None, Size(400, 300), 2)
    assert not list(ground.room.glob("*.jp2"))


@pytest.mark.parametrize("optimisation", ["kdu_low", "kdu_med", "kdu_med_layers", "kdu_high", "kdu_max"])
async def test_every_optimisation_is_known(ground: Ground, optimisation: str) -> None:
    made = await ground.convert(page(ground, "page.jpg"), "image-only", optimisation, ())
    assert made.jp2 is not None
    assert shown(made.jp2) == Size(400, 300)


async def test_a_size_that_enlarges_says_so_and_is_made(ground: Ground) -> None:
    made = await ground.convert(page(ground), "derivatives-only", sizes=("^600,450",))
    [(path, size)] = made.thumbs
    assert size == shown(path) == Size(600, 450)


async def test_a_jpeg_2000_that_will_do_is_handed_through(ground: Ground) -> None:
    whole = make_jp2(ground.room / "page.jp2").read_bytes()
    (ground.room / "page.jp2").rename(ground.room / "source.jp2")
    made = await ground.convert("source.jp2", "image-only", sizes=())
    assert made.jp2 is not None
    assert made.jp2.read_bytes() == whole


async def test_what_cannot_be_converted_is_a_verdict_in_words(ground: Ground) -> None:
    (ground.room / "page.tif").write_bytes(b"<html>not found</html>")
    with pytest.raises(Verdict) as caught:
        await ground.convert("page.tif", "ingest")
    words = str(caught.value)
    assert len(words) > 20
    assert words.count("\n") == 0


async def test_a_verdict_about_the_file_names_it_as_its_engine_knows_it(ground: Ground) -> None:
    Image.fromarray(photograph(400, 300)).save(ground.room / "page.jpg")
    data = (ground.room / "page.jpg").read_bytes()
    (ground.room / "page.jpg").write_bytes(data[: len(data) // 2])
    with pytest.raises(Verdict) as caught:
        await ground.convert("page.jpg", "image-only", sizes=())
    words = str(caught.value)
    if words.startswith("source: "):
        known = ORIGIN if ground.caller == "our engine" else str(ground.theirs / "run" / "page.jpg")
        assert words.startswith(f"source: {known} - ")


async def test_an_optimisation_that_nobody_knows_is_a_verdict_about_that_field(ground: Ground) -> None:
    engine = OldEngine(ground.http, ground.url)
    room = ground.theirs / "run"
    with pytest.raises(OldEngineError, match=r"optimisation: kdu_huge - .*kdu_max"):
        await engine.convert(room / page(ground), room, "image-only", "kdu_huge")
    with pytest.raises(OldEngineError, match=r"operation: frame - .*derivatives-only"):
        await engine.convert(room / page(ground), room, "frame")


async def test_a_size_that_is_none_is_a_verdict_about_its_place_in_the_list(ground: Ground) -> None:
    room = ground.theirs / "run"
    (room / "thumbs").mkdir()
    with pytest.raises(OldEngineError, match="thumbIIIFSizes>1: large - "):
        await OldEngine(ground.http, ground.url).convert(
            room / page(ground), room, "ingest", sizes=("200,150", "large")
        )
