"""The encoders there are, by name; which of them makes a recipe's codec is a setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from images.recipe import Recipe
from processor.encoders.grok import GrokEncoder
from processor.encoders.kakadu import KakaduEncoder
from processor.encoders.openjpeg import OpenJpegEncoder
from processor.encoders.openjph import OpenJphEncoder
from processor.encoders.port import Encoder
from processor.settings import Limits

ENCODERS: Mapping[str, Callable[[Limits], Encoder]] = {
    "openjpeg": OpenJpegEncoder,
    "openjph": OpenJphEncoder,
    "grok": GrokEncoder,
    "kakadu": KakaduEncoder,
}


def encoder_for(recipe: Recipe, limits: Limits) -> Encoder:
    """The encoder that the settings choose for the recipe's codec."""
    name = limits.htj2k_encoder if recipe.codec == "htj2k" else limits.j2k_encoder
    return ENCODERS[name](limits)
