"""What an encoder is: pictures and recipes in, a codestream in a file out. Boxes around it are not its work.

An encoder refuses by name what of a recipe it cannot do (`unable`); it never leaves anything out silently.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from images.recipe import Recipe
from images.size import Size
from processor.errors import Refusal
from processor.picture import Picture
from processor.settings import Limits

BY_RESOLUTION = "RPCL"
"""The progression whose tile-parts are cut by resolution: in others OpenJPEG 2.5.0 fails at that, or dies."""

MOST_LAYERS = 100
"""Of OpenJPEG, and of Grok, which dies of more."""

FALLBACK_TILE = 1024
"""Tiles of an image too large to be encoded in one piece: as small as memory likes and TLM can count."""


class Encoder(Protocol):
    """One way of making JPEG 2000 codestreams."""

    def encode(self, picture: Picture, recipe: Recipe, path: Path) -> None:
        """Writes the codestream of a picture to `path`; raises Refusal for what it cannot do."""
        ...


def unable(encoder: str, field: str, wish: object, able: str) -> Refusal:
    """A refusal that names the encoder, the recipe's field and what would do."""
    return Refusal(
        f"the {encoder} encoder cannot do {field} {wish}: {able}",
        field=f"recipe>{field}",
        kind="recipe",
        given=wish,
    )


def tile_side(recipe: Recipe, size: Size, limits: Limits) -> int | None:
    """The tiles of the result, unless one holds it all; our own where the image is too large for one piece."""
    if recipe.tiles is not None and recipe.tiles < size.longest:
        return recipe.tiles
    return FALLBACK_TILE if size.pixels > limits.untiled_pixels else None


def levels_for(recipe: Recipe, size: Size, tile: int | None) -> int:
    """The recipe's decomposition levels, or as many as a smaller image or tile can be halved.

    A last tile that is halved to nothing is refused: OpenJPEG and Grok write it wrongly and Grok reads it wrongly,
    without a word (2.5.0 and 10.0.5).
    """
    shortest = min(size.width, size.height) if tile is None else min(size.width, size.height, tile)
    levels = min(recipe.levels, max(0, shortest.bit_length() - 1))
    for side in (size.width, size.height):
        if tile is not None and side % tile and _halved(side - side % tile, levels) == _halved(side, levels):
            raise Refusal(
                f"tiles of {tile} leave a last one of {side % tile} pixels here, and {levels} levels leave nothing "
                f"of that: a multiple of {1 << levels} would do",
                field="recipe>tiles",
                kind="recipe",
                given=tile,
            )
    return levels


def _halved(at: int, times: int) -> int:
    return -(-at >> times)
