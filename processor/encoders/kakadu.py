"""Kakadu's kdu_compress, for both codecs; used when a setting chooses it and a licence allows it.

Written from its documentation and never run: nobody here has a licence.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from images.recipe import Recipe
from processor.encoders.command import program, run, spooled
from processor.encoders.port import BY_RESOLUTION, levels_for, tile_side
from processor.picture import Picture
from processor.settings import Limits


@dataclass(frozen=True, slots=True)
class KakaduEncoder:
    """Kakadu as a program."""

    limits: Limits

    def encode(self, picture: Picture, recipe: Recipe, path: Path) -> None:
        """Writes the codestream of a picture to `path`."""
        options = kakadu_options(picture, recipe, self.limits)
        name = program("kdu_compress")
        made = path.with_name(f"{path.name}.j2c")
        with spooled(picture, path) as pixels:
            run([name, "-i", str(pixels), "-o", str(made), *options], made, path)


def kakadu_options(picture: Picture, recipe: Recipe, limits: Limits) -> list[str]:
    """A recipe in kdu_compress's words; its rates are bits a pixel, the highest first."""
    tile = tile_side(recipe, picture.size, limits)
    levels = levels_for(recipe, picture.size, tile)
    width, height = recipe.block
    options = [
        f"Clevels={levels}",
        f"Clayers={recipe.layers}",
        f"Corder={recipe.progression}",
        f"Cblk={{{height},{width}}}",
        f"Creversible={'yes' if recipe.reversible else 'no'}",
        "Cuse_sop=yes",
        "ORGgen_plt=yes",
    ]
    if recipe.progression == BY_RESOLUTION:
        options += ["ORGtparts=R", f"ORGgen_tlm={levels + 1}"]
    if recipe.precincts:
        options.append("Cprecincts=" + ",".join(f"{{{side},{side}}}" for side in recipe.precincts))
    if tile is not None:
        options.append(f"Stiles={{{tile},{tile}}}")
    if recipe.codec == "htj2k":
        options.append("Cmodes=HT")
    bits = picture.bits * picture.components
    ratio = recipe.ratio_for(bits)
    if ratio is not None:
        options += ["-rate", ",".join(f"{bits / ratio / 2**layer:.4f}" for layer in range(recipe.layers))]
    return [*options, "-num_threads", str(limits.threads), "-quiet"]
