"""The demo's works: what each is, how its file is made, and what is asked of the engine for it.

Between them they meet most of what an archive sends: TIFF in 8 and 16 bits, JPEG on its side, PNG, a JPEG 2000
that is ready as it is, originals that are kept, and an address where nothing is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from local.demo.pictures import exact, landscape, paper

Shape = tuple[int, int]  # height, width
EXIF_ORIENTATION: Final = 0x0112
IMAGE: Final = ("iiif-img", "default")
THUMBS: Final = ("thumbs", "default")
FILE: Final = ("file", "none")


@dataclass(frozen=True, slots=True)
class Picture:
    """How the file of a work is made: drawn at a size, then saved in its format."""

    draw: Callable[[Shape, np.random.Generator], Image.Image]
    shape: Shape
    save: Callable[[Image.Image, Path], None]

    def make(self, path: Path, rng: np.random.Generator, share: float) -> None:
        """Write the file, its sides at that share of their length."""
        height, width = self.shape
        self.save(self.draw((round(height * share), round(width * share)), rng), path)


@dataclass(frozen=True, slots=True)
class Work:
    """One work: its asset, and the policies of its delivery channels by channel."""

    asset: str
    title: str
    file: str
    story: str
    channels: tuple[tuple[str, str], ...]  # channel, name of its policy
    picture: Picture | None = None  # None: there is no such file


def _tiff(image: Image.Image, path: Path) -> None:
    image.save(path, "TIFF", compression="tiff_lzw" if image.mode == "RGB" else None)


def _jpeg(image: Image.Image, path: Path) -> None:
    image.save(path, "JPEG", quality=92)


def _jpeg_on_its_side(image: Image.Image, path: Path) -> None:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6  # to be turned clockwise before it is shown
    image.transpose(Image.Transpose.ROTATE_90).save(path, "JPEG", quality=92, exif=exif.tobytes())


def _png(image: Image.Image, path: Path) -> None:
    image.save(path, "PNG", compress_level=3)


def _tile_ready(image: Image.Image, path: Path) -> None:
    options = {"tile_size": (1024, 1024), "num_resolutions": 6, "progression": "RPCL", "codeblock_size": (64, 64)}
    image.save(path, "JPEG2000", irreversible=True, quality_mode="rates", quality_layers=[10], **options)


WORKS: Final = (
    Work(
        "dawn",
        "Dawn over the lake",
        "dawn.tif",
        "a TIFF, by the default recipe",
        (IMAGE, THUMBS),
        Picture(landscape.dawn, (2600, 3900), _tiff),
    ),
    Work(
        "folio",
        "A page in two columns",
        "folio.jpg",
        "a JPEG on its side; kept as well",
        (IMAGE, THUMBS, FILE),
        Picture(paper.folio, (3600, 2500), _jpeg_on_its_side),
    ),
    Work(
        "survey",
        "Survey of an island",
        "survey.png",
        "a PNG, made into HTJ2K",
        (("iiif-img", "fastest"), THUMBS),
        Picture(paper.survey, (2800, 3800), _png),
    ),
    Work(
        "moon",
        "The moon, first quarter",
        "moon.tif",
        "a TIFF with 16 bits of grey",
        (IMAGE, THUMBS),
        Picture(exact.moon, (3000, 3000), _tiff),
    ),
    Work(
        "marbled",
        "Marbled endpapers",
        "marbled.jp2",
        "a JPEG 2000, good as it is",
        (IMAGE, THUMBS),
        Picture(paper.marbled, (2600, 3600), _tile_ready),
    ),
    Work(
        "night",
        "Nebula above a ridge",
        "night.tif",
        "a TIFF, made lossless",
        (("iiif-img", "lossless"), THUMBS),
        Picture(landscape.night, (2400, 3600), _tiff),
    ),
    Work(
        "tiles",
        "Wall of tiles",
        "tiles.jpg",
        "a JPEG, used as it came",
        (("iiif-img", "use-original"), THUMBS),
        Picture(exact.tiles, (2800, 3600), _jpeg),
    ),
    Work("lost", "A lost work", "lost.tif", "there is no such file, on purpose", (IMAGE, THUMBS)),
)
