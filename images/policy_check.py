"""Whether a delivery channel policy makes sense, by its shape alone: the verdict that PostgreSQL gives too.

What the ingest would refuse is refused, nothing else. `policy_sql` says the same in PL/pgSQL; a property test
holds the two together.
"""

from __future__ import annotations

from images.iiif_size import EXPECTED_LIST, SizeError, parse_sizes
from images.recipe import RecipeError, parse_recipe

IMAGE, THUMBS = "iiif-img", "thumbs"
USE_ORIGINAL = "use-original"
WITHOUT_DATA = ("file", "none", "iiif-av")
"""Channels whose PolicyData we do not read."""

EXPECTED_CHANNEL = f"one of {', '.join((IMAGE, THUMBS, *WITHOUT_DATA))}"


def check_policy(channel: str, name: str, data: str | None) -> str | None:
    """What is wrong with a policy, naming the field and what was expected; None when nothing is."""
    try:
        if channel == THUMBS:
            _check_sizes(data)
        elif channel == IMAGE and name != USE_ORIGINAL:
            parse_recipe(data)
        elif channel not in {IMAGE, *WITHOUT_DATA}:
            return f"Channel: expected {EXPECTED_CHANNEL}"
    except (SizeError, RecipeError) as error:
        return str(error)
    return None


def _check_sizes(data: str | None) -> None:
    if data is None:
        raise SizeError(f"null: expected {EXPECTED_LIST}")
    parse_sizes(data)
