"""Orders of thumbnails for images in the stand-in's storage, and a check of what comes back."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

from PIL import Image

from engine.outbound.thumbnailer import Thumbnails, ThumbOrder
from images.iiif_size import parse_size
from images.size import Size
from policies.facts import Rules
from policies.outcome import granted
from policies.plan import Fetch, IngestPlan, Place, ReadFrom, StrategyKind
from policies.request import AssetId
from policies.thumbs import ThumbPlan, list_thumbs, sizes_json
from tests.fakes.image_server import ModelImageServer, Source

PHOTOGRAPH = Size(4608, 3456)  # 16 megapixels
SYSTEM = ("!100,100", "!200,200", "!400,400", "!1024,1024")
RULES = Rules("storage", "thumbs", "origin", "security", "^s3://origin/")


def planned(image: Size, sizes: Sequence[str] = SYSTEM, *, cascade: bool = True) -> ThumbPlan:
    """The thumbnails of an image, as the policies decide them."""
    asset = AssetId(1, 1, "a")
    plan = IngestPlan(
        row="test",
        place=Place(StrategyKind.DEFAULT, "https://example.org/a", asset),
        fetch=Fetch.WHOLE,
        image_work=True,
        recipe=None,
        take_tile_ready=False,
        keep_original=False,
        location=None,
        thumbs_from=ReadFrom.DERIVATIVE,
        thumb_sizes=tuple(parse_size(size) for size in sizes),
    )
    rules = Rules("storage", "thumbs", "origin", "security", "^s3://origin/", cascade=cascade)
    return granted(list_thumbs(plan, image, rules))


@dataclass(slots=True)
class Staged:
    """An image that is staged for the stand-in, again under a new key whenever it must be."""

    server: ModelImageServer
    source: Source
    identifier: str
    times: int = 0
    fetched: int = 0
    file: Path = Path("source.jp2")

    async def again(self) -> str:
        """The same picture under a new key."""
        self.times += 1
        identifier = f"{self.identifier}-{self.times}"
        self.server.put(identifier, self.source)
        return identifier

    async def fetch(self) -> Path:
        """The source on scratch."""
        self.fetched += 1
        return self.file


@dataclass(slots=True)
class Orders:
    """Orders of many assets, each with a picture of its own colour."""

    server: ModelImageServer
    sizes: Sequence[str] = SYSTEM
    cascade: bool = True
    count: int = 0
    staged: dict[AssetId, Staged] = field(default_factory=dict)

    def one(
        self,
        image: Size = PHOTOGRAPH,
        format_: str = "jp2",
        *,
        customer: int = 1,
        priority: bool = False,
        identifier: str = "",
        cached: int = 8,
    ) -> ThumbOrder:
        """The next order; colours repeat after so many, since the stand-in makes a picture for each."""
        self.count += 1
        shade = 30 * (self.count % cached)
        asset = AssetId(customer, 1, f"image-{self.count}")
        run = uuid4()
        staged = Staged(
            self.server, Source(image, format_, (shade, 255 - shade, 80)), identifier or f"s3://storage/transient/{run}"
        )
        self.server.put(staged.identifier, staged.source)
        self.staged[asset] = staged
        return ThumbOrder(
            run=run,
            asset=asset,
            plan=planned(image, self.sizes, cascade=self.cascade),
            format=format_,
            identifier=staged.identifier,
            restage=staged.again,
            source=staged.fetch,
            room=Path(),
            priority=priority,
        )

    def forget(self, order: ThumbOrder) -> None:
        """Removes what was staged, as an engine does after an ingest."""
        staged = self.staged.pop(order.asset)
        for key in [staged.identifier, *(f"{staged.identifier}-{time + 1}" for time in range(staged.times))]:
            self.server.forget(key)


def wrong(order: ThumbOrder, made: Thumbnails, source: Source) -> list[str]:
    """What is wrong with the thumbnails of an order: missing, of another size, or of another picture."""
    faults = []
    if [one.thumb for one in made.files] != list(order.plan.thumbs):
        faults.append(f"{order.asset}: other thumbnails than those that were ordered")
    for one in made.files:
        content = one.content if isinstance(one.content, bytes) else one.content.read_bytes()
        with Image.open(io.BytesIO(content)) as picture:
            colour = picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))
            if Size(*picture.size) != one.size or (one.size != one.thumb.size and not one.thumb.capped):
                faults.append(f"{order.asset}: {picture.size} for {one.thumb.size}")
        assert isinstance(colour, tuple)
        if max(abs(is_ - should) for is_, should in zip(colour, source.colour, strict=True)) > 8:
            faults.append(f"{order.asset}: {colour}, which is another picture than {source.colour}")
    sizes = json.loads(sizes_json(replace(one.thumb, size=one.size) for one in made.files))
    if sizes["o"] != [[one.size.width, one.size.height] for one in made.files]:
        faults.append(f"{order.asset}: {sizes}")
    return faults
