"""Grok's grk_compress, for both codecs; used when a setting chooses it.

It is not asked for PLT: 10.0.5 crashes on it beside a ratio, and lists a whole tile's packets in its first part. With
tile-parts it also numbers packets in leaps, at which its own decoder gives up. Both are put right when it has done
(`codestream.complete`), for which it writes SOP.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from images.recipe import Recipe
from processor.encoders.command import program, run, spooled
from processor.encoders.openjpeg import precincts_for, rates
from processor.encoders.port import BY_RESOLUTION, MOST_LAYERS, levels_for, tile_side, unable
from processor.picture import Picture
from processor.settings import Limits

HIGH_THROUGHPUT = "64"


@dataclass(frozen=True, slots=True)
class GrokEncoder:
    """Grok as a program."""

    limits: Limits

    def encode(self, picture: Picture, recipe: Recipe, path: Path) -> None:
        """Writes the codestream of a picture to `path`."""
        options = grok_options(picture, recipe, self.limits)
        name = program("grk_compress")
        made = path.with_name(f"{path.name}.j2k")
        with spooled(picture, path) as pixels:
            run([name, "-i", str(pixels), "-o", str(made), *options], made, path)


def grok_options(picture: Picture, recipe: Recipe, limits: Limits) -> list[str]:
    """A recipe in grk_compress's words."""
    if recipe.layers > MOST_LAYERS:
        raise unable("grok", "layers", recipe.layers, f"it writes {MOST_LAYERS} at most")
    tile = tile_side(recipe, picture.size, limits)
    levels = levels_for(recipe, picture.size, tile)
    options = ["-n", str(levels + 1), "-b", ",".join(map(str, recipe.block)), "-p", recipe.progression]
    options += ["-S", "-H", str(limits.threads)]
    if recipe.progression == BY_RESOLUTION:
        options += ["-u", "R"]
    if not recipe.reversible:
        options.append("-I")
    if recipe.precincts:
        options += ["-c", ",".join(f"[{side},{side}]" for side in precincts_for(recipe, levels))]
    if tile is not None:
        options += ["-t", f"{tile},{tile}"]
    layers = rates(recipe, picture.bits * picture.components, picture.size.pixels)
    if recipe.codec == "htj2k":
        if layers != [0.0]:
            raise unable("grok", "ratio", recipe.ratio or recipe.rate, "it has no rate control for htj2k")
        options += ["-M", HIGH_THROUGHPUT]
    elif layers != [0.0]:
        options += ["-r", ",".join(f"{rate:g}" if rate else "1" for rate in layers)]
    return options
