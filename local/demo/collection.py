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

Shape = tuple[int, int]
EXIF_ORIENTATION: Final = 0x0112


@dataclass(frozen=True, slots=True)
class Work:
    """One work: its asset, and the policies of its delivery channels by channel."""

    asset: str
    title: str
    file: str
    story: str
    channels: tuple[tuple[str, str], ...]  # channel, name of its policy
    make: Callable[[Path, np.random.Generator], None] | None = None  # None: there is no such file


def _dawn(path: Path, rng: np.random.Generator) -> None:
    landscape.dawn((2600, 3900), rng).save(path, "TIFF", compression="tiff_lzw")


def _night(path: Path, rng: np.random.Generator) -> None:
    landscape.night((2400, 3600), rng).save(path, "TIFF")


def _folio(path: Path, rng: np.random.Generator) -> None:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6  # to be turned clockwise before it is shown
    on_its_side = paper.folio((3600, 2500), rng).transpose(Image.Transpose.ROTATE_90)
    on_its_side.save(path, "JPEG", quality=92, exif=exif.tobytes())


def _survey(path: Path, rng: np.random.Generator) -> None:
    paper.survey((2800, 3800), rng).save(path, "PNG", compress_level=3)


def _marbled(path: Path, rng: np.random.Generator) -> None:
    picture = paper.marbled((2600, 3600), rng)
    options = {"tile_size": (1024, 1024), "num_resolutions": 6, "progression": "RPCL", "codeblock_size": (64, 64)}
    picture.save(path, "JPEG2000", irreversible=True, quality_mode="rates", quality_layers=[10], **options)


def _moon(path: Path, rng: np.random.Generator) -> None:
    Image.fromarray(exact.moon((3000, 3000), rng)).save(path, "TIFF")


def _tiles(path: Path, rng: np.random.Generator) -> None:
    exact.tiles((2800, 3600), rng).save(path, "JPEG", quality=92)


IMAGE: Final = ("iiif-img", "default")
THUMBS: Final = ("thumbs", "default")
FILE: Final = ("file", "none")

WORKS: Final = (
    Work("dawn", "Dawn over the lake", "dawn.tif", "a TIFF, by the default recipe", (IMAGE, THUMBS), _dawn),
    Work(
        "folio",
        "A page in two columns",
        "folio.jpg",
        "a JPEG on its side; original kept",
        (IMAGE, THUMBS, FILE),
        _folio,
    ),
    Work("survey", "Survey of an island", "survey.png", "a PNG, as HTJ2K", (("iiif-img", "fastest"), THUMBS), _survey),
    Work("moon", "The moon, first quarter", "moon.tif", "16 bits of grey", (IMAGE, THUMBS), _moon),
    Work("marbled", "Marbled endpapers", "marbled.jp2", "JPEG 2000 already; taken as it is", (IMAGE, THUMBS), _marbled),
    Work("night", "Nebula above a ridge", "night.tif", "a TIFF, lossless", (("iiif-img", "lossless"), THUMBS), _night),
    Work("tiles", "Wall of tiles", "tiles.jpg", "used as it came", (("iiif-img", "use-original"), THUMBS), _tiles),
    Work("lost", "A lost work", "lost.tif", "there is no such file, on purpose", (IMAGE, THUMBS)),
)
