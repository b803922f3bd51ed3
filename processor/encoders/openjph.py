"""OpenJPH through imagecodecs: HTJ2K, several times as fast as any Part 1 encoder, with few things to choose.

It encodes what is in memory. A tiled picture is therefore encoded one row of tiles at a time, and the tile-parts
are put together into one codestream by `htj2k_parts`: tiles know nothing of each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import imagecodecs
import numpy as np

from images.recipe import Recipe
from images.size import Size
from processor.encoders.htj2k_parts import JoinedCodestream
from processor.encoders.port import levels_for, tile_side, unable
from processor.errors import Refusal
from processor.picture import Picture, Pixels
from processor.settings import Limits

STEP = 0.014
"""The quantiser's step of irreversible recipes: 42 to 45 dB on photographs, at which it is ten times as fast."""

BY_RESOLUTION = 1
BYTES_WHILE_ENCODING = 6  # a sample, input included


@dataclass(frozen=True, slots=True)
class OpenJphEncoder:
    """The default encoder of HTJ2K."""

    limits: Limits

    def encode(self, picture: Picture, recipe: Recipe, path: Path) -> None:
        """Writes the codestream of a picture to `path`."""
        _check(recipe)
        size = picture.size
        tile = tile_side(recipe, size, self.limits)
        levels = levels_for(recipe, size, tile)
        if tile is None or size.height <= tile or not _joinable(tile, levels):
            self._check_memory(picture)
            path.write_bytes(_codestream(_all(picture), recipe, levels, tile))
            return
        with JoinedCodestream(path, size, tile) as joined:
            for strip in picture.strips(tile):
                joined.add(_codestream(strip, recipe, levels, tile))
                del strip  # or it would live on while the next one is read

    def _check_memory(self, picture: Picture) -> None:
        size = picture.size
        if size.pixels * picture.components * BYTES_WHILE_ENCODING > self.limits.whole_bytes:
            raise Refusal(
                f"HTJ2K of {size.pixels / 1e6:.0f} megapixels needs tiles whose side is a power of two",
                field="recipe>tiles",
                kind="recipe",
            )


def _check(recipe: Recipe) -> None:
    fixed = (
        ("codec", recipe.codec, "htj2k", "it writes htj2k only"),
        ("progression", recipe.progression, "RPCL", "it writes RPCL only"),
        ("layers", recipe.layers, 1, "it writes one"),
        ("block", recipe.block, (64, 64), "its blocks are 64x64"),
        ("precincts", recipe.precincts, (), "it writes none"),
        ("ratio", recipe.ratio, None, "it has no rate control"),
        ("rate", recipe.rate, None, "it has no rate control"),
    )
    for field, wish, able, words in fixed:
        if wish != able:
            raise unable("openjph", field, wish, words)
    if recipe.levels == 0:
        raise unable("openjph", "levels", 0, "it halves once at least")


def _joinable(tile: int, levels: int) -> bool:
    """Whether a tile is coded alike wherever its row lies: its halvings and code-blocks begin where it does."""
    return tile & (tile - 1) == 0 and tile >= 1 << levels


def _all(picture: Picture) -> Pixels:
    strips = list(picture.strips(max(1, picture.size.height)))
    return strips[0] if len(strips) == 1 else np.concatenate(strips)


def _codestream(pixels: Pixels, recipe: Recipe, levels: int, tile: int | None) -> bytes:
    high, wide, components = pixels.shape
    size = Size(wide, high)
    pixels = np.ascontiguousarray(pixels)
    try:
        data = imagecodecs.htj2k_encode(
            pixels[..., 0] if components == 1 else pixels,
            None if recipe.reversible else STEP,
            reversible=recipe.reversible,
            resolutions=max(1, levels),  # 0 means its default
            tile=(tile, tile) if tile is not None and size.longest > tile else None,
            tlm=True,
            tilepart=BY_RESOLUTION,
        )
    except (RuntimeError, ValueError) as error:
        raise Refusal(f"OpenJPH cannot encode this image: {error}") from error
    return bytes(data)
