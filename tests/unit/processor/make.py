"""Values for tests of the processor, with defaults: a test names only what matters to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from images.iiif_size import parse_size
from images.recipe import NAMED, Recipe
from images.size import Size
from processor.encoders.registry import encoder_for
from processor.jp2 import wrap
from processor.order import Operation, Order
from processor.picture import Dpi, WholePicture
from processor.settings import Limits
from tests.corpus.pictures import photograph


def make_picture(pixels: NDArray[Any] | None = None, dpi: Dpi | None = None) -> WholePicture:
    """A picture; a small photograph unless pixels are given."""
    pixels = photograph(420, 300) if pixels is None else pixels
    return WholePicture(pixels, Size(pixels.shape[1], pixels.shape[0]), dpi)


def make_jp2(
    path: Path, picture: WholePicture | None = None, recipe: Recipe = NAMED["default"], limits: Limits | None = None
) -> Path:
    """A JP2 or JPH of a picture."""
    picture = picture or make_picture()
    codestream = path.with_name(f"{path.name}.codestream")
    encoder_for(recipe, limits or Limits()).encode(picture, recipe, codestream)
    wrap(codestream, picture, path, high_throughput=recipe.codec == "htj2k")
    codestream.unlink()
    return path


def make_order(
    source: Path,
    *,
    operation: Operation = Operation.INGEST,
    recipe: Recipe = NAMED["default"],
    sizes: tuple[str, ...] = (),
) -> Order:
    """An order whose results go beside the source."""
    return Order(
        token="0123456789abcdef",
        source=source,
        operation=operation,
        destination=source.parent / "made.jp2",
        thumb_folder=source.parent,
        recipe=recipe,
        sizes=tuple(parse_size(size) for size in sizes),
    )


def psnr(one: NDArray[Any], other: NDArray[Any], top: int = 255) -> float:
    """How alike two pictures are, in decibels; 999 for the same."""
    error = float(((one.astype(np.float64) - other.astype(np.float64)) ** 2).mean())
    return 999.0 if error == 0 else 10 * float(np.log10(top**2 / error))
