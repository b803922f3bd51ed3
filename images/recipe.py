"""Recipes: how a JPEG 2000 is to be made. Parsed and validated with errors that name the field."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """The parameters of one conversion, encoder-neutral."""

    name: str | None = None
